import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import anyio
import jwt
import pytest

from application.errors import ConflictError, ForbiddenError, NotAuthenticatedError
from application.identity.commands import (
    ChangeUser,
    CreateApiKey,
    RegisterUser,
    RevokeApiKey,
    ToggleApiKey,
)
from application.identity.handlers import (
    change_user,
    create_api_key,
    register_user,
    revoke_api_key,
    toggle_api_key,
)
from application.identity.principal import Principal
from application.metadata import by_system
from domain.identity.api_key import ApiKey
from domain.identity.full_key import derive_full_key
from domain.identity.roles import Role
from domain.identity.user import User
from infra.settings import Settings
from interfaces.services import Services

pytestmark = pytest.mark.anyio

METADATA = by_system("test")
INVALID_KEY = "Invalid or expired API key"


class CreatedApiKey(NamedTuple):
    api_key: ApiKey
    full_key: str


async def hand_out(
    services: Services, *, role: Role = Role.USER, expires_at: datetime | None = None
) -> CreatedApiKey:
    seed = secrets.token_bytes(32)
    command = CreateApiKey(name="client", seed=seed, role=role, expires_at=expires_at)
    api_key, _ = await create_api_key(services.store, services.identifiers, command, METADATA, {})
    return CreatedApiKey(api_key, derive_full_key(seed, int(api_key.key)))


async def revoke(services: Services, created: CreatedApiKey) -> None:
    await revoke_api_key(services.store, RevokeApiKey(key_id=key_id(created)), METADATA, {})


async def toggle(services: Services, created: CreatedApiKey) -> None:
    await toggle_api_key(services.store, ToggleApiKey(key_id=key_id(created)), METADATA, {})


def key_id(created: CreatedApiKey) -> int:
    return int(created.api_key.key)


async def register(services: Services) -> None:
    command = RegisterUser(
        username="ada", password="correct horse", email=None, roles=[Role.USER, Role.AUTHOR]
    )
    await register_user(services.store, services.passwords, command, METADATA, {})


async def change(services: Services, **changes: Any) -> None:
    command = ChangeUser(username="ada", **changes)
    await change_user(services.store, services.passwords, command, METADATA, {})


async def issue(services: Services) -> str:
    user = await services.store.load(User, "ada")
    return services.tokens.issue(
        "ada",
        roles=user.state.roles,
        credential_generation=user.state.credential_generation,
    ).token


async def refused(services: Services, credential: str) -> str:
    with pytest.raises(NotAuthenticatedError) as refusal:
        await services.authenticator.authenticate(credential)
    return str(refusal.value)


async def test_an_api_key_is_its_principal(services: Services) -> None:
    created = await hand_out(services)
    principal = await services.authenticator.authenticate(created.full_key)
    assert principal == Principal(
        kind="api_key",
        name="client",
        key_id=key_id(created),
        roles=frozenset({Role.USER}),
        stream_id=created.api_key.id,
        stream_version=1,
    )
    assert principal.actor == f"api_key:{key_id(created)}"


async def test_an_admin_key_may_do_what_a_user_key_may_not(services: Services) -> None:
    user = await services.authenticator.authenticate((await hand_out(services)).full_key)
    admin = await services.authenticator.authenticate(
        (await hand_out(services, role=Role.ADMIN)).full_key
    )
    admin.require(Role.ADMIN)
    assert admin.has(Role.WORKFLOW_MANAGER)
    assert not user.has(Role.ADMIN)
    with pytest.raises(ForbiddenError):
        user.require(Role.ADMIN)


async def test_an_unknown_key_is_refused(services: Services) -> None:
    await hand_out(services)
    for beyond in ("", "short", "x" * 43, "ä" * 40, "x" * 40 + "\x00"):
        assert await refused(services, f"pd_{beyond}") == INVALID_KEY


async def test_a_key_is_known_in_another_process_as_soon_as_it_is_handed_out(
    services: Services, others: Services
) -> None:
    for _ in range(5):
        created = await hand_out(services)
        principal = await others.authenticator.authenticate(created.full_key)
        assert principal.key_id == key_id(created)


async def test_a_revocation_holds_in_another_process_at_once(
    services: Services, others: Services
) -> None:
    for _ in range(5):
        created = await hand_out(services)
        await others.authenticator.authenticate(created.full_key)
        await revoke(services, created)
        assert await refused(others, created.full_key) == INVALID_KEY
        assert await refused(services, created.full_key) == INVALID_KEY


async def test_no_request_that_begins_after_a_revocation_gets_in(
    services: Services, others: Services
) -> None:
    """Many requests are under way while the key is revoked; none may slip in behind it."""
    created = await hand_out(services)
    revoked = anyio.Event()
    let_in_too_late = 0

    async def hammer(process: Services) -> None:
        nonlocal let_in_too_late
        while True:
            too_late = revoked.is_set()
            try:
                await process.authenticator.authenticate(created.full_key)
            except NotAuthenticatedError:
                return
            let_in_too_late += too_late

    async with anyio.create_task_group() as tasks:
        for process in (services, others):
            for _ in range(10):
                tasks.start_soon(hammer, process)
        await anyio.sleep(0.05)
        await revoke(services, created)
        revoked.set()
    assert let_in_too_late == 0


