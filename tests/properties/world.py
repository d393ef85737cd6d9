"""Two event stores over one log, as two processes have them, and somebody who follows the log."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg

from application.errors import (
    AlreadyExistsError,
    ClaimTakenError,
    ConflictError,
    SubjectErasedError,
)
from application.metadata import Claim, SentMetadata
from application.ports import ClaimedCommand
from domain.events import DomainEvent, Recorded
from infra.event_store.assembly import EventStoreParts
from infra.event_store.claims import PostgresClaimRegister
from infra.event_store.keys import Keyring
from infra.event_store.reader import LogReader
from infra.postgres.connections import connection_pool
from tests.infra.event_store.opening import opened
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.properties.model import Accepted, Command, Refused

R = TypeVar("R")

RESET = """
SET LOCAL session_replication_role = replica;
DELETE FROM events;
DELETE FROM subject_keys;
DELETE FROM erasures;
DELETE FROM claims;
UPDATE log_head SET position = 0, hash = decode(repeat('00', 32), 'hex'), recorded_at = 'epoch'
"""


class Follower:
    """Reads the log as it grows, and keeps all that it comes to see."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._position = 0
        self.seen: list[Recorded[DomainEvent]] = []

    async def follow(self, done: asyncio.Event) -> None:
        """Read on without a pause; to the end of the log once nobody writes any more."""
        finished = False
        while not finished:
            finished = done.is_set()
            page = await self._reader.page(self._position, 3)
            self.seen.extend(page.events)
            self._position = page.position
            finished = finished and page.position == page.head


class World:
    """The stores and the one event loop that they live in."""

    def __init__(
        self,
        runner: asyncio.Runner,
        conninfo: str,
        stores: Sequence[EventStoreParts],
        reader: LogReader,
    ) -> None:
        self._runner = runner
        self.conninfo = conninfo
        self._stores = stores
        self._reader = reader

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Let something happen."""
        return self._runner.run(work)

    def begin_anew(self) -> Follower:
        """Empty the log, and give somebody who follows it from its beginning."""
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(RESET)
        return Follower(self._reader)

    async def claimed(self, claim: str) -> ClaimedCommand | None:
        """Find the command that took effect under a claim."""
        async with connection_pool(self.conninfo, 1) as pool:
            return await PostgresClaimRegister(pool).find(claim.encode())

    def store(self, writer: int) -> EventStoreParts:
        """Give the store of a writer."""
        return self._stores[writer % len(self._stores)]

    async def send(
        self, commands: Sequence[tuple[int, Command]], follower: Follower
    ) -> tuple[list[Accepted], list[Refused]]:
        """Let the writers send their commands at the same time, while the follower reads."""
        prepared = [
            (writer, command, await self._prepare(writer, command)) for writer, command in commands
        ]
        done = asyncio.Event()
        following = asyncio.create_task(follower.follow(done))
        try:
            outcomes = await asyncio.gather(*(self._outcome(*each) for each in prepared))
        finally:
            done.set()
            await following
        return (
            [outcome for outcome in outcomes if isinstance(outcome, Accepted)],
            [outcome for outcome in outcomes if isinstance(outcome, Refused)],
        )

    async def _prepare(self, writer: int, command: Command) -> list[Thing]:
        """Decide, on what the writer saw: every event tells the version that it has to get."""
        things = []
        for stream, (seen, count) in command.appends.items():
            key = stream.removeprefix("thing-")
            personal = stream in command.personal
            if seen == 0:
                thing = Thing.make(key, label=f"{stream}@1", owner="Ann" if personal else None)
            else:
                as_of = await self.store(writer).store.load_as_of(stream, version=seen)
                assert isinstance(as_of, Thing)
                thing = as_of
                if stream in command.erases:
                    thing.forget()
                elif personal:
                    thing.give(f"{stream}@{thing.version + 1}")
            while thing.version < seen + count:
                thing.note(f"{stream}@{thing.version + 1}")
            things.append(thing)
        return things

    async def _outcome(
        self, writer: int, command: Command, things: list[Thing]
    ) -> Accepted | Refused:
        try:
            position = await self.store(writer).store.save(
                *things, metadata=_metadata(command), unmoved=command.unmoved
            )
        except (ConflictError, SubjectErasedError, ClaimTakenError) as error:
            return Refused(
                command,
                stream_exists=isinstance(error, AlreadyExistsError),
                subject_erased=isinstance(error, SubjectErasedError),
                claim_taken=isinstance(error, ClaimTakenError),
            )
        return Accepted(command, position)


def _metadata(command: Command) -> SentMetadata:
    claim = Claim(command.claim.encode(), b"") if command.claim is not None else None
    return SentMetadata(**msgspec.structs.asdict(BY_TEST), claim=claim)


@contextlib.contextmanager
def opened_world(conninfo: str, ring: Keyring) -> Iterator[World]:
    """Open two stores over separate pools, and a third pool for who follows the log."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()

        async def enter() -> World:
            stores = [await stack.enter_async_context(opened(conninfo, ring)) for _ in range(2)]
            pool = await stack.enter_async_context(connection_pool(conninfo, 1))
            return World(runner, conninfo, stores, LogReader(pool, ring))

        try:
            yield runner.run(enter())
        finally:
            runner.run(stack.aclose())
