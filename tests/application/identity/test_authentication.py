from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

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
    CreatedApiKey,
    change_user,
    create_api_key,
    register_user,
    revoke_api_key,
    toggle_api_key,
)
from application.identity.principal import Principal
from application.metadata import by_system
from domain.identity.roles import Role
from domain.identity.user import User
from infra.identity.tokens import kept_secret
from infra.settings import Settings
from interfaces.services import Services
from tests.application.identity.conftest import Start

pytestmark = pytest.mark.anyio

METADATA = by_system("test")
INVALID_KEY = "Invalid or expired API key"


async def hand_out(
    annals: Services, *, role: Role = Role.USER, expires_at: datetime | None = None
) -> CreatedApiKey:
    command = CreateApiKey(name="client", role=role, expires_at=expires_at)
    return await create_api_key(annals.store, annals.identifiers, command, METADATA, {})


async def revoke(annals: Services, created: CreatedApiKey) -> None:
    await revoke_api_key(annals.store, RevokeApiKey(key_id=key_id(created)), METADATA, {})


async def toggle(annals: Services, created: CreatedApiKey) -> None:
    await toggle_api_key(annals.store, ToggleApiKey(key_id=key_id(created)), METADATA, {})


def key_id(created: CreatedApiKey) -> int:
    return int(created.api_key.key)


async def register(annals: Services) -> None:
    command = RegisterUser(
        username="ada", password="correct horse", email=None, roles=[Role.USER, Role.AUTHOR]
    )
    await register_user(annals.store, annals.passwords, command, METADATA, {})


async def change(annals: Services, **changes: Any) -> None:
    command = ChangeUser(username="ada", **changes)
    await change_user(annals.store, annals.passwords, command, METADATA, {})


async def issue(annals: Services) -> str:
    user = await annals.store.load(User, "ada")
    return annals.tokens.issue(
        "ada",
        roles=user.state.roles,
        credential_generation=user.state.credential_generation,
    ).token


async def refused(annals: Services, credential: str) -> str:
    with pytest.raises(NotAuthenticatedError) as refusal:
        await annals.authenticator.authenticate(credential)
    return str(refusal.value)


async def test_an_api_key_is_its_principal(annals: Services) -> None:
    created = await hand_out(annals)
    principal = await annals.authenticator.authenticate(created.full_key)
    assert principal == Principal(
        kind="api_key",
        name="client",
        key_id=key_id(created),
        roles=frozenset({Role.USER}),
        stream_id=created.api_key.id,
        stream_version=1,
    )
    assert principal.actor == f"api_key:{key_id(created)}"


async def test_an_admin_key_may_do_what_a_user_key_may_not(annals: Services) -> None:
    user = await annals.authenticator.authenticate((await hand_out(annals)).full_key)
    admin = await annals.authenticator.authenticate(
        (await hand_out(annals, role=Role.ADMIN)).full_key
    )
    admin.require(Role.ADMIN)
    assert admin.has(Role.WORKFLOW_MANAGER)
    assert not user.has(Role.ADMIN)
    with pytest.raises(ForbiddenError):
        user.require(Role.ADMIN)


@pytest.mark.parametrize(
    "credential", ["pd_", "pd_short", "pd_" + "x" * 43, "pd_" + "ä" * 40, "pd_" + "x" * 40 + "\x00"]
)
async def test_an_unknown_key_is_refused(annals: Services, credential: str) -> None:
    assert await refused(annals, credential) == INVALID_KEY


async def test_a_key_is_known_in_another_process_as_soon_as_it_is_handed_out(
    annals: Services, start: Start
) -> None:
    async with start() as other:
        for _ in range(5):
            created = await hand_out(annals)
            principal = await other.authenticator.authenticate(created.full_key)
            assert principal.key_id == key_id(created)


async def test_a_revocation_holds_in_another_process_at_once(
    annals: Services, start: Start
) -> None:
    async with start() as other:
        for _ in range(5):
            created = await hand_out(annals)
            await other.authenticator.authenticate(created.full_key)
            await revoke(annals, created)
            assert await refused(other, created.full_key) == INVALID_KEY
            assert await refused(annals, created.full_key) == INVALID_KEY


async def test_no_request_that_begins_after_a_revocation_gets_in(
    annals: Services, start: Start
) -> None:
    """Many requests are under way while the key is revoked; none may slip in behind it."""
    created = await hand_out(annals)
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

    async with start() as other, anyio.create_task_group() as tasks:
        for process in (annals, other):
            for _ in range(10):
                tasks.start_soon(hammer, process)
        await anyio.sleep(0.05)
        await revoke(annals, created)
        revoked.set()
    assert let_in_too_late == 0


async def test_a_command_whose_principal_is_revoked_before_it_is_recorded_is_refused(
    annals: Services,
) -> None:
    created = await hand_out(annals, role=Role.ADMIN)
    principal = await annals.authenticator.authenticate(created.full_key)
    await revoke(annals, created)
    with pytest.raises(ConflictError):
        await create_api_key(
            annals.store,
            annals.identifiers,
            CreateApiKey(name="too late"),
            METADATA,
            principal.unmoved,
        )


