"""The audit trail as a file: JSON lines, or a table for spreadsheets."""

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Any

import msgspec

from application.spreadsheet import csv_line
from interfaces.rest.workflows.audit_views import AuditEntryView, entry_view
from projections.workflows.audit import EntryFilter, WorkflowAuditQueries

COLUMNS = AuditEntryView.__struct_fields__
WITH_PARTS = ("changes", "metadata")


class FileFormat(StrEnum):
    """How the file is written; each line is an entry."""

    JSON_LINES = "jsonl"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """What the file is, for those who open it."""
        return "text/csv; charset=utf-8" if self is FileFormat.CSV else "application/x-ndjson"


async def audit_file(
    queries: WorkflowAuditQueries, wanted: EntryFilter, file_format: FileFormat
) -> AsyncGenerator[bytes, None]:
    """Write every entry that fits, newest first; memory holds some of them at a time."""
    if file_format is FileFormat.CSV:
        yield csv_line(COLUMNS).encode()
    async for entries in queries.all(wanted):
        views = [entry_view(entry) for entry in entries]
        if file_format is FileFormat.CSV:
            yield "".join(map(_csv_entry, views)).encode()
        else:
            yield b"".join(msgspec.json.encode(view) + b"\n" for view in views)


def _csv_entry(view: AuditEntryView) -> str:
    """Write a line; what has parts is JSON in one cell."""
    plain: dict[str, Any] = msgspec.to_builtins(view)
    parts = {name: msgspec.json.encode(plain[name]).decode() for name in WITH_PARTS}
    return csv_line((plain | parts)[name] for name in COLUMNS)
