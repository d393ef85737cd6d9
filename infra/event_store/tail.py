"""Watching the log: what is there from a position on, and what is added while somebody watches."""

import asyncio
from collections.abc import AsyncGenerator

import psycopg_pool
import structlog

from application.tailing import MOST_AT_ONCE, Entry, EventFilter, Extract, UnreadableEvent
from domain.events import DomainEvent, Recorded
from infra.event_store.observer import LogObserver
from infra.event_store.reader import LogReader, Unreadable
from infra.postgres.failures import is_passing
from infra.postgres.signals import LOG_CHANNEL, Signals

log = structlog.get_logger(__name__)

# How many positions are looked at in one go; those of a stream have an index, and other events that
# are not wanted cost little.
FILTERED_WINDOW_SIZE = 50_000
WHOLE_LOG = 2**62

# How many of the stored bytes an extract has, and one event more.
MAX_BYTES = 4 * 1024 * 1024

LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 1.0


class PostgresEventTail:
    """Implements the application's EventTail port."""

    def __init__(self, reader: LogReader, observer: LogObserver, signals: Signals) -> None:
        self._reader = reader
        self._observer = observer
        self._signals = signals

    async def head(self) -> int:
        """Give the position at which the log ends."""
        return (await self._observer.ask(None)).head

    async def before_last(self, count: int, wanted: EventFilter) -> int:
        """Give the position before the last ``count`` events that are wanted."""
        return await self._reader.before_last(count, wanted)

    async def extract(self, after: int, limit: int, wanted: EventFilter) -> Extract:
        """Give the next wanted events, ``limit`` at most and only some megabytes of them."""
        page = await self._reader.search(
            after, _window(wanted), wanted, limit=min(limit, MOST_AT_ONCE), max_bytes=MAX_BYTES
        )
        entries = [entry_of(entry) for entry in page.entries]
        return Extract(entries, page.position, page.head, page.size)

    async def grown(self, position: int, patience: float) -> int:
        """Return once the log reaches beyond a position, or after so many seconds; give its end.

        All who wait share one question to the database a second, for the case of a lost signal.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while True:
            left = max(deadline - loop.time(), 0)
            await self._signals.wait_beyond(LOG_CHANNEL, position, min(left, LOOK_AGAIN_SECONDS))
            head = max(self._signals.position(LOG_CHANNEL), await self.head())
            if head > position or loop.time() >= deadline:
                return head

    async def extracts(
        self, after: int, wanted: EventFilter, *, follow: bool, limit: int = MOST_AT_ONCE
    ) -> AsyncGenerator[Extract, None]:
        """Give each wanted event after a position once, in order."""
        while True:
            heard = self._signals.position(LOG_CHANNEL)
            page = await (
                self._surely(after, limit, wanted) if follow else self.extract(after, limit, wanted)
            )
            yield page
            after = page.position
            if after < page.head:
                continue
            if not follow:
                return
            await self._signals.wait_beyond(LOG_CHANNEL, heard, LOOK_AGAIN_SECONDS)

    async def _surely(self, after: int, limit: int, wanted: EventFilter) -> Extract:
        """Read an extract, as soon as the database lets that be done."""
        interrupted = False
        while True:
            try:
                page = await self.extract(after, limit, wanted)
            except Exception as error:
                if not is_passing(error) and not isinstance(error, psycopg_pool.PoolTimeout):
                    raise
                if not interrupted:
                    log.warning("tail_interrupted", error=type(error).__name__)
                interrupted = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if interrupted:
                    log.warning("tail_goes_on")
                return page


def _window(wanted: EventFilter) -> int:
    if wanted.stream is not None:
        return WHOLE_LOG
    return MOST_AT_ONCE if wanted == EventFilter() else FILTERED_WINDOW_SIZE


def entry_of(entry: Recorded[DomainEvent] | Unreadable) -> Entry:
    """Say what a page of the log has at a position."""
    if isinstance(entry, Recorded):
        return entry
    return UnreadableEvent(
        position=entry.position,
        stream_id=entry.stream_id,
        version=entry.version,
        type=entry.topic,
        error=type(entry.error).__name__,
    )


def live_log_failed(error: Exception) -> None:
    """Tell that following the log for those who listen has to begin again."""
    log.warning("live_log_interrupted", error=type(error).__name__)
