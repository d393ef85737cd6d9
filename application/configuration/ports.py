"""What the configuration needs from outside."""

from typing import Protocol


class Directories(Protocol):
    """Knows which directories files may be taken from and put into."""

    def check(self, field: str, path: str) -> None:
        """Check a path as it is configured.

        Raises InvalidFieldError, which names the field, if it leads to Annals' own files.
        """
        ...
