"""What is measured of Annals, for a monitoring system to collect. Labels hold no personal data."""

from typing import Protocol

import msgspec


class Meter(Protocol):
    """Measures what this process does, at next to no cost."""

    def answered(self, *, method: str, route: str | None, status: int, seconds: float) -> None:
        """Measure a request; ``route`` is a template like ``/runs/{run_id}``, None if unknown."""
        ...

    def refused(self, group: str) -> None:
        """Count a request that was one too many for its group."""
        ...

    def connected(self, change: int) -> None:
        """Count a WebSocket client that came, 1, or left, -1."""
        ...


class Exposition(msgspec.Struct, frozen=True):
    """The metrics as text in UTF-8, with the media type of its format."""

    content: bytes
    media_type: str


class Metrics(Protocol):
    """Knows what all server processes of one start have measured, and how the database stands."""

    async def expose(self) -> Exposition:
        """Give all metrics; without a database, those that need none."""
        ...

    def websocket_connections(self) -> int:
        """Tell how many WebSocket clients are connected."""
        ...

    def cache_hit_ratio(self) -> float | None:
        """Tell how often what a command had to know was in memory; None before the first."""
        ...
