"""Looking for words in everything that a served Annals keeps."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

TABLES = """
SELECT n.nspname, c.relname, n.nspname IN ('pg_catalog', 'information_schema')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY 1, 2
"""

# What PostgreSQL shows of its sessions is no table, and still to be read.
VIEWS = [
    ("pg_catalog", name) for name in ("pg_stat_activity", "pg_prepared_statements", "pg_stats")
]


class Traces:
    """Words in every form in which a careless hand could leave them."""

    def __init__(self, *words: str) -> None:
        self._forms = {word: list(_forms(word)) for word in words}

    def within(self, content: bytes) -> set[str]:
        """Tell which of the words are there."""
        folded = content.lower()
        return {
            word
            for word, forms in self._forms.items()
            if any(form in (content if exact else folded) for form, exact in forms)
        }

    def in_database(self, url: str) -> dict[str, set[str]]:
        """Tell which of the words are in which tables of a database."""
        found = {}
        with psycopg.connect(url, autocommit=True) as connection:
            tables = connection.execute(TABLES).fetchall()
            assert len(tables) > 70  # the catalogue and our own
            for schema, table, is_catalogue in [*tables, *((*view, True) for view in VIEWS)]:
                # The catalogue has types that have no binary form.
                forms = ["text"] if is_catalogue else ["text", "binary"]
                content = b"".join(_dump(connection, schema, table, form) for form in forms)
                if words := self.within(content):
                    found[f"{schema}.{table}"] = words
        return found

    def in_files(self, paths: Sequence[Path]) -> dict[str, set[str]]:
        """Tell which of the words are in which files."""
        found = {str(path): self.within(path.read_bytes()) for path in paths}
        return {path: words for path, words in found.items() if words}


def _forms(word: str) -> Iterator[tuple[bytes, bool]]:
    """Give a word as it is, as hexadecimal and as base64; with it, whether its case matters."""
    plain = word.encode()
    yield plain.lower(), False
    yield plain.hex().encode(), False
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        yield encoded[4 * (offset > 0) : -4], True


def _dump(connection: psycopg.Connection, schema: str, table: str, form: str) -> bytes:
    statement = SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT {})").format(
        Identifier(schema, table), SQL(form)
    )
    with connection.cursor().copy(statement) as rows:
        return b"".join(bytes(row) for row in rows)
