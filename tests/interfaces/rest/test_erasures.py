"""The ledger of erasures over HTTP (contract sections 7 and 12)."""

from typing import Any

import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error

LEDGER = "/api/v1/erasures"


@pytest.fixture(scope="module")
def runs(api: Api) -> list[Json]:
    process = api.create_process("only")
    runs = [api.start_run(process, entity_name="Jane Doe") for _ in range(2)]
    return [api.neutralize(run["id"], reason="on request") | {"id": run["id"]} for run in runs]


def subjects(api: Api, **wanted: Any) -> list[str]:
    return [erasure["subject"] for erasure in api.get(LEDGER, **wanted)["items"]]


def test_an_erasure_names_who_when_on_whose_word_and_by_which_event(
    api: Api, runs: list[Json]
) -> None:
    stream = f"run-{runs[0]['id']}"
    event = api.events(stream)[-1]
    erasure = api.get(f"{LEDGER}/{stream}")
    assert len(erasure.pop("key_fingerprint")) == 32
    assert len(erasure.pop("event_id")) == 36
    assert erasure == {
        "subject": stream,
        "erased_at": event["recorded_at"],
        "actor": "api_key:1",
        "reason": "on request",
        "policy": "manual",
        "event_type": "RunNeutralized",
        "stream_id": stream,
        "version": 2,
        "position": event["position"],
    }


def test_the_ledger_is_newest_first_and_paged(api: Api, runs: list[Json]) -> None:
    newest = [f"run-{run['id']}" for run in reversed(runs)]
    assert subjects(api, size=2) == newest
    assert subjects(api, size=1, page=2) == newest[1:]
    response = api.http.get(LEDGER, params={"size": 1})
    assert int(response.headers["x-total-count"]) >= 2
    assert 'rel="next"' in response.headers["link"]


def test_the_ledger_is_searched_by_subject_and_moment(api: Api, runs: list[Json]) -> None:
    first, last = (f"run-{run['id']}" for run in runs)
    assert subjects(api, subject=first) == [first]
    assert subjects(api, subject="run-987654321") == []
    erased_at = api.get(f"{LEDGER}/{last}")["erased_at"]
    assert subjects(api, erased_after=erased_at) == [last]
    assert subjects(api, erased_after="2999-01-01T00:00:00Z") == []


@pytest.mark.parametrize("subject", ["run-987654321", "nobody", "%25"])
def test_who_was_not_erased_is_not_found(api: Api, subject: str) -> None:
    response = api.http.get(f"{LEDGER}/{subject}")
    assert_dashboard_error(response, 404, "not_found", "has not been erased")


def test_a_moment_that_is_none_is_refused_by_its_name(api: Api) -> None:
    response = api.http.get(LEDGER, params={"erased_after": "noon"})
    assert response.status_code == 422
    assert "erased_after" in response.text


@pytest.mark.parametrize("path", ["", "/run-1"])
def test_only_admins_read_the_ledger(user_api: Api, path: str) -> None:
    response = user_api.http.get(f"{LEDGER}{path}")
    assert_dashboard_error(response, 403, "permission_denied", "admin")
