"""The lock files name one exact, hashed set of packages, whatever registry serves them."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
DIRECT = {
    RUNTIME: PROJECT["project"]["dependencies"] + GROUPS["build"],
    DEV: [line for line in GROUPS["dev"] if isinstance(line, str)],
}


class Locked(NamedTuple):
    """One entry of a lock file."""

    requirement: str
    hashes: frozenset[str]


def entries(lock: str) -> set[Locked]:
    lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    parts = [re.split(r"\s+--hash=", line.strip()) for line in lines]
    return {Locked(requirement, frozenset(hashes)) for requirement, *hashes in parts}


both_locks = pytest.mark.parametrize("lock", [RUNTIME, DEV])


@both_locks
def test_every_requirement_is_pinned_to_one_version(lock: str) -> None:
    loose = {
        entry.requirement
        for entry in entries(lock)
        if not re.fullmatch(r"==[^*,]+", str(Requirement(entry.requirement).specifier))
    }
    assert loose == set()


@both_locks
def test_every_requirement_has_only_sha256_hashes(lock: str) -> None:
    unhashed = {
        entry.requirement
        for entry in entries(lock)
        if not entry.hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in entry.hashes)
    }
    assert unhashed == set()


@both_locks
def test_no_registry_address_is_locked_in(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()


def test_development_runs_what_production_runs() -> None:
    assert entries(RUNTIME) - entries(DEV) == set()


@pytest.mark.parametrize(
    ("lock", "direct"), [(lock, direct) for lock, lines in DIRECT.items() for direct in lines]
)
def test_every_direct_dependency_is_locked_at_an_allowed_version(lock: str, direct: str) -> None:
    wanted = Requirement(direct)
    pins = [Requirement(entry.requirement) for entry in entries(lock)]
    versions = [
        specifier.version
        for pin in pins
        if canonicalize_name(pin.name) == canonicalize_name(wanted.name)
        for specifier in pin.specifier
    ]
    assert versions
    assert all(version in wanted.specifier for version in versions)
