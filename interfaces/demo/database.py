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
SELECT schemaname, tablename, CASE schemaname WHEN 'pg_catalog' THEN 'text' ELSE 'binary' END
FROM pg_tables
ORDER BY schemaname, tablename
"""

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def connected(home: Path) -> Iterator[Connection]:
    """Connect to the embedded PostgreSQL of a data directory, past Annals."""
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url, autocommit=True) as direct:
        yield direct


def dump(direct: Connection) -> Iterator[tuple[str, bytes]]:
    """Copy every table out of the database, in binary, which leaves text and bytes as they are.

    PostgreSQL's own tables have types that go out as text alone.
    """
    for schema, name, form in direct.execute(TABLES).fetchall():
        statement = sql.SQL("COPY {} TO STDOUT (FORMAT {})").format(
            sql.Identifier(schema, name), sql.Identifier(form)
        )
        with direct.cursor().copy(statement) as copy:
            yield f"{schema}.{name}", b"".join(copy)


def mentions(content: bytes, words: Sequence[str]) -> bool:
    """Tell whether any of the words stands in it, be it with letters escaped as in JSON."""
    return any(
        form.encode() in content for word in words for form in (word, json.dumps(word).strip('"'))
    )
