"""The schema of the jobs: procrastinate's own and what Annals adds, only forward.

All of it stands in the PostgreSQL schema ``jobs``. Its functions find each other there from any
connection, so that a job can be enqueued in whichever transaction causes it.
"""

from pathlib import Path

import psycopg
import structlog
from procrastinate.schema import SchemaManager

from infra.postgres.migrations import LOCK, SchemaTooNewError

log = structlog.get_logger(__name__)

OWN_MIGRATIONS = Path(__file__).with_name("migrations")

CREATE_LEDGER = """
CREATE SCHEMA IF NOT EXISTS jobs;
CREATE TABLE IF NOT EXISTS jobs.schema_migrations (
    name       text        PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

RECORD = "INSERT INTO jobs.schema_migrations (name) SELECT unnest(%s::text[])"

FIND_EACH_OTHER = """
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = jobs', function);
    END LOOP;
END;
$$
"""


def migrate_jobs(conninfo: str) -> list[str]:
    """Bring the schema of the jobs up to date and name what was applied.

    All in one transaction under the lock of all migrations. Raises SchemaTooNewError.
    """
    with psycopg.connect(conninfo) as connection, connection.transaction():
        connection.execute(LOCK)
        connection.execute("SET LOCAL client_min_messages TO warning")  # "already exists, skipping"
        connection.execute(CREATE_LEDGER)
        connection.execute("SET LOCAL search_path TO jobs")
        applied = _applied(connection)
        library = _migrations(Path(SchemaManager.get_migrations_path()))
        own = _migrations(OWN_MIGRATIONS)
        if unknown := applied - library.keys() - own.keys():
            raise SchemaTooNewError(
                f"the jobs have the schema of {max(unknown)}, unknown to this Annals: upgrade it"
            )
        names = [name for name in (*library, *own) if name not in applied]
        if not applied:  # the library's whole schema is what all its migrations lead to
            connection.execute(SchemaManager.get_schema().encode())
        for name in names:
            if applied or name in own:
                connection.execute((library | own)[name].read_bytes())
        if names:
            connection.execute(FIND_EACH_OTHER)
            connection.execute(RECORD, (names,))
    if names:
        log.info("jobs_schema_migrated", migrations=len(names))
    return names


def _applied(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM schema_migrations").fetchall()
    return {row[0] for row in rows}


def _migrations(directory: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(directory.glob("*.sql"))}
