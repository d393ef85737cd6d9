"""A backup is whole, private and consistent, and one that is not is refused."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import msgspec
import psutil
import psycopg
import pytest

from application.backups import BackupError
from infra.backups.restoring import inspect
from infra.event_store.errors import MasterKeyError
from infra.event_store.keys import encode_master_key
from infra.postgres.tools import running
from infra.secret_key import decode_key
from interfaces.composition import keyring, list_backups, write_backup
from tests.infra.backups.world import World

PATIENCE = 20

DUMP_WAITS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'pg_dump' AND wait_event_type = 'Lock'
"""

PSQL_SLEEPS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'psql' AND wait_event = 'PgSleep'
"""

REBUILD_WAITS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND application_name <> 'pg_dump' AND wait_event_type = 'Lock'
"""


def test_a_backup_says_where_the_log_was_and_who_can_open_it(world: World) -> None:
    world.start_runs("Ann Example")
    backup = world.back_up()
    [(position, hash_, key)] = world.rows(
        "SELECT position, encode(hash, 'hex'), master_key_id FROM log_head"
    )
    assert (backup.position, backup.hash, backup.master_key_id) == (position, hash_, key)
    assert backup.size == backup.path.stat().st_size
    assert list_backups(world.settings, None) == [backup]
    assert inspect(backup.path, keyring(world.settings)).sequences["run_ids"] == 1


def test_only_its_owner_can_read_it(world: World) -> None:
    world.back_up()
    for path in world.settings.backups.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    assert world.settings.backups.stat().st_mode & 0o777 == 0o700


def test_the_master_key_is_not_in_it(world: World) -> None:
    world.start_runs("Ann Example")
    backup = world.back_up()
    assert world.settings.annals_master_key is not None
    key = decode_key(world.settings.annals_master_key)
    for path in world.settings.backups.iterdir():
        content = path.read_bytes()
        assert key not in content
        assert key.hex().encode() not in content
        assert world.settings.annals_master_key.encode() not in content
    assert backup.path.exists()


def test_a_password_is_in_no_argument_of_a_tool(world: World) -> None:
    url = world.url.replace("postgres@", "postgres:geheim@")
    with (
        psycopg.connect(world.url, autocommit=True) as watching,
        running("psql", "--command=SELECT pg_sleep(60)", conninfo=url),
    ):
        wait_for(lambda: is_so(watching, PSQL_SLEEPS))  # before, it is still becoming psql
        [tool] = [one for one in psutil.Process().children() if one.name() == "psql"]
        assert "geheim" not in " ".join(tool.cmdline())
        assert tool.environ()["PGPASSWORD"] == "geheim"


def test_backups_are_listed_newest_first_and_pruned_oldest_first(world: World) -> None:
    first, second = world.back_up(), world.back_up()
    assert list_backups(world.settings, None) == [second, first]
    *_, last = write_backup(world.settings, None, keep=2)
    assert last.backup is not None
    assert list_backups(world.settings, None) == [last.backup, second]
    assert not first.path.exists()


def test_what_a_killed_backup_left_is_no_backup_and_swept_away(world: World) -> None:
    directory = world.settings.backups
    directory.mkdir()
    abandoned = directory / ".annals-20260101T000000.000000Z-000000000001.dump.partial"
    abandoned.write_text("half a backup")
    manifest = directory / "annals-20260101T000000.000000Z-000000000001.json"
    manifest.write_text("that of half a backup")
    unnamed = directory / "annals-20260102T000000.000000Z-000000000001.dump"
    unnamed.write_text("somebody's")
    backup = world.back_up()
    assert list_backups(world.settings, None) == [backup]
    assert not abandoned.exists()
    assert not manifest.exists()
    assert unnamed.exists()


def test_a_rebuild_beside_a_backup_leaves_the_read_model_in_it_whole(world: World) -> None:
    """pg_dump finds tables by their names, which a rebuild gives to other tables at its end."""
    [ann] = world.start_runs("Ann Example")
    with (
        ThreadPoolExecutor() as at_once,
        psycopg.connect(world.url, autocommit=True) as watching,
        psycopg.connect(world.url) as holding_up,
    ):
        holding_up.execute("LOCK TABLE users_v1.users IN ACCESS EXCLUSIVE MODE")
        backing_up = at_once.submit(world.back_up)
        wait_for(lambda: is_so(watching, DUMP_WAITS))
        rebuilding = at_once.submit(world.rebuild, "runs")
        wait_for(lambda: rebuilding.done() or is_so(watching, REBUILD_WAITS))
        holding_up.rollback()
        backup = backing_up.result()
        rebuilding.result()
    assert world.named(ann) == ("Ann Example", "Ann Example")
    world.restore(backup.path)
    assert world.named(ann) == ("Ann Example", "Ann Example")


def is_so(connection: psycopg.Connection, condition: LiteralString) -> bool:
    return connection.execute(condition).fetchone() is not None


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_backup_that_fails_leaves_nothing(world: World, tmp_path: Path) -> None:
    world.back_up()
    (tmp_path / "full").write_text("a file")
    with pytest.raises(BackupError, match="cannot be written to"):
        list(write_backup(world.settings, tmp_path / "full", keep=None))


def lose_the_manifest(dump: Path) -> None:
    dump.with_suffix(".json").unlink()


def lose_the_dump(dump: Path) -> None:
    dump.unlink()


def change_a_byte(dump: Path) -> None:
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


def cut_it(dump: Path) -> None:
    os.truncate(dump, dump.stat().st_size - 1)


def make_up_a_position(dump: Path) -> None:
    path = dump.with_suffix(".json")
    path.write_text(path.read_text().replace('"position":', '"position":1'))


def write_nonsense(dump: Path) -> None:
    dump.with_suffix(".json").write_bytes(b"\xff\x00" + b"[" * 5000)


def nest_deeply(dump: Path) -> None:
    dump.with_suffix(".json").write_text('{"more":' + "[" * 100_000 + "]" * 100_000 + "}")


def write_a_list(dump: Path) -> None:
    dump.with_suffix(".json").write_text("[1, 2]")


def write_too_much(dump: Path) -> None:
    dump.with_suffix(".json").write_bytes(b" " * 2_000_000)


def point_elsewhere(dump: Path) -> None:
    path = dump.with_suffix(".json")
    path.write_text(path.read_text().replace(dump.name, "../../etc/passwd"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lose_the_manifest, "no complete backup"),
        (lose_the_dump, "cannot be read: No such file"),
        (change_a_byte, "is damaged"),
        (cut_it, "is damaged"),
        (make_up_a_position, "was not written by Annals, or was changed since"),
        (write_nonsense, "is no manifest"),
        (nest_deeply, "is no manifest"),
        (write_a_list, "is no manifest"),
        (write_too_much, "is no manifest"),
        (point_elsewhere, "is the manifest of passwd"),
    ],
)
def test_a_backup_that_is_not_what_it_was_is_refused(
    world: World, change: Callable[[Path], None], said: str
) -> None:
    backup = world.back_up()
    change(backup.path)
    with pytest.raises(BackupError, match=said):
        inspect(backup.path, keyring(world.settings))


def test_a_backup_whose_master_key_is_not_at_hand_is_refused(world: World) -> None:
    backup = world.back_up()
    other = msgspec.structs.replace(
        world.settings, annals_master_key=encode_master_key(os.urandom(32))
    )
    with pytest.raises(MasterKeyError, match=f"master key {backup.master_key_id}"):
        inspect(backup.path, keyring(other))
