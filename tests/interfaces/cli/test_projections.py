"""``annals projections`` and its routes, on a server that has met an event it cannot apply."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.homes import wait_until
from tests.interfaces.api import Api, Json, answered, unique
from tests.interfaces.cli.commands import Terminal, settings_of
from tests.interfaces.conftest import fresh_database
from tests.serving import Served, serving

PROJECTIONS = "/api/v1/projections"


@pytest.fixture(scope="module")
def struck(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of the module's own, whose read models are damaged behind its back."""
    home: Path = tmp_path_factory.mktemp("annals")
    with fresh_database(postgres_url) as database, serving(home, database_url=database) as server:
        yield server


@pytest.fixture
def api(struck: Served) -> Iterator[Api]:
    with struck.client() as client:
        yield Api(client)


@pytest.fixture
def terminal(
    struck: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    return Terminal(settings_of(struck), monkeypatch, capsys)


def damaged(struck: Served, api: Api) -> Json:
    """Give a run whose row is lost, so that its next event cannot be applied, and is parked."""
    run = api.run(api.start_run(api.create_process("only"))["id"])
    delete(struck, run)
    api.http.patch(f"/api/v1/step-runs/{run['steps'][0]['id']}", json={"status": "running"})
    wait_until(lambda: bool(parked(api)), "a parked stream")
    return run


def delete(struck: Served, run: Json) -> None:
    with psycopg.connect(struck.environment["DATABASE_URL"]) as sql:
        sql.execute("DELETE FROM runs_v3.runs WHERE id = %s", (run["id"],))


def parked(api: Api) -> list[Json]:
    streams: list[Json] = api.get(f"{PROJECTIONS}/runs/parked")
    return streams


def status(api: Api) -> Json:
    [found] = [each for each in api.get(f"{PROJECTIONS}/") if each["name"] == "runs"]
    shown: Json = found
    return shown


def test_a_parked_stream_is_shown_and_a_rebuild_gives_it_another_try(
    struck: Served, api: Api, terminal: Terminal
) -> None:
    run = damaged(struck, api)
    [stream] = parked(api)
    assert (stream["stream_id"], stream["type"]) == (f"run-{run['id']}", "StepRunBegan")
    assert stream["error"].startswith("KeyError")
    assert status(api)["state"] == "parked_streams"
    assert api.http.get("/health").json()["status"] == "degraded"

    shown = terminal.run("projections", "parked", "runs")
    assert f"run-{run['id']} is parked at position {stream['position']}" in shown.out
    assert "projections/runs/projection.py" in shown.out
    assert terminal.json("projections", "parked", "runs") == [stream]
    assert terminal.run("projections", "status").code == 1
    again = terminal.run("projections", "retry", "runs", stream["stream_id"])
    assert (again.code, again.out) == (1, "")
    assert f"run-{run['id']} is parked at position {stream['position']} again" in again.err

    [rebuilt] = terminal.json("projections", "rebuild", "runs")
    assert (rebuilt["stage"], rebuilt["position"]) == ("done", rebuilt["head"])
    assert parked(api) == []
    assert api.run(run["id"])["steps"][0]["status"] == "running"
    assert api.http.get("/health").json()["status"] == "healthy"


def test_a_run_that_the_read_model_never_saw_is_forgotten_with_its_data_subject(
    struck: Served, api: Api
) -> None:
    """Its beginning could not be applied."""
    process, subject = api.create_process("only"), unique("citizen")
    with psycopg.connect(struck.environment["DATABASE_URL"], autocommit=True) as sql:
        sql.execute(f"ALTER TABLE runs_v3.runs ADD CHECK (entity_id <> '{subject}')")
    run = api.post("/api/v1/runs/", {"process_id": process, "entity_id": subject, "meta": {}})["id"]
    wait_until(lambda: bool(parked(api)), "a parked stream")
    cleanup = "/api/v1/admin/cleanup/neutralize"

    previewed = answered(api.http.post(cleanup, params={"entity_id": subject}), 200)
    done = answered(api.http.post(cleanup, params={"entity_id": subject, "dry_run": "false"}), 200)
    again = answered(api.http.post(cleanup, params={"entity_id": subject}), 200)

    assert previewed["neutralized_run_ids"] == done["neutralized_run_ids"] == [run]
    assert again["neutralized_run_ids"] == []
    assert subject not in api.http.get(f"/api/v1/audit/streams/run-{run}").text
    assert api.http.post(f"{PROJECTIONS}/runs/rebuild").status_code == 202
    wait_until(lambda: not parked(api), "the rebuild")


def test_a_rebuild_is_asked_for_and_done_in_the_background(struck: Served, api: Api) -> None:
    run = damaged(struck, api)
    response = api.http.post(f"{PROJECTIONS}/runs/rebuild")
    assert (response.status_code, response.json()["projection"]) == (202, "runs")
    wait_until(lambda: not parked(api), "the rebuild")
    assert api.run(run["id"])["steps"][0]["status"] == "running"


def test_a_skip_over_http_tells_what_came_of_it_and_who_did_it(struck: Served, api: Api) -> None:
    run = damaged(struck, api)
    [stream] = parked(api)
    path = f"{PROJECTIONS}/runs/parked/run-{run['id']}"

    for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": 1}):
        assert api.http.post(f"{path}/skip", json=body).status_code in (400, 422)
    assert parked(api) == [stream]
    skipped = api.post(f"{path}/skip", {"reason": "its row is lost"})
    assert skipped["parked"]["type"] == "RunBegan"
    assert api.post(f"{path}/skip", {"reason": "as well"})["parked"] is None

    _, event, _ = api.events("projection-runs")
    assert event["actor"] == "api_key:1"
    assert event["data"]["position"] == stream["position"]
    assert event["data"]["reason"] == "its row is lost"
    assert api.http.post(f"{path}/retry").status_code == 404


def test_a_skip_in_the_terminal_needs_a_reason(
    struck: Served, api: Api, terminal: Terminal
) -> None:
    run = damaged(struck, api)
    name = f"run-{run['id']}"
    assert terminal.run("projections", "skip", "runs", name).code == 2
    refused = terminal.run("projections", "skip", "runs", name, "--reason", " ")
    assert (refused.code, refused.out) == (1, "")
    assert "reason" in refused.err
    further = terminal.run("projections", "skip", "runs", name, "--reason", "lost")
    assert further.code == 1  # the next event lacks the row as well
    done = terminal.run("projections", "skip", "runs", name, "--reason", "lost")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_the_list_of_parked_streams_is_bounded(api: Api, limit: str) -> None:
    response = api.http.get(f"{PROJECTIONS}/runs/parked", params={"limit": limit})
    assert response.status_code == 422
    assert "limit" in response.json()["detail"]


def test_an_interrupted_rebuild_says_that_it_goes_on(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(10)

    monkeypatch.setattr("interfaces.cli.projections.rebuild_projections", interrupted)
    ended = terminal.run("projections", "rebuild", "runs")
    assert (ended.code, ended.out) == (130, "")
    assert "Interrupted; the next rebuild goes on from there" in ended.err


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "nobody/rebuild"),
        ("POST", "reruns/rebuild"),
        ("GET", "nobody/parked"),
        ("POST", "nobody/parked/run-1/retry"),
        ("POST", "runs/parked/run-99/retry"),
    ],
)
def test_what_is_not_there_is_named(api: Api, method: str, path: str) -> None:
    response = api.http.request(method, f"{PROJECTIONS}/{path}")
    assert response.status_code == 404
    assert "not found" in response.json()["detail"] or "not parked" in response.json()["detail"]


def test_only_known_projections_are_rebuilt(terminal: Terminal) -> None:
    for arguments in ([], ["nobody"], ["runs", "--all"], ["reruns"]):
        assert terminal.run("projections", "rebuild", *arguments).code == 2
    assert terminal.run("projections", "parked", "nobody").code == 1
