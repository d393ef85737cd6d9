"""Durations, as seeds and clients in Go write them."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.stewardship.durations import Duration

LAST_OF_JANUARY = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1h", Duration(rest=timedelta(hours=1))),
        ("5m", Duration(rest=timedelta(minutes=5))),
        ("24h", Duration(rest=timedelta(days=1))),
        ("1h30m", Duration(rest=timedelta(minutes=90))),
        ("1.5h", Duration(rest=timedelta(minutes=90))),
        ("2w", Duration(rest=timedelta(days=14))),
        ("7y", Duration(months=84)),
        ("6mo", Duration(months=6)),
        ("1y6mo10d", Duration(months=18, rest=timedelta(days=10))),
        ("250ms", Duration(rest=timedelta(milliseconds=250))),
        (HOUR_NS, Duration(rest=timedelta(hours=1))),
        (0, Duration()),
    ],
)
def test_reads_units_and_nanoseconds(given: str | int, expected: Duration) -> None:
    assert Duration.parse(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "h",
        "5",
        " 5m",
        "5m ",
        "5 m",
        "-5m",
        "1e3s",
        "1.5y",
        "5x",
        "\uff11h",
        -1,
        "9" * 101 + "s",
    ],
)
def test_refuses_what_is_no_duration(given: str | int) -> None:
    with pytest.raises(ValueError, match="must be a duration like"):
        Duration.parse(given)


@pytest.mark.parametrize("given", ["101y", "1201mo", "900001h", "9" * 90 + "h", 10**25])
def test_refuses_what_nobody_lives_to_see(given: str | int) -> None:
    with pytest.raises(ValueError, match="must not be longer than 100 years"):
        Duration.parse(given)


def test_counts_months_by_the_calendar() -> None:
    month = Duration(months=1)
    assert month.after(LAST_OF_JANUARY) == datetime(2026, 2, 28, 10, 30, tzinfo=UTC)
    assert month.after(LAST_OF_JANUARY, 2) == datetime(2026, 3, 31, 10, 30, tzinfo=UTC)
    assert Duration(months=84).before(LAST_OF_JANUARY) == datetime(2019, 1, 31, 10, 30, tzinfo=UTC)


def test_goes_no_further_than_the_calendar() -> None:
    with pytest.raises(OverflowError):
        Duration(months=12).after(datetime(9999, 6, 1, tzinfo=UTC))
    first = datetime.min.replace(tzinfo=UTC)
    assert Duration(months=24).before(first + timedelta(days=1)) == first


def test_only_nothing_is_false() -> None:
    assert not Duration.parse("0s")
    assert Duration.parse("1ms")
    assert Duration.parse("1y")


def test_compares_months_as_thirty_days() -> None:
    assert Duration.parse("29d") < Duration.parse("1mo") < Duration.parse("31d")
