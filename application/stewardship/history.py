"""The history of a stewardship, as far as its ``options.audit`` shows it (contract section 8)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from application.audit import EventView, show_event
from application.errors import NotFoundError
from application.ports import EventStore
from application.spreadsheet import csv_line
from application.stewardship.handlers import UNKNOWN
from domain.errors import RuleViolatedError
from domain.events import CreatedEvent, DomainEvent, Recorded
from domain.stewardship.address_events import (
    StewardshipAddressGiven,
    StewardshipAddressNeutralized,
)
from domain.stewardship.definition import AuditDefinition
from domain.stewardship.durations import Duration
from domain.stewardship.events import StewardshipCreated
from domain.stewardship.kinds import AuditOperation
from domain.stewardship.responsibility_events import ResponsibilityAdded
from domain.stewardship.steward_events import StewardAssigned, StewardNeutralized, StewardRemoved
from domain.stewardship.stewardship import Stewardship

NOT_ENABLED = "The audit of this stewardship is not enabled: see options.audit.enabled"
NO_EXPORT = "The history of this stewardship is not exported: see options.audit.export"

CREATING = (CreatedEvent, StewardshipAddressGiven, StewardAssigned, ResponsibilityAdded)
DELETING = (StewardRemoved, StewardNeutralized, StewardshipAddressNeutralized)

COLUMNS = ("position", "version", "recorded_at", "operation", "type", "actor", "redacted", "data")


class HistoryEntry(EventView, frozen=True, kw_only=True):
    """An event of a stewardship, and what kind of operation it was."""

    operation: AuditOperation


async def read_history(
    store: EventStore, stewardship_id: int, *, now: datetime, for_export: bool = False
) -> Sequence[HistoryEntry]:
    """Give what is shown of the history, oldest first.

    Where auditing was configured, it must be enabled, and for an export that too; what is older
    than the retention is not shown, nor operations that were not asked for. Raises NotFoundError,
    RuleViolatedError.
    """
    try:
        events = await store.history(Stewardship.stream_id(stewardship_id))
    except NotFoundError:
        raise NotFoundError(UNKNOWN) from None
    created = events[0].event
    assert isinstance(created, StewardshipCreated)
    audit = created.options.audit
    if audit is None:
        return [_entry(recorded) for recorded in events]
    if not audit.enabled:
        raise RuleViolatedError(NOT_ENABLED)
    if for_export and not audit.export:
        raise RuleViolatedError(NO_EXPORT)
    return [_entry(recorded) for recorded in events if _is_shown(audit, recorded, now)]


def as_json_lines(entries: Iterable[HistoryEntry]) -> bytes:
    """Write a history as JSON lines."""
    return msgspec.json.Encoder().encode_lines(list(entries))


def as_csv(entries: Iterable[HistoryEntry]) -> bytes:
    """Write a history as CSV (RFC 4180) in which no cell is a formula."""
    lines = [csv_line(COLUMNS), *(csv_line(_cells(entry)) for entry in entries)]
    return "".join(lines).encode()


def operation_of(event: DomainEvent) -> AuditOperation:
    """Tell whether an event created something, changed it or took it away."""
    if isinstance(event, CREATING):
        return AuditOperation.CREATE
    if isinstance(event, DELETING):
        return AuditOperation.DELETE
    return AuditOperation.UPDATE


def _is_shown(audit: AuditDefinition, recorded: Recorded[DomainEvent], now: datetime) -> bool:
    if audit.events and operation_of(recorded.event) not in audit.events:
        return False
    if not audit.retention:
        return True
    return recorded.event.timestamp >= Duration.parse(audit.retention).before(now)


def _entry(recorded: Recorded[DomainEvent]) -> HistoryEntry:
    shown = msgspec.structs.asdict(show_event(recorded))
    return HistoryEntry(operation=operation_of(recorded.event), **shown)


def _cells(entry: HistoryEntry) -> Iterator[str]:
    yield str(entry.position)
    yield str(entry.version)
    yield msgspec.to_builtins(entry.recorded_at)
    yield entry.operation
    yield entry.type
    yield entry.actor
    yield str(entry.redacted).lower()
    yield msgspec.json.encode(entry.data).decode()
