"""Refused attempts are recorded, each as a stream of its own."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from application.metadata import SentMetadata
from application.ports import ClaimRegister, EventStore, Identifiers
from domain.events import Metadata
from domain.workflows.errors import WorkflowRefusedError
from domain.workflows.participants import Actor, is_content_uid
from domain.workflows.refusal import Refusal
from domain.workflows.validation import is_id

R = TypeVar("R")


class Attempt(msgspec.Struct, kw_only=True):
    """What somebody wants done, as audit entries call it, as far as it is known."""

    operation: str
    content_uid: str | None = None
    template_id: str | None = None
    transition_id: str | None = None


class Refusals:
    """Records what was refused."""

    def __init__(self, store: EventStore, identifiers: Identifiers, claims: ClaimRegister) -> None:
        self._store = store
        self._identifiers = identifiers
        self._claims = claims

    async def recording(
        self,
        attempt: Attempt,
        actor: Actor,
        metadata: Metadata,
        carry_out: Callable[[], Awaitable[R]],
    ) -> R:
        """Carry something out; record it if it is refused, and raise the WorkflowRefusedError.

        What the same command did, sent twice at once, is in the way of the second: that is no
        refusal, and nothing is recorded.
        """
        try:
            return await carry_out()
        except WorkflowRefusedError as refused:
            if await self._is_done(metadata):
                raise
            [refusal_id] = await self._identifiers.allocate("refusal_ids")
            refusal = Refusal.record(
                refusal_id,
                operation=attempt.operation,
                content_uid=_if(is_content_uid, attempt.content_uid),
                template_id=_if(is_id, attempt.template_id),
                transition_id=_if(is_id, attempt.transition_id),
                user_id=actor.user_id,
                error_code=refused.code,
                error=str(refused),
            )
            await self._store.save(refusal, metadata=_unconditional(metadata))
            raise

    async def _is_done(self, metadata: Metadata) -> bool:
        claim = metadata.claim if isinstance(metadata, SentMetadata) else None
        return claim is not None and await self._claims.find(claim.id) is not None


def _if(is_proper: Callable[[str], bool], text: str | None) -> str | None:
    """Keep nothing that was made up."""
    return text if text is not None and is_proper(text) else None


def _unconditional(metadata: Metadata) -> Metadata:
    """Take the conditions away: they are about the command, which had no effect."""
    return Metadata(**{name: getattr(metadata, name) for name in Metadata.__struct_fields__})
