"""What the committer tells of its work."""

from typing import Protocol


class AppendMeter(Protocol):
    """Measures appends."""

    def appended(self, seconds: float) -> None:
        """Note how long a command waited until it was answered, whatever the answer was."""
        ...

    def committed(self, *, commands: int, events: int) -> None:
        """Note how much one transaction has recorded."""
        ...

    def peeked(self, *, is_hit: bool) -> None:
        """Note whether an aggregate that was asked for was in memory."""
        ...


class Unmetered:
    """Measures nothing, for stores that nobody watches."""

    def appended(self, seconds: float) -> None:
        """Note nothing."""

    def committed(self, *, commands: int, events: int) -> None:
        """Note nothing."""

    def peeked(self, *, is_hit: bool) -> None:
        """Note nothing."""
