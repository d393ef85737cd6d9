"""What can be asked about users and API keys. Times carry their offset."""

from datetime import datetime

import msgspec

from domain.identity.roles import Role


class RegisterUser(msgspec.Struct, frozen=True, kw_only=True):
    """Let a user in."""

    username: str
    password: str
    email: str | None
    roles: list[Role]


class ChangeUser(msgspec.Struct, frozen=True, kw_only=True):
    """Change what is given of a user; None leaves a field as it is."""

    username: str
    email: str | None = None
    password: str | None = None
    roles: list[Role] | None = None
    is_active: bool | None = None


class CreateApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Hand out an API key; without ``expires_at`` it holds until it is revoked.

    The key is made out of ``seed``, so that who knows the seed can show it again.
    """

    name: str
    seed: bytes
    description: str | None = None
    role: Role = Role.USER
    expires_at: datetime | None = None


class RevokeApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Take an API key back for good."""

    key_id: int


class ToggleApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Switch an API key off, or on again."""

    key_id: int


class LogIn(msgspec.Struct, frozen=True, kw_only=True):
    """Exchange a username and a password for a token; ``address`` is the sender's."""

    username: str
    password: str
    address: str
