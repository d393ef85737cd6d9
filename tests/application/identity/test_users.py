import anyio
import psycopg
import pytest

from application.errors import AlreadyExistsError, ConflictError, NotFoundError
from application.identity.commands import ChangeUser, RegisterUser
from application.identity.handlers import change_user, register_user
from application.metadata import by_system
from domain.errors import InvalidFieldError
from domain.identity.roles import Role
from domain.identity.user import User
from interfaces.services import Services
from projections.identity.users import UserRow

pytestmark = pytest.mark.anyio

METADATA = by_system("test")
PASSWORD = "correct horse"


async def register(services: Services, username: str = "ada") -> User:
    command = RegisterUser(
        username=username, password=PASSWORD, email="ada@example.org", roles=[Role.USER]
    )
    user, _ = await register_user(services.store, services.passwords, command, METADATA, {})
    return user


async def change(services: Services, command: ChangeUser) -> tuple[User, int]:
    return await change_user(services.store, services.passwords, command, METADATA, {})


async def shown(services: Services, username: str = "ada") -> UserRow:
    await services.freshness.reach_head(["users"])
    row = await services.identity.get_user(username)
    assert row is not None
    return row


async def test_a_registered_user_is_shown(services: Services) -> None:
    await register(services)
    row = await shown(services)
    assert row.email == "ada@example.org"
    assert row.roles == ["user"]
    assert row.is_active
    assert row.version == 1
    assert row.created_at == row.updated_at


async def test_users_are_listed_by_name(services: Services) -> None:
    for username in ("cleo", "ada", "bob"):
        await register(services, username)
    await services.freshness.reach_head(["users"])
    assert [row.username for row in await services.identity.list_users()] == ["ada", "bob", "cleo"]
    assert await services.identity.get_user("nobody") is None


async def test_neither_email_nor_hash_stands_readable_in_the_log(
    services: Services, database: str
) -> None:
    user = await register(services)
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT payload::text FROM event_log").fetchall()
    payloads = " ".join(row[0] for row in rows)
    assert "ada@example.org" not in payloads
    assert user.state.password_hash not in payloads
    assert PASSWORD not in payloads


async def test_a_username_is_given_once(services: Services) -> None:
    await register(services)
    with pytest.raises(AlreadyExistsError):
        await register(services)


async def test_a_short_password_is_refused(services: Services) -> None:
    command = RegisterUser(username="ada", password="1234567", email=None, roles=[Role.USER])
    with pytest.raises(InvalidFieldError):
        await register_user(services.store, services.passwords, command, METADATA, {})


async def test_what_is_given_is_changed(services: Services) -> None:
    await register(services)
    user, _ = await change(
        services,
        ChangeUser(
            username="ada",
            email="countess@example.org",
            password="staple battery",
            roles=[Role.EDITOR],
            is_active=False,
        ),
    )
    row = await shown(services)
    assert row.email == "countess@example.org"
    assert row.roles == ["editor"]
    assert not row.is_active
    assert row.version == user.version == 5
    assert row.updated_at > row.created_at
    assert await services.passwords.verify(user.state.password_hash, "staple battery")


async def test_what_is_as_it_was_records_nothing(services: Services) -> None:
    await register(services)
    head = await services.freshness.reach_head([])
    unchanged = ChangeUser(
        username="ada",
        email="ada@example.org",
        password=PASSWORD,
        roles=[Role.USER],
        is_active=True,
    )
    for command in (unchanged, ChangeUser(username="ada")):
        user, position = await change(services, command)
        assert position == head
        assert user.version == 1


async def test_an_earlier_email_given_again_is_a_change(services: Services) -> None:
    await register(services)
    for email in ("countess@example.org", "ada@example.org", "ada@example.org"):
        await change(services, ChangeUser(username="ada", email=email))
    row = await shown(services)
    assert row.email == "ada@example.org"
    assert row.version == 3


async def test_an_unknown_user_cannot_be_changed(services: Services) -> None:
    for username in ("nobody", "", "a\x00b", "no/body"):
        with pytest.raises(NotFoundError):
            await change(services, ChangeUser(username=username, is_active=False))


async def test_a_malformed_field_records_nothing_at_all(services: Services) -> None:
    await register(services)
    for command in (
        ChangeUser(username="ada", roles=[Role.ADMIN], password="short"),
        ChangeUser(username="ada", roles=[Role.ADMIN], email="nowhere"),
        ChangeUser(username="ada", is_active=False, roles=[]),
    ):
        with pytest.raises(InvalidFieldError):
            await change(services, command)
    assert (await shown(services)).version == 1


async def test_changes_at_the_same_time_all_take_effect(services: Services) -> None:
    await register(services)
    async with anyio.create_task_group() as tasks:
        for command in (
            ChangeUser(username="ada", email="countess@example.org"),
            ChangeUser(username="ada", roles=[Role.EDITOR]),
            ChangeUser(username="ada", is_active=False),
        ):
            tasks.start_soon(change, services, command)
    row = await shown(services)
    assert (row.email, row.roles, row.is_active) == ("countess@example.org", ["editor"], False)


async def test_who_was_deactivated_meanwhile_cannot_reactivate_themselves(
    services: Services,
) -> None:
    user = await register(services)
    seen_when_authenticated = {user.id: user.version}
    await change(services, ChangeUser(username="ada", is_active=False))
    with pytest.raises(ConflictError):
        await change_user(
            services.store,
            services.passwords,
            ChangeUser(username="ada", is_active=True),
            METADATA,
            seen_when_authenticated,
        )
    assert not (await shown(services)).is_active
