"""The aliases of teams (issue 8: versioned data that admins extend)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, put
from msgspec import Meta

from application.games.aliases import ChangeTeamAliases
from domain.games.alias_events import LeftOutAlias
from domain.games.aliases import MOST_AT_ONCE
from domain.games.teams import AliasTable, TeamAlias
from domain.identity.roles import Role
from interfaces.rest.access import requires
from interfaces.rest.bodies import Body, Name
from interfaces.rest.commands import SentCommand
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.services import Services


class AliasBody(msgspec.Struct, frozen=True, kw_only=True):
    """Another name of a team, in one league or, without one, everywhere."""

    alias: Name
    name: Name
    league: Name | None = None


class LeftOutBody(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that holds no more, in one league or, without one, everywhere."""

    alias: Name
    league: Name | None = None


class ChangeAliasesBody(Body, frozen=True, kw_only=True):
    """Aliases to be set, and aliases to be left out; all others stay."""

    aliases: Annotated[list[AliasBody], Meta(max_length=MOST_AT_ONCE)] = msgspec.field(
        default_factory=list
    )
    left_out: Annotated[list[LeftOutBody], Meta(max_length=MOST_AT_ONCE)] = msgspec.field(
        default_factory=list
    )


class AliasesView(msgspec.Struct, frozen=True, kw_only=True):
    """All aliases that hold, by name; ``version`` rises with each change."""

    version: int
    aliases: Sequence[TeamAlias]
    total: int


class TeamAliasController(Controller):
    """The aliases, which are one table."""

    path = "/teams/aliases"
    tags = ("Teams",)

    @get(
        "/",
        operation_id="getTeamAliases",
        response_headers=VERSION_HEADERS,
        summary="Get the aliases of teams",
    )
    async def show(self, services: Services) -> Response[AliasesView]:
        """Show by which other names teams are known."""
        table, version = await services.aliases.read()
        return versioned(_view(table), version)

    @put(
        "/",
        operation_id="changeTeamAliases",
        response_headers=COMMAND_HEADERS,
        summary="Change the aliases of teams",
        guards=[requires(Role.ADMIN)],
    )
    async def change(
        self, sent: SentCommand, services: Services, data: ChangeAliasesBody
    ) -> Response[AliasesView]:
        """Set some aliases and leave others out; documents that come from now on go by them."""
        command = ChangeTeamAliases(
            aliases=[
                TeamAlias(alias=one.alias, name=one.name, league=one.league) for one in data.aliases
            ],
            left_out=[LeftOutAlias(alias=one.alias, league=one.league) for one in data.left_out],
        )
        changed = await sent.carry_out(lambda metadata: services.aliases.change(command, metadata))
        return changed.answer(_view(changed.aggregate.table(services.aliases.shipped)))


def _view(table: AliasTable) -> AliasesView:
    return AliasesView(version=table.version, aliases=table.aliases, total=len(table.aliases))
