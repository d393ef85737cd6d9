"""Erasing the personal data of a person in all workflows (contract section 7; issue's own).

Their user id and comments go, and their roles; that something happened, and when, stays.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from application.erasures.together import Erased, each
from application.ports import EventStore
from application.projections.ports import ParkedStreams
from application.retries import retrying
from domain.errors import InvalidFieldError
from domain.events import Metadata
from domain.workflows.content import Content
from domain.workflows.participants import GROUP
from domain.workflows.refusal import Refusal

READ_MODEL = "workflows"


class Involvement(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody appears: in which contents, and in which attempts that were refused."""

    content_uids: list[str]
    refusal_ids: list[int]


class NeutralizedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the places where somebody appeared."""

    contents: Erased[str]
    refusals: Erased[int]

    @property
    def count(self) -> int:
        """How many of them were neutralized."""
        return len(self.contents.done) + len(self.refusals.done)

    @property
    def failed_count(self) -> int:
        """How many of them failed."""
        return len(self.contents.failed) + len(self.refusals.failed)

    @property
    def position(self) -> int | None:
        """Where the log stands with it; None if nothing was recorded."""
        positions = (self.contents.position, self.refusals.position)
        return max((each for each in positions if each is not None), default=None)


class KnownContents(Protocol):
    """Knows who ever had to do with which content."""

    async def knowing(self, user_id: str) -> list[str]:
        """Give the uids of all contents that somebody ever had to do with."""
        ...


class KnownRefusals(Protocol):
    """Knows who was refused."""

    async def refused(self, user_id: str) -> list[int]:
        """Give the ids of somebody's attempts that were refused."""
        ...


async def involvement(
    store: EventStore,
    contents: KnownContents,
    refusals: KnownRefusals,
    parked: ParkedStreams,
    user_id: str,
) -> Involvement:
    """Find where somebody appears, also where the read model could not follow.

    Raises InvalidFieldError for a group, which is nobody's personal data.
    """
    if user_id.startswith(GROUP):
        raise InvalidFieldError("user_id", "must be a person, and not a group")
    unseen_contents, unseen_refusals = await _unseen(store, parked, user_id)
    return Involvement(
        content_uids=list(dict.fromkeys([*unseen_contents, *await contents.knowing(user_id)])),
        refusal_ids=list(dict.fromkeys([*unseen_refusals, *await refusals.refused(user_id)])),
    )


async def neutralize_person(
    store: EventStore,
    user_id: str,
    found: Involvement,
    *,
    reason: str,
    policy: str,
    metadata: Metadata,
) -> NeutralizedPerson:
    """Erase somebody wherever they appear; one that fails does not keep the others."""

    async def from_content(content_uid: str) -> int:
        async def attempt() -> int:
            content = await store.load(Content, content_uid)
            content.neutralize(user_id, reason=reason, policy=policy)
            return await store.save(content, metadata=metadata)

        return await retrying(attempt)

    async def from_refusal(refusal_id: int) -> int:
        async def attempt() -> int:
            refusal = await store.load(Refusal, refusal_id)
            refusal.neutralize(reason=reason, policy=policy)
            return await store.save(refusal, metadata=metadata)

        return await retrying(attempt)

    return NeutralizedPerson(
        contents=await each(found.content_uids, from_content),
        refusals=await each(found.refusal_ids, from_refusal),
    )


async def _unseen(
    store: EventStore, parked: ParkedStreams, user_id: str
) -> tuple[Sequence[str], Sequence[int]]:
    """Look into the streams that the read model has parked.

    One that cannot be read is left out; it stays parked, and health tells of it.
    """
    contents: list[str] = []
    refusals: list[int] = []
    for stream in await parked.of(READ_MODEL):
        category, _, key = stream.stream_id.partition("-")
        try:
            if category == Content.CATEGORY:
                content = await store.load(Content, key)
                if user_id in content.state.people.values():
                    contents.append(key)
            elif category == Refusal.CATEGORY:
                refusal = await store.load(Refusal, key)
                if refusal.state.user_id == user_id:
                    refusals.append(int(key))
        except Exception:  # noqa: BLE001, S112 - whatever keeps it from being read
            continue
    return contents, refusals
