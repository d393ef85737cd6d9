"""Which of the gathered commands a commit admits, and the rows that they come to. Pure."""

from datetime import datetime
from typing import Any

import msgspec

from application.errors import (
    AlreadyExistsError,
    ClaimTakenError,
    ConflictError,
    SubjectErasedError,
)
from infra.event_store.append import Append, AppendedClaim, Committed
from infra.event_store.chain import link
from infra.event_store.keys import Keyring, SubjectKey
from infra.event_store.record import EventRecord


class LogState(msgspec.Struct):
    """What a commit finds under the lock, kept up to date while it admits commands.

    ``fingerprints`` are those of the data keys in force, ``erased`` the fenced subjects, ``claims``
    those that are taken; all hold only what was asked for, as ``versions`` holds only the streams.
    """

    position: int
    hash: bytes
    recorded_at: datetime
    master_key_id: str
    versions: dict[str, int]
    fingerprints: dict[str, bytes]
    erased: set[str]
    claims: set[bytes]


class Batch:
    """The rows of one commit."""

    def __init__(self, state: LogState, keyring: Keyring, now: datetime) -> None:
        self.state = state
        # The log's clock never goes back, so that "as it was at a moment" has one answer.
        state.recorded_at = max(state.recorded_at, now)
        self.records: list[EventRecord] = []
        self.new_keys: list[SubjectKey] = []
        self.erasures: list[tuple[str, bytes | None, int, EventRecord]] = []
        self.claims: list[tuple[AppendedClaim, int]] = []
        self.admitted: list[tuple[Append, Committed]] = []
        self.refused: list[tuple[Append, Exception]] = []
        self._keyring = keyring
        self._hashes: list[bytes] = []
        self._first_position = state.position + 1

    def admit(self, append: Append) -> None:
        """Add a command's events to the commit, or note why they are refused."""
        refusal = self._refusal(append)
        if refusal is not None:
            self.refused.append((append, refusal))
            return
        self._take_keys(append)
        for record in append.records:
            self._take(record)
            for subject in (subject for subject, by in append.erased.items() if by is record):
                self._erase(subject, record)
        if append.claim is not None:
            self.state.claims.add(append.claim.id)
            self.claims.append((append.claim, self.state.position))
        self.admitted.append((append, Committed(self.state.position, self.state.recorded_at)))

    def _refusal(self, append: Append) -> Exception | None:
        if append.claim is not None and append.claim.id in self.state.claims:
            return ClaimTakenError()
        versions = self.state.versions
        for stream_id, version in (append.expected | append.unmoved).items():
            if versions[stream_id] != version:
                begins = version == 0 and stream_id in append.expected
                return AlreadyExistsError(stream_id) if begins else ConflictError(stream_id)
        for subject, key in append.keys.items():
            if subject in self.state.erased:
                return SubjectErasedError(subject)
            in_force = self.state.fingerprints.get(subject)
            if in_force != (None if key.is_new else key.fingerprint):
                return ConflictError(subject)
        return None

    def _take(self, record: EventRecord) -> None:
        state = self.state
        state.position += 1
        state.hash = link(state.hash, state.position, state.recorded_at, record)
        state.versions[record.stream_id] = record.version
        self.records.append(record)
        self._hashes.append(state.hash)

    def _take_keys(self, append: Append) -> None:
        for subject, key in append.keys.items():
            if key.is_new:
                self.new_keys.append(key)
                self.state.fingerprints[subject] = key.fingerprint

    def _erase(self, subject: str, record: EventRecord) -> None:
        if subject in self.state.erased:
            return
        fingerprint = self.state.fingerprints.pop(subject, None)
        self.state.erased.add(subject)
        self.erasures.append((subject, fingerprint, self.state.position, record))

    def event_columns(self) -> list[list[Any]]:
        """Give the new rows of the log, column by column."""
        records = self.records
        return [
            [r.stream_id for r in records],
            [r.version for r in records],
            [r.topic for r in records],
            [r.state for r in records],
            list(range(self._first_position, self.state.position + 1)),
            [r.event_id for r in records],
            [r.schema_version for r in records],
            [self.state.recorded_at] * len(records),
            [r.metadata for r in records],
            [r.subject for r in records],
            [r.protected for r in records],
            self._hashes,
        ]

    def key_columns(self) -> list[list[Any]]:
        """Give the new data keys, column by column, wrapped by the master key now in force."""
        key_id = self.state.master_key_id
        return [
            [key.subject for key in self.new_keys],
            [self._keyring.wrap(key, key_id) for key in self.new_keys],
            [key_id] * len(self.new_keys),
            [key.fingerprint for key in self.new_keys],
        ]

    def erasure_columns(self) -> list[list[Any]]:
        """Give the new tombstones, column by column; the subjects come first."""
        return [
            [subject for subject, *_ in self.erasures],
            [fingerprint for _, fingerprint, *_ in self.erasures],
            [position for *_, position, _ in self.erasures],
            [record.event_id for *_, record in self.erasures],
            [self.state.recorded_at] * len(self.erasures),
        ]

    def claim_columns(self) -> list[list[Any]]:
        """Give the new claims, column by column, each with the position that it led to."""
        return [
            [claim.id for claim, _ in self.claims],
            [claim.fingerprint for claim, _ in self.claims],
            [claim.stream_id for claim, _ in self.claims],
            [claim.version for claim, _ in self.claims],
            [position for _, position in self.claims],
            [self.state.recorded_at] * len(self.claims),
        ]
