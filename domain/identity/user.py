"""The user: logs in with a password, and acts by roles."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
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
from domain.identity.fields import check_email, check_roles, check_username
from domain.identity.roles import Role


class User(Aggregate):
    """Somebody who logs in. Passwords come here as hashes, already checked by ``check_password``.

    The e-mail address is not in the state, which processes keep in memory: an erased address must
    not linger there.
    """

    TOPIC = "User"
    CATEGORY = "user"
    STATE = UserState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: UserState

    @classmethod
    def register(
        cls, username: str, *, email: str | None, password_hash: str, roles: Collection[Role]
    ) -> "User":
        """Let a user in. Raises InvalidFieldError for a malformed username, e-mail or no role."""
        check_username(username)
        if email is not None:
            check_email(email)
        check_roles(roles)
        return cls._create(
            UserRegistered,
            id=cls.stream_id(username),
            email=email,
            password_hash=password_hash,
            roles=_in_order(roles),
        )

    def change_email(self, email: str) -> None:
        """Give the user another e-mail address. Raises InvalidFieldError if it is malformed."""
        check_email(email)
        self.trigger_event(UserEmailChanged, email=email)

    def change_password(self, password_hash: str) -> None:
        """Give the user another password; all tokens issued before are invalid from now on."""
        self.trigger_event(UserPasswordChanged, password_hash=password_hash)

    def change_roles(self, roles: Collection[Role]) -> None:
        """Give the user these roles and no others; if they are other ones, tokens are invalid.

        Raises InvalidFieldError if there are none.
        """
        check_roles(roles)
        if frozenset(roles) != self.state.roles:
            self.trigger_event(UserRolesChanged, roles=_in_order(roles))

    def deactivate(self) -> None:
        """Shut the user out, tokens included; of no effect the second time."""
        if self.state.is_active:
            self.trigger_event(UserDeactivated)

    def reactivate(self) -> None:
        """Let the user in again, by a new login; of no effect on an active one."""
        if not self.state.is_active:
            self.trigger_event(UserReactivated)


def email_after(events: Iterable[DomainEvent]) -> str | None:
    """Give the e-mail address that a user has after these events of theirs."""
    email = None
    for event in events:
        if isinstance(event, UserRegistered | UserEmailChanged):
            email = event.email
    return email


def _in_order(roles: Collection[Role]) -> list[Role]:
    return [role for role in Role if role in roles]
