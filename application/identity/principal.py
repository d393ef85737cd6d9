"""Who is behind a request."""

from typing import Literal

import msgspec

from application.errors import ForbiddenError
from domain.identity.roles import Role, grants


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A user or an API key that has been authenticated.

    ``stream_id`` and ``stream_version`` are the stream that this rests on, as it was then. A
    command that hands ``unmoved`` to the event store is refused if a revocation comes before it.
    """

    kind: Literal["user", "api_key"]
    name: str
    key_id: int | None
    roles: frozenset[Role]
    stream_id: str
    stream_version: int

    @property
    def actor(self) -> str:
        """How events name the principal: ``user:<name>`` or ``api_key:<id>``."""
        return f"user:{self.name}" if self.key_id is None else f"api_key:{self.key_id}"

    @property
    def unmoved(self) -> dict[str, int]:
        """The stream that must not have moved for the principal's word still to count."""
        return {self.stream_id: self.stream_version}

    def has(self, role: Role) -> bool:
        """Tell whether the principal holds the role or one that includes it."""
        return grants(self.roles, role)

    def require(self, role: Role) -> None:
        """Raise ForbiddenError unless the principal holds the role or one that includes it."""
        if not self.has(role):
            raise ForbiddenError(f"The role {role} is required")
