"""The schema of the jobs is brought forward by whichever library and Annals come next."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg import sql

from infra.jobs.schema import CREATE_LEDGER, RECORD, migrate_jobs
from infra.postgres.migrations import SchemaTooNewError
from tests.conftest import database_url

LIBRARY = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns
WHERE table_schema = 'jobs'
ORDER BY table_name, column_name
"""

FUNCTIONS = """
SELECT proname, pg_get_function_identity_arguments(oid), proconfig
FROM pg_proc
WHERE pronamespace = 'jobs'::regnamespace
ORDER BY 1, 2
"""


@pytest.fixture
def empty(postgres_url: str) -> Iterator[str]:
    """A database in which there is nothing."""
    name = sql.Identifier(f"empty_{uuid4().hex}")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield database_url(postgres_url, name.as_string().strip('"'))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def made_by_an_older_library(conninfo: str, until: int) -> None:
    """Make the schema as the library's first migrations left it."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(CREATE_LEDGER.encode())
        connection.execute("SET search_path TO jobs")
        for path in LIBRARY[:until]:
            connection.execute(path.read_bytes())
            connection.commit()
        connection.execute(RECORD, ([path.stem for path in LIBRARY[:until]],))


def described(conninfo: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(conninfo) as connection:
        return [connection.execute(query.encode()).fetchall() for query in (COLUMNS, FUNCTIONS)]


def test_it_is_made_once(empty: str) -> None:
    assert "annals_01_enqueue" in migrate_jobs(empty)
    assert migrate_jobs(empty) == []


async def migrated_by_five(conninfo: str) -> list[list[str]]:
    return await asyncio.gather(*(asyncio.to_thread(migrate_jobs, conninfo) for _ in range(5)))


@pytest.mark.anyio
async def test_of_many_processes_that_start_at_once_one_makes_it(empty: str) -> None:
    assert sorted(map(bool, await migrated_by_five(empty))) == [False] * 4 + [True]


@pytest.mark.parametrize("until", [1, len(LIBRARY) - 1])
def test_a_schema_of_an_older_library_is_brought_to_the_same(
    empty: str, database: str, until: int
) -> None:
    made_by_an_older_library(empty, until)

    applied = migrate_jobs(empty)

    assert applied[:-1] == [path.stem for path in LIBRARY[until:]]
    old_columns, old_functions = described(empty)
    new_columns, new_functions = described(database)
    assert old_columns == new_columns
    assert set(map(str, new_functions)) <= set(map(str, old_functions))


def test_every_function_finds_the_others_from_any_connection(empty: str) -> None:
    migrate_jobs(empty)
    _, functions = described(empty)
    assert {str(settings) for *_, settings in functions} == {"['search_path=jobs']"}


def test_a_schema_of_a_newer_annals_is_not_touched(empty: str) -> None:
    migrate_jobs(empty)
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO jobs.schema_migrations VALUES ('annals_99_future')")
    with pytest.raises(SchemaTooNewError, match="annals_99_future"):
        migrate_jobs(empty)
