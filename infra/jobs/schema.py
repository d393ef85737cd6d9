"""The schema of the jobs: procrastinate's own and what Annals adds, only forward.

All of it stands in the PostgreSQL schema ``jobs``. Its functions find each other there from any
connection, so that a job can be enqueued in whichever transaction causes it.
"""

from pathlib import Path

import psycopg
import structlog
from procrastinate.schema import SchemaManager

from infra.postgres.migrations import SchemaTooNewError

log = structlog.get_logger(__name__)

OWN_MIGRATIONS = Path(__file__).with_name("migrations")

# The lock of infra.postgres.migrations, held by the session.
LOCK = "SELECT pg_advisory_lock(4127302)"

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

    Each migration is one transaction, for some use what the one before has committed. They are
    under the lock of all migrations. Raises SchemaTooNewError.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(LOCK)
        connection.execute("SET client_min_messages TO warning")  # of what exists already
        connection.execute(CREATE_LEDGER)
        connection.execute("SET search_path TO jobs")
        applied = _applied(connection)
        library = _migrations(Path(SchemaManager.get_migrations_path()))
        own = _migrations(OWN_MIGRATIONS)
        if unknown := applied - library.keys() - own.keys():
            raise SchemaTooNewError(
                f"the jobs have the schema of {max(unknown)}, unknown to this Annals: upgrade it"
            )
        names = [name for name in (*library, *own) if name not in applied]
        if applied:
            for name in names:
                _apply(connection, (library | own)[name].read_text(), [name])
        else:  # the library's whole schema is what all its migrations lead to
            own_sql = [path.read_text() for path in own.values()]
            _apply(connection, "\n".join([SchemaManager.get_schema(), *own_sql]), names)
    if names:
        log.info("jobs_schema_migrated", migrations=len(names))
    return names


def _apply(connection: psycopg.Connection, statements: str, names: list[str]) -> None:
    with connection.transaction():
        connection.execute(statements.encode())
        connection.execute(FIND_EACH_OTHER)
        connection.execute(RECORD, (names,))


def _applied(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM schema_migrations").fetchall()
    return {row[0] for row in rows}


def _migrations(directory: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(directory.glob("*.sql"))}
