"""Meta is changed, searched, and told what it can be filtered by."""

import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_dashboard_error


@pytest.fixture
def process(api: Api) -> int:
    return api.create_process("only")


def change(api: Api, run: Json, **meta: object) -> Json:
    return api.patch(f"/api/v1/runs/{run['id']}/metadata", {"meta": meta})


def search(api: Api, q: str, **parameters: object) -> list[Json]:
    items: list[Json] = api.get("/api/v1/runs/search", q=q, **parameters)["items"]
    return items


def test_meta_fields_are_set_and_taken_away(api: Api, process: int) -> None:
    run = api.start_run(process, meta={"email": "j@x.org", "priority": "low", "note": "x"})
    changed = change(api, run, email=None, priority="high", case={"number": 7})
    assert changed["meta"] == {"priority": "high", "note": "x", "case": {"number": 7}}
    assert api.run(run["id"])["meta"] == changed["meta"]
    assert api.runs(process_id=process, meta_filter="case.number:7")["total"] == 1
    assert api.runs(process_id=process, meta_filter="priority:low")["total"] == 0


def test_changed_meta_that_is_personal_is_neutralized_too(api: Api, process: int) -> None:
    run = api.start_run(process)
    change(api, run, email="john.doe@example.com", region="EMEA")
    assert api.neutralize(run["id"])["meta"] == {"region": "EMEA"}
    response = api.http.patch(f"/api/v1/runs/{run['id']}/metadata", json={"meta": {"email": "x"}})
    assert_dashboard_error(response, 400, "business_rule_violation", "neutralized")
    assert "john.doe" not in api.http.get(f"/api/v1/audit/streams/run-{run['id']}").text


@pytest.mark.parametrize("body", [{}, {"meta": None}, {"meta": [1]}, {"meta": "x"}])
def test_meta_has_to_be_an_object(api: Api, process: int, body: Json) -> None:
    run = api.start_run(process)
    response = api.http.patch(f"/api/v1/runs/{run['id']}/metadata", json=body)
    assert_dashboard_error(response, 422, "validation_error", "meta")


def test_a_search_names_the_fields_that_it_found(api: Api, process: int) -> None:
    word = unique("Zebra").replace("-", "")
    run = api.start_run(
        process,
        entity_name=f"Acme {word} Corporation",
        meta={"contact": {"email": f"info@{word}.example"}, "tags": ["x", word], "other": "y"},
    )
    [found] = search(api, word.lower())
    assert found["id"] == run["id"]
    assert found["matched_fields"] == [
        {"field": "entity_name", "value": f"Acme {word} Corporation"},
        {"field": "meta.contact.email", "value": f"info@{word}.example"},
        {"field": "meta.tags", "value": word},
    ]


def test_every_word_must_begin_a_word_somewhere(api: Api, process: int) -> None:
    word = unique("Yak").replace("-", "")
    first = api.start_run(process, entity_name=f"{word} Berlin", meta={"year": 2025})
    second = api.start_run(process, entity_name=f"{word} Bern")
    ids = {first["id"], second["id"]}
    assert {run["id"] for run in search(api, word)} == ids
    assert {run["id"] for run in search(api, f"BER {word}")} == ids
    assert [run["id"] for run in search(api, f"{word} berl")] == [first["id"]]
    assert [run["id"] for run in search(api, f"202 {word}")] == [first["id"]]
    assert search(api, f"{word} erlin") == []


def test_a_search_can_be_kept_to_a_process_and_has_pages(api: Api, process: int) -> None:
    word = unique("Xerus").replace("-", "")
    other = api.create_process("only")
    for home in (process, process, other):
        api.start_run(home, entity_id=word)
    response = api.http.get("/api/v1/runs/search", params={"q": word, "size": 2})
    assert response.headers["X-Total-Count"] == "3"
    assert f"q={word}" in response.headers["Link"]
    assert len(search(api, word, process_id=process)) == 2


@pytest.mark.parametrize("q", ["'", "%", "!:*&|", "   ", "a" * 256, ""])
def test_a_search_for_nothing_is_refused(api: Api, q: str) -> None:
    response = api.http.get("/api/v1/runs/search", params={"q": q})
    assert_dashboard_error(response, 422, "validation_error", "q")


@pytest.mark.parametrize(
    "q", ["it's", "a' & 'b", "x:*", "\\", "'; DROP TABLE runs; --", "ß İ 東京"]
)
def test_a_search_text_is_never_a_query_of_its_own(api: Api, q: str) -> None:
    response = api.http.get("/api/v1/runs/search", params={"q": q})
    assert response.status_code == (422 if q == "\\" else 200)


def test_neutralized_runs_are_not_found_by_what_they_were(api: Api, process: int) -> None:
    word = unique("Wombat").replace("-", "")
    run = api.start_run(process, entity_name=word, meta={"email": f"{word}@x.org"})
    assert len(search(api, word)) == 1
    api.neutralize(run["id"])
    assert search(api, word) == []
    assert api.runs(entity_name=word)["total"] == 0
    assert api.runs(meta_filter=f"email:{word}@x.org")["total"] == 0


