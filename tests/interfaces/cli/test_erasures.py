"""Erasures in the terminal: listed, certified, and certificates held against the log later."""

import io
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from application.metadata import by_system
from application.processes.handlers import CreateProcess, create_process
from application.runs.handlers import StartRun, start_run
from application.runs.neutralization import NeutralizeRun, neutralize_run
from interfaces.cli.running import with_services
from interfaces.services import Services
from tests.interfaces.api import Api, Json, unique
from tests.interfaces.cli.commands import Terminal
from tests.serving import Served

NAME = "Ann [bold]Example[/bold]"


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    run = api.start_run(
        api.create_process("only"), entity_name=NAME, meta={"mail": "ann@only-here.org"}
    )
    api.report(run["steps"][0]["id"], status="success", meta={"note": "Ann was here"})
    return api.neutralize(run["id"], reason="asked [b]by[/b] her") | {"id": run["id"]}


@pytest.fixture
def subject(run: Json) -> str:
    return f"run-{run['id']}"


@pytest.fixture
def left(served: Served, api: Api, run: Json) -> Iterator[None]:
    """Something is left in the read model for as long as the test takes."""
    api.get(f"/api/v1/runs/{run['id']}")  # the read model has erased what it was told to
    change = "UPDATE runs_v3.runs SET entity_name = %s WHERE id = %s"
    with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(change, (NAME, run["id"]))
        yield
        connection.execute(change, (None, run["id"]))


def test_the_ledger_is_the_same_as_over_http(terminal: Terminal, api: Api, subject: str) -> None:
    listed = terminal.json("erasures", "--limit", "1000")
    assert listed == api.get("/api/v1/erasures", size=100)["items"]
    assert terminal.json("erasures", "list", "--limit", "1000") == listed
    [erasure] = terminal.json("erasures", "--subject", subject)
    assert erasure == api.get(f"/api/v1/erasures/{subject}")
    assert terminal.json("erasures", "--since", "2999-01-01") == []
    assert terminal.json("erasures", "list", "--limit", "1", "--page", "1000") == []


def test_the_ledger_reads_as_text(terminal: Terminal, subject: str) -> None:
    done = terminal.run("erasures", "--subject", subject)
    assert (done.code, done.err) == (0, "")
    assert subject in done.out
    assert "[b]by[/b]" in done.out  # no markup of ours
    assert "1 of 1 erasures" in done.out
    assert "\x1b" not in done.out


def test_a_certificate_is_kept_and_held_against_the_log_later(
    terminal: Terminal, subject: str, tmp_path: Path
) -> None:
    path = tmp_path / "certificate.json"
    done = terminal.run(
        "erasures",
        "certify",
        subject,
        "--output",
        str(path),
        "--search",
        NAME,
        "--search",
        "ann@only-here",
    )
    assert (done.code, done.err) == (0, "")
    assert f"Nothing is left of {subject}" in done.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = path.read_text()
    assert "Example" not in kept
    assert json.loads(kept)["certificate"]["scan"]["searched_texts"] == 2

    verified = terminal.run("erasures", "verify", str(path))
    assert (verified.code, verified.err) == (0, "")
    assert f"The certificate holds: {subject} was erased" in verified.out
    assert terminal.json("erasures", "verify", str(path))["valid"] is True

    path.write_text(kept.replace("[b]by[/b] her", "by others"))
    changed = terminal.run("erasures", "verify", str(path))
    assert (changed.code, changed.out) == (1, "")
    assert "The certificate does not hold: the signature does not fit" in changed.err


