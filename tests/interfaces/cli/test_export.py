"""``annals audit export``: what was recorded, redacted, in order, as JSON lines."""

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.event_store import archive
from tests.interfaces.api import Api, Json, unique
from tests.interfaces.cli.commands import Terminal


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PAGE_SIZE", 50)


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    run = api.start_run(api.create_process("only"), entity_name="Acme")
    api.report(run["steps"][0]["id"], status="success")
    return run


def exported(terminal: Terminal, *arguments: str) -> Sequence[Any]:
    done = terminal.run("audit", "export", *arguments)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_everything_is_exported_in_order_as_the_history_shows_it(
    terminal: Terminal, api: Api, run: Json
) -> None:
    head = api.get("/api/v1/audit/verify")["head"]
    events = exported(terminal)
    assert len(events) >= head
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))
    stream = f"run-{run['id']}"
    assert [event for event in events if event["stream_id"] == stream] == api.events(stream)


def test_a_stretch_is_exported_with_both_its_ends(terminal: Terminal, api: Api, run: Json) -> None:
    events = api.events(f"run-{run['id']}")
    positions = [event["position"] for event in events]
    first, last = events[0], events[-1]
    for since, until in (
        (str(first["position"]), str(last["position"])),
        (first["recorded_at"], last["recorded_at"]),
        (first["recorded_at"], str(last["position"])),
    ):
        found = exported(terminal, "--from", since, "--to", until, "--stream", f"run-{run['id']}")
        assert [event["position"] for event in found] == positions
    within = exported(terminal, "--from", str(positions[0]), "--to", str(positions[1]))
    assert [event["position"] for event in within] == list(range(positions[0], positions[1] + 1))
    assert exported(terminal, "--to", "2020-01-01") == []
    assert exported(terminal, "--from", str(2**63 - 1)) == []


def test_moments_find_their_place_exactly(terminal: Terminal) -> None:
    end = ("--to", str(len(exported(terminal))))
    events = exported(terminal, *end)
    for moment in {events[place]["recorded_at"] for place in (0, 5, len(events) // 2, -1)}:
        [since] = exported(terminal, "--from", moment)[:1]
        [until] = exported(terminal, "--to", moment)[-1:]
        assert since == next(event for event in events if event["recorded_at"] >= moment)
        assert until == [event for event in events if event["recorded_at"] <= moment][-1]


def test_only_what_is_asked_for_is_exported(terminal: Terminal, run: Json) -> None:
    completed = exported(terminal, "--stream", f"run-{run['id']}", "--type", "RunCompleted")
    assert [event["type"] for event in completed] == ["RunCompleted"]
    categories = {e["stream_id"].split("-")[0] for e in exported(terminal, "--category", "run")}
    assert categories == {"run"}
    assert exported(terminal, "--stream", "nothing") == []


def test_what_was_neutralized_is_exported_redacted(terminal: Terminal, api: Api) -> None:
    run = api.start_run(api.create_process(), entity_name="Jane Doe", meta={"mail": "j@d.org"})
    api.neutralize(run["id"])
    [started, neutralized] = exported(terminal, "--stream", f"run-{run['id']}")
    assert (started["redacted"], started["data"]["entity_name"]) == (True, "[REDACTED]")
    assert neutralized["type"] == "RunNeutralized"
    everything = terminal.run("audit", "export").out
    for word in ("Jane Doe", "j@d.org", "argon2"):
        assert word not in everything


def test_a_file_is_for_its_owner_alone_and_replaced_as_a_whole(
    terminal: Terminal, run: Json, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("an older export")
    arguments = ("--stream", f"run-{run['id']}", "--output", str(path))
    done = terminal.run("audit", "export", *arguments)
    assert (done.code, done.out, done.err) == (0, "Exported 3 events\n", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().splitlines()) == 3
    assert terminal.json("audit", "export", *arguments) == {"events": 3, "unreadable": 0}
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_that_fails_leaves_the_older_one(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("an older export")
    monkeypatch.setattr(archive, "RECORDED_AT", "SELECT pg_terminate_backend(pg_backend_pid()), %s")
    done = terminal.run("audit", "export", "--from", "2020-01-01", "--output", str(path))
    assert done.code == 1
    assert "The database cannot be reached" in done.err
    assert path.read_text() == "an older export"
    assert list(tmp_path.iterdir()) == [path]


def test_an_event_that_cannot_be_read_is_told_and_keeps_no_other_back(
    lone_terminal: Terminal, database: str
) -> None:
    lone_terminal.json("users", "create", unique("ada"), "--generate")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE events SET topic = 'NeverHeardOf' WHERE notification_id = 1")
    done = lone_terminal.run("audit", "export")
    assert (done.code, done.err) == (1, "Error: 1 events cannot be read\n")
    [event] = [json.loads(line) for line in done.out.splitlines()]
    assert (event["position"], event["type"]) == (1, "NeverHeardOf")
    assert "error" in event


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--from", "noon"), 2, "--from"),
        (("--to", "-1"), 2, "--to"),
        (("--from", "7", "--to", "6"), 1, "from must not be after to"),
        (("--from", "2026-01-02", "--to", "2026-01-01"), 1, "from must not be after to"),
        (("--output", "/nowhere/log.jsonl"), 2, "/nowhere/log.jsonl cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_told(
    terminal: Terminal, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = terminal.run("audit", "export", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in " ".join(done.err.replace("│", " ").split())
