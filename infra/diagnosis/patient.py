"""What the doctor examines, and how a check says what it saw."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

import psycopg

from application.diagnosis import Finding, Verdict
from infra.event_store.keys import Keyring
from infra.projections.follower import Follower
from infra.settings import Settings


class Seen(NamedTuple):
    """What a check saw, and what to do about it."""

    verdict: Verdict
    saw: str
    advice: str | None = None


def fine(saw: str) -> Seen:
    """Say that all is well."""
    return Seen(Verdict.OK, saw)


def warning(saw: str, advice: str) -> Seen:
    """Say that something should be looked after."""
    return Seen(Verdict.WARNING, saw, advice)


def problem(saw: str, advice: str) -> Seen:
    """Say that something is wrong."""
    return Seen(Verdict.PROBLEM, saw, advice)


@dataclass(frozen=True)
class Patient:
    """A database as it is, with what Annals expects of it; nothing is changed in it.

    ``keyring`` is None where no master key is at hand.
    """

    settings: Settings
    connection: psycopg.Connection
    keyring: Keyring | None
    followers: Sequence[Follower]

    def rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database."""
        return self.connection.execute(query, values or None).fetchall()

    def value(self, query: LiteralString, *values: Any) -> Any:
        """Ask the database for one value."""
        [(value,)] = self.rows(query, *values)
        return value


class MachineCheck(NamedTuple):
    """A check that needs no database."""

    name: str
    examine: Callable[[Settings], Iterator[Seen]]


class DatabaseCheck(NamedTuple):
    """A check of what is in the database."""

    name: str
    examine: Callable[[Patient], Iterator[Seen]]


def examine(check: MachineCheck, settings: Settings) -> list[Finding]:
    """Make a check without the database."""
    return _findings(check.name, lambda: check.examine(settings))


def examine_database(check: DatabaseCheck, patient: Patient) -> list[Finding]:
    """Make a check of the database."""
    return _findings(check.name, lambda: check.examine(patient))


def _findings(name: str, made: Callable[[], Iterator[Seen]]) -> list[Finding]:
    """Note what a check saw; one that cannot be made says so, and the others go on."""
    try:
        seen = list(made())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what the doctor is there for
        kind = type(error).__name__
        seen = [problem(f"this could not be examined ({kind})", "Look at what the others say")]
    return [Finding(check=name, **one._asdict()) for one in seen]
