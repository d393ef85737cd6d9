"""Watching the log: what is there from a position on, and what is added while somebody watches."""

import asyncio
from collections.abc import AsyncGenerator

import psycopg_pool
import structlog

from application.audit import EventView, show_event
from application.tailing import EventFilter, UnreadableEvent
from domain.events import DomainEvent, Recorded
from infra.event_store.reader import LogPage, LogReader, Unreadable
from infra.postgres.failures import is_passing
from infra.postgres.signals import LOG_CHANNEL, Signals

log = structlog.get_logger(__name__)

# How many positions are looked at in one go.
WINDOW_SIZE = 5000

LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 1.0


class PostgresEventTail:
    """Implements the application's EventTail port."""

    def __init__(self, reader: LogReader, signals: Signals) -> None:
        self._reader = reader
        self._signals = signals

    async def before_last(self, count: int, wanted: EventFilter) -> int:
        """Give the position before the last ``count`` events that are wanted."""
        return await self._reader.before_last(count, wanted)

    async def after(
        self, position: int, wanted: EventFilter, *, follow: bool
    ) -> AsyncGenerator[EventView | UnreadableEvent, None]:
        """Show each wanted event after a position once, in order."""
        while True:
            heard = self._signals.position(LOG_CHANNEL)
            page = await (
                self._surely(position, wanted) if follow else self._page(position, wanted)
            )
            for entry in page.entries:
                yield shown(entry)
            position = page.position
            if position < page.head:
                continue
            if not follow:
                return
            await self._signals.wait_beyond(LOG_CHANNEL, heard, LOOK_AGAIN_SECONDS)

    async def _surely(self, position: int, wanted: EventFilter) -> LogPage:
        """Read a page, as soon as the database lets that be done."""
        interrupted = False
        while True:
            try:
                page = await self._page(position, wanted)
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

    async def _page(self, position: int, wanted: EventFilter) -> LogPage:
        return await self._reader.search(position, WINDOW_SIZE, wanted)


def shown(entry: Recorded[DomainEvent] | Unreadable) -> EventView | UnreadableEvent:
    """Show what a page of the log has at a position."""
    if isinstance(entry, Recorded):
        return show_event(entry)
    return UnreadableEvent(
        position=entry.position,
        stream_id=entry.stream_id,
        version=entry.version,
        type=entry.topic,
        error=type(entry.error).__name__,
    )
