"""The day of a kick-off, of which a row tells only the day of the week."""

import datetime

import msgspec

from domain.documents.rows import EventRow


class Kickoff(msgspec.Struct, frozen=True, kw_only=True):
    """When a game begins, in Budapest, and the day whose offer it belongs to.

    It ``is_plausible`` if both are the same day, or the game begins in the night after.
    """

    date: datetime.date
    time: str
    sheet_day: datetime.date

    @property
    def is_plausible(self) -> bool:
        """Tell whether the day fits the one that the row stands under."""
        after = (self.date - self.sheet_day).days
        return after == 0 or (after == 1 and self.time < "12:00")


def kickoff_of(
    row: EventRow, day: datetime.date | None, issue_date: datetime.date | None
) -> Kickoff | None:
    """Give the first such weekday from the day that the row stands under, or from the issue's.

    Without either there is none (notes on football, section 5).
    """
    start = day or issue_date
    if start is None:
        return None
    date = start + datetime.timedelta(days=(row.weekday - start.weekday()) % 7)
    return Kickoff(date=date, time=row.time, sheet_day=day or date)
