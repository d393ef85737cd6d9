"""Where configured paths lead: those that are not absolute, into the data directory."""

from pathlib import Path

from domain.errors import InvalidFieldError

# What stands in the data directory besides files: the database and the documents.
OWN = ("postgres", "documents")


class ConfiguredDirectories:
    """Implements the application's Directories port."""

    def __init__(self, home: Path, backups: Path) -> None:
        self._home = home
        self.own = frozenset({*(home / name for name in OWN), backups})

    def of(self, path: str) -> Path:
        """Give the directory that a path leads to."""
        return self._home / path

    def check(self, field: str, path: str) -> None:
        """Check that a path does not lead to Annals' own files. Raises InvalidFieldError."""
        directory = self.of(path).resolve()
        home, own = self._home.resolve(), [one.resolve() for one in self.own]
        if directory == home or any(directory.is_relative_to(one) for one in own):
            raise InvalidFieldError(field, "must not lead to where Annals keeps its own files")
