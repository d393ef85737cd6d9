"""Registering and changing users, logging in, handing out and taking back API keys.

``unmoved`` is that of the principal who sends the command: if their credential is taken away
before the command is recorded, it is refused with a ConflictError.
"""

from collections.abc import Mapping

from application.errors import ConflictError, NotAuthenticatedError, NotFoundError
from application.identity.commands import (
    ChangeUser,
    CreateApiKey,
    LogIn,
    RegisterUser,
    RevokeApiKey,
    ToggleApiKey,
)
from application.identity.ports import AccessToken, LoginThrottle, PasswordHasher, Tokens
from application.ports import EventStore, Identifiers
from application.retries import retrying
from domain.aggregate import A
from domain.events import Metadata
from domain.identity.api_key import ApiKey
from domain.identity.fields import check_password, is_username
from domain.identity.full_key import derive_full_key
from domain.identity.user import User, email_after


async def register_user(
    store: EventStore,
    passwords: PasswordHasher,
    command: RegisterUser,
    metadata: Metadata,
    unmoved: Mapping[str, int],
) -> tuple[User, int]:
    """Let a user in; give them with the position of their event.

    Raises InvalidFieldError for a malformed field, AlreadyExistsError for a username in use.
    """
    check_password(command.password)
    user = User.register(
        command.username,
        email=command.email,
        password_hash=await passwords.hash(command.password),
        roles=command.roles,
    )
    return user, await store.save(user, metadata=metadata, unmoved=unmoved)


async def change_user(
    store: EventStore,
    passwords: PasswordHasher,
    command: ChangeUser,
    metadata: Metadata,
    unmoved: Mapping[str, int],
) -> tuple[User, int]:
    """Change what is given and other than it was; give the user with the position of the log.

    Raises InvalidFieldError for a malformed field, NotFoundError for an unknown user.
    """
    if not is_username(command.username):
        raise NotFoundError("User not found")
    if command.password is not None:
        check_password(command.password)

    async def attempt() -> tuple[User, int]:
        user = await _load(store, User, command.username, unmoved)
        if command.email is not None and command.email != await _email(store, user):
            user.change_email(command.email)
        if command.password is not None:
            await _change_password(passwords, user, command.password)
        if command.roles is not None:
            user.change_roles(command.roles)
        if command.is_active is not None:
            (user.reactivate if command.is_active else user.deactivate)()
        return user, await store.save(user, metadata=metadata, unmoved=unmoved)

    return await retrying(attempt)


async def create_api_key(
    store: EventStore,
    identifiers: Identifiers,
    command: CreateApiKey,
    metadata: Metadata,
    unmoved: Mapping[str, int],
) -> tuple[ApiKey, int]:
    """Hand out an API key; give it with the position of its event.

    Raises InvalidFieldError for a malformed field.
    """
    [key_id] = await identifiers.allocate("api_key_ids")
    api_key = ApiKey.create(
        key_id,
        derive_full_key(command.seed, key_id),
        name=command.name,
        description=command.description,
        role=command.role,
        expires_at=command.expires_at,
    )
    return api_key, await store.save(api_key, metadata=metadata, unmoved=unmoved)


async def revoke_api_key(
    store: EventStore, command: RevokeApiKey, metadata: Metadata, unmoved: Mapping[str, int]
) -> tuple[ApiKey, int]:
    """Take an API key back for good; give it with the position of the log.

    Raises NotFoundError for an unknown key.
    """

    async def attempt() -> tuple[ApiKey, int]:
        api_key = await _load(store, ApiKey, command.key_id, unmoved)
        api_key.revoke()
        return api_key, await store.save(api_key, metadata=metadata, unmoved=unmoved)

    return await retrying(attempt)


async def toggle_api_key(
    store: EventStore, command: ToggleApiKey, metadata: Metadata, unmoved: Mapping[str, int]
) -> tuple[ApiKey, int]:
    """Switch an API key off, or on again; give it with the position of its event.

    Raises NotFoundError for an unknown key, RuleViolatedError for a revoked one.
    """

    async def attempt() -> tuple[ApiKey, int]:
        api_key = await _load(store, ApiKey, command.key_id, unmoved)
        api_key.toggle()
        return api_key, await store.save(api_key, metadata=metadata, unmoved=unmoved)

    return await retrying(attempt)


async def log_in(
    store: EventStore,
    passwords: PasswordHasher,
    throttle: LoginThrottle,
    tokens: Tokens,
    command: LogIn,
) -> AccessToken:
    """Exchange a password for a token.

    Raises NotAuthenticatedError, in the same words and after the same time whatever was wrong;
    TooManyAttemptsError after five failures of the username from the address within a minute.
    """
    async with throttle.attempt(command.username, command.address):
        user = await _find_user(store, command.username)
        password_hash = user.state.password_hash if user is not None else None
        verified = await passwords.verify(password_hash, command.password)
        if user is None or not verified or not user.state.is_active:
            raise NotAuthenticatedError("Incorrect username or password")
    return tokens.issue(
        user.key,
        roles=user.state.roles,
        credential_generation=user.state.credential_generation,
    )


async def _load(store: EventStore, kind: type[A], key: int | str, unmoved: Mapping[str, int]) -> A:
    """Load what a principal changes, who may be changing themselves."""
    aggregate = await store.load(kind, key)
    if unmoved.get(aggregate.id, aggregate.version) != aggregate.version:
        raise ConflictError(aggregate.id)
    return aggregate


async def _find_user(store: EventStore, username: str) -> User | None:
    if not is_username(username):
        return None
    try:
        return await store.load(User, username)
    except NotFoundError:
        return None


async def _email(store: EventStore, user: User) -> str | None:
    return email_after(recorded.event for recorded in await store.history(user.id))


async def _change_password(passwords: PasswordHasher, user: User, password: str) -> None:
    if not await passwords.verify(user.state.password_hash, password):
        user.change_password(await passwords.hash(password))
