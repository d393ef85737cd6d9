"""What workflows need from outside: the content management system, and what is listed."""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Literal, Protocol

import msgspec


class ContentManagementError(Exception):
    """The content management system cannot be reached, or answers what it should not.

    ``address`` is its public URL, without credentials; the message is fit to be shown.
    """

    RETRY_AFTER_SECONDS = 300

    def __init__(self, address: str) -> None:
        super().__init__("Failed to connect to Plone instance")
        self.address = address


class OutOfStepError(Exception):
    """The content management system has the content in a state that the transition is not from.

    ``state`` is the one it has there.
    """

    def __init__(self, state: str | None) -> None:
        super().__init__(
            "Plone allows no such transition from the state that the content has there"
        )
        self.state = state


class ManagedContent(msgspec.Struct, frozen=True, kw_only=True):
    """A content that exists; ``state`` is that of its own workflow there, None without one."""

    state: str | None


class ConnectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the content management system answers, as health shows it."""

    status: Literal["ok", "error", "disabled"]
    details: str


class ContentManagement(Protocol):
    """The content management system whose contents have workflows."""

    async def find(self, content_uid: str) -> ManagedContent | None:
        """Look a content up; None if there is none. Raises ContentManagementError."""
        ...

    async def find_all(self, content_uids: Collection[str]) -> Mapping[str, ManagedContent]:
        """Look many contents up, at less cost than one by one. Raises ContentManagementError."""
        ...

    def holding(self, content_uid: str) -> AbstractAsyncContextManager[object]:
        """Let nobody else push for a content meanwhile, from no process.

        So nothing is pushed for somebody who then comes second. Entering raises ConflictError if
        that takes too long.
        """
        ...

    async def push(
        self, content_uid: str, transition_id: str, *, to_state: str, comments: str | None
    ) -> None:
        """Make a transition there, before it is recorded here.

        What was pushed and then not recorded, for the process died in between, is pushed again when
        its sender tries again: of no effect on a content that is in ``to_state`` already. Raises
        ContentManagementError, and OutOfStepError if the transition is not to be had there.
        """
        ...

    async def check(self) -> ConnectionStatus:
        """Tell whether it answers; never raises."""
        ...


class NoContentManagement:
    """There is no content management system: every content is, and Annals keeps its workflow."""

    async def find(self, content_uid: str) -> ManagedContent | None:
        """Take every content for one that exists."""
        del content_uid
        return ManagedContent(state=None)

    async def find_all(self, content_uids: Collection[str]) -> Mapping[str, ManagedContent]:
        """Take every content for one that exists."""
        return dict.fromkeys(content_uids, ManagedContent(state=None))

    def holding(self, content_uid: str) -> AbstractAsyncContextManager[object]:
        """Hold nothing: what is recorded is enough to tell who came first."""
        return nullcontext(content_uid)

    async def push(
        self, content_uid: str, transition_id: str, *, to_state: str, comments: str | None
    ) -> None:
        """Push nothing."""

    async def check(self) -> ConnectionStatus:
        """Say that there is none."""
        return ConnectionStatus(status="disabled", details="PLONE_URL is not set")


class TemplateDirectory(Protocol):
    """Knows which custom templates there are."""

    async def ids(self, limit: int) -> list[str]:
        """Give the ids of the first that are not retired, in order."""
        ...
