"""Which master keys wrap how many data keys, and how many data keys are destroyed."""

import psycopg

from application.master_keys import KeyInventory, MasterKeyUse
from infra.event_store.keys import Keyring

MASTER_KEYS = """
SELECT head.master_key_id,
       (SELECT count(*) FROM subject_keys AS k WHERE k.master_key_id = head.master_key_id)
FROM log_head AS head
UNION
SELECT master_key_id, count(*) FROM subject_keys GROUP BY master_key_id
"""

CURRENT = "SELECT master_key_id FROM log_head"

DESTROYED = "SELECT count(*) FROM erasures"


def take_inventory(conninfo: str, keyring: Keyring) -> KeyInventory:
    """Count the data keys by master key, the current one first."""
    with psycopg.connect(conninfo) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        rows = connection.execute(MASTER_KEYS).fetchall()
        [current] = connection.execute(CURRENT).fetchone() or ("",)
        [destroyed] = connection.execute(DESTROYED).fetchone() or (0,)
    uses = [
        MasterKeyUse(
            master_key_id=key_id,
            is_current=key_id == current,
            at_hand=keyring.knows(key_id),
            data_keys=count,
        )
        for key_id, count in rows
    ]
    uses.sort(key=lambda use: (not use.is_current, use.master_key_id))
    return KeyInventory(master_keys=uses, erased_subjects=destroyed)
