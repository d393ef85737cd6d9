"""The read model of users."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from domain.identity.events import (
    UserDeactivated,
    UserEmailChanged,
    UserPasswordChanged,
    UserReactivated,
    UserRegistered,
    UserRolesChanged,
)
from projections.projection import Projection, Touched
from projections.table import Rows, Table


class UserRow(msgspec.Struct):
    """A user, as lists show them."""

    username: str
    email: str | None
    roles: list[str]
    is_active: bool
    created_at: datetime
    updated_at: datetime
    version: int


USERS = Table("users", UserRow, key="username")

users = Projection(
    "users", version=1, schema=Path(__file__).with_name("users_schema.sql"), tables=(USERS,)
)


def _username(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("user-")


def _themselves(recorded: Recorded[Any]) -> Touched:
    return [(USERS, _username(recorded))]


@users.on(UserRegistered)
def user_registered(recorded: Recorded[UserRegistered], rows: Rows) -> None:
    """List the user."""
    event = recorded.event
    rows.add(
        USERS,
        UserRow(
            username=_username(recorded),
            email=event.email,
            roles=list(event.roles),
            is_active=True,
            created_at=recorded.recorded_at,
            updated_at=recorded.recorded_at,
            version=recorded.version,
        ),
    )


@users.on(UserEmailChanged, touches=_themselves)
def user_email_changed(recorded: Recorded[UserEmailChanged], rows: Rows) -> None:
    """Show the new e-mail address."""
    _changed_user(recorded, rows).email = recorded.event.email


@users.on(UserPasswordChanged, touches=_themselves)
def user_password_changed(recorded: Recorded[UserPasswordChanged], rows: Rows) -> None:
    """Show when the user changed; nothing of the password."""
    _changed_user(recorded, rows)


@users.on(UserRolesChanged, touches=_themselves)
def user_roles_changed(recorded: Recorded[UserRolesChanged], rows: Rows) -> None:
    """Show the new roles."""
    _changed_user(recorded, rows).roles = list(recorded.event.roles)


@users.on(UserDeactivated, touches=_themselves)
def user_deactivated(recorded: Recorded[UserDeactivated], rows: Rows) -> None:
    """Show that the user is shut out."""
    _changed_user(recorded, rows).is_active = False


@users.on(UserReactivated, touches=_themselves)
def user_reactivated(recorded: Recorded[UserReactivated], rows: Rows) -> None:
    """Show that the user may come in again."""
    _changed_user(recorded, rows).is_active = True


def _changed_user(recorded: Recorded[Any], rows: Rows) -> UserRow:
    user = rows.edit(USERS, _username(recorded))
    user.updated_at = recorded.recorded_at
    user.version = recorded.version
    return user
