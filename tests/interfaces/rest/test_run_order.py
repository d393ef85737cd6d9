"""Sorting a list of runs (contract section 5)."""

from typing import Any

import pytest

from tests.interfaces.api import Api

# What each run brings, in the order in which the runs are started.
RUNS: dict[str, dict[str, Any]] = {
    "c": {"name": "beta", "meta": {"rank": 10, "tag": "b", "at": {"depth": 2}}},
    "a": {"name": None, "meta": {"rank": 9, "tag": "a", "at": {"depth": 3}}},
    "d": {"name": "alpha", "meta": {"rank": 2.5, "tag": "c"}},
    "b": {"name": "gamma", "meta": {"tag": None, "at": {"depth": 1}}},
}
REPORTS = {
    "c": ("success", "2025-10-01T10:00:00Z", "2025-10-01T12:00:00Z"),
    "a": ("failed", "2025-10-01T11:00:00Z", "2025-10-01T11:30:00Z"),
    "b": ("running", "2025-10-01T09:00:00Z", None),
}
# Runs that have nothing to be sorted by come last, in either direction.
ASCENDING = {
    "id": "cadb",
    "created_at": "cadb",
    "updated_at": "dcab",
    "entity_id": "abcd",
    "entity_name": "dcba",
    "status": "cadb",
    "started_at": "bcad",
    "finished_at": "acdb",
    "meta.rank": "dacb",
    "meta.tag": "acdb",
    "meta.at.depth": "bcad",
}
DESCENDING = {
    "id": "bdac",
    "created_at": "bdac",
    "updated_at": "bacd",
    "entity_id": "dcba",
    "entity_name": "bcda",
    "status": "bdac",
    "started_at": "acbd",
    "finished_at": "cabd",
    "meta.rank": "cadb",
    "meta.tag": "dcab",
    "meta.at.depth": "acbd",
}


@pytest.fixture(scope="module")
def process(api: Api) -> int:
    process = api.create_process("only")
    step_runs = {}
    for entity_id, wanted in RUNS.items():
        run = api.start_run(
            process, entity_id=entity_id, entity_name=wanted["name"], meta=wanted["meta"]
        )
        step_runs[entity_id] = run["steps"][0]["id"]
    for entity_id, (status, started_at, finished_at) in REPORTS.items():
        api.report(
            step_runs[entity_id], status=status, started_at=started_at, finished_at=finished_at
        )
    return process


@pytest.mark.parametrize(("column", "expected"), ASCENDING.items())
def test_runs_are_sorted_ascending(api: Api, process: int, column: str, expected: str) -> None:
    found = api.found(process_id=process, order_by=column, sort_direction="asc")
    assert "".join(found) == expected


@pytest.mark.parametrize(("column", "expected"), DESCENDING.items())
def test_runs_are_sorted_descending(api: Api, process: int, column: str, expected: str) -> None:
    found = api.found(process_id=process, order_by=column, sort_direction="desc")
    assert "".join(found) == expected


def test_the_newest_run_is_first_unless_asked_otherwise(api: Api, process: int) -> None:
    assert "".join(api.found(process_id=process)) == "bdac"


@pytest.mark.parametrize(("direction", "expected"), [("asc", "cadb"), ("desc", "bdac")])
@pytest.mark.parametrize("column", ["process_id", "meta.none"])
def test_equals_are_sorted_by_id(
    api: Api, process: int, column: str, direction: str, expected: str
) -> None:
    found = api.found(process_id=process, order_by=column, sort_direction=direction)
    assert "".join(found) == expected


def test_a_meta_field_to_sort_by_is_never_taken_for_sql(api: Api, process: int) -> None:
    hostile = "meta.tag'); DROP TABLE runs.runs; --"
    found = api.found(process_id=process, order_by=hostile, sort_direction="asc")
    assert "".join(found) == "cadb"
