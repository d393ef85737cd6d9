import asyncio

import msgspec
import psycopg
import pytest

from application.identity.commands import LogIn
from application.identity.handlers import log_in
from domain.errors import InvalidFieldError
from domain.identity.full_key import is_full_key
from domain.identity.roles import Role
from infra.settings import Settings
from interfaces.composition import let_first_admin_in
from tests.application.identity.conftest import Start

pytestmark = pytest.mark.anyio

GIVEN_KEY = "pd_" + "operators-own-key_" * 2


async def test_the_first_start_makes_an_admin_and_a_key_that_let_in(
    database: str, settings: Settings, start: Start
) -> None:
    generated = await let_first_admin_in(settings, database)
    assert generated is not None
    assert generated.username == "admin"
    assert generated.password is not None
    assert generated.api_key is not None
    assert is_full_key(generated.api_key)
    async with start() as annals:
        command = LogIn(username="admin", password=generated.password, address="192.0.2.1")
        given = await log_in(
            annals.store, annals.passwords, annals.throttle, annals.tokens, command
        )
        for credential in (generated.api_key, given.token):
            principal = await annals.authenticator.authenticate(credential)
            assert principal.has(Role.ADMIN)


async def test_what_the_operator_gives_is_used_and_not_given_back(
    database: str, settings: Settings, start: Start
) -> None:
    settings = msgspec.structs.replace(
        settings,
        admin_username="root",
        admin_password="operators own password",
        admin_api_key=GIVEN_KEY,
    )
    generated = await let_first_admin_in(settings, database)
    assert generated is not None
    assert (generated.username, generated.password, generated.api_key) == ("root", None, None)
    async with start() as annals:
        assert (await annals.authenticator.authenticate(GIVEN_KEY)).has(Role.ADMIN)
        command = LogIn(username="root", password="operators own password", address="192.0.2.1")
        await log_in(annals.store, annals.passwords, annals.throttle, annals.tokens, command)


async def test_user_and_key_are_recorded_together(database: str, settings: Settings) -> None:
    await let_first_admin_in(settings, database)
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT topic, recorded_at, xmin::text FROM events ORDER BY notification_id"
        ).fetchall()
    assert [row[0] for row in rows] == ["UserRegistered", "ApiKeyCreated"]
    assert len({row[1:] for row in rows}) == 1


async def test_five_starts_at_once_make_one_admin(
    database: str, settings: Settings, start: Start
) -> None:
    outcomes = await asyncio.gather(*(let_first_admin_in(settings, database) for _ in range(5)))
    assert sum(outcome is not None for outcome in outcomes) == 1
    async with start() as annals:
        await annals.freshness.reach_head(["users", "api_keys"])
        assert len(await annals.identity.list_users()) == 1
        assert (await annals.identity.list_api_keys(1, 10)).total == 1


async def test_a_later_start_does_nothing_even_under_another_name(
    database: str, settings: Settings
) -> None:
    assert await let_first_admin_in(settings, database) is not None
    assert await let_first_admin_in(settings, database) is None
    renamed = msgspec.structs.replace(settings, admin_username="root")
    assert await let_first_admin_in(renamed, database) is None


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("username", {"admin_username": "not a name"}),
        ("password", {"admin_password": "short"}),
        ("api_key", {"admin_api_key": "pd_short"}),
    ],
)
async def test_what_the_operator_gives_must_be_well_formed(
    database: str, settings: Settings, field: str, given: dict[str, str]
) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        await let_first_admin_in(msgspec.structs.replace(settings, **given), database)
    assert refusal.value.field == field
