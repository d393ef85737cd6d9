"""Filtering a list of runs (seed: Query Process Runs, Advanced Filtering Examples)."""

from typing import Any

import pytest

from tests.interfaces.api import Api

# Each run by its entity id; times are reported on its one step.
RUNS: dict[str, dict[str, Any]] = {
    "acme": {
        "name": "Acme Corporation",
        "meta": {"department": "Sales", "priority": "high", "company": "Acme, Inc", "count": 10},
        "report": ("success", "2025-10-01T10:00:00Z", "2025-10-01T10:15:00Z"),
    },
    "acme-north": {
        "name": "ACME North",
        "meta": {"department": "Marketing", "priority": "high", "urgent": True, "count": 9},
        "report": ("failed", "2025-10-02T10:00:00Z", "2025-10-02T11:00:00Z"),
    },
    "percent": {
        "name": "100% Pure_Water\\Ltd",
        "meta": {"department": "Sales", "priority": "low", "address": {"city": {"zip": "8000"}}},
        "report": ("running", "2025-10-03T10:00:00Z", None),
    },
    "url": {
        "name": None,
        "meta": {"link": "https://example.org:8080/a,b", "ratio": 0.5, "nothing": None},
        "report": None,
    },
}


@pytest.fixture(scope="module")
def process(api: Api) -> int:
    process = api.create_process("only")
    for entity_id, wanted in RUNS.items():
        run = api.start_run(
            process, entity_id=entity_id, entity_name=wanted["name"], meta=wanted["meta"]
        )
        if wanted["report"] is not None:
            status, started_at, finished_at = wanted["report"]
            api.report(
                run["steps"][0]["id"],
                status=status,
                started_at=started_at,
                finished_at=finished_at,
            )
    return process


def found(api: Api, process: int, **parameters: Any) -> set[str]:
    return set(api.found(process_id=process, **parameters))


def test_without_other_filters_all_runs_of_the_process_are_found(api: Api, process: int) -> None:
    assert found(api, process) == set(RUNS)


def test_a_process_is_not_shown_the_runs_of_another(api: Api, process: int) -> None:
    other = api.create_process()
    api.start_run(other, entity_id="acme")
    assert found(api, process, entity_id="acme") == {"acme"}
    assert api.runs(process_id=other)["total"] == 1


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("acme", {"acme"}), ("acm", set()), ("ACME", set()), ("acme-north", {"acme-north"})],
)
def test_entity_id_is_matched_whole(
    api: Api, process: int, wanted: str, expected: set[str]
) -> None:
    assert found(api, process, entity_id=wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("Acme", {"acme", "acme-north"}),
        ("acme n", {"acme-north"}),
        ("corp", {"acme"}),
        ("100%", {"percent"}),
        ("%", {"percent"}),
        ("e_W", {"percent"}),
        ("_", {"percent"}),
        ("r\\L", {"percent"}),
        ("' OR 1=1 --", set()),
    ],
)
def test_entity_name_is_matched_in_part_in_any_case_and_literally(
    api: Api, process: int, wanted: str, expected: set[str]
) -> None:
    assert found(api, process, entity_name=wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("completed", {"acme"}),
        ("failed", {"acme-north"}),
        ("running", {"percent"}),
        ("pending", {"url"}),
        ("cancelled", set()),
    ],
)
def test_status_is_matched(api: Api, process: int, wanted: str, expected: set[str]) -> None:
    assert found(api, process, status=wanted) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"started_after": "2025-10-02T10:00:00Z"}, {"acme-north", "percent"}),
        ({"started_after": "2025-10-02T10:00:01Z"}, {"percent"}),
        ({"started_before": "2025-10-02T10:00:00Z"}, {"acme", "acme-north"}),
        ({"finished_after": "2025-10-01T10:15:01Z"}, {"acme-north"}),
        ({"finished_before": "2025-10-01T10:15:00Z"}, {"acme"}),
        (
            {
                "started_after": "2025-10-01T10:00:01Z",
                "started_before": "2025-10-02T23:59:59Z",
            },
            {"acme-north"},
        ),
        ({"started_after": "2025-10-02T12:00:00+02:00"}, {"acme-north", "percent"}),
        ({"started_after": "2025-10-02T10:00:01"}, {"percent"}),
        ({"started_after": "2025-10-03"}, {"percent"}),
    ],
)
def test_date_ranges_include_their_ends_and_take_any_offset(
    api: Api, process: int, parameters: dict[str, str], expected: set[str]
) -> None:
    assert found(api, process, **parameters) == expected


def test_runs_are_found_by_when_they_were_created(api: Api, process: int) -> None:
    items = api.runs(process_id=process, order_by="id", sort_direction="asc")["items"]
    second, third = items[1]["created_at"], items[2]["created_at"]
    assert found(api, process, created_after=third) == {"percent", "url"}
    assert found(api, process, created_before=second) == {"acme", "acme-north"}
    assert found(api, process, created_after=second, created_before=third) == {
        "acme-north",
        "percent",
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["department:Sales"], {"acme", "percent"}),
        (["department:Sales", "department:Marketing"], {"acme", "acme-north", "percent"}),
        (["department:Sales", "priority:high"], {"acme"}),
        (["priority:high", "department:Sales", "department:Marketing"], {"acme", "acme-north"}),
        (["priority:high", "priority:low", "department:Sales"], {"acme", "percent"}),
        (["department:Sales", "department:sales"], {"acme", "percent"}),
        (["department:Sale"], set()),
        (["unknown:Sales"], set()),
    ],
)
def test_values_of_one_meta_field_are_alternatives_and_fields_must_all_fit(
    api: Api, process: int, filters: list[str], expected: set[str]
) -> None:
    assert found(api, process, meta_filter=filters) == expected


@pytest.mark.parametrize(
    ("meta_filter", "expected"),
    [
        ("company:Acme, Inc", {"acme"}),
        ("link:https://example.org:8080/a,b", {"url"}),
        ("address.city.zip:8000", {"percent"}),
        ("address.city:8000", set()),
        ("count:10", {"acme"}),
        ("count:1", set()),
        ("ratio:0.5", {"url"}),
        ("urgent:true", {"acme-north"}),
        ("urgent:True", set()),
        ("nothing:null", set()),
        ("department:' OR '1'='1", set()),
        ("department') OR true --:x", set()),
    ],
)
def test_a_meta_value_may_hold_anything_and_is_matched_by_its_text(
    api: Api, process: int, meta_filter: str, expected: set[str]
) -> None:
    assert found(api, process, meta_filter=meta_filter) == expected


def test_filters_of_all_kinds_must_fit_together(api: Api, process: int) -> None:
    together: dict[str, Any] = {
        "entity_name": "acme",
        "status": "completed",
        "started_after": "2025-10-01T00:00:00Z",
        "finished_before": "2025-10-31T23:59:59Z",
        "meta_filter": ["priority:high", "department:Sales"],
    }
    assert found(api, process, **together) == {"acme"}
    assert found(api, process, **(together | {"status": "failed"})) == set()


@pytest.mark.parametrize("name", ["entity_id", "entity_name"])
def test_an_empty_text_asks_for_nothing(api: Api, process: int, name: str) -> None:
    assert found(api, process, **{name: ""}) == set(RUNS)
