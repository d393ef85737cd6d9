"""The aliases of teams that Annals comes with; names are as betting sheets print them."""

from functools import cache
from importlib.resources import files

import msgspec

from domain.games.teams import AliasTable


@cache
def shipped_aliases() -> AliasTable:
    """Read the table."""
    return msgspec.json.decode(
        files("infra.documents").joinpath("team_aliases.json").read_bytes(), type=AliasTable
    )
