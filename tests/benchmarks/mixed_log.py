"""A log of many mixed events, as commands would have recorded them, loaded by COPY.

Processes, users and runs with their steps, reports, changes of meta, deletions and erasures; true
payloads, ciphertexts, keys, fences and hashes, so that the chain verifies and all can be replayed.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg

from domain.aggregate import Aggregate
from domain.events import CreatedEvent, DomainEvent, Metadata, RedactionEvent
from domain.identity.roles import Role
from domain.identity.user import User
from domain.processes.process import Process
from infra.event_store.chain import link
from infra.event_store.codec import encode, encode_metadata, needs_key
from infra.event_store.keys import Keyring, SubjectKey
from infra.event_store.record import EventRecord
from tests.benchmarks.workload import PROCESSES, STEP_NAMES, go_through, new_run

STRETCH = 20_000
UNDER_WAY = 500
USER_EVERY = 1000
APART = timedelta(milliseconds=20)

COPY_EVENTS = """
COPY events (
    originator_id, originator_version, topic, state, notification_id, event_id, schema_version,
    recorded_at, metadata, subject, protected, hash
) FROM STDIN
"""
COPY_KEYS = """
COPY subject_keys (subject, wrapped_key, master_key_id, fingerprint) FROM STDIN
"""
COPY_ERASURES = """
COPY erasures (subject, fingerprint, position, event_id, erased_at) FROM STDIN
"""

HEAD = "SELECT position, hash, recorded_at FROM log_head"
MOVE_HEAD = "UPDATE log_head SET position = %s, hash = %s, recorded_at = %s"


def fill(url: str, ring: Keyring, events: int) -> int:
    """Record so many events behind those that are there; give the new head."""
    with psycopg.connect(url) as connection:
        filling = Filling(connection, ring)
        for event in itertools.islice(mixed_events(), events):
            filling.record(event)
        return filling.finish()


def mixed_events(seed: int = 7) -> Iterator[DomainEvent]:
    """Give events without end, those of many streams among each other."""
    chance = Random(seed)  # noqa: S311 - the same log every time
    for number in range(1, PROCESSES + 1):
        process = Process.create(number, name=f"Process {number}", meta={})
        for index, name in enumerate(STEP_NAMES, start=1):
            process.add_step(
                number * 10 + index, index=index, name=name, is_rerunnable=False, rerun_config=None
            )
        yield from process.pending()
    lives: list[Iterator[DomainEvent]] = []
    for number in itertools.count(1):
        if number % USER_EVERY == 1:
            yield from _user(number).pending()
        lives.append(_life(number, chance))
        while len(lives) >= UNDER_WAY:
            at = chance.randrange(len(lives))
            event = next(lives[at], None)
            if event is None:
                lives[at] = lives[-1]
                lives.pop()
            else:
                yield event


def _life(number: int, chance: Random) -> Iterator[DomainEvent]:
    run = new_run(number)
    yield from run.pending()
    for _ in go_through(run, chance):
        yield from run.pending()
    if not run.state.is_neutralized and chance.random() < 0.05:
        run.change_meta({"priority": "low"})
        run.delete()
        yield from run.pending()


def _user(number: int) -> Aggregate:
    return User.register(
        f"user{number}",
        email=f"user{number}@example.com",
        password_hash="$argon2id$none",
        roles=[Role.AUTHOR],
    )


class Filling:
    """Turns events into rows of the log and writes them a stretch at a time."""

    def __init__(self, connection: psycopg.Connection, ring: Keyring) -> None:
        self._connection = connection
        self._ring = ring
        row = connection.execute(HEAD).fetchone()
        assert row is not None
        self._position: int = row[0]
        self._hash: bytes = row[1]
        self._recorded_at: datetime = max(row[2], datetime(2024, 1, 1, tzinfo=UTC))
        self._keys: dict[str, SubjectKey] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._erasures: list[tuple[Any, ...]] = []

    def record(self, event: DomainEvent) -> None:
        """Take an event into the log."""
        key = None
        if needs_key(event):
            if isinstance(event, CreatedEvent):
                self._keys[event.subject] = SubjectKey.generate(event.subject)
            key = self._keys[event.subject]
        metadata = Metadata(actor="api_key:1", correlation_id=f"request-{self._position}")
        record = encode(event, encode_metadata(metadata), key)
        self._position += 1
        self._recorded_at += APART
        self._hash = link(self._hash, self._position, self._recorded_at, record)
        self._rows.append(self._row(record))
        if isinstance(event, RedactionEvent):
            for subject in event.erased_subjects:
                gone = self._keys.pop(subject)
                self._erasures.append(
                    (subject, gone.fingerprint, self._position, record.event_id, self._recorded_at)
                )
        if len(self._rows) >= STRETCH:
            self._write()

    def finish(self) -> int:
        """Write what is left, the keys in force, and the head of the log; give its position."""
        self._write()
        key_id = self._ring.current_id
        self._copy(
            COPY_KEYS,
            [
                (subject, self._ring.wrap(key, key_id), key_id, key.fingerprint)
                for subject, key in self._keys.items()
            ],
        )
        self._copy(COPY_ERASURES, self._erasures)
        self._connection.execute(MOVE_HEAD, (self._position, self._hash, self._recorded_at))
        return self._position

    def _row(self, record: EventRecord) -> tuple[Any, ...]:
        return (
            record.stream_id, record.version, record.topic, record.state, self._position,
            record.event_id, record.schema_version, self._recorded_at, record.metadata,
            record.subject, record.protected, self._hash,
        )  # fmt: skip

    def _write(self) -> None:
        self._copy(COPY_EVENTS, self._rows)
        self._rows.clear()

    def _copy(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with self._connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
