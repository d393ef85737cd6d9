"""What identity needs from outside; infra implements it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from domain.identity.roles import Role


class PasswordHasher(Protocol):
    """Turns passwords into hashes that they can be checked against and not be read from."""

    async def hash(self, password: str) -> str:
        """Hash a password with a fresh salt."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is the hashed one; without a hash it is not, as slowly."""
        ...


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as its user gets it, and the seconds that it holds."""

    token: str
    expires_in: int


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it is, and which generation of their credentials it was issued for."""

    username: str
    credential_generation: int


class Tokens(Protocol):
    """Makes and reads the tokens of users."""

    def issue(
        self, username: str, *, roles: frozenset[Role], credential_generation: int
    ) -> AccessToken:
        """Make a token that says who may act, in which roles, from now until it expires."""
        ...

    def read(self, token: str) -> Claims:
        """Read a token that was issued here. Raises NotAuthenticatedError if it does not hold."""
        ...


class LoginThrottle(Protocol):
    """Bounds the failed logins of each pair of username and address."""

    def attempt(self, username: str, address: str) -> AbstractAsyncContextManager[None]:
        """Enclose a login; one that is left by an exception counts as failed.

        Raises TooManyAttemptsError on entering if there were too many.
        """
        ...


class ApiKeyDirectory(Protocol):
    """Knows API keys by their digest."""

    async def key_id(self, digest: str) -> int | None:
        """Give the id of the key with that digest, were it recorded a moment ago."""
        ...


class UserRegister(Protocol):
    """Knows whether Annals has been set up."""

    async def has_users(self) -> bool:
        """Tell whether any user was ever registered."""
        ...
