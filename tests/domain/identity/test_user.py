from collections.abc import Callable

import pytest

from domain.errors import InvalidFieldError
from domain.events import DomainEvent
from domain.identity.events import (
    UserDeactivated,
    UserEmailChanged,
    UserPasswordChanged,
    UserReactivated,
    UserRegistered,
    UserRolesChanged,
    UserState,
)
from domain.identity.fields import check_password
from domain.identity.roles import Role
from domain.identity.user import User, email_after
from domain.personal import Protection, protected_fields


def registered(*, roles: list[Role] | None = None, email: str | None = "ada@example.org") -> User:
    user = User.register("ada", email=email, password_hash="hash", roles=roles or [Role.USER])
    user.pending()
    return user


def given(*commands: Callable[[User], None]) -> User:
    user = registered()
    for command in commands:
        command(user)
    user.pending()
    return user


def then(user: User) -> list[DomainEvent]:
    return list(user.pending())


def test_registering_records_who_came_in() -> None:
    user = User.register(
        "ada", email="ada@example.org", password_hash="hash", roles=[Role.VIEWER, Role.AUTHOR]
    )
    [event] = then(user)
    assert isinstance(event, UserRegistered)
    assert event.originator_id == "user-ada"
    assert event.email == "ada@example.org"
    assert event.roles == [Role.AUTHOR, Role.VIEWER]
    assert user.key == "ada"
    assert user.state.is_active


@pytest.mark.parametrize("username", ["a", "x" * 255, "ada.lovelace@example.org", "A-1_b"])
def test_a_sane_username_is_taken(username: str) -> None:
    user = User.register(username, email=None, password_hash="hash", roles=[Role.USER])
    assert user.key == username


@pytest.mark.parametrize(
    "username", ["", "x" * 256, "a/b", "a b", "a\x00", "a\n", "ada\n", "ädä", "a%b"]
)
def test_a_username_that_could_not_name_a_stream_is_refused(username: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        User.register(username, email=None, password_hash="hash", roles=[Role.USER])
    assert refusal.value.field == "username"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "a@b@c.org",
        "a b@c.org",
        "a@c..org",
        "a\x00@c.org",
        "a@" + "c" * 250 + ".org",
    ],
)
def test_a_malformed_email_is_refused(email: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        registered(email=email)
    assert refusal.value.field == "email"
    with pytest.raises(InvalidFieldError):
        registered().change_email(email)


def test_a_user_without_roles_is_refused() -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        User.register("ada", email=None, password_hash="hash", roles=[])
    assert refusal.value.field == "roles"
    with pytest.raises(InvalidFieldError):
        registered().change_roles([])


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_too_short_or_too_long_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        check_password(password)
    assert refusal.value.field == "password"
    assert not password or password not in str(refusal.value)


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "пароль-сложный"])
def test_a_password_of_eight_characters_will_do(password: str) -> None:
    check_password(password)


def test_changing_the_email_records_it_and_keeps_it_out_of_the_cached_state() -> None:
    user = registered()
    user.change_email("countess@example.org")
    [event] = then(user)
    assert isinstance(event, UserEmailChanged)
    assert "countess" not in repr(user.state)
    assert user.state.credential_generation == 1


def test_the_last_email_is_the_one() -> None:
    user = User.register("ada", email="a@example.org", password_hash="hash", roles=[Role.USER])
    user.change_email("b@example.org")
    events = then(user)
    assert email_after(events[:1]) == "a@example.org"
    assert email_after(events) == "b@example.org"
    assert email_after([]) is None


def test_changing_the_password_invalidates_tokens() -> None:
    user = registered()
    user.change_password("other hash")
    [event] = then(user)
    assert isinstance(event, UserPasswordChanged)
    assert user.state.password_hash == "other hash"
    assert user.state.credential_generation == 2


def test_changing_the_roles_invalidates_tokens() -> None:
    user = registered(roles=[Role.USER])
    user.change_roles([Role.EDITOR, Role.AUTHOR, Role.EDITOR])
    [event] = then(user)
    assert isinstance(event, UserRolesChanged)
    assert event.roles == [Role.AUTHOR, Role.EDITOR]
    assert user.state.roles == {Role.AUTHOR, Role.EDITOR}
    assert user.state.credential_generation == 2


def test_giving_the_same_roles_records_nothing() -> None:
    user = registered(roles=[Role.USER, Role.VIEWER])
    user.change_roles([Role.VIEWER, Role.USER])
    assert then(user) == []
    assert user.state.credential_generation == 1


def test_deactivating_invalidates_tokens_for_good() -> None:
    user = registered()
    user.deactivate()
    user.reactivate()
    assert [type(event) for event in then(user)] == [UserDeactivated, UserReactivated]
    assert user.state.is_active
    assert user.state.credential_generation == 2


def test_deactivating_twice_records_once() -> None:
    user = given(User.deactivate)
    user.deactivate()
    assert then(user) == []
    assert not user.state.is_active


def test_reactivating_an_active_user_records_nothing() -> None:
    user = registered()
    user.reactivate()
    assert then(user) == []


def test_email_is_personal_and_the_hash_secret() -> None:
    assert protected_fields(UserRegistered) == {
        "email": Protection.PERSONAL,
        "password_hash": Protection.SECRET,
    }
    assert protected_fields(UserEmailChanged) == {"email": Protection.PERSONAL}
    assert protected_fields(UserPasswordChanged) == {"password_hash": Protection.SECRET}
    assert protected_fields(UserState) == {"password_hash": Protection.SECRET}
