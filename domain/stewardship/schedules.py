"""When a trigger falls due: by a cron expression, or at intervals from a moment on. All is UTC."""

import contextlib
import re
from datetime import UTC, datetime, timedelta

import msgspec
from croniter import CroniterError, croniter

from domain.stewardship.durations import Duration

CRON_EXPECTED = "must be a cron expression of five fields that falls due, such as 0 9 * * *"
INTERVAL_EXPECTED = "must be at least 1m"
CRON_FIELDS = 5
LONGEST_CRON = 200
A_SECOND = timedelta(seconds=1)
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

    def last_until(self, moment: datetime) -> datetime | None:
        """Give the last due moment that is not after another; None if there is none."""
        second = moment.replace(microsecond=0)  # croniter looks at whole seconds, and rounds up
        try:
            found: datetime = croniter(self.expression, second + A_SECOND).get_prev(datetime)
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
        try:
            return self.every.after(self.since, self._passed(moment) + 1)
        except OverflowError:
            return None

    def last_until(self, moment: datetime) -> datetime | None:
        """Give the last due moment that is not after another; None if there is none."""
        passed = self._passed(moment)
        return self.every.after(self.since, passed) if passed else None

    def _passed(self, moment: datetime) -> int:
        """Count the due moments that are not after a moment."""
        longest = self.every.nominal + timedelta(days=self.every.months)  # no month has 32 days
        times = max(0, (moment - self.since) // longest)
        with contextlib.suppress(OverflowError):
            while self.every.after(self.since, times + 1) <= moment:
                times += 1
        return times


Schedule = Cron | Interval


def last_due(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """Give the last due moment after one moment and not after another, however many there are."""
    last = schedule.last_until(until)
    return last if last is not None and last > after else None
