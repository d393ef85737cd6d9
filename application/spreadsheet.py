"""Lines of CSV (RFC 4180) that a spreadsheet shows as they are, and takes none of for a formula."""

import csv
import io
from collections.abc import Iterable

# What spreadsheets take for the beginning of a formula (OWASP: CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_line(cells: Iterable[object]) -> str:
    """Write a line; None is an empty cell."""
    line = io.StringIO()
    csv.writer(line).writerow(_shown(cell) for cell in cells)
    return line.getvalue()


def as_cell(text: str) -> str:
    """Give a text as no spreadsheet takes it for a formula: behind an apostrophe, if it could."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _shown(cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return str(cell).lower()
        case str():
            return as_cell(cell)
    return str(cell)
