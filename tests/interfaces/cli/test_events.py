"""The log as it grows, watched in the terminal: filtered, redacted, each event once."""

import contextlib
import json
import os
import select
import signal
import tempfile
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from interfaces.cli.events import _printable
from tests.interfaces.api import Api, Json, unique
from tests.interfaces.cli.commands import Terminal
from tests.serving import Served
from tests.starting import start

PATIENCE_SECONDS = 30


class Watched:
    """A tail that is running, read line by line."""

    def __init__(self, served: Served, *arguments: str) -> None:
        reading, writing = os.pipe()
        self.output = os.fdopen(reading, "rb", buffering=0)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `watching`
        with os.fdopen(writing, "wb") as output:
            self.process = start(
                *("events", "tail", *arguments),
                environment=served.environment,
                output=output,
                errors=self.errors,
            )
        self._rest = b""

    def line(self) -> str:
        """Wait for the next line."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.output], [], [], deadline - time.monotonic())
            assert ready, "nothing was shown"
            read = self.output.read(65536)
            assert read, self.complaints()
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def event(self) -> Json:
        event: Json = json.loads(self.line())
        return event

    def end(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Send a signal, and give the exit code with what was still said."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        return code, (self._rest + self.output.read()).decode(), self.complaints()

    def complaints(self) -> str:
        """Give what was said on standard error."""
        self.errors.seek(0)
        return self.errors.read().decode()


@contextlib.contextmanager
def watching(served: Served, *arguments: str) -> Iterator[Watched]:
    watched = Watched(served, *arguments)
    try:
        yield watched
    finally:
        watched.process.kill()
        watched.process.wait()
        watched.output.close()
        watched.errors.close()


def tail(terminal: Terminal, *arguments: str) -> list[Json]:
    done = terminal.run("events", "tail", "--no-follow", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_what_there_is_is_shown_as_in_the_history(terminal: Terminal, api: Api) -> None:
    process_id = api.create_process("a", "b")
    run = api.start_run(process_id)
    stream = f"run-{run['id']}"
    api.report_all(run, "success", "success")
    events = api.events(stream)

    assert tail(terminal, "--stream", stream) == events
    assert tail(terminal, "--stream", stream, "--last", "1") == events[-1:]
    assert tail(terminal, "--stream", stream, "--last", "0") == []
    assert tail(terminal, "--stream", stream, "--from", str(events[1]["position"])) == events[1:]
    assert tail(terminal, "--stream", stream, "--type", "RunStarted") == events[:1]
    assert tail(terminal, "--stream", stream, "--category", "process") == []
    assert tail(terminal, "--category", "run", "--last", "1") == events[-1:]
    assert tail(terminal, "--stream", stream, "--actor", "api_key:1") == events
    assert tail(terminal, "--stream", stream, "--actor", "nobody") == []
    assert tail(terminal, "--from", str(2**63 - 1)) == []


def test_a_chain_of_requests_is_found_by_its_correlation(terminal: Terminal, api: Api) -> None:
    correlation = unique("chain")
    headers = {"X-Correlation-ID": correlation}
    for _ in range(2):
        body = {"name": unique("process")}
        assert api.http.post("/api/v1/processes/", json=body, headers=headers).status_code == 201
    found = tail(terminal, "--correlation", correlation)
    assert [event["type"] for event in found] == ["ProcessCreated", "ProcessCreated"]


def test_what_is_neutralized_or_secret_is_not_shown(terminal: Terminal, api: Api) -> None:
    run = api.start_run(api.create_process(), entity_name="Jane Doe", meta={"mail": "j@d.org"})
    api.neutralize(run["id"])
    done = terminal.run("events", "tail", "--no-follow", "--stream", f"run-{run['id']}")
    assert len(done.out.splitlines()) == 2
    assert "[REDACTED]" in done.out
    assert "Jane" not in done.out
    assert "j@d.org" not in done.out
    assert "argon2" not in terminal.run("events", "tail", "--no-follow", "--from", "1").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "0"),
        ("--last", "-1"),
        ("--from", "1", "--last", "1"),
        ("--from", str(2**63)),
    ],
)
def test_wrong_usage_exits_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    done = terminal.run("events", "tail", "--no-follow", *arguments)
    assert (done.code, done.out) == (2, "")


def test_nothing_in_an_event_steers_the_terminal() -> None:
    assert _printable("ä \x1b[31m \x9b \u202e") == "ä \\u001b[31m \\u009b \\u202e"


def test_each_event_is_shown_once_as_it_is_recorded_through_a_lost_database(
    served: Served, api: Api
) -> None:
    with watching(served, "--category", "process", "--last", "0", "--json") as watched:
        wait_until_watched(api, watched)
        created = [api.create_process() for _ in range(3)]
        assert [watched.event()["stream_id"] for _ in created] == [
            f"process-{process_id}" for process_id in created
        ]
        cut_connections_of(watched.process.pid, served)
        created = [api.create_process() for _ in range(3)]
        assert [watched.event()["stream_id"] for _ in created] == [
            f"process-{process_id}" for process_id in created
        ]
        code, out, err = watched.end()
    assert (code, out) == (0, "")
    assert "Traceback" not in err


def test_it_ends_in_good_order_when_nobody_reads_any_more(served: Served) -> None:
    for arguments in ((), ("--json",)):
        with watching(served, "--last", "1", *arguments) as watched:
            watched.line()
            watched.output.close()
            assert watched.process.wait(PATIENCE_SECONDS) == 0
            assert watched.complaints() == ""


def test_it_ends_in_good_order_when_told(served: Served) -> None:
    with watching(served, "--last", "1") as watched:
        watched.line()
        assert watched.end(signal.SIGTERM) == (0, "", "")


def wait_until_watched(api: Api, watched: Watched) -> None:
    """Wait until the first event is shown; those before are not, with ``--last 0``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        process_id = api.create_process()
        if select.select([watched.output], [], [], 0.5)[0]:
            while watched.event()["stream_id"] != f"process-{process_id}":
                pass
            return
    raise AssertionError("nothing was shown")


def cut_connections_of(process_id: int, served: Served) -> None:
    """End what a process has open to the database; the server's own connections stay."""
    name = urlsplit(served.environment["DATABASE_URL"]).path.removeprefix("/")
    with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as sql:
        before = sql.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid() AND application_name LIKE 'annals%%'"
            " AND backend_start >= to_timestamp(%s)",
            (name, started_at(process_id)),
        ).fetchall()
        assert before
        for (pid,) in before:
            sql.execute("SELECT pg_terminate_backend(%s)", (pid,))


def started_at(process_id: int) -> float:
    return psutil.Process(process_id).create_time()
