"""What is asked about games; the read model answers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol


class KnownGames(Protocol):
    """Knows which games are listed."""

    async def known(self, game_ids: Sequence[str]) -> set[str]:
        """Tell which of some games are listed already; one that has just been may be missing."""
        ...

    async def team_names(self, leagues: Sequence[str]) -> Mapping[str, Collection[str]]:
        """Give the names of all teams that ever had a game in each of the leagues."""
        ...
