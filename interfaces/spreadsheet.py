"""Lines of CSV (RFC 4180) that a spreadsheet shows as they are, and takes none of for a formula."""

import csv
import io
from collections.abc import Iterable

# What a cell begins with that spreadsheets calculate (OWASP: CSV Injection).
FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def csv_line(cells: Iterable[object]) -> str:
    """Write a line: None as an empty cell, text that would be calculated behind a ``'``."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(_shown(cell) for cell in cells)
    return line.getvalue()


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = str(cell)
    is_calculated = isinstance(cell, str) and text.startswith(FORMULA_BEGINNINGS)
    return f"'{text}" if is_calculated else text
