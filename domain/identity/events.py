"""What happens to users and API keys."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent
from domain.identity.roles import Role
from domain.personal import Personal, Secret

if TYPE_CHECKING:
    from domain.identity.api_key import ApiKey
    from domain.identity.user import User


class UserState(msgspec.Struct, kw_only=True):
    """What logging in and authenticating need of a user; no personal data, so it may be cached.

    ``credential_generation`` rises with everything that invalidates the outstanding tokens.
    """

    password_hash: Secret[str]
    roles: frozenset[Role]
    is_active: bool = True
    credential_generation: int = 1


class ApiKeyState(msgspec.Struct, kw_only=True):
    """An API key as its events have made it; without the key itself."""

    name: str
    description: str | None
    role: Role
    key_prefix: str
    expires_at: datetime | None
    is_on: bool = True
    revoked_at: datetime | None = None


class UserRegistered(CreatedEvent, frozen=True, kw_only=True):
    """A user was let in."""

    TOPIC = "UserRegistered"

    email: Personal[str | None]
    password_hash: Secret[str]
    roles: list[Role]

    def apply(self, aggregate: "User") -> None:
        """Begin as an active user."""
        aggregate.state = UserState(password_hash=self.password_hash, roles=frozenset(self.roles))


class UserEmailChanged(DomainEvent, frozen=True, kw_only=True):
    """A user has another e-mail address."""

    TOPIC = "UserEmailChanged"

    email: Personal[str]


class UserPasswordChanged(DomainEvent, frozen=True, kw_only=True):
    """A user has another password."""

    TOPIC = "UserPasswordChanged"

    password_hash: Secret[str]

    def apply(self, aggregate: "User") -> None:
        """Know the new password, and no token of before."""
        aggregate.state.password_hash = self.password_hash
        aggregate.state.credential_generation += 1


class UserRolesChanged(DomainEvent, frozen=True, kw_only=True):
    """A user has other roles; these are all of them."""

    TOPIC = "UserRolesChanged"

    roles: list[Role]

    def apply(self, aggregate: "User") -> None:
        """Know the new roles, and no token of before."""
        aggregate.state.roles = frozenset(self.roles)
        aggregate.state.credential_generation += 1


class UserDeactivated(DomainEvent, frozen=True, kw_only=True):
    """A user may not come in any more."""

    TOPIC = "UserDeactivated"

    def apply(self, aggregate: "User") -> None:
        """Shut the user out, and every token of before for good."""
        aggregate.state.is_active = False
        aggregate.state.credential_generation += 1


class UserReactivated(DomainEvent, frozen=True, kw_only=True):
    """A user may come in again, by a new login."""

    TOPIC = "UserReactivated"

    def apply(self, aggregate: "User") -> None:
        """Let the user in again."""
        aggregate.state.is_active = True


class ApiKeyCreated(CreatedEvent, frozen=True, kw_only=True):
    """An API key was handed out."""

    TOPIC = "ApiKeyCreated"

    name: str
    description: str | None
    role: Role
    key_prefix: str
    digest: Secret[str]
    expires_at: datetime | None

    def apply(self, aggregate: "ApiKey") -> None:
        """Begin as a key that holds."""
        aggregate.state = ApiKeyState(
            name=self.name,
            description=self.description,
            role=self.role,
            key_prefix=self.key_prefix,
            expires_at=self.expires_at,
        )


class ApiKeyRevoked(DomainEvent, frozen=True, kw_only=True):
    """An API key was taken back for good."""

    TOPIC = "ApiKeyRevoked"

    def apply(self, aggregate: "ApiKey") -> None:
        """Never hold again."""
        aggregate.state.revoked_at = self.timestamp


class ApiKeySwitchedOff(DomainEvent, frozen=True, kw_only=True):
    """An API key was put out of use for a while."""

    TOPIC = "ApiKeySwitchedOff"

    def apply(self, aggregate: "ApiKey") -> None:
        """Not hold for the time being."""
        aggregate.state.is_on = False


class ApiKeySwitchedOn(DomainEvent, frozen=True, kw_only=True):
    """An API key that was off is in use again."""

    TOPIC = "ApiKeySwitchedOn"

    def apply(self, aggregate: "ApiKey") -> None:
        """Hold again."""
        aggregate.state.is_on = True
