"""What a reader takes from a betting sheet: pages of rows, before anybody knows what they mean."""

from datetime import date

import msgspec

from domain.games.anomalies import Anomaly


class SheetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a document is, found without reading its tables.

    ``offer_pages`` are the numbers of the pages with the offer, from 1, in order; ``issue_date``
    is the day the sheet was issued, None if it does not say.
    """

    page_count: int
    offer_pages: tuple[int, ...]
    issue_date: date | None


class Cells(msgspec.Struct, frozen=True, kw_only=True):
    """A row cut at the columns of its page; what a column does not have is empty."""

    start: str = ""
    code: str = ""
    minimum: str = ""
    event: str = ""
    outcome: str = ""
    home: str = ""
    draw: str = ""
    away: str = ""


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of text of a page, numbered from 1 from top to bottom.

    ``text`` is the whole line with single spaces. ``cells`` is None where the page shows no
    columns.
    """

    page: int
    line: int
    text: str
    cells: Cells | None = None


class SheetPage(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a page from top to bottom, and where two independent readings of it differ."""

    number: int
    rows: tuple[SheetRow, ...]
    anomalies: tuple[Anomaly, ...] = ()
