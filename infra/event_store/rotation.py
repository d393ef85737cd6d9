"""Rotating the master key: data keys are wrapped anew, no event is touched."""

import secrets
from collections.abc import Iterator

import psycopg

from application.master_keys import Rotation
from infra.event_store.errors import MasterKeyError
from infra.event_store.keys import KeyFile, Keyring, master_key_id
from infra.secret_key import KEY_BYTES

BATCH_SIZE = 1000

# Two rotations at once would each put a new key into the file, and one would be lost.
ROTATION_LOCK = "SELECT pg_advisory_lock(4127305)"

APPEND_LOCK = "SELECT pg_advisory_xact_lock(4127301)"

MASTER_KEY_ID = "SELECT master_key_id FROM log_head"

SET_MASTER_KEY_ID = "UPDATE log_head SET master_key_id = %s"

# Written so that the index on the column serves.
OTHERWISE_WRAPPED = """
SELECT subject, wrapped_key, master_key_id
FROM subject_keys
WHERE master_key_id < %(new)s OR master_key_id > %(new)s
LIMIT %(size)s
"""

STILL_IN_USE = """
SELECT DISTINCT master_key_id
FROM subject_keys
WHERE master_key_id < %(bound)s OR master_key_id > %(bound)s
"""

REWRAP = """
UPDATE subject_keys AS k
SET wrapped_key = anew.wrapped_key, master_key_id = %s
FROM unnest(%s::text[], %s::bytea[]) AS anew (subject, wrapped_key)
WHERE k.subject = anew.subject
"""


def establish_master_key(conninfo: str, keyring: Keyring) -> None:
    """Bind a new database to the current master key; check that an older one can be opened.

    Raises MasterKeyError if a master key that the database was written with is not at hand.
    """
    with psycopg.connect(conninfo) as connection, connection.transaction():
        connection.execute(APPEND_LOCK)
        if _bound(connection):
            _check_at_hand(connection, keyring)
        else:
            connection.execute(SET_MASTER_KEY_ID, (keyring.current_id,))


def rotate(conninfo: str, keyring: Keyring, key_file: KeyFile | None) -> Iterator[Rotation]:
    """Wrap every data key anew, in batches; may be interrupted at any point and begun again.

    With a key file a new master key is made, and the old ones leave the file at the end. Without
    one, the new key is the keyring's current one. Servers that run meanwhile notice by themselves.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(ROTATION_LOCK)
        if key_file is not None:
            _add_key(connection, key_file)
        keyring.reload()
        new_id = keyring.current_id
        with connection.transaction():
            connection.execute(APPEND_LOCK)
            _check_at_hand(connection, keyring)
            connection.execute(SET_MASTER_KEY_ID, (new_id,))
        rewrapped = 0
        while batch := _rewrap_batch(connection, keyring, new_id):
            rewrapped += batch
            yield Rotation(rewrapped, new_id)
        if key_file is not None:
            key_file.write(key_file.read()[:1])
    yield Rotation(rewrapped, new_id)


def _add_key(connection: psycopg.Connection, key_file: KeyFile) -> None:
    """Put a new key first in the file, unless an interrupted rotation already did."""
    keys = key_file.read()
    bound = _bound(connection)
    if master_key_id(keys[0]) == bound and len(keys) == 1:
        key_file.write([secrets.token_bytes(KEY_BYTES), *keys])


def _check_at_hand(connection: psycopg.Connection, keyring: Keyring) -> None:
    bound = _bound(connection)
    if bound and not keyring.knows(bound):
        raise MasterKeyError(
            f"this database was written with master key {bound}, which is not at hand: "
            "set ANNALS_MASTER_KEY, or put back master.key in ANNALS_HOME"
        )
    for (key_id,) in connection.execute(STILL_IN_USE, {"bound": bound}):
        if not keyring.knows(key_id):
            raise MasterKeyError(
                f"a rotation that was interrupted left data keys under master key {key_id}, which "
                "is not at hand: set ANNALS_MASTER_KEY_PREVIOUS to it and rotate again"
            )


def _bound(connection: psycopg.Connection) -> str:
    row = connection.execute(MASTER_KEY_ID).fetchone()
    assert row is not None
    bound: str = row[0]
    return bound


def _rewrap_batch(connection: psycopg.Connection, keyring: Keyring, new_id: str) -> int:
    with connection.transaction():
        connection.execute(APPEND_LOCK)  # or an erasure of the same keys could end in a deadlock
        rows = connection.execute(OTHERWISE_WRAPPED, {"new": new_id, "size": BATCH_SIZE}).fetchall()
        subjects = [subject for subject, *_ in rows]
        wrapped = [
            keyring.wrap(keyring.unwrap(subject, bytes(old), key_id), new_id)
            for subject, old, key_id in rows
        ]
        connection.execute(REWRAP, (new_id, subjects, wrapped))
    return len(rows)
