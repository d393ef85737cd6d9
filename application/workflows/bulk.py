"""Putting many contents under a template at once, each by itself (issue: bulk apply)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from application.workflows.handlers import WorkflowHandlers
from application.workflows.ports import ConnectionStatus, ContentManagement, ManagedContent
from application.workflows.refusals import Attempt, Refusals
from application.workflows.templates import Templates, check_may_manage
from domain.events import Metadata
from domain.workflows.participants import Actor, is_content_uid

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

# So many contents at once share the commits of the event store, and leave others their turn.
AT_ONCE = 16


class LookedUp:
    """Implements the ContentManagement port with what was looked up of many contents at once."""

    def __init__(self, contents: ContentManagement, found: Mapping[str, ManagedContent]) -> None:
        self._contents = contents
        self._found = found

    async def find(self, content_uid: str) -> ManagedContent | None:
        """Give what was found."""
        return self._found.get(content_uid)

    async def find_all(self, content_uids: Collection[str]) -> Mapping[str, ManagedContent]:
        """Give what was found."""
        return {uid: self._found[uid] for uid in content_uids if uid in self._found}

    def holding(self, content_uid: str) -> AbstractAsyncContextManager[object]:
        """Hold a content, as ever."""
        return self._contents.holding(content_uid)

    async def push(
        self, content_uid: str, transition_id: str, *, to_state: str, comments: str | None
    ) -> None:
        """Push a transition, as ever."""
        await self._contents.push(content_uid, transition_id, to_state=to_state, comments=comments)

    async def check(self) -> ConnectionStatus:
        """Tell whether the system answers, as ever."""
        return await self._contents.check()


class BulkHandlers:
    """Carries out what is wanted of many contents, by the ``handlers`` of one."""

    def __init__(
        self,
        templates: Templates,
        contents: ContentManagement,
        refusals: Refusals,
        handlers: Callable[[ContentManagement], WorkflowHandlers],
    ) -> None:
        self._handlers = handlers
        self._templates = templates
        self._contents = contents
        self._refusals = refusals

    async def beginning(
        self, template_id: str, content_uids: Sequence[str], actor: Actor, metadata: Metadata
    ) -> WorkflowHandlers:
        """Check what all contents have in common; give the handlers for each of them.

        Raises InsufficientPermissionsError or TemplateNotFoundError, recorded once for all, and
        ContentManagementError.
        """
        attempt = Attempt(operation="bulk_apply", template_id=template_id)

        async def look_up() -> WorkflowHandlers:
            check_may_manage(actor)
            await self._templates.find(template_id)
            found = await self._contents.find_all(
                [uid for uid in content_uids if is_content_uid(uid)]
            )
            return self._handlers(LookedUp(self._contents, found))

        return await self._refusals.recording(attempt, actor, metadata, look_up)


async def some_at_once(items: Sequence[I], carry_out: Callable[[int, I], Awaitable[R]]) -> list[R]:
    """Carry something out for each item and its index, a few at a time, in their order.

    Raises the first exception once all that was begun has ended, and begins nothing more.
    """
    results: dict[int, R] = {}
    failures: list[Exception] = []
    waiting = iter(enumerate(items))

    async def work() -> None:
        for index, item in waiting:
            try:
                results[index] = await carry_out(index, item)
            except Exception as failure:  # noqa: BLE001 - raised below
                failures.append(failure)
            if failures:
                return

    await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(items)))))
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(items))]
