"""The data keys of subjects, as commands need them."""

from collections.abc import Iterable

from psycopg_pool import AsyncConnectionPool

from infra.event_store.keys import Keyring, SubjectKey

SELECT = """
SELECT subject, wrapped_key, master_key_id FROM subject_keys WHERE subject = ANY(%s)
"""

ERASED_BY = """
SELECT x.subject
FROM erasures AS x
JOIN events AS e ON e.notification_id = x.position AND e.event_id = x.event_id
WHERE e.originator_id = ANY(%s)
"""


class SubjectKeys:
    """Finds data keys. Nothing is kept between calls: a key that is destroyed is gone at once."""

    def __init__(self, pool: AsyncConnectionPool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def existing(self, subjects: Iterable[str]) -> dict[str, SubjectKey]:
        """Give the data keys of those subjects that have one."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(SELECT, (list(subjects),), prepare=True)
            rows = await cursor.fetchall()
        return {
            subject: self._keyring.unwrap(subject, wrapped, key_id)
            for subject, wrapped, key_id in rows
        }

    async def erased_by(self, stream_ids: Iterable[str]) -> set[str]:
        """Give the subjects whose keys were destroyed by events of these streams."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(ERASED_BY, (list(stream_ids),))
            return {subject for (subject,) in await cursor.fetchall()}
