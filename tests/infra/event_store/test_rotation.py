"""The master key can be changed while everything goes on, and no event is touched."""

import asyncio
import os
from pathlib import Path

import psycopg
import pytest

from infra.event_store import rotation
from infra.event_store.assembly import EventStoreParts
from infra.event_store.errors import MasterKeyError
from infra.event_store.keys import KeyFile, Keyring, encode_master_key, master_key_id
from infra.event_store.rotation import establish_master_key, rotate
from infra.settings import Settings
from interfaces.composition import open_database
from tests.infra.event_store.opening import opened, rows, verified
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

KEY_IDS = "SELECT DISTINCT master_key_id FROM subject_keys"
EVERY_EVENT = "SELECT events::text FROM events ORDER BY notification_id"


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "master.key")


@pytest.fixture
def ring(key_file: KeyFile) -> Keyring:
    """What a server has in memory that started before the rotation."""
    return Keyring(key_file.read)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH_SIZE", 3)


async def test_a_rotation_wraps_every_data_key_anew_and_touches_no_event(
    log: EventStoreParts, conninfo: str, key_file: KeyFile, sql: psycopg.AsyncConnection
) -> None:
    await _filled(log, 10)
    old = master_key_id(key_file.read()[0])
    before = await rows(sql, EVERY_EVENT)
    fingerprints = await rows(sql, "SELECT subject, fingerprint FROM subject_keys ORDER BY 1")

    progress = list(rotate(conninfo, Keyring(key_file.read), key_file))

    [new] = key_file.read()
    assert master_key_id(new) != old
    assert await rows(sql, KEY_IDS) == [(master_key_id(new),)]
    assert [step.rewrapped for step in progress] == [3, 6, 9, 10, 10]
    assert {step.master_key_id for step in progress} == {master_key_id(new)}
    assert await rows(sql, EVERY_EVENT) == before
    assert (
        await rows(sql, "SELECT subject, fingerprint FROM subject_keys ORDER BY 1") == fingerprints
    )
    assert (await verified(conninfo)).valid
    await _readable(log, 10)


async def test_a_server_with_the_old_keys_in_memory_goes_on_during_a_rotation_and_after_it(
    log: EventStoreParts, conninfo: str, key_file: KeyFile
) -> None:
    await _filled(log, 7)

    for made, _ in enumerate(rotate(conninfo, Keyring(key_file.read), key_file), start=7):
        await _readable(log, made)
        await log.store.save(Thing.make(made, owner=f"owner {made}"), metadata=BY_TEST)
        given = await log.store.load(Thing, 0)
        given.give(f"owner {made}")
        await log.store.save(given, metadata=BY_TEST)

    await log.store.save(Thing.make("after", owner="Ann"), metadata=BY_TEST)
    async with opened(conninfo, Keyring(key_file.read)) as started_later:
        assert (await started_later.store.load(Thing, "after")).state.owner == "Ann"
        assert (await started_later.store.load(Thing, 3)).state.owner == "owner 3"


@pytest.mark.parametrize("steps", range(4))
async def test_an_interrupted_rotation_continues_under_the_same_new_key(
    log: EventStoreParts,
    conninfo: str,
    key_file: KeyFile,
    sql: psycopg.AsyncConnection,
    steps: int,
) -> None:
    await _filled(log, 8)
    old = key_file.read()
    interrupted = rotate(conninfo, Keyring(key_file.read), key_file)
    for _ in range(steps):
        next(interrupted)
    interrupted.close()  # type: ignore[attr-defined]
    between = key_file.read()
    async with opened(conninfo, Keyring(key_file.read)) as started_between:
        await _readable(started_between, 8)
        await started_between.store.save(Thing.make(8, owner="owner 8"), metadata=BY_TEST)

    list(rotate(conninfo, Keyring(key_file.read), key_file))

    assert between == (old if steps == 0 else [*key_file.read(), *old])
    assert await rows(sql, KEY_IDS) == [(master_key_id(key_file.read()[0]),)]
    await _readable(log, 9)


