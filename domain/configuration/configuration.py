"""The configuration: what admins set, and everything goes by from then on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.configuration.events import (
    ConfigurationBegun,
    ConfigurationReloaded,
    ConfigurationState,
    SectionConfigured,
)
from domain.configuration.sections import DATA, HIDDEN, Values, checked
from domain.errors import InvalidFieldError

HEADERS = "headers"
DOWNLOADER = "web_downloader"


class Configuration(Aggregate):
    """The one configuration of an installation. It holds only what somebody has set."""

    TOPIC = "Configuration"
    CATEGORY = "configuration"
    STATE = ConfigurationState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: ConfigurationState

    @classmethod
    def stream_id(cls, key: int | str = "") -> str:
        """Name the one stream."""
        assert not key
        return cls.CATEGORY

    @classmethod
    def begin(cls) -> "Configuration":
        """Begin with nothing set."""
        return cls._create(ConfigurationBegun, id=cls.stream_id())

    @property
    def values(self) -> Values:
        """All that is set, the headers among it."""
        if not self.state.headers:
            return self.state.values
        downloader = self.state.values.get(DOWNLOADER, {}) | {HEADERS: self.state.headers}
        return self.state.values | {DOWNLOADER: downloader}

    def configure(self, section: str, values: Mapping[str, Any]) -> None:
        """Set some settings of a section; the others stay. The same values change nothing.

        Raises InvalidFieldError that names the section or the setting.
        """
        given = checked(section, values)
        headers = self._headers(given)
        present = self.state.values.get(section, {})
        changed = {name: value for name, value in given.items() if value != present.get(name)}
        if changed or headers is not None:
            self.trigger_event(SectionConfigured, section=section, values=changed, headers=headers)

    def reload(self) -> None:
        """Have the watcher and the downloader begin anew."""
        self.trigger_event(ConfigurationReloaded)

    def _headers(self, given: dict[str, Any]) -> dict[str, str] | None:
        """Take the headers out of new values; None if they stay as they are."""
        if HEADERS not in given:
            return None
        headers = {
            name: self._kept(name) if value == HIDDEN else value
            for name, value in (given.pop(HEADERS) or {}).items()
        }
        return headers if headers != self.state.headers else None

    def _kept(self, name: str) -> str:
        if name not in self.state.headers:
            message = f"says {HIDDEN} for a header that has no value yet"
            raise InvalidFieldError(f"{DATA}.{HEADERS}", message)
        return self.state.headers[name]
