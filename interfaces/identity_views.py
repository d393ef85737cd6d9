"""Users and API keys as they are shown, over HTTP and in the terminal alike."""

from datetime import datetime

import msgspec

from application.ports import EventStore
from domain.identity.api_key import ApiKey
from domain.identity.full_key import derive_full_key
from domain.identity.user import User, email_after
from projections.identity.api_keys import ApiKeyEntry
from projections.identity.users import UserRow


class UserView(msgspec.Struct, frozen=True):
    """A user, as it is shown."""

    username: str
    email: str | None
    roles: list[str]
    is_active: bool


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, as it is shown: never with the key itself."""

    id: int
    name: str
    description: str | None
    role: str
    key_prefix: str
    created_at: datetime
    expires_at: datetime | None
    is_active: bool
    revoked_at: datetime | None


class CreatedApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key. The ``key`` is shown this once."""

    id: int
    name: str
    description: str | None
    role: str
    key_prefix: str
    key: str
    created_at: datetime
    expires_at: datetime | None
    is_active: bool


def user_view(row: UserRow) -> UserView:
    """Show a user of the read model."""
    return UserView(row.username, row.email, sorted(row.roles), row.is_active)


async def recorded_user_view(store: EventStore, user: User) -> UserView:
    """Show a user as a command has left them."""
    history = await store.history(user.id)
    email = email_after(recorded.event for recorded in history if recorded.version <= user.version)
    return UserView(user.key, email, sorted(user.state.roles), user.state.is_active)


def api_key_view(entry: ApiKeyEntry) -> ApiKeyView:
    """Show an API key of the read model."""
    return ApiKeyView(
        id=entry.id,
        name=entry.name,
        description=entry.description,
        role=entry.role,
        key_prefix=entry.key_prefix,
        created_at=entry.created_at,
        expires_at=entry.expires_at,
        is_active=entry.is_active,
        revoked_at=entry.revoked_at,
    )


def recorded_api_key_view(api_key: ApiKey) -> ApiKeyView:
    """Show an API key as a command has left it."""
    state = api_key.state
    return ApiKeyView(
        id=int(api_key.key),
        name=state.name,
        description=state.description,
        role=state.role,
        key_prefix=state.key_prefix,
        created_at=api_key.created_on,
        expires_at=state.expires_at,
        is_active=api_key.is_active,
        revoked_at=state.revoked_at,
    )


def created_api_key_view(api_key: ApiKey, seed: bytes) -> CreatedApiKeyView:
    """Show a new API key, with the key itself."""
    state = api_key.state
    return CreatedApiKeyView(
        id=int(api_key.key),
        name=state.name,
        description=state.description,
        role=state.role,
        key_prefix=state.key_prefix,
        key=derive_full_key(seed, int(api_key.key)),
        created_at=api_key.created_on,
        expires_at=state.expires_at,
        is_active=api_key.is_active,
    )
