"""Searching all tables, and the embedded server's log, for texts: whole, in any case.

The rows come to this process and the texts never leave it: no log of the database's can have them.
Memory holds one row at a time.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from application.erasures.ports import Leftover, PlaceScan

PLACE = "searched texts"

# Numbers, moments, booleans and UUIDs hold no text; everything else can be read as one.
COLUMNS = """
SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(a.atttypid::regtype::text ORDER BY a.attnum),
       has_table_privilege(c.oid, 'SELECT')
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'm')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND t.typcategory NOT IN ('N', 'D', 'T', 'B')
  AND a.atttypid <> 'uuid'::regtype
GROUP BY c.oid, n.nspname, c.relname
ORDER BY n.nspname, c.relname
"""

READ = SQL("COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT binary)")

AS_BYTES = {
    "bytea": SQL("{}"),
    "tsvector": SQL("convert_to(array_to_string(tsvector_to_array({}), ' '), 'UTF8')"),
}
AS_TEXT = SQL("convert_to({}::text, 'UTF8')")

# Where ANALYZE keeps samples of the values of columns.
SAMPLES = """
COPY (
    SELECT convert_to(concat_ws(' ', most_common_vals::text, most_common_elems::text,
                                histogram_bounds::text), 'UTF8')
    FROM pg_stats
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
) TO STDOUT (FORMAT binary)
"""

LOG_PIECE = 1 << 20

_WORD = re.compile(r"[^\W_]+")


class Searched:
    """Texts in the forms in which they may stand somewhere."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._forms = {form for text in texts for form in _forms(text)}
        self._words = [frozenset(_WORD.findall(_folded(text))) for text in texts]
        self.longest = max(map(len, self._forms), default=0)

    def within(self, content: bytes) -> bool:
        """Tell whether one of the texts stands in a content."""
        folded = _folded(content.decode(errors="replace"))
        return any(form in folded for form in self._forms)

    def among(self, lexemes: bytes) -> bool:
        """Tell whether all words of one of the texts are among some lexemes, in any order."""
        present = set(_folded(lexemes.decode(errors="replace")).split())
        return any(words and words <= present for words in self._words)


async def search(
    connection: AsyncConnection, texts: Sequence[str], logs: Sequence[Path]
) -> PlaceScan:
    """Count the rows of each table that hold one of the texts, and name the logs that do."""
    searched = Searched(texts)
    scan = PlaceScan(place=PLACE, scanned={}, found=[])
    for schema, table, columns, types, is_readable in await (
        await connection.execute(COLUMNS)
    ).fetchall():
        where = f"{schema}.{table}"
        if not is_readable:
            scan.found.append(Leftover(where=where, problem="cannot be read by Annals"))
            continue
        selected = [
            AS_BYTES.get(kind, AS_TEXT).format(Identifier(column))
            for column, kind in zip(columns, types, strict=True)
        ]
        statement = READ.format(columns=SQL(", ").join(selected), table=Identifier(schema, table))
        _note(scan, where, await _searched_rows(connection, statement, types, searched))
    samples = await _searched_rows(connection, SQL(SAMPLES), ["text"], searched)
    _note(scan, "pg_catalog.pg_stats", samples)
    for log in logs:
        _note(scan, f"{log.parent.name}/{log.name}", _searched_log(log, searched))
    return scan


async def _searched_rows(
    connection: AsyncConnection,
    statement: SQL | Composed,
    types: Sequence[str],
    searched: Searched,
) -> tuple[int, int]:
    """Read rows, and tell how many there were and how many of them hold one of the texts."""
    rows, hits = 0, 0
    async with connection.cursor().copy(statement) as copy:
        copy.set_types(["bytea"] * len(types))
        async for row in copy.rows():
            rows += 1
            hits += any(
                searched.within(value) or (kind == "tsvector" and searched.among(value))
                for value, kind in zip(row, types, strict=True)
                if value
            )
    return rows, hits


def _note(scan: PlaceScan, where: str, searched: tuple[int, int]) -> None:
    scan.scanned[where], hits = searched
    if hits:
        scan.found.append(Leftover(where=where, problem=f"a searched text is in rows: {hits}"))


def _searched_log(log: Path, searched: Searched) -> tuple[int, int]:
    """Read a log, and tell how many lines there are and how many of them hold one of the texts.

    A line that is too long for the memory is read in pieces, each with the end of the one before.
    """
    overlap = searched.longest * 4  # bytes of the longest character
    lines, hits = 0, 0
    with log.open("rb") as file:
        piece = b""
        while read := file.readline(LOG_PIECE):
            piece += read
            hits += searched.within(piece)
            is_end = read.endswith(b"\n")
            lines += is_end
            piece = b"" if is_end else piece[-overlap:]
    return lines, hits


def _forms(text: str) -> Iterator[str]:
    """Give a text as it is, and as JSON writes it."""
    yield _folded(text)
    yield _folded(msgspec.json.encode(text).decode()[1:-1])
    yield _folded(json.dumps(text)[1:-1])


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