def test_fields_are_told_with_how_they_are_filtered(api: Api, process: int) -> None:
    api.start_run(process, meta={"priority": "high", "case": {"open": True, "number": 7}})
    api.start_run(process, meta={"priority": "low", "tags": ["a", "b"]})
    fields = api.get(f"/api/v1/processes/{process}/searchable-fields")
    assert fields["process_id"] == process
    standard = {field["field"]: field for field in fields["standard_fields"]}
    assert standard["status"]["values"] == [
        "pending", "running", "completed", "failed", "cancelled",
    ]  # fmt: skip
    assert standard["failed_at"]["parameters"] == ["failed_after", "failed_before"]
    assert [(f["field"], f["type"], f["count"]) for f in fields["metadata_fields"]] == [
        ("case.number", "number", 1),
        ("case.open", "boolean", 1),
        ("priority", "string", 2),
        ("tags", "array", 1),
    ]
    for field in (*fields["standard_fields"], *fields["metadata_fields"]):
        assert api.runs(process_id=process, order_by=field["order_by"])["total"] == 2


def test_values_are_told_of_fields_that_are_not_personal(api: Api) -> None:
    process = api.create_process("only", meta={"safe_meta_fields": ["team"]})
    api.start_run(process, meta={"team": {"name": "A"}, "department": "HR", "email": "j@x.org"})
    gone = api.start_run(process, meta={"team": "B", "department": "HR", "team.x": "secret"})

    def filters() -> Json:
        filters: Json = api.get(f"/api/v1/processes/{process}/filter-metadata")["metadata_filters"]
        return filters

    assert filters() == {"department": ["HR"], "team": ["B"], "team.name": ["A"]}
    change(api, gone, team="C", department=None)
    assert filters() == {"department": ["HR"], "team": ["C"], "team.name": ["A"]}
    api.neutralize(gone["id"])
    assert filters() == {"department": ["HR"], "team": ["C"], "team.name": ["A"]}


def test_a_run_that_is_cancelled_stays_so(api: Api, process: int) -> None:
    run = api.start_run(process)
    assert api.post(f"/api/v1/runs/{run['id']}/cancel", {})["status"] == "cancelled"
    api.report(run["steps"][0]["id"], status="running")
    assert api.run(run["id"])["status"] == "cancelled"
    ended = api.report_all(api.start_run(process), "success")
    response = api.http.post(f"/api/v1/runs/{ended['id']}/cancel")
    assert_dashboard_error(response, 400, "business_rule_violation", "completed")


def test_failed_runs_tell_when_they_failed(api: Api, process: int) -> None:
    run = api.start_run(process)
    moment = "2026-01-02T03:04:05Z"
    api.report(run["steps"][0]["id"], status="failed", finished_at=moment)
    api.start_run(process)
    assert api.run(run["id"])["failed_at"] == moment
    within = {"failed_after": "2026-01-02T00:00:00Z", "failed_before": "2026-01-03T00:00:00Z"}
    assert api.found(process_id=process, **within) == [run["entity_id"]]
    assert api.found(process_id=process, failed_before="2026-01-02T00:00:00Z") == []
    assert api.found(process_id=process, order_by="failed_at")[0] == run["entity_id"]


def test_numbers_are_told_as_they_are_filtered_by_and_are_gone_with_their_runs(api: Api) -> None:
    process = api.create_process("only", meta={"safe_meta_fields": ["n"]})
    runs = [api.start_run(process, meta={"n": n}) for n in (1e16, -0.0, 1e-7, 2.5, 7)]
    values = api.get(f"/api/v1/processes/{process}/filter-metadata")["metadata_filters"]["n"]
    assert sorted(values) == ["0.0", "0.0000001", "10000000000000000", "2.5", "7"]
    for value in values:
        assert api.runs(process_id=process, meta_filter=f"n:{value}")["total"] == 1, value
    for run in runs:
        api.http.delete(f"/api/v1/runs/{run['id']}")
    shown = api.get(f"/api/v1/processes/{process}/filter-metadata")
    assert (shown["metadata_filters"], shown["metadata_fields"]) == ({}, [])


def test_a_late_report_on_a_step_run_that_was_rerun_is_refused(api: Api) -> None:
    process = api.create_process()
    api.add_step(process, 0, "again", is_rerunnable=True)
    run = api.report_all(api.start_run(process), "failed")
    original = run["steps"][0]["id"]
    again = api.post(f"/api/v1/step-runs/{original}/rerun", {})
    api.report(again["id"], status="success")
    response = api.http.patch(f"/api/v1/step-runs/{original}", json={"status": "success"})
    assert_dashboard_error(response, 400, "business_rule_violation", "has been rerun")
    assert api.run(run["id"])["success_rate"] == 100.0


def test_what_is_left_out_of_a_report_stays_as_it_is(api: Api, process: int) -> None:
    step = api.start_run(process)["steps"][0]["id"]
    began = "2026-01-02T03:04:05Z"
    api.report(step, started_at=began)
    assert api.report(step, meta={"priority": "high"})["started_at"] == began
    response = api.http.patch(f"/api/v1/step-runs/{step}", json={"finished_at": began})
    assert_dashboard_error(response, 400, "business_rule_violation", "finished_at")