async def test_a_command_whose_principal_is_revoked_before_it_is_recorded_is_refused(
    services: Services,
) -> None:
    created = await hand_out(services, role=Role.ADMIN)
    principal = await services.authenticator.authenticate(created.full_key)
    await revoke(services, created)
    with pytest.raises(ConflictError):
        await create_api_key(
            services.store,
            services.identifiers,
            CreateApiKey(name="too late", seed=b"seed"),
            METADATA,
            principal.unmoved,
        )


async def test_a_key_that_was_revoked_cannot_switch_itself(services: Services) -> None:
    created = await hand_out(services, role=Role.ADMIN)
    principal = await services.authenticator.authenticate(created.full_key)
    await toggle(services, created)
    with pytest.raises(ConflictError):
        await toggle_api_key(
            services.store, ToggleApiKey(key_id=key_id(created)), METADATA, principal.unmoved
        )
    assert await refused(services, created.full_key) == INVALID_KEY


async def test_a_key_holds_only_while_it_is_on(services: Services, others: Services) -> None:
    created = await hand_out(services)
    await others.authenticator.authenticate(created.full_key)
    await toggle(services, created)
    assert await refused(others, created.full_key) == INVALID_KEY
    await toggle(services, created)
    principal = await others.authenticator.authenticate(created.full_key)
    assert principal.stream_version == 3


async def test_a_key_expires(services: Services) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=3)
    created = await hand_out(services, expires_at=expires_at)
    await services.authenticator.authenticate(created.full_key)
    await anyio.sleep((expires_at - datetime.now(UTC)).total_seconds())
    assert await refused(services, created.full_key) == INVALID_KEY


async def test_a_token_is_its_user(services: Services) -> None:
    await register(services)
    principal = await services.authenticator.authenticate(await issue(services))
    assert principal == Principal(
        kind="user",
        name="ada",
        key_id=None,
        roles=frozenset({Role.USER, Role.AUTHOR}),
        stream_id="user-ada",
        stream_version=1,
    )
    assert principal.actor == "user:ada"


@pytest.mark.parametrize(
    "changes",
    [{"roles": [Role.VIEWER]}, {"password": "staple battery"}, {"is_active": False}],
    ids=["roles", "password", "deactivation"],
)
async def test_a_token_of_before_a_change_is_refused_and_one_of_after_holds(
    services: Services, others: Services, changes: dict[str, Any]
) -> None:
    await register(services)
    before = await issue(services)
    await others.authenticator.authenticate(before)
    await change(services, **changes)
    assert await refused(others, before) == "Invalid token"
    await change(services, is_active=True)
    assert await refused(others, before) == "Invalid token"
    principal = await others.authenticator.authenticate(await issue(services))
    assert principal.roles == frozenset(changes.get("roles", [Role.USER, Role.AUTHOR]))


async def test_a_new_email_invalidates_no_token(services: Services) -> None:
    await register(services)
    token = await issue(services)
    await change(services, email="ada@example.org")
    await services.authenticator.authenticate(token)


def signed(secret: str, algorithm: str = "HS256", **claims: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    given = {"sub": "ada", "roles": ["admin"], "iat": now, "exp": now + 60, "jti": "1-x"} | claims
    return jwt.encode(
        {name: value for name, value in given.items() if value is not None},
        secret,
        algorithm=algorithm,
    )


async def test_a_token_that_is_not_ours_is_refused(services: Services, settings: Settings) -> None:
    await register(services)
    secret = settings.jwt_secret_key
    assert secret is not None
    for token in (
        "",
        "no.such.token",
        signed("somebody else's secret, long enough"),
        signed("", algorithm="none"),
        signed(secret * 2, algorithm="HS512"),
        signed(secret, sub="nobody"),
        signed(secret, sub="a\x00b"),
        signed(secret, sub=None),
        signed(secret, jti=None),
        signed(secret, jti="x"),
        signed(secret, jti="2-x"),
        signed(secret, exp=None),
    ):
        assert await refused(services, token) == "Invalid token"
    assert await refused(services, signed(secret, exp=1)) == "Token expired"


async def test_the_roles_of_a_token_are_not_believed(
    services: Services, settings: Settings
) -> None:
    await register(services)
    secret = settings.jwt_secret_key
    assert secret is not None
    principal = await services.authenticator.authenticate(signed(secret, roles=["admin"]))
    assert principal.roles == {Role.USER, Role.AUTHOR}


async def test_api_keys_are_listed_newest_first_with_their_exact_number(services: Services) -> None:
    ids = [key_id(await hand_out(services)) for _ in range(3)]
    await services.freshness.reach_head(["api_keys"])
    page = await services.identity.list_api_keys(1, 2)
    assert [entry.id for entry in page.items] == [ids[2], ids[1]]
    assert page.total == 3
    last = await services.identity.list_api_keys(2, 2)
    assert [entry.id for entry in last.items] == [ids[0]]
    beyond = await services.identity.list_api_keys(3, 2)
    assert (beyond.items, beyond.total) == ([], 3)


async def test_an_api_key_is_shown_with_what_became_of_it(services: Services) -> None:
    created = await hand_out(services, role=Role.ADMIN)
    await revoke(services, created)
    await services.freshness.reach_head(["api_keys"])
    entry = await services.identity.get_api_key(key_id(created))
    assert entry is not None
    assert (entry.name, entry.role, entry.created_by) == ("client", "admin", "system")
    assert entry.key_prefix == created.full_key[:8]
    assert not entry.is_active
    assert entry.revoked_at is not None
    assert entry.version == 2
    assert await services.identity.get_api_key(key_id(created) + 1) is None
