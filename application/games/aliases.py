"""The aliases of teams as they hold now, and changing them."""

from collections.abc import Sequence

import msgspec

from application.errors import AlreadyExistsError, ConflictError, NotFoundError
from application.ports import EventStore
from application.retries import retrying
from domain.events import Metadata
from domain.games.alias_events import LeftOutAlias
from domain.games.aliases import TeamAliases
from domain.games.teams import AliasTable, TeamAlias


class ChangeTeamAliases(msgspec.Struct, frozen=True, kw_only=True):
    """Set some aliases and leave others out."""

    aliases: Sequence[TeamAlias]
    left_out: Sequence[LeftOutAlias]


class CurrentAliases:
    """Gives the aliases, with all that was recorded before they were asked for.

    ``shipped`` are those that Annals comes with.
    """

    def __init__(self, store: EventStore, shipped: AliasTable) -> None:
        self._store = store
        self.shipped = shipped

    async def table(self) -> AliasTable:
        """Give all aliases that hold."""
        return (await self.read())[0]

    async def read(self) -> tuple[AliasTable, int]:
        """Give all aliases that hold, and the version of their stream; 0 before any change."""
        try:
            aliases = await self._store.peek(TeamAliases, "")
        except NotFoundError:
            return TeamAliases.begin().table(self.shipped), 0
        return aliases.table(self.shipped), aliases.version

    async def change(
        self, command: ChangeTeamAliases, metadata: Metadata
    ) -> tuple[TeamAliases, int]:
        """Change aliases; give them with the position of the log. Raises InvalidFieldError."""

        async def attempt() -> tuple[TeamAliases, int]:
            try:
                aliases = await self._store.load(TeamAliases, "")
            except NotFoundError:
                aliases = TeamAliases.begin()
            aliases.change(self.shipped, command.aliases, command.left_out)
            try:
                return aliases, await self._store.save(aliases, metadata=metadata)
            except AlreadyExistsError as error:  # somebody else was the first to change them
                raise ConflictError(error.stream_id) from None

        return await retrying(attempt)
