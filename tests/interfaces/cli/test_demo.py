"""``annals demo`` in a process of its own, as a person would run it."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import psutil
import pytest
import typer
from typer.testing import CliRunner

from interfaces.cli.demo import demo
from interfaces.demo import tale
from interfaces.demo.story import Story
from tests.conftest import HOME
from tests.starting import ANNALS, Process, start

CHAPTERS = [
    "1. The process",
    "2. A hundred people go through it",
    "3. The dashboard",
    "4. A text under review",
    "5. Who looks after the addresses",
    "6. Two sheets of paper",
    "7. One person asks to be forgotten",
    "8. Going back in time",
    "9. The chain holds",
    "10. Somebody tampers with the log",
    "The end",
]

# None of this may reach the demo's own server: with any of it, that would not even start.
POISON = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
    "PGSERVICE": "nowhere",
    "PGOPTIONS": "-c nonsense",
    "REDIS_URL": "no url",
    "ANNALS_HOME": "/proc/nowhere",
    "ANNALS_MASTER_KEY": "no key",
    "ADMIN_API_KEY": "no key",
    "API_PORT": "no port",
    "API_V1_PREFIX": "/elsewhere",
    "HTTP_PROXY": "http://127.0.0.1:1",
}


@pytest.fixture
def directory() -> Iterator[Path]:
    """A place for the demo's temporary directory, where PostgreSQL's account can go as well."""
    with tempfile.TemporaryDirectory(prefix="annals-demo-test-", dir=HOME) as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def environment(directory: Path) -> dict[str, str]:
    return os.environ | POISON | {"TMPDIR": str(directory)}


@dataclass(frozen=True)
class Telling:
    """A demo that tells its story, as far as it has come."""

    process: Process
    output: IO[str]

    def told(self) -> str:
        self.output.seek(0)
        return self.output.read()

    def interrupt(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        assert self.process.wait(60) != 0
        assert "Traceback" not in self.told()


@pytest.fixture
def telling(environment: dict[str, str], tmp_path: Path) -> Iterator[Telling]:
    path = tmp_path / "told"
    with path.open("wb") as output:
        process = start("demo", environment=environment, output=output, leads_session=True)
    with path.open(errors="replace") as output:
        yield Telling(process, output)


def left_behind(directory: Path) -> list[object]:
    """Find files in the directory, and processes that work in it or were told of it.

    Python itself tries out whether it can write there; a process that is killed then leaves a file.
    """
    files = [path for path in directory.iterdir() if not re.fullmatch(r"\w{8}", path.name)]
    return [*files, *(one for one in psutil.process_iter() if knows(one, directory))]


def knows(process: psutil.Process, directory: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        told = [process.cwd(), *process.cmdline(), process.environ().get("ANNALS_HOME", "")]
        return any(str(directory) in word for word in told)
    return False


def test_the_story_is_told_to_its_end_and_leaves_nothing_behind(
    directory: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [ANNALS, "demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    told = done.stdout
    assert done.returncode == 0, told
    assert re.findall(r"^(\S.*?) ─+$", told, re.MULTILINE) == CHAPTERS
    assert "✗" not in told
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) <= 100
    assert left_behind(directory) == []


def test_a_story_that_is_interrupted_at_its_start_leaves_nothing_behind(
    directory: Path, telling: Telling
) -> None:
    while not any(directory.glob("*/postgres*")):
        assert telling.process.poll() is None
        time.sleep(0.01)
    telling.interrupt(signal.SIGINT)
    assert left_behind(directory) == []


def test_a_story_that_is_interrupted_in_the_middle_leaves_nothing_behind(
    directory: Path, telling: Telling
) -> None:
    while f"\n{CHAPTERS[1]} " not in telling.told():
        assert telling.process.poll() is None
        time.sleep(0.01)
    telling.interrupt(signal.SIGTERM)
    assert left_behind(directory) == []


def test_the_story_ends_at_a_claim_that_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    def claim_too_much(story: Story, *_: object) -> None:
        story.expect(True, "Water is wet")
        story.expect(False, "Pigs fly")

    def go_on(*_: object) -> NoReturn:
        pytest.fail("the story went on")

    monkeypatch.setattr(tale, "own_annals", contextlib.nullcontext)
    monkeypatch.setattr(tale, "create_process", claim_too_much)
    monkeypatch.setattr(tale, "send_people_through", go_on)
    app = typer.Typer()
    app.command()(demo)
    outcome = CliRunner().invoke(app)
    assert outcome.exit_code == 1
    assert "✓ Water is wet\n✗ Pigs fly\n" in outcome.output.replace(" \n", "\n")
