"""Files that commands write: for their owner alone, and whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

OutputFile = Annotated[
    Path | None,
    typer.Option("--output", dir_okay=False, help="Write to this file, for its owner alone."),
]


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place, and put it there when all is written; mode 0600.

    Raises typer.BadParameter if that cannot be. Whatever happens, no half of a file is left.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{path} is no file", param_hint="--output")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    except OSError as error:
        raise _unwritable(path, error) from None
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        beside.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> typer.BadParameter:
    return typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--output")
