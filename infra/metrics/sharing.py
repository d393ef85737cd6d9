"""Values that all worker processes of a server share, so that any of them can tell of all.

Prometheus's client keeps each process's values in files of a directory, which any of them adds up.
What a process has counted stays counted when it is gone.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextlib.contextmanager
def shared_values(home: Path) -> Iterator[None]:
    """Have processes that are forked within the block share their values; call it before them.

    They are kept in a directory of the home until the end; a server that was killed leaves its own
    to the next one.
    """
    directory = _own_directory(home / "metrics")
    os.environ[DIRECTORY_VARIABLE] = str(directory)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        values.ValueClass = values.MutexValue
        del os.environ[DIRECTORY_VARIABLE]
        shutil.rmtree(directory, ignore_errors=True)


def gathered(own: CollectorRegistry) -> CollectorRegistry:
    """Give the values of all processes where they are shared, otherwise those of this one."""
    directory = os.environ.get(DIRECTORY_VARIABLE)
    if directory is None:
        return own
    _forget_the_dead(Path(directory))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry


def _own_directory(within: Path) -> Path:
    """Make a directory of this process's own, and remove those of processes that are gone."""
    within.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in within.iterdir():
        process_id = int(left.name) if left.name.isdecimal() else 0
        if process_id == os.getpid() or not psutil.pid_exists(process_id):
            shutil.rmtree(left, ignore_errors=True)
    own = within / str(os.getpid())
    own.mkdir(mode=0o700)
    return own


def _forget_the_dead(directory: Path) -> None:
    """Take back what processes that are gone say about the present."""
    for file in directory.glob("gauge_live*_*.db"):
        process_id = int(file.stem.rpartition("_")[2])
        if not psutil.pid_exists(process_id):
            mark_process_dead(process_id, str(directory))  # type: ignore[no-untyped-call]