async def test_a_key_that_was_revoked_cannot_switch_itself(annals: Services) -> None:
    created = await hand_out(annals, role=Role.ADMIN)
    principal = await annals.authenticator.authenticate(created.full_key)
    await toggle(annals, created)
    with pytest.raises(ConflictError):
        await toggle_api_key(
            annals.store, ToggleApiKey(key_id=key_id(created)), METADATA, principal.unmoved
        )
    assert await refused(annals, created.full_key) == INVALID_KEY


async def test_a_key_holds_only_while_it_is_on(annals: Services, start: Start) -> None:
    created = await hand_out(annals)
    async with start() as other:
        await other.authenticator.authenticate(created.full_key)
        await toggle(annals, created)
        assert await refused(other, created.full_key) == INVALID_KEY
        await toggle(annals, created)
        principal = await other.authenticator.authenticate(created.full_key)
        assert principal.stream_version == 3


async def test_a_key_expires(annals: Services) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=0.5)
    created = await hand_out(annals, expires_at=expires_at)
    await annals.authenticator.authenticate(created.full_key)
    await anyio.sleep((expires_at - datetime.now(UTC)).total_seconds())
    assert await refused(annals, created.full_key) == INVALID_KEY


async def test_a_token_is_its_user(annals: Services) -> None:
    await register(annals)
    principal = await annals.authenticator.authenticate(await issue(annals))
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
    annals: Services, start: Start, changes: dict[str, Any]
) -> None:
    await register(annals)
    async with start() as other:
        before = await issue(annals)
        await other.authenticator.authenticate(before)
        await change(annals, **changes)
        assert await refused(other, before) == "Invalid token"
        await change(annals, is_active=True)
        assert await refused(other, before) == "Invalid token"
        principal = await other.authenticator.authenticate(await issue(annals))
        assert principal.roles == frozenset(changes.get("roles", [Role.USER, Role.AUTHOR]))


async def test_a_new_email_invalidates_no_token(annals: Services) -> None:
    await register(annals)
    token = await issue(annals)
    await change(annals, email="ada@example.org")
    await annals.authenticator.authenticate(token)


def signed(secret: str, algorithm: str = "HS256", **claims: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    given = {"sub": "ada", "roles": ["admin"], "iat": now, "exp": now + 60, "jti": "1-x"} | claims
    return jwt.encode(
        {name: value for name, value in given.items() if value is not None},
        secret,
        algorithm=algorithm,
    )


Forge = Callable[[str], str]


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (lambda _: "", "Invalid token"),
        (lambda _: "no.such.token", "Invalid token"),
        (lambda _: signed("somebody else's secret, long enough"), "Invalid token"),
        (lambda _: signed("", algorithm="none"), "Invalid token"),
        (lambda secret: signed(secret * 2, algorithm="HS512"), "Invalid token"),
        (lambda secret: signed(secret, sub="nobody"), "Invalid token"),
        (lambda secret: signed(secret, sub="a\x00b"), "Invalid token"),
        (lambda secret: signed(secret, sub=None), "Invalid token"),
        (lambda secret: signed(secret, jti=None), "Invalid token"),
        (lambda secret: signed(secret, exp=None), "Invalid token"),
        (lambda secret: signed(secret, jti="x"), "Invalid token"),
        (lambda secret: signed(secret, jti="2-x"), "Invalid token"),
        (lambda secret: signed(secret, exp=1), "Token expired"),
    ],
)
async def test_a_token_that_is_not_ours_is_refused(
    annals: Services, settings: Settings, forge: Forge, message: str
) -> None:
    await register(annals)
    secret = kept_secret(settings.annals_home / "jwt.key")
    assert await refused(annals, forge(secret)) == message


async def test_the_roles_of_a_token_are_not_believed(annals: Services, settings: Settings) -> None:
    await register(annals)
    secret = kept_secret(settings.annals_home / "jwt.key")
    principal = await annals.authenticator.authenticate(signed(secret, roles=["admin"]))
    assert principal.roles == {Role.USER, Role.AUTHOR}


async def test_api_keys_are_listed_newest_first_with_their_exact_number(annals: Services) -> None:
    ids = [key_id(await hand_out(annals)) for _ in range(3)]
    await annals.freshness.reach_head(["api_keys"])
    page = await annals.identity.list_api_keys(1, 2)
    assert [entry.id for entry in page.items] == [ids[2], ids[1]]
    assert page.total == 3
    last = await annals.identity.list_api_keys(2, 2)
    assert [entry.id for entry in last.items] == [ids[0]]
    beyond = await annals.identity.list_api_keys(3, 2)
    assert (beyond.items, beyond.total) == ([], 3)


async def test_an_api_key_is_shown_with_what_became_of_it(annals: Services) -> None:
    created = await hand_out(annals, role=Role.ADMIN)
    await revoke(annals, created)
    await annals.freshness.reach_head(["api_keys"])
    entry = await annals.identity.get_api_key(key_id(created))
    assert entry is not None
    assert (entry.name, entry.role, entry.created_by) == ("client", "admin", "system")
    assert entry.key_prefix == created.full_key[:8]
    assert not entry.is_active
    assert entry.revoked_at is not None
    assert entry.version == 2
    assert await annals.identity.get_api_key(key_id(created) + 1) is None
