"""The read model of API keys."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from domain.identity.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    ApiKeySwitchedOff,
    ApiKeySwitchedOn,
)
from projections.projection import Projection, Touched
from projections.table import Rows, Table


class ApiKeyEntry(msgspec.Struct):
    """An API key, as lists show it; ``created_by`` is the actor who handed it out.

    ``is_active`` tells that it is neither switched off nor revoked; it may still have expired.
    """

    id: int
    name: str
    description: str | None
    role: str
    key_prefix: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    is_active: bool
    revoked_at: datetime | None
    version: int


class ApiKeyRow(ApiKeyEntry):
    """An API key, as it is stored: with the SHA-256 digest that it is recognized by."""

    digest: str


API_KEYS = Table("api_keys", ApiKeyRow, key="id")

api_keys = Projection(
    "api_keys",
    version=2,
    schema=Path(__file__).with_name("api_keys_schema.sql"),
    tables=(API_KEYS,),
)


def _key_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("api_key-"))


def _itself(recorded: Recorded[Any]) -> Touched:
    return [(API_KEYS, _key_id(recorded))]


@api_keys.on(ApiKeyCreated)
def api_key_created(recorded: Recorded[ApiKeyCreated], rows: Rows) -> None:
    """List the key."""
    event = recorded.event
    rows.add(
        API_KEYS,
        ApiKeyRow(
            id=_key_id(recorded),
            name=event.name,
            description=event.description,
            role=event.role,
            key_prefix=event.key_prefix,
            created_at=event.timestamp,
            created_by=recorded.metadata.actor,
            expires_at=event.expires_at,
            is_active=True,
            revoked_at=None,
            version=recorded.version,
            digest=event.digest,
        ),
    )


@api_keys.on(ApiKeyRevoked, touches=_itself)
def api_key_revoked(recorded: Recorded[ApiKeyRevoked], rows: Rows) -> None:
    """Show that the key was taken back, and when."""
    api_key = _changed_key(recorded, rows)
    api_key.is_active = False
    api_key.revoked_at = recorded.event.timestamp


@api_keys.on(ApiKeySwitchedOff, touches=_itself)
def api_key_switched_off(recorded: Recorded[ApiKeySwitchedOff], rows: Rows) -> None:
    """Show that the key is out of use."""
    _changed_key(recorded, rows).is_active = False


@api_keys.on(ApiKeySwitchedOn, touches=_itself)
def api_key_switched_on(recorded: Recorded[ApiKeySwitchedOn], rows: Rows) -> None:
    """Show that the key is in use again."""
    _changed_key(recorded, rows).is_active = True


def _changed_key(recorded: Recorded[Any], rows: Rows) -> ApiKeyRow:
    api_key = rows.edit(API_KEYS, _key_id(recorded))
    api_key.version = recorded.version
    return api_key
