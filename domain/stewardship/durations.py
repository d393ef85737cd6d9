"""Durations as requests bring them (contract section 8): ``1h``, ``5m``, ``24h``, ``7y``, or ns."""

import re
from datetime import datetime, timedelta
from functools import total_ordering

import msgspec
from dateutil.relativedelta import relativedelta

EXPECTED = "must be a duration like 30s, 5m, 24h, 7d, 6mo or 7y, or a number of nanoseconds"

MONTHS_A_YEAR = 12
LONGEST_MONTHS = 100 * MONTHS_A_YEAR
LONGEST = timedelta(days=36_525)
NOMINAL_MONTH = timedelta(days=30)
LONGEST_TEXT = 100

_MONTHS = {"mo": 1, "y": MONTHS_A_YEAR}
_MICROSECONDS = {
    "ns": 0.001,
    "us": 1.0,
    "µs": 1.0,
    "ms": 1_000.0,
    "s": 1_000_000.0,
    "m": 60_000_000.0,
    "h": 3_600_000_000.0,
    "d": 86_400_000_000.0,
    "w": 604_800_000_000.0,
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|mo|m|h|d|w|y)", re.ASCII)


@total_ordering
class Duration(msgspec.Struct, frozen=True):
    """A length of time: whole calendar months, and what comes on top.

    It is never negative. In comparisons, a month has 30 days.
    """

    months: int = 0
    rest: timedelta = timedelta()

    @classmethod
    def parse(cls, given: str | int) -> "Duration":
        """Read a text, or an integer of nanoseconds as clients in Go send it.

        Raises ValueError, which says what it must be.
        """
        if isinstance(given, int):
            return cls._parse_nanoseconds(given)
        if len(given) > LONGEST_TEXT:
            raise ValueError(EXPECTED)
        months, microseconds, end = 0, 0.0, 0
        for part in _PART.finditer(given):
            if part.start() != end:
                raise ValueError(EXPECTED)
            number, unit = part.groups()
            if unit in _MICROSECONDS:
                microseconds += float(number) * _MICROSECONDS[unit]
            elif "." in number:
                raise ValueError(EXPECTED)
            else:
                months += int(number) * _MONTHS[unit]
            end = part.end()
        if end == 0 or end != len(given):
            raise ValueError(EXPECTED)
        return cls._checked(months, microseconds)

    @classmethod
    def _parse_nanoseconds(cls, given: int) -> "Duration":
        if given < 0:
            raise ValueError(EXPECTED)
        return cls._checked(0, given / 1_000)

    @classmethod
    def _checked(cls, months: int, microseconds: float) -> "Duration":
        if months > LONGEST_MONTHS or microseconds > LONGEST / timedelta(microseconds=1):
            raise ValueError("must not be longer than 100 years")
        return cls(months, timedelta(microseconds=round(microseconds)))

    def __bool__(self) -> bool:
        return self.months > 0 or self.rest > timedelta()

    def __lt__(self, other: "Duration") -> bool:
        return self.nominal < other.nominal

    @property
    def nominal(self) -> timedelta:
        """The length with 30 days for a month."""
        return self.months * NOMINAL_MONTH + self.rest

    def after(self, moment: datetime, times: int = 1) -> datetime:
        """Give the moment so long afterwards, or so many times so long.

        The 31st becomes the last day of a month that is shorter. Raises OverflowError beyond the
        year 9999.
        """
        try:
            return moment + relativedelta(months=self.months * times) + self.rest * times
        except ValueError:
            raise OverflowError from None

    def before(self, moment: datetime) -> datetime:
        """Give the moment so long before; the first there can be, if there is none."""
        try:
            return moment - relativedelta(months=self.months) - self.rest
        except (ValueError, OverflowError):
            return datetime.min.replace(tzinfo=moment.tzinfo)