async def test_a_rotation_that_died_before_the_database_knew_of_it_continues(
    log: EventStoreParts, conninfo: str, key_file: KeyFile
) -> None:
    await _filled(log, 2)
    new = os.urandom(32)
    key_file.write([new, *key_file.read()])

    list(rotate(conninfo, Keyring(key_file.read), key_file))

    assert key_file.read() == [new]
    await _readable(log, 2)


async def test_of_two_rotations_at_once_the_second_waits_and_no_key_is_lost(
    log: EventStoreParts, conninfo: str, key_file: KeyFile, sql: psycopg.AsyncConnection
) -> None:
    await _filled(log, 8)

    rotations = [
        asyncio.to_thread(lambda: list(rotate(conninfo, Keyring(key_file.read), key_file)))
        for _ in range(4)
    ]
    outcomes = await asyncio.gather(*rotations)

    assert len({steps[-1].master_key_id for steps in outcomes}) == 4
    [key] = key_file.read()
    assert await rows(sql, KEY_IDS) == [(master_key_id(key),)]
    await _readable(log, 8)


async def test_with_keys_in_the_environment_the_current_one_replaces_the_previous(
    database: str, sql: psycopg.AsyncConnection
) -> None:
    old, new = os.urandom(32), os.urandom(32)
    await sql.execute("UPDATE log_head SET master_key_id = %s", (master_key_id(old),))
    async with opened(database, Keyring(lambda: [old])) as log:
        await _filled(log, 5)

    list(rotate(database, Keyring(lambda: [new, old]), None))

    assert await rows(sql, KEY_IDS) == [(master_key_id(new),)]
    async with opened(database, Keyring(lambda: [new])) as log:
        await _readable(log, 5)


async def test_a_rotation_without_the_old_key_changes_nothing(
    log: EventStoreParts, conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    await _filled(log, 2)
    bound = await rows(sql, "SELECT master_key_id FROM log_head")

    with pytest.raises(MasterKeyError, match="not at hand"):
        list(rotate(conninfo, Keyring(lambda: [bytes(32)]), None))

    assert await rows(sql, "SELECT master_key_id FROM log_head") == bound
    await _readable(log, 2)


async def test_annals_refuses_to_start_with_a_wrong_master_key(
    log: EventStoreParts, settings: Settings, ring: Keyring
) -> None:
    await _filled(log, 1)

    with pytest.raises(MasterKeyError) as refused, open_database(settings):
        pass

    assert ring.current_id in str(refused.value)
    assert "ANNALS_MASTER_KEY" in str(refused.value)


async def test_annals_refuses_to_start_without_a_key_that_an_interrupted_rotation_left_in_use(
    log: EventStoreParts, conninfo: str, key_file: KeyFile
) -> None:
    await _filled(log, 5)
    [old] = key_file.read()
    new = os.urandom(32)
    interrupted = rotate(conninfo, Keyring(lambda: [new, old]), None)
    next(interrupted)
    interrupted.close()  # type: ignore[attr-defined]

    with pytest.raises(MasterKeyError, match="ANNALS_MASTER_KEY_PREVIOUS") as refused:
        establish_master_key(conninfo, Keyring(lambda: [new]))

    assert master_key_id(old) in str(refused.value)
    establish_master_key(conninfo, Keyring(lambda: [new, old]))


@pytest.mark.parametrize(
    "text", ["", "\n", "no key\n", encode_master_key(bytes(32)) + "\nrubbish\n"]
)
def test_a_key_file_with_something_else_in_it_is_refused(
    tmp_path: Path, key_file: KeyFile, text: str
) -> None:
    (tmp_path / "master.key").write_text(text)

    with pytest.raises(MasterKeyError, match=r"master\.key") as refused:
        key_file.read()
    assert "rubbish" not in str(refused.value)


async def _filled(log: EventStoreParts, things: int) -> None:
    for n in range(things):
        await log.store.save(Thing.make(n, owner=f"owner {n}"), metadata=BY_TEST)


async def _readable(log: EventStoreParts, things: int) -> None:
    for n in range(1, things):
        assert (await log.store.load(Thing, n)).state.owner == f"owner {n}"
