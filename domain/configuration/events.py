"""What happens to the configuration."""

from typing import TYPE_CHECKING, Any

import msgspec

from domain.events import CreatedEvent, DomainEvent
from domain.personal import Secret

if TYPE_CHECKING:
    from domain.configuration.configuration import Configuration


class ConfigurationState(msgspec.Struct, kw_only=True):
    """The settings that somebody has set, by section; ``headers`` are the downloader's.

    ``reloads`` counts how often everything was told to begin anew.
    """

    values: dict[str, dict[str, Any]]
    headers: Secret[dict[str, str]]
    reloads: int = 0


class ConfigurationBegun(CreatedEvent, frozen=True, kw_only=True):
    """For the first time, somebody sets what had its first value until now."""

    TOPIC = "ConfigurationBegun"

    def apply(self, aggregate: "Configuration") -> None:
        """Nothing is set yet."""
        aggregate.state = ConfigurationState(values={}, headers={})


class SectionConfigured(DomainEvent, frozen=True, kw_only=True):
    """Settings of a section were set; a value of None gives a setting its first value back.

    ``headers`` are all headers of the downloader from now on, None if nothing was said of them.
    """

    TOPIC = "SectionConfigured"

    section: str
    values: dict[str, Any]
    headers: Secret[dict[str, str] | None] = None

    def apply(self, aggregate: "Configuration") -> None:
        """Go by the new values."""
        state = aggregate.state
        values = state.values.get(self.section, {}) | self.values
        set_now = {name: value for name, value in values.items() if value is not None}
        state.values = state.values | {self.section: set_now}
        if self.headers is not None:
            state.headers = self.headers


class ConfigurationReloaded(DomainEvent, frozen=True, kw_only=True):
    """The watcher and the downloader were told to begin anew."""

    TOPIC = "ConfigurationReloaded"

    def apply(self, aggregate: "Configuration") -> None:
        """Leave every setting as it is."""
        aggregate.state.reloads += 1
