"""What happens to the aliases of teams, on top of those that Annals comes with."""

from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent
from domain.games.teams import TeamAlias

if TYPE_CHECKING:
    from domain.games.aliases import TeamAliases


class LeftOutAlias(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that holds no more, in one league or, without one, everywhere."""

    alias: str
    league: str | None = None


class TeamAliasesState(msgspec.Struct, kw_only=True):
    """The aliases that somebody set, and those of the shipped ones that somebody left out."""

    aliases: list[TeamAlias]
    left_out: list[LeftOutAlias]


class TeamAliasesBegun(CreatedEvent, frozen=True, kw_only=True):
    """For the first time, somebody changes the aliases that Annals comes with."""

    TOPIC = "TeamAliasesBegun"

    def apply(self, aggregate: "TeamAliases") -> None:
        """Nothing is changed yet."""
        aggregate.state = TeamAliasesState(aliases=[], left_out=[])


class TeamAliasesChanged(DomainEvent, frozen=True, kw_only=True):
    """Aliases were set, each in place of what its spellings stood for, and others left out."""

    TOPIC = "TeamAliasesChanged"

    aliases: list[TeamAlias]
    left_out: list[LeftOutAlias]

    def apply(self, aggregate: "TeamAliases") -> None:
        """Go by the new aliases."""
        aggregate.take(self.aliases, self.left_out)
