"""The game: two teams at a time, and what documents offer on it, one after the other."""

import hashlib
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.games.events import GameListed, GameOddsUpdated, GameState, Offer
from domain.games.listing import GameIdentity

ID_LENGTH = 32


class Game(Aggregate):
    """A game. Its stream is named by what tells it from others, so that none is there twice."""

    TOPIC = "Game"
    CATEGORY = "game"
    STATE = GameState

    if TYPE_CHECKING:
        state: GameState

    @classmethod
    def begin(cls, identity: GameIdentity, job_id: str, offer: Offer) -> "Game":
        """Take up a game that no document has listed before."""
        return cls._create(
            GameListed,
            id=cls.stream_id(game_id(identity)),
            job_id=job_id,
            date=identity.date,
            time=identity.time,
            home_team=identity.home_team,
            away_team=identity.away_team,
            offer=offer,
        )

    def update_odds(self, job_id: str, offer: Offer) -> bool:
        """Take the offer of a document; of no effect if it has made the same before.

        Gives whether it was taken. A document that is read again keeps its place among the others.
        """
        state = self.state
        before = state.offers.get(offer.document_id)
        if before == offer.digest:
            return False
        if before is None:
            is_current = offer.issued.is_after(state.issued)
        else:
            is_current = offer.document_id == state.document_id
        self.trigger_event(GameOddsUpdated, job_id=job_id, offer=offer, is_current=is_current)
        return True


def game_id(identity: GameIdentity) -> str:
    """Give the id of a game, which follows from what tells it from others (contract section 10)."""
    said = [identity.date.isoformat(), identity.time, identity.home_team, identity.away_team]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:ID_LENGTH]
