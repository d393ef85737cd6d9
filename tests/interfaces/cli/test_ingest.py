"""Sheets are read from the terminal as over HTTP, beside a server and without one."""

import contextlib
import json
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.cli.commands import Terminal
from tests.serving import Served
from tests.starting import start

PATIENCE = 60
CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
SHEET = CORPUS / "szerencsemix_57_2025-07-18.pdf"
NO_FOOTBALL = CORPUS / "hostile" / "no_football.pdf"
NO_PDF = b"no PDF, and yet it ends as one: %%EOF"


def pdf(path: Path) -> Path:
    """Make a sheet without football that no other test has."""
    path.write_bytes(NO_FOOTBALL.read_bytes() + f"% {unique('sheet')}\n".encode())
    return path


def lines(text: str) -> dict[str, Json]:
    """Give what was told of each file, by its name."""
    told = [json.loads(line) for line in text.splitlines()]
    return {Path(each["file"]).name: each for each in told}


class Running:
    """An ingestion in a process of its own, whose lines are read as they come."""

    def __init__(self, served: Served, *arguments: str) -> None:
        reading, writing = os.pipe()
        self._output = os.fdopen(reading, "rb", buffering=0)
        with os.fdopen(writing, "wb") as output, Path(os.devnull).open("wb") as nobody:
            self.process = start(
                *("ingest", "--json", *arguments),
                environment=served.environment,
                output=output,
                errors=nobody,
            )

    def told(self) -> Json:
        ready, _, _ = select.select([self._output], [], [], PATIENCE)
        assert ready, "nothing was told"
        line: Json = json.loads(self._output.readline())
        return line

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._output.close()


@contextlib.contextmanager
def running(served: Served, *arguments: str) -> Iterator[Running]:
    ingestion = Running(served, *arguments)
    try:
        yield ingestion
    finally:
        ingestion.close()


def test_without_a_server_all_sheets_are_read_and_told_of(
    lone_terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "no.pdf").write_bytes(NO_PDF)
    (tmp_path / "link.pdf").symlink_to(SHEET)
    files = [pdf(tmp_path / "empty.pdf"), tmp_path / "no.pdf", tmp_path / "link.pdf"]

    done = lone_terminal.run("ingest", *map(str, files), "--json")

    assert (done.code, done.err) == (1, "")
    told = lines(done.out)
    assert (
        told["empty.pdf"]
        | {
            "status": "completed",
            "file_path": "source/empty.pdf",
            "pages": 1,
            "games": 0,
            "error": None,
        }
        == told["empty.pdf"]
    )
    assert told["no.pdf"]["status"] == "refused"
    assert "Only PDF files" in told["no.pdf"]["error"]
    assert (told["link.pdf"]["status"], told["link.pdf"]["job_id"]) == ("refused", None)


def test_beside_a_server_a_table_shows_what_the_api_shows(
    terminal: Terminal, api: Api, tmp_path: Path
) -> None:
    name = f"{unique('sheet')}.pdf"

    done = terminal.run("ingest", str(pdf(tmp_path / name)), "--priority", "4")

    assert (done.code, done.err) == (0, "")
    assert "What was found" in done.out
    assert "completed" in done.out
    queued = [
        event
        for event in api.get("/api/v1/events/", types="ProcessingQueued", limit=1000)["events"]
        if event["data"]["file_path"] == f"source/{name}"
    ]
    assert [event["data"]["source"] for event in queued] == ["terminal"]
    assert [event["data"]["priority"] for event in queued] == [4]
    assert queued[0]["actor"].startswith("operator:")
    job = queued[0]["stream_id"].removeprefix("job-")
    assert api.get(f"/api/v1/process/status/{job}")["status"] == "completed"


def test_ctrl_c_calls_off_what_is_not_done(served: Served, api: Api, tmp_path: Path) -> None:
    sheet = tmp_path / f"{unique('sheet')}.pdf"
    sheet.write_bytes(SHEET.read_bytes() + f"\n% {sheet.name}".encode())
    path = f"/api/v1/events/?types=ProcessingStageEntered&wait={PATIENCE // 2}&after="
    after = api.get("/api/v1/events/", after=0, limit=1)["head"]

    with running(served, str(sheet)) as ingestion:
        begun = api.get(path + str(after))["events"]
        assert begun
        assert ingestion.end() == 130
        told = ingestion.told()

    assert told["status"] == "cancelled"
    job = api.get(f"/api/v1/process/status/{told['job_id']}")
    assert job["status"] == "cancelled"


def test_watching_goes_on_with_what_comes_and_passes_over_what_is_known(
    served: Served, tmp_path: Path
) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "no.pdf").write_bytes(NO_PDF)
    with running(served, str(watched), "--watch") as ingestion:
        assert ingestion.told()["status"] == "refused"
        first = pdf(tmp_path / "first.pdf")
        content = first.read_bytes()
        first.rename(watched / "first.pdf")
        assert ingestion.told()["status"] == "completed"
        (watched / "again.pdf").write_bytes(content)
        assert ingestion.told()["status"] == "known"
        assert ingestion.end() == 1


def test_a_directory_that_cannot_be_watched_ends_it(
    lone_terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("infra.intake.directory.Directory._look_around", refuse)

    done = lone_terminal.run("ingest", str(tmp_path), "--watch", "--json")

    assert (done.code, done.err) == (1, "")
    [told] = lines(done.out).values()
    assert told["status"] == "refused"
    assert told["error"] == "The directory cannot be watched: Permission denied"


@pytest.mark.parametrize(
    "arguments",
    [(), ("no-such-file.pdf",), ("/",), (str(SHEET), "--priority", "5")],
)
def test_wrong_usage_exits_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    done = terminal.run("ingest", *arguments)

    assert (done.code, done.out) == (2, "")