def type_in(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.usefixtures("left")
def test_texts_to_search_for_come_from_standard_input_too(
    terminal: Terminal, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, f"Zzyzx Nobody\n\n {NAME}\r\n".encode())
    done = terminal.run("erasures", "certify", subject, "--search-stdin")
    assert (done.code, done.out) == (1, "")
    assert "runs_v3.runs: a searched text is in rows: 1" in done.err
    assert NAME not in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no text"),
        (b"\n \n", "has no text"),
        (b"Zzyzx\nab\n", "must have 3 to 1000 characters"),
        (b"Zzyzx\xff", "is not valid UTF-8"),
        (b"Zzyzx\n" * 20_000, "is larger than 65536 bytes"),
    ],
)
def test_what_is_no_text_to_search_for_is_refused_and_not_repeated(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    type_in(monkeypatch, content)
    done = terminal.run("erasures", "certify", "run-1", "--search-stdin")
    assert (done.code, done.out) == (2, "")
    assert "--search-stdin" in done.err
    assert said in done.err
    assert "Zzyzx" not in done.err


def test_without_a_file_the_certificate_is_printed(terminal: Terminal, subject: str) -> None:
    printed = terminal.run("erasures", "certify", subject)
    assert json.loads(printed.out)["certificate"]["subject"] == subject
    assert terminal.json("erasures", "certify", subject)["certificate"]["subject"] == subject


@pytest.mark.usefixtures("left")
def test_where_something_is_left_nothing_is_certified(
    terminal: Terminal, subject: str, run: Json, tmp_path: Path
) -> None:
    path = tmp_path / "certificate.json"
    certify = ("erasures", "certify", subject, "--output", str(path), "--search", NAME)
    done = terminal.run(*certify)
    assert (done.code, done.out) == (1, "")
    told = f"runs_v3.runs: row {run['id']} has in entity_name what its events do not tell"
    assert told in done.err
    assert "runs_v3.runs: a searched text is in rows: 1" in done.err
    assert f"Nothing is certified of {subject}" in done.err
    assert "Example" not in done.err

    as_json = terminal.run(*certify, "--json")
    assert (as_json.code, as_json.err) == (1, "")
    assert json.loads(as_json.out)["signed"] is None
    assert "Example" not in as_json.out
    assert not path.exists()


def test_of_whom_was_not_erased_nothing_is_certified(terminal: Terminal) -> None:
    done = terminal.run("erasures", "certify", "run-987654321")
    assert (done.code, done.out) == (1, "")
    assert done.err == "Error: run-987654321 has not been erased\n"


def test_without_a_server_the_command_brings_the_read_models_up_to_date_itself(
    lone_terminal: Terminal,
) -> None:
    with_services(erase_somebody)
    certificate = lone_terminal.json("erasures", "certify", "run-1")["certificate"]
    [read_models] = [
        place["scanned"]
        for place in certificate["scan"]["places"]
        if place["place"] == "read models"
    ]
    assert read_models == {"runs_v3.runs": 1, "runs_v3.contents": 1, "history_v1.entries": 2}


async def erase_somebody(services: Services) -> None:
    store, identifiers, metadata = services.store, services.identifiers, by_system("test")
    create = CreateProcess(name="Onboarding", meta={})
    process, _ = await create_process(store, identifiers, create, metadata)
    start = StartRun(process_id=int(process.key), entity_id="x", entity_name=NAME, meta={})
    run, _ = await start_run(store, identifiers, start, metadata)
    neutralize = NeutralizeRun(run_id=int(run.key), reason="", policy="manual")
    await neutralize_run(store, neutralize, metadata)


def test_what_is_no_certificate_exits_1_and_says_so(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / unique("file")
    for content in (b"", b"{}", b"\xff", b'{"\\u001b[2J": {}}', bytes(2_000_000)):
        path.write_bytes(content)
        done = terminal.run("erasures", "verify", str(path))
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("Error: not a certificate of erasure: ")
        assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("certify",), "subject"),
        (("certify", "run-1", "--search", " A "), "must have 3 to 1000 characters"),
        (("certify", "run-1", "--search", "Zzyzx" * 201), "must have 3 to 1000 characters"),
        (("list", "--since", "noon"), "--since"),
        (("list", "--page", "9" * 30), "--page"),
        (("list", "--limit", "0"), "--limit"),
        (("--since", "2026-01-01", "list"), "Options must stand behind list"),
        (("verify", "/nowhere/certificate.json"), "does not exist"),
        (("verify", "/"), "is a directory"),
    ],
)
def test_wrong_usage_exits_2_and_says_how_it_is_done(
    terminal: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    done = terminal.run("erasures", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Zzyzx" not in done.err
    assert "Traceback" not in done.err
