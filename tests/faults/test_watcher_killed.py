"""However often the watcher is killed, each file is taken in, and none twice."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg
import pytest

from application.configuration.handlers import Configure, configure
from application.metadata import by_system
from infra.settings import Settings
from infra.webhooks.addresses import CheckedAddresses
from interfaces.composition.foundation import Foundation
from interfaces.composition.intake import configured_directories
from tests.faults.homes import wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("faults")]

KILLS = 2
FILES = 10
RECORDED = """
SELECT count(*) FILTER (WHERE topic = 'DocumentStored'),
       count(*) FILTER (WHERE topic = 'ProcessingQueued'),
       count(*) FILTER (WHERE topic = 'DocumentArrivedAgain')
FROM events
"""
STORED = "SELECT count(*) > %s FROM events WHERE topic = 'DocumentStored'"


@contextlib.contextmanager
def watching(settings: Settings) -> Iterator[None]:
    """Watch in a process of its own, which is killed at the end of the block."""
    environment = dict(os.environ) | {
        "ANNALS_HOME": str(settings.annals_home),
        "DATABASE_URL": str(settings.database_url),
        "ANNALS_MASTER_KEY": str(settings.annals_master_key),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.watching"], env=environment, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"watching\n"
        yield
    finally:
        process.kill()
        process.communicate()


def put(inbox: Path) -> None:
    """Put as many new files there as the watcher has to do with for a while."""
    inbox.mkdir(exist_ok=True)
    for _ in range(FILES):
        name = os.urandom(8).hex()
        unfinished = inbox / f".{name}"
        unfinished.write_bytes(b"%PDF-1.7\n" + os.urandom(10_000).hex().encode() + b"\n%%EOF")
        unfinished.rename(inbox / f"{name}.pdf")


async def test_killed_at_any_moment_it_misses_nothing_and_repeats_nothing(
    base: Foundation, settings: Settings
) -> None:
    values = {"watch_path": "inbox", "processed_path": "done", "debounce_time": 0.05}
    with closing(CheckedAddresses(allow_private=False)) as addresses:
        command = Configure(section="file_watcher", values=values)
        await configure(
            base.event_store.store,
            command,
            by_system("test"),
            addresses=addresses,
            directories=configured_directories(settings),
        )
    inbox, done = settings.annals_home / "inbox", settings.annals_home / "done"
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url, autocommit=True) as connection:

        def is_more_than(known: int) -> bool:
            return connection.execute(STORED, (known,)).fetchone() == (True,)

        for number in range(KILLS):
            put(inbox)
            with watching(settings):
                wait_until(partial(is_more_than, number * FILES), "a new file")
                await asyncio.sleep(random.Random(number).uniform(0, 0.3))  # noqa: S311
        with watching(settings):
            wait_until(lambda: not list(inbox.glob("*.pdf")), "the last file")
        recorded = connection.execute(RECORDED).fetchone()

    files = KILLS * FILES
    assert recorded == (files, files, 0)
    assert len(list(done.iterdir())) == files
