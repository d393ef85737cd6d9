"""The API key: how programs come in."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.errors import RuleViolatedError
from domain.identity.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    ApiKeyState,
    ApiKeySwitchedOff,
    ApiKeySwitchedOn,
)
from domain.identity.fields import (
    check_description,
    check_expiry,
    check_key_name,
    check_key_role,
)
from domain.identity.full_key import digest_of, prefix_of
from domain.identity.roles import Role


class ApiKey(Aggregate):
    """A key that was handed out: it holds until it expires, is switched off or revoked."""

    TOPIC = "ApiKey"
    CATEGORY = "api_key"
    STATE = ApiKeyState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: ApiKeyState

    @classmethod
    def create(
        cls,
        key_id: int,
        full_key: str,
        *,
        name: str,
        description: str | None,
        role: Role,
        expires_at: datetime | None,
    ) -> "ApiKey":
        """Hand out a key. Raises InvalidFieldError for a malformed field or a past expiry."""
        check_key_name(name)
        check_key_role(role)
        if description is not None:
            check_description(description)
        if expires_at is not None:
            check_expiry(expires_at)
        return cls._create(
            ApiKeyCreated,
            id=cls.stream_id(key_id),
            name=name,
            description=description,
            role=role,
            key_prefix=prefix_of(full_key),
            digest=digest_of(full_key),
            expires_at=expires_at,
        )

    def revoke(self) -> None:
        """Take the key back for good; of no effect the second time."""
        if not self.is_revoked:
            self.trigger_event(ApiKeyRevoked)

    def toggle(self) -> None:
        """Switch the key off, or on again. Raises RuleViolatedError if it was revoked."""
        if self.is_revoked:
            raise RuleViolatedError(f"API key {self.key} has been revoked for good")
        self.trigger_event(ApiKeySwitchedOff if self.state.is_on else ApiKeySwitchedOn)

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether who sends the key at that moment is let in."""
        state = self.state
        expired = state.expires_at is not None and state.expires_at <= moment
        return self.is_active and not expired

    @property
    def is_active(self) -> bool:
        """Whether the key is neither switched off nor revoked; it may still have expired."""
        return self.state.is_on and not self.is_revoked

    @property
    def is_revoked(self) -> bool:
        """Whether the key was taken back for good."""
        return self.state.revoked_at is not None
