"""What happens to games: each document that lists one makes an offer on it."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent

if TYPE_CHECKING:
    from domain.games.game import Game


class OfferedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market with its odds by outcome, as a document offers it.

    ``is_main`` is true of the result after 90 minutes alone. ``pages`` say so.
    """

    code: str
    market_type: str
    label: str
    period: str
    scope: str
    line: str | None
    player: str | None
    odds: dict[str, Decimal]
    is_main: bool
    pages: list[int]


class Issue(msgspec.Struct, frozen=True):
    """When a document is of: the day it was issued, if it says so, and when it came in first."""

    day: date | None
    arrived_at: datetime

    def is_after(self, other: "Issue") -> bool:
        """Tell whether this one takes the place of another.

        Of the same day, or if one does not tell its day, the one does that came in later: it may
        be the first to be processed all the same.
        """
        if self.day is not None and other.day is not None and self.day != other.day:
            return self.day > other.day
        return self.arrived_at >= other.arrived_at


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """All that a document says of a game; ``printed_…`` is what it calls the teams.

    ``arrived_at`` is when the document came in first.
    """

    document_id: str
    issue_date: date | None
    arrived_at: datetime
    league: str
    printed_home_team: str
    printed_away_team: str
    venue_note: str | None
    code: str
    sheet_day: date
    page: int
    markets: list[OfferedMarket]

    @property
    def issued(self) -> "Issue":
        """Tell when the document is of."""
        return Issue(self.issue_date, self.arrived_at)

    @property
    def digest(self) -> bytes:
        """Give what tells this offer from any other."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).digest()[:16]


class GameState(msgspec.Struct, kw_only=True):
    """A game as its events have made it.

    ``offers`` has the digest of what each document offers, ``document_id`` and ``issued`` are of
    the current offer.
    """

    offers: dict[str, bytes]
    document_id: str
    issued: Issue


class GameListed(CreatedEvent, frozen=True, kw_only=True):
    """A document is the first to list a game.

    It is told from all others by its date and time (HH:MM, Budapest) and the names of the teams.
    """

    TOPIC = "GameListed"

    job_id: str
    date: date
    time: str
    home_team: str
    away_team: str
    offer: Offer

    def apply(self, aggregate: "Game") -> None:
        """Begin with the first offer."""
        aggregate.state = GameState(
            offers={self.offer.document_id: self.offer.digest},
            document_id=self.offer.document_id,
            issued=self.offer.issued,
        )


class GameOddsUpdated(DomainEvent, frozen=True, kw_only=True):
    """Another document lists the game, or the same one was read again and says something else.

    Its offer is the current one, unless the document is older (``is_current`` is false): then it is
    history at once.
    """

    TOPIC = "GameOddsUpdated"

    job_id: str
    offer: Offer
    is_current: bool

    def apply(self, aggregate: "Game") -> None:
        """Know what the document offers."""
        aggregate.state.offers[self.offer.document_id] = self.offer.digest
        if self.is_current:
            aggregate.state.document_id = self.offer.document_id
            aggregate.state.issued = self.offer.issued
