"""The demo's own database, as somebody with the database's password sees it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from infra.postgres.embedded import EmbeddedPostgres

TABLES = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
ORDER BY schemaname, tablename
"""

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def connected(home: Path) -> Iterator[Connection]:
    """Connect to the embedded PostgreSQL of a data directory, past Annals."""
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url, autocommit=True) as direct:
        yield direct


def dump(direct: Connection) -> Iterator[tuple[str, bytes]]:
    """Copy every table out of the database, in binary, which leaves text and bytes as they are."""
    for schema, name in direct.execute(TABLES).fetchall():
        statement = sql.SQL("COPY {} TO STDOUT (FORMAT binary)")
        with direct.cursor().copy(statement.format(sql.Identifier(schema, name))) as copy:
            yield f"{schema}.{name}", b"".join(copy)


def mentions(content: bytes, words: Sequence[str]) -> bool:
    """Tell whether any of the words stands in it, be it with letters escaped as in JSON."""
    return any(
        form.encode() in content for word in words for form in (word, json.dumps(word).strip('"'))
    )
