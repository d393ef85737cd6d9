"""A restore that is killed leaves the old database or the new one, and a start finishes it."""

import contextlib
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from tests.infra.backups.world import World
from tests.starting import Process, run, start

PATIENCE_SECONDS = 30

STATE = "SELECT position, encode(hash, 'hex') FROM log_head"


class HeldUp(NamedTuple):
    """A restore that waits for its psql, and how the log stood when it began."""

    restoring: Process
    psql: psutil.Process
    before: list[tuple[Any, ...]]


@pytest.fixture
def environment(world: World) -> dict[str, str]:
    settings = world.settings
    assert settings.annals_master_key is not None
    assert settings.jwt_secret_key is not None
    return dict(os.environ) | {
        "ANNALS_HOME": str(settings.annals_home),
        "DATABASE_URL": world.url,
        "ANNALS_MASTER_KEY": settings.annals_master_key,
        "JWT_SECRET_KEY": settings.jwt_secret_key,
    }


def start_restoring(backup: Path, environment: Mapping[str, str]) -> Process:
    with tempfile.TemporaryFile() as output:
        return start(*restore_of(backup), environment=environment, output=output)


def restore_of(backup: Path) -> tuple[str, ...]:
    return ("restore", str(backup), "--replace", "--yes")


def psql_of(restoring: Process) -> psutil.Process | None:
    """Give the psql that a restore works by, once it is there; None if it was missed."""
    while restoring.poll() is None:
        for children in Path(f"/proc/{restoring.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                for child in map(psutil.Process, map(int, children.read_text().split())):
                    if child.name() == "psql":
                        return child
        time.sleep(0.001)
    return None


def held_up(world: World, restoring_from: Path, environment: Mapping[str, str]) -> HeldUp:
    """Begin a restore, and hold up the psql that it works by: what it is sent waits in its pipe."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before = world.rows(STATE)
        restoring = start_restoring(restoring_from, environment)
        psql = psql_of(restoring)
        with contextlib.suppress(psutil.NoSuchProcess):
            if psql is not None:
                psql.suspend()
                return HeldUp(restoring, psql, before)
        restoring.wait()
    raise AssertionError("no psql")


def test_killed_in_the_middle_it_leaves_the_database_as_it_was(
    world: World, environment: dict[str, str]
) -> None:
    ann, bob = world.start_runs("Ann Example", "Bob Example")
    backup = world.back_up()
    world.forget(ann)

    restoring, psql, before = held_up(world, backup.path, environment)
    restoring.kill()
    restoring.wait()
    psql.resume()
    psutil.wait_procs([psql], PATIENCE_SECONDS)
    assert not psql.is_running()
    assert world.rows(STATE) == before
    assert world.named(ann) == (None, None)

    done = run(*restore_of(backup.path), environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Erased since and now again: 1 subjects" in done.stdout
    assert world.named(ann) == (None, None)
    assert world.named(bob) == ("Bob Example", "Bob Example")
    assert world.chain_holds()


def test_killed_at_any_moment_it_leaves_one_of_the_two_whole(
    world: World, environment: dict[str, str]
) -> None:
    ann, bob = world.start_runs("Ann Example", "Bob Example")
    backup = world.back_up()
    world.forget(ann)
    for pause in (0.05, 0.3):
        restoring = start_restoring(backup.path, environment)
        psql = psql_of(restoring)
        time.sleep(pause)
        restoring.kill()
        restoring.wait()
        psutil.wait_procs([psql] if psql is not None else [], PATIENCE_SECONDS)
        assert world.named(ann) == (None, None)
        assert world.named(bob) == ("Bob Example", "Bob Example")
        assert world.rows("SELECT subject FROM erasures") == [(f"run-{ann}",)]
        assert world.chain_holds()
