"""Files that commands write: for their owner alone, and whole or not at all."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from interfaces.cli.output import complain

OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

OutputFile = Annotated[
    Path | None,
    typer.Option("--output", dir_okay=False, help="Write to this file, for its owner alone."),
]


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place, and put it there when all is written; mode 0600.

    Raises typer.BadParameter if there can be no such file, typer.Exit if there is no space for it.
    Whatever happens, no half of a file is left.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{path} is no file", param_hint="--output")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    except OSError as error:
        raise typer.BadParameter(
            f"{path} cannot be written: {error.strerror}", param_hint="--output"
        ) from None
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync(path.parent)
    except OSError as error:
        if error.errno not in OUT_OF_SPACE:
            raise
        complain(f"{path} cannot be written: {error.strerror}")
        raise typer.Exit(1) from None
    finally:
        beside.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
