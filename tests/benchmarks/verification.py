"""Events verified a second: the hash chain recomputed over a log of a million events."""

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from application.metadata import by_system
from infra.event_store.chain import GENESIS, link
from infra.event_store.codec import encode, encode_metadata, needs_key
from infra.event_store.keys import SubjectKey
from infra.event_store.record import EventRecord
from infra.event_store.verification import PostgresChainVerifier
from infra.postgres.connections import connection_pool
from tests.benchmarks.database import Ground, annals, settle
from tests.benchmarks.measuring import Outcome, compare
from tests.benchmarks.workload import go_through, new_run

EVENTS = 1_000_000
SAMPLED_RUNS = 500
ROUNDS = 3
GOAL = 50_000
PAGE = 5_000

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
APART = timedelta(milliseconds=50)

COPY = """
COPY events (
    originator_id, originator_version, topic, state, notification_id, event_id, schema_version,
    recorded_at, metadata, subject, protected, hash
) FROM STDIN
"""

HEAD = "UPDATE log_head SET position = %s, hash = %s, recorded_at = %s"

READ = """
SELECT * FROM events
WHERE notification_id > %s AND notification_id <= %s
ORDER BY notification_id
"""


async def measure_verification(ground: Ground) -> Outcome:
    """Compare verifying the log with reading the same rows and doing nothing with them."""
    settings = ground.settings()
    assert settings.database_url is not None
    async with annals(settings):
        pass
    _fill(settings.database_url)
    async with connection_pool(settings.database_url, 2) as pool:
        comparison = await compare(
            "whole log",
            lambda: _verifying(pool),
            lambda: _reading(pool),
            rounds=ROUNDS,
        )
    median = comparison.ours.median
    comparison.details = {
        "wanted": f"≥ {GOAL:,}",
        "reached": "[green]yes[/]" if median >= GOAL else "[bold red]no[/]",
    }
    return Outcome(
        name="verification",
        title="Verifying the hash chain from its beginning",
        unit="events/s",
        ours="Annals",
        other="reading alone",
        comparisons=[comparison],
        notes=f"""
        Annals: PostgresChainVerifier over the whole log, as the terminal and the REST API use it:
        the stored bytes are read and hashed anew in Python, one event after the other.

        Reading alone: every column of the same rows by SELECT in pages of {PAGE}, fetched in
        binary by psycopg and thrown away.

        The log: {EVENTS:,} events: {SAMPLED_RUNS} runs from start to end with their personal data
        encrypted, again and again under other ids.
        """,
    )


async def _verifying(pool: AsyncConnectionPool) -> float:
    began = time.perf_counter()
    outcomes = [outcome async for outcome in PostgresChainVerifier(pool).progress()]
    taken = time.perf_counter() - began
    assert outcomes[-1].valid, outcomes[-1].problem
    assert outcomes[-1].events_verified == EVENTS
    return EVENTS / taken


async def _reading(pool: AsyncConnectionPool) -> float:
    began = time.perf_counter()
    read = 0
    async with pool.connection() as connection:
        cursor = connection.cursor(binary=True)
        for after in range(0, EVENTS, PAGE):
            await cursor.execute(READ, (after, after + PAGE), prepare=True)
            read += len(await cursor.fetchall())
    assert read == EVENTS
    return EVENTS / (time.perf_counter() - began)


def _fill(url: str) -> None:
    """Write a log whose chain holds, by COPY."""
    position, hash_, recorded_at = 0, GENESIS, BEGINNING
    with psycopg.connect(url) as connection:
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for position, record in enumerate(itertools.islice(_records(), EVENTS), start=1):
                recorded_at = BEGINNING + position * APART
                hash_ = link(hash_, position, recorded_at, record)
                copy.write_row(
                    (
                        record.stream_id, record.version, record.topic, record.state, position,
                        record.event_id, record.schema_version, recorded_at, record.metadata,
                        record.subject, record.protected, hash_,
                    )
                )  # fmt: skip
        connection.execute(HEAD, (position, hash_, recorded_at))
    settle(url)


def _records() -> Iterator[EventRecord]:
    """Give records of runs without an end: the sampled ones, each time under other stream ids."""
    sampled = list(_sampled_records())
    for lap in itertools.count():
        for number, record in enumerate(sampled):
            stream_id = f"run-{lap * SAMPLED_RUNS + int(record.stream_id.removeprefix('run-'))}"
            yield EventRecord(
                stream_id=stream_id,
                version=record.version,
                topic=record.topic,
                schema_version=record.schema_version,
                event_id=UUID(int=lap * len(sampled) + number),
                metadata=record.metadata,
                state=record.state,
                subject=record.subject and stream_id,
                protected=record.protected,
            )


def _sampled_records() -> Iterator[EventRecord]:
    chance = Random(7)  # noqa: S311 - the same log every time
    metadata = encode_metadata(by_system("benchmark"))
    for number in range(1, SAMPLED_RUNS + 1):
        run = new_run(number)
        key = SubjectKey.generate(run.id)
        for _ in go_through(run, chance):
            pass
        for event in run.pending():
            yield encode(event, metadata, key if needs_key(event) else None)
