import asyncio
from collections.abc import Iterator

import msgspec
import psycopg
import pytest

from application.identity.commands import LogIn
from application.identity.handlers import log_in
from domain.errors import InvalidFieldError
from domain.identity.full_key import is_full_key
from domain.identity.roles import Role
from infra.settings import Settings
from interfaces.composition import compose, let_first_admin_in, open_database

pytestmark = pytest.mark.anyio

GIVEN_KEY = "pd_" + "operators-own-key_" * 2


@pytest.fixture
def opened(settings: Settings) -> Iterator[str]:
    with open_database(settings) as conninfo:
        yield conninfo


async def test_the_first_start_makes_an_admin_and_a_key_that_let_in(
    opened: str, settings: Settings
) -> None:
    generated = await let_first_admin_in(settings, opened)
    assert generated is not None
    assert generated.username == "admin"
    assert generated.password is not None
    assert generated.api_key is not None
    assert is_full_key(generated.api_key)
    async with compose(settings, opened) as services:
        command = LogIn(username="admin", password=generated.password, address="192.0.2.1")
        given = await log_in(
            services.store, services.passwords, services.throttle, services.tokens, command
        )
        for credential in (generated.api_key, given.token):
            principal = await services.authenticator.authenticate(credential)
            assert principal.has(Role.ADMIN)


async def test_what_the_operator_gives_is_used_and_not_given_back(
    opened: str, settings: Settings
) -> None:
    settings = msgspec.structs.replace(
        settings,
        admin_username="root",
        admin_password="operators own password",
        admin_api_key=GIVEN_KEY,
    )
    generated = await let_first_admin_in(settings, opened)
    assert generated is not None
    assert (generated.username, generated.password, generated.api_key) == ("root", None, None)
    async with compose(settings, opened) as services:
        assert (await services.authenticator.authenticate(GIVEN_KEY)).has(Role.ADMIN)
        command = LogIn(username="root", password="operators own password", address="192.0.2.1")
        await log_in(
            services.store, services.passwords, services.throttle, services.tokens, command
        )


async def test_user_and_key_are_recorded_together(opened: str, settings: Settings) -> None:
    await let_first_admin_in(settings, opened)
    with psycopg.connect(opened) as connection:
        rows = connection.execute(
            "SELECT topic, recorded_at, xmin::text FROM events ORDER BY notification_id"
        ).fetchall()
    assert [row[0] for row in rows] == ["UserRegistered", "ApiKeyCreated"]
    assert len({row[1:] for row in rows}) == 1


async def test_five_starts_at_once_make_one_admin(opened: str, settings: Settings) -> None:
    outcomes = await asyncio.gather(*(let_first_admin_in(settings, opened) for _ in range(5)))
    assert sum(outcome is not None for outcome in outcomes) == 1
    async with compose(settings, opened) as services:
        await services.freshness.reach_head(["users", "api_keys"])
        assert len(await services.identity.list_users()) == 1
        assert (await services.identity.list_api_keys(1, 10)).total == 1


async def test_a_later_start_does_nothing_even_under_another_name(
    opened: str, settings: Settings
) -> None:
    assert await let_first_admin_in(settings, opened) is not None
    assert await let_first_admin_in(settings, opened) is None
    renamed = msgspec.structs.replace(settings, admin_username="root")
    assert await let_first_admin_in(renamed, opened) is None


async def test_what_the_operator_gives_must_be_well_formed(opened: str, settings: Settings) -> None:
    for field, given in (
        ("username", {"admin_username": "not a name"}),
        ("password", {"admin_password": "short"}),
        ("api_key", {"admin_api_key": "pd_short"}),
    ):
        with pytest.raises(InvalidFieldError) as refusal:
            await let_first_admin_in(msgspec.structs.replace(settings, **given), opened)
        assert refusal.value.field == field
