"""Errors that pass are told apart from those that come back with the same data."""

import psycopg
import psycopg_pool
import pytest
from psycopg.errors import PipelineAborted

from infra.postgres.failures import is_passing

TOO_LONG = """
CREATE TABLE t (c text PRIMARY KEY);
INSERT INTO t SELECT string_agg(md5(n::text), '') FROM generate_series(1, 999) AS n
"""


def provoked(database: str, statement: str) -> psycopg.Error:
    """Give the error that a statement meets."""
    with (
        psycopg.connect(database, autocommit=True) as connection,
        pytest.raises(psycopg.Error) as error,
    ):
        connection.execute(statement.encode())
    return error.value


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SET statement_timeout = 1; SELECT pg_sleep(9)",
        "SET transaction_read_only = on; CREATE TABLE t ()",
        "SELECT currval('run_ids')",
    ],
    ids=["terminated", "cancelled", "on a replica", "in the wrong state"],
)
def test_what_befalls_the_server_or_the_connection_passes(database: str, statement: str) -> None:
    assert is_passing(provoked(database, statement))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'x'::int",
        "SELECT 1 / 0",
        "INSERT INTO log_head SELECT NULL FROM log_head",
        TOO_LONG,
    ],
    ids=["malformed", "out of range", "null", "too long for an index"],
)
def test_what_is_wrong_with_the_data_comes_back(database: str, statement: str) -> None:
    assert not is_passing(provoked(database, statement))


def test_a_lost_connection_passes(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.close()
        with pytest.raises(psycopg.OperationalError) as error:
            connection.execute("SELECT 1")

    assert is_passing(error.value)
    assert is_passing(psycopg_pool.PoolTimeout())


def test_what_psycopg_or_python_refuses_comes_back(database: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.DataError) as error:
        connection.execute("SELECT %s", ("\x00",))

    assert not is_passing(error.value)
    assert not is_passing(ValueError())


@pytest.mark.parametrize(
    ("cause", "passes"), [(psycopg.DataError(), False), (psycopg.OperationalError(), True)]
)
def test_an_aborted_pipeline_is_what_aborted_it(cause: Exception, passes: bool) -> None:
    aborted = PipelineAborted("pipeline aborted")
    aborted.__context__ = cause

    assert is_passing(aborted) is passes
    assert not is_passing(PipelineAborted("pipeline aborted"))
