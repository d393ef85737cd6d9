"""Two betting sheets of clubs that do not exist, as they were printed."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

SHEETS = Path(__file__).with_name("sheets")
LEAGUE = "Alföldi bajnokság"

FRIDAY = date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Fixture:
    """A game as it is printed: its odds on home, draw and away, and on few and many goals."""

    code: str
    day: date
    time: str
    home: str
    away: str
    odds: tuple[str, str, str]
    goals: tuple[str, str] | None = None


@dataclass(frozen=True)
class Sheet:
    """A sheet: its file, the day of its issue, and its games."""

    file: str
    issued: date
    fixtures: tuple[Fixture, ...]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return SHEETS / self.file


FIRST = Sheet(
    "friday.pdf",
    FRIDAY,
    (
        Fixture("10041", FRIDAY, "18:00", "Sárkány SE", "Gólya FC", ("1.85", "3.40", "4.10")),
        Fixture(
            "10044", FRIDAY, "20:30", "Vadkert 1905", "Tölgyes", ("2.60", "3.15", "2.75"),
            ("1.92", "1.78"),
        ),
        Fixture("10049", SATURDAY, "02:05", "Kőhíd-Alsó", "Rév/Part", ("0.95", "3.30", "3.05")),
        Fixture(
            "10052", SATURDAY, "17:45", "Békató", "Hárshegy Utd.", ("3.20", "3.25", "2.20"),
            ("2.05", "1.68"),
        ),
    ),
)  # fmt: skip

SECOND = Sheet(
    "saturday.pdf",
    SATURDAY,
    (
        Fixture(
            "10052", SATURDAY, "17:45", "Békató", "Hárshegy Utd.", ("2.70", "3.20", "2.55"),
            ("2.00", "1.72"),
        ),
        Fixture("10063", SATURDAY, "19:15", "Gólya FC", "Nádas", ("1.50", "4.05", "5.80")),
    ),
)  # fmt: skip
