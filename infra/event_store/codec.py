"""Between events and records: payload, ciphertext, metadata, schema versions."""

from typing import Any
from uuid import uuid4

import msgspec
from cryptography.exceptions import InvalidTag
from eventsourcing.utils import get_topic, resolve_topic

from domain.events import DomainEvent, Metadata, Recorded
from domain.personal import protected_fields, redact
from infra.event_store.errors import CorruptEventError, DamagedKeyError, MasterKeyError
from infra.event_store.keys import Keyring, SubjectKey, seal, unseal
from infra.event_store.record import EventRecord, StoredRecord

_COLUMNS = ("originator_id", "originator_version")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def needs_key(event: DomainEvent) -> bool:
    """Tell whether the event carries protected values, so that its subject needs a data key."""
    return any(getattr(event, name) not in (None, {}, "") for name in protected_fields(type(event)))


def encode(event: DomainEvent, metadata: str, key: SubjectKey | None) -> EventRecord:
    """Turn an event into its record; protected fields leave the payload for the ciphertext."""
    payload: dict[str, Any] = msgspec.to_builtins(event)
    for column in _COLUMNS:
        del payload[column]
    protected = None
    if key is not None:
        fields = {name: payload[name] for name in protected_fields(type(event))}
        protected = seal(
            key.key, _encode(fields), _context(event.originator_id, event.originator_version)
        )
        payload |= {name: redact(value) for name, value in fields.items()}
    return EventRecord(
        stream_id=event.originator_id,
        version=event.originator_version,
        topic=get_topic(type(event)),
        schema_version=event.class_version,
        event_id=uuid4(),
        metadata=metadata,
        state=_encode(payload),
        subject=key.subject if key is not None else None,
        protected=protected,
    )


def encode_metadata(metadata: Metadata) -> str:
    """Write metadata as the JSON text that is stored and hashed; conditions stay out of it."""
    stored = {name: getattr(metadata, name) for name in Metadata.__struct_fields__}
    return _encode(stored).decode()


def decode(record: StoredRecord, keyring: Keyring) -> Recorded[DomainEvent]:
    """Turn a stored record into its event, upcast to the newest schema version.

    Where the data key is gone the protected fields read ``[REDACTED]``. Raises CorruptEventError
    if the record does not fit its type or nobody here knows it.
    """
    event_type = _event_type(record)
    try:
        state: dict[str, Any] = _decode(record.state)
        redacted = record.protected is not None and record.wrapped_key is None
        if record.protected is not None and not redacted:
            state |= _decode(_unprotect(record, keyring))
        for version in range(record.schema_version, event_type.class_version):
            getattr(event_type, f"upcast_v{version}_v{version + 1}")(state)
        state["originator_id"] = record.stream_id
        state["originator_version"] = record.version
        return Recorded(
            event=msgspec.convert(state, event_type),
            position=record.position,
            event_id=str(record.event_id),
            topic=record.topic,
            recorded_at=record.recorded_at,
            metadata=_decode_metadata(record.metadata),
            redacted=redacted,
        )
    except InvalidTag as error:
        raise _corrupt(record, "its ciphertext is damaged") from error
    except DamagedKeyError as error:
        raise _corrupt(record, "its subject's data key is damaged") from error
    except MasterKeyError:
        raise  # no fault of the event's: it can be read once the key is back
    except Exception as error:
        # What was deciphered must not come out with the message.
        reason = str(error) if record.protected is None else type(error).__name__
        raise _corrupt(record, reason) from error


def _event_type(record: StoredRecord) -> type[DomainEvent]:
    try:
        event_type = resolve_topic(record.topic)
    except Exception:  # noqa: BLE001 - the library tries to import what it does not know
        event_type = None
    if not isinstance(event_type, type) or not issubclass(event_type, DomainEvent):
        raise _corrupt(record, "no such type of event is known here")
    if record.schema_version > event_type.class_version:
        raise _corrupt(record, f"schema version {record.schema_version} is not known here")
    return event_type


def _corrupt(record: StoredRecord, reason: str) -> CorruptEventError:
    return CorruptEventError(
        f"event {record.position} ({record.topic} in {record.stream_id}): {reason}"
    )


_decode_metadata = msgspec.json.Decoder(Metadata).decode


def _unprotect(record: StoredRecord, keyring: Keyring) -> bytes:
    assert record.subject is not None
    assert record.protected is not None
    assert record.wrapped_key is not None
    assert record.master_key_id is not None
    key = keyring.unwrap(record.subject, record.wrapped_key, record.master_key_id)
    return unseal(key.key, record.protected, _context(record.stream_id, record.version))


def _context(stream_id: str, version: int) -> bytes:
    return f"{stream_id}@{version}".encode()
