"""Schema migrations: plain numbered SQL, applied in order, once, under a lock, only forward."""

from pathlib import Path

import psycopg
import structlog

log = structlog.get_logger(__name__)

DIRECTORY = Path(__file__).with_name("migrations")

LOCK = "SELECT pg_advisory_xact_lock(4127302)"

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class SchemaTooNewError(Exception):
    """The database was migrated by a newer Annals; this one must not touch it."""


def newest_migration() -> int:
    """Give the schema version that this Annals brings a database to."""
    return max(_migrations())


def migrate(conninfo: str) -> list[str]:
    """Bring the schema up to date and name what was applied.

    All in one transaction under a lock, so that of several processes starting at once one migrates
    and the others find it done. Raises SchemaTooNewError.
    """
    with psycopg.connect(conninfo) as connection, connection.transaction():
        connection.execute(LOCK)
        connection.execute(CREATE_LEDGER)
        rows = connection.execute("SELECT number FROM schema_migrations").fetchall()
        applied = {row[0] for row in rows}
        migrations = _migrations()
        if unknown := applied - migrations.keys():
            raise SchemaTooNewError(
                f"the database has schema version {max(unknown)}, "
                f"this Annals knows only {max(migrations)}: upgrade Annals"
            )
        pending = [path for number, path in migrations.items() if number not in applied]
        for path in pending:
            connection.execute(path.read_bytes())
            connection.execute(
                "INSERT INTO schema_migrations (number, name) VALUES (%s, %s)",
                (int(path.name[:4]), path.stem),
            )
    names = [path.stem for path in pending]
    if names:
        log.info("schema_migrated", migrations=names)
    return names


def _migrations() -> dict[int, Path]:
    return {int(path.name[:4]): path for path in sorted(DIRECTORY.glob("*.sql"))}
