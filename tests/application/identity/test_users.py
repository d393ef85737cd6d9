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


async def register(annals: Services, username: str = "ada") -> User:
    command = RegisterUser(
        username=username, password=PASSWORD, email="ada@example.org", roles=[Role.USER]
    )
    user, _ = await register_user(annals.store, annals.passwords, command, METADATA, {})
    return user


async def change(annals: Services, command: ChangeUser) -> tuple[User, int]:
    return await change_user(annals.store, annals.passwords, command, METADATA, {})


async def shown(annals: Services, username: str = "ada") -> UserRow:
    await annals.freshness.reach_head(["users"])
    row = await annals.identity.get_user(username)
    assert row is not None
    return row


async def test_a_registered_user_is_shown(annals: Services) -> None:
    await register(annals)
    row = await shown(annals)
    assert row.email == "ada@example.org"
    assert row.roles == ["user"]
    assert row.is_active
    assert row.version == 1
    assert row.created_at == row.updated_at


async def test_users_are_listed_by_name(annals: Services) -> None:
    for username in ("cleo", "ada", "bob"):
        await register(annals, username)
    await annals.freshness.reach_head(["users"])
    assert [row.username for row in await annals.identity.list_users()] == ["ada", "bob", "cleo"]
    assert await annals.identity.get_user("nobody") is None


async def test_neither_email_nor_hash_stands_readable_in_the_log(
    annals: Services, database: str
) -> None:
    user = await register(annals)
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT payload::text FROM event_log").fetchall()
    payloads = " ".join(row[0] for row in rows)
    assert "ada@example.org" not in payloads
    assert user.state.password_hash not in payloads
    assert PASSWORD not in payloads


async def test_a_username_is_given_once(annals: Services) -> None:
    await register(annals)
    with pytest.raises(AlreadyExistsError):
        await register(annals)


async def test_a_short_password_is_refused(annals: Services) -> None:
    command = RegisterUser(username="ada", password="1234567", email=None, roles=[Role.USER])
    with pytest.raises(InvalidFieldError):
        await register_user(annals.store, annals.passwords, command, METADATA, {})


async def test_what_is_given_is_changed(annals: Services) -> None:
    await register(annals)
    user, _ = await change(
        annals,
        ChangeUser(
            username="ada",
            email="countess@example.org",
            password="staple battery",
            roles=[Role.EDITOR],
            is_active=False,
        ),
    )
    row = await shown(annals)
    assert row.email == "countess@example.org"
    assert row.roles == ["editor"]
    assert not row.is_active
    assert row.version == user.version == 5
    assert row.updated_at > row.created_at
    assert await annals.passwords.verify(user.state.password_hash, "staple battery")


async def test_what_is_as_it_was_records_nothing(annals: Services) -> None:
    await register(annals)
    head = await annals.freshness.reach_head([])
    unchanged = ChangeUser(
        username="ada",
        email="ada@example.org",
        password=PASSWORD,
        roles=[Role.USER],
        is_active=True,
    )
    for command in (unchanged, ChangeUser(username="ada")):
        user, position = await change(annals, command)
        assert position == head
        assert user.version == 1


async def test_an_earlier_email_given_again_is_a_change(annals: Services) -> None:
    await register(annals)
    for email in ("countess@example.org", "ada@example.org", "ada@example.org"):
        await change(annals, ChangeUser(username="ada", email=email))
    row = await shown(annals)
    assert row.email == "ada@example.org"
    assert row.version == 3


@pytest.mark.parametrize("username", ["nobody", "", "a\x00b", "no/body"])
async def test_an_unknown_user_cannot_be_changed(annals: Services, username: str) -> None:
    with pytest.raises(NotFoundError):
        await change(annals, ChangeUser(username=username, is_active=False))


async def test_a_malformed_field_records_nothing_at_all(annals: Services) -> None:
    await register(annals)
    for command in (
        ChangeUser(username="ada", roles=[Role.ADMIN], password="short"),
        ChangeUser(username="ada", roles=[Role.ADMIN], email="nowhere"),
        ChangeUser(username="ada", is_active=False, roles=[]),
    ):
        with pytest.raises(InvalidFieldError):
            await change(annals, command)
    assert (await shown(annals)).version == 1


async def test_changes_at_the_same_time_all_take_effect(annals: Services) -> None:
    await register(annals)
    async with anyio.create_task_group() as tasks:
        for command in (
            ChangeUser(username="ada", email="countess@example.org"),
            ChangeUser(username="ada", roles=[Role.EDITOR]),
            ChangeUser(username="ada", is_active=False),
        ):
            tasks.start_soon(change, annals, command)
    row = await shown(annals)
    assert (row.email, row.roles, row.is_active) == ("countess@example.org", ["editor"], False)


async def test_who_was_deactivated_meanwhile_cannot_reactivate_themselves(
    annals: Services,
) -> None:
    user = await register(annals)
    seen_when_authenticated = {user.id: user.version}
    await change(annals, ChangeUser(username="ada", is_active=False))
    with pytest.raises(ConflictError):
        await change_user(
            annals.store,
            annals.passwords,
            ChangeUser(username="ada", is_active=True),
            METADATA,
            seen_when_authenticated,
        )
    assert not (await shown(annals)).is_active
