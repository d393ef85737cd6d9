"""The configuration as it holds now, for all that goes by it."""

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore
from domain.configuration.configuration import Configuration
from domain.configuration.sections import Sections, Values, sections_of


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration at a version of its stream; 0 before anybody has set anything.

    ``reloads`` counts how often everything was told to begin anew.
    """

    sections: Sections
    version: int
    reloads: int


class CurrentConfiguration:
    """Gives the configuration, with all that was recorded before it was asked for.

    ``first`` has the values that hold until somebody sets others, where they differ from those that
    the settings have by themselves.
    """

    def __init__(self, store: EventStore, first: Values) -> None:
        self._store = store
        self._first = first

    async def read(self) -> Current:
        """Give the configuration with its version."""
        try:
            configuration = await self._store.peek(Configuration, "")
        except NotFoundError:
            return Current(sections=sections_of(self._first), version=0, reloads=0)
        sections = sections_of(self._first, configuration.values)
        return Current(
            sections=sections, version=configuration.version, reloads=configuration.state.reloads
        )

    async def sections(self) -> Sections:
        """Give the configuration."""
        return (await self.read()).sections
