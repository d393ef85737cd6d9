"""When a trigger falls due: by a cron expression, or at intervals from a moment on. All is UTC."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import msgspec
from croniter import CroniterError, croniter

from domain.stewardship.durations import Duration

CRON_EXPECTED = "must be a cron expression of five fields that falls due, such as 0 9 * * *"
INTERVAL_EXPECTED = "must be at least 1m"
CRON_FIELDS = 5
LONGEST_CRON = 200
SHORTEST_INTERVAL = Duration(rest=timedelta(minutes=1))

# What croniter knows besides, R for random moments, would fall due at other times for everybody.
_WORDS = re.compile(
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat|l", re.IGNORECASE
)


class Cron(msgspec.Struct, frozen=True):
    """A schedule by a cron expression of five fields."""

    expression: str

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        """Check an expression. Raises ValueError, which says what it must be."""
        words = re.findall("[a-z]+", expression, re.IGNORECASE)
        if (
            len(expression) > LONGEST_CRON
            or not expression.isascii()
            or len(expression.split()) != CRON_FIELDS
            or not all(map(_WORDS.fullmatch, words))
        ):
            raise ValueError(CRON_EXPECTED)
        try:
            croniter(expression, datetime(2000, 1, 1, tzinfo=UTC)).get_next(datetime)
        except (CroniterError, ValueError, KeyError):
            raise ValueError(CRON_EXPECTED) from None
        return cls(expression)

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first due moment after another; None if none is left."""
        try:
            found: datetime = croniter(self.expression, moment).get_next(datetime)
        except (CroniterError, ValueError, OverflowError):
            return None
        return found


class Interval(msgspec.Struct, frozen=True):
    """A schedule that falls due whenever another ``every`` has passed since ``since``.

    Each moment is counted from the beginning: monthly from the 31st, it is the last day of a
    shorter month, and the 31st again where there is one.
    """

    every: Duration
    since: datetime

    @classmethod
    def parse(cls, every: str | int, since: datetime) -> "Interval":
        """Check an interval. Raises ValueError, which says what it must be."""
        duration = Duration.parse(every)
        if duration < SHORTEST_INTERVAL:
            raise ValueError(INTERVAL_EXPECTED)
        return cls(duration, since)

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first due moment after another; None if none is left."""
        # Two less than the estimate, for no month is as long as its nominal length says.
        longest = self.every.nominal + timedelta(days=self.every.months)
        times = max(1, (moment - self.since) // longest - 1)
        try:
            while (due := self.every.after(self.since, times)) <= moment:
                times += 1
        except OverflowError:
            return None
        return due


Schedule = Cron | Interval


def due_moments(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Give the due moments after one moment and not after another, in order."""
    return takewhile(lambda due: due <= until, _from(schedule, after))


def _from(schedule: Schedule, moment: datetime) -> Iterator[datetime]:
    while (due := schedule.next_after(moment)) is not None:
        yield due
        moment = due
