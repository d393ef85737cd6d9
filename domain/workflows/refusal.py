"""The refusal: something that somebody wanted done with a workflow, and might not.

It is a stream of its own, so that it is told of without touching the content that it is about.
"""

from typing import TYPE_CHECKING

import msgspec

from domain.aggregate import Aggregate
from domain.events import CreatedEvent, RedactionEvent
from domain.personal import REDACTED, Personal


class RefusalState(msgspec.Struct, kw_only=True):
    """A refusal as its events have made it."""

    operation: str
    content_uid: str | None
    user_id: Personal[str]
    error_code: str
    error: Personal[str]
    is_neutralized: bool = False


class AttemptRefused(CreatedEvent, frozen=True, kw_only=True):
    """Somebody wanted something done with a workflow, and was refused.

    ``error`` is what they were told; it may hold what they had sent.
    """

    TOPIC = "WorkflowAttemptRefused"

    operation: str
    content_uid: str | None
    template_id: str | None
    transition_id: str | None
    user_id: Personal[str]
    error_code: str
    error: Personal[str]

    def apply(self, aggregate: "Refusal") -> None:
        """Keep who, what and why."""
        aggregate.state = RefusalState(
            operation=self.operation,
            content_uid=self.content_uid,
            user_id=self.user_id,
            error_code=self.error_code,
            error=self.error,
        )


class RefusalNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """Who was refused, and what they were told, was erased for good."""

    TOPIC = "WorkflowRefusalNeutralized"

    def apply(self, aggregate: "Refusal") -> None:
        """Forget them."""
        aggregate.state.user_id = REDACTED
        aggregate.state.error = REDACTED
        aggregate.state.is_neutralized = True


class Refusal(Aggregate):
    """An attempt that was refused."""

    TOPIC = "WorkflowRefusal"
    CATEGORY = "refusal"
    STATE = RefusalState

    if TYPE_CHECKING:
        state: RefusalState

    @classmethod
    def record(
        cls,
        refusal_id: int,
        *,
        operation: str,
        content_uid: str | None,
        template_id: str | None,
        transition_id: str | None,
        user_id: str,
        error_code: str,
        error: str,
    ) -> "Refusal":
        """Record that somebody was refused."""
        return cls._create(
            AttemptRefused,
            id=cls.stream_id(refusal_id),
            operation=operation,
            content_uid=content_uid,
            template_id=template_id,
            transition_id=transition_id,
            user_id=user_id,
            error_code=error_code,
            error=error,
        )

    def neutralize(self, *, reason: str, policy: str) -> None:
        """Erase who was refused; of no effect the second time."""
        if not self.state.is_neutralized:
            self.trigger_event(
                RefusalNeutralized,
                redacted_fields=["user_id", "error"],
                reason=reason,
                policy=policy,
            )
