"""When triggers fall due."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.stewardship.durations import Duration
from domain.stewardship.schedules import Cron, Interval, Schedule, last_due

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

moments = st.timedeltas(min_value=timedelta(days=-2000), max_value=timedelta(days=5000)).map(
    lambda since: NEW_YEAR + since
)
durations = st.builds(
    Duration,
    months=st.integers(0, 30),
    rest=st.timedeltas(min_value=timedelta(days=1), max_value=timedelta(days=400)),
)
crons = st.sampled_from(
    ["* * * * *", "0 9 * * *", "*/7 3-5 * * mon-fri", "0 0 L * *", "30 12 31 * *", "0 0 29 2 *"]
)


def due_moments(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    while (due := schedule.next_after(after)) is not None and due <= until:
        yield due
        after = due


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("0 9 * * *", "2026-03-01T08:59:59.999999", "2026-03-01T09:00:00"),
        ("0 9 * * *", "2026-03-01T09:00:00", "2026-03-02T09:00:00"),
        ("0 0 31 * *", "2026-01-31T00:00:00", "2026-03-31T00:00:00"),
        ("0 0 L * *", "2026-01-31T00:00:00", "2026-02-28T00:00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 * * fri#2", "2026-01-01T00:00:00", "2026-01-09T00:00:00"),
    ],
)
def test_a_cron_falls_due_after_the_moment_never_at_it(
    expression: str, after: str, due: str
) -> None:
    assert Cron.parse(expression).next_after(at(after)) == at(due)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "0 9 * *",
        "0 9 * * * *",
        "@daily",
        "61 * * * *",
        "0 0 30 2 *",
        "R R * * *",
        "H * * * *",
        "0 9 * * nobody",
        "0 9 * * *\n; rm",
        "*/0 * * * *",
        "0," * 200 + "0 * * * *",
    ],
)
def test_a_cron_that_is_malformed_or_never_falls_due_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="must be a cron expression of five fields"):
        Cron.parse(expression)


def test_a_monthly_interval_from_the_31st_comes_back_to_it() -> None:
    monthly = Interval.parse("1mo", at("2026-01-31T09:00:00"))
    due = due_moments(monthly, monthly.since, at("2026-05-31T09:00:00"))
    assert [moment.date().isoformat() for moment in due] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
    ]


def test_an_interval_first_falls_due_when_it_has_passed() -> None:
    hourly = Interval.parse("1h", NEW_YEAR)
    assert hourly.next_after(NEW_YEAR - timedelta(days=9)) == NEW_YEAR + timedelta(hours=1)
    assert hourly.next_after(NEW_YEAR + timedelta(minutes=90)) == NEW_YEAR + timedelta(hours=2)


def test_an_interval_of_less_than_a_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1m"):
        Interval.parse("59s", NEW_YEAR)


def test_an_interval_that_leaves_the_calendar_falls_due_no_more() -> None:
    assert Interval.parse("100y", at("9950-01-01T00:00:00")).next_after(NEW_YEAR) is None
    assert Cron.parse("0 0 1 1 *").next_after(at("9999-12-31T00:00:00")) is None


def test_the_last_of_a_year_of_minutes_is_found_at_once() -> None:
    every_minute = Cron.parse("* * * * *")
    a_year_later = NEW_YEAR + timedelta(days=365, seconds=30)
    assert last_due(every_minute, NEW_YEAR, a_year_later) == NEW_YEAR + timedelta(days=365)


def test_what_a_restart_missed_is_all_still_known() -> None:
    daily = Cron.parse("0 9 * * *")
    seen_until, back_at = at("2026-03-01T09:00:00"), at("2026-03-04T09:00:00")
    assert list(due_moments(daily, seen_until, back_at)) == [
        at("2026-03-02T09:00:00"),
        at("2026-03-03T09:00:00"),
        at("2026-03-04T09:00:00"),
    ]


@settings(max_examples=60, deadline=None)
@given(every=durations, since=moments, moment=moments)
def test_no_due_moment_of_an_interval_lies_between_a_moment_and_the_next(
    every: Duration, since: datetime, moment: datetime
) -> None:
    schedule = Interval(every, since)
    due = schedule.next_after(moment)
    assert due is not None
    times = 1
    while every.after(since, times) <= moment:
        times += 1
    assert due == every.after(since, times)


@pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
def test_nothing_is_due_a_moment_too_early(microsecond: int) -> None:
    just_before = datetime(2026, 1, 1, 8, 59, 59, microsecond, tzinfo=UTC)

    assert Cron("0 9 * * *").last_until(just_before) == datetime(2025, 12, 31, 9, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(
    schedule=st.one_of(crons.map(Cron), st.builds(Interval, every=durations, since=moments)),
    begin=moments,
    split=st.integers(0, 4),
)
def test_moments_are_the_same_whenever_one_looks(
    schedule: Cron | Interval, begin: datetime, split: int
) -> None:
    seen = []
    moment = begin
    for _ in range(5):
        due = schedule.next_after(moment)
        assert due is not None
        seen.append(due)
        moment = due
    assert all(earlier < later for earlier, later in pairwise([begin, *seen]))
    # Somebody who looks twice, at any of the moments in between, finds all of them, each once.
    first = list(due_moments(schedule, begin, seen[split]))
    second = list(due_moments(schedule, seen[split], seen[-1]))
    assert first + second == seen
    assert last_due(schedule, begin, seen[split]) == seen[split]
    assert last_due(schedule, seen[split], seen[split]) is None
    assert last_due(schedule, begin, seen[-1] + timedelta(microseconds=1)) == seen[-1]
    between = [due for due in seen if due <= begin + (seen[-1] - begin) / 2]
    assert last_due(schedule, begin, begin + (seen[-1] - begin) / 2) == (
        between[-1] if between else None
    )
