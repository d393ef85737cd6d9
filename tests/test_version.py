"""The version stands in one place and is bumped by a tool (seed: Version Management)."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
TOOL = Path(sys.executable).with_name("bump-my-version")


def version(pyproject: str) -> str:
    number: str = tomllib.loads(pyproject)["project"]["version"]
    return number


@pytest.mark.parametrize(
    ("arguments", "bumped"),
    [
        (["patch"], "1.2.4"),
        (["minor"], "1.3.0"),
        (["major"], "2.0.0"),
        (["--new-version", "2.1.0"], "2.1.0"),
    ],
)
def test_a_bump_changes_the_version_and_nothing_else(
    tmp_path: Path, arguments: list[str], bumped: str
) -> None:
    copy = tmp_path / "pyproject.toml"
    shutil.copy(PYPROJECT, copy)
    before = PYPROJECT.read_text().replace(version(PYPROJECT.read_text()), "1.2.3", 1)
    copy.write_text(before)

    subprocess.run([TOOL, "bump", *arguments], cwd=tmp_path, check=True, capture_output=True)

    assert version(copy.read_text()) == bumped
    assert copy.read_text() == before.replace("1.2.3", bumped, 1)
