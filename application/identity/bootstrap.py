"""The first start on an empty store: one admin user and one admin API key (contract section 1)."""

import secrets

import msgspec

from application.errors import AlreadyExistsError
from application.identity.ports import PasswordHasher, UserRegister
from application.ports import EventStore, Identifiers
from domain.errors import InvalidFieldError
from domain.events import Metadata
from domain.identity.api_key import ApiKey
from domain.identity.fields import check_password
from domain.identity.full_key import generate_full_key, is_full_key
from domain.identity.roles import Role
from domain.identity.user import User

PASSWORD_BYTES = 18


class FirstAdmin(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator gives for the first admin; None is to be generated."""

    username: str
    password: str | None = None
    api_key: str | None = None


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What the first start made up, to be shown once; None was given by the operator."""

    username: str
    password: str | None
    api_key: str | None


async def bootstrap(
    store: EventStore,
    register: UserRegister,
    identifiers: Identifiers,
    passwords: PasswordHasher,
    *,
    first: FirstAdmin,
    metadata: Metadata,
) -> Generated | None:
    """Let the first admin in, unless a user was ever registered; None if nothing was to be done.

    User and key are recorded together or not at all, and of several processes that start at once
    one does it: the others find the user's stream begun. Raises InvalidFieldError if what the
    operator gives is malformed.
    """
    if await register.has_users():
        return None
    password = first.password or secrets.token_urlsafe(PASSWORD_BYTES)
    full_key = first.api_key or generate_full_key()
    check_password(password)
    if not is_full_key(full_key):
        raise InvalidFieldError("api_key", "must be pd_ and 32 or more letters, digits, - or _")
    user = User.register(
        first.username,
        email=None,
        password_hash=await passwords.hash(password),
        roles=[Role.ADMIN],
    )
    [key_id] = await identifiers.allocate("api_key_ids")
    api_key = ApiKey.create(
        key_id,
        full_key,
        name="Initial Admin Key",
        description="Bootstrap admin key for initial setup",
        role=Role.ADMIN,
        expires_at=None,
    )
    try:
        await store.save(user, api_key, metadata=metadata)
    except AlreadyExistsError:
        return None
    return Generated(
        username=first.username,
        password=None if first.password else password,
        api_key=None if first.api_key else full_key,
    )
