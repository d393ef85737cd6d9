"""The contents of a Plone site, over plone.restapi (contract section 9)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from http import HTTPStatus
from urllib.parse import quote

import msgspec

from application.workflows.ports import (
    ConnectionStatus,
    ContentManagementError,
    ManagedContent,
    OutOfStepError,
)
from infra.plone.session import PloneSession

Turns = Callable[[str], AbstractAsyncContextManager[object]]
"""Gives everybody who asks for a content their turn with it, one after another."""

# Proxies before Plone take addresses of 8 KB.
MOST_QUERY_CHARACTERS = 4000
SEARCH = "@search"
SHOWN = [("metadata_fields", "UID"), ("metadata_fields", "review_state")]
# Where the site is published for its frontend; the addresses of contents are without it.
API_TRAVERSER = "/++api++"


class _Item(msgspec.Struct, frozen=True):
    url: str = msgspec.field(name="@id")
    uid: str = msgspec.field(name="UID")
    review_state: str | None = None


class _Found(msgspec.Struct, frozen=True):
    url: str = msgspec.field(name="@id")
    items: list[_Item]


class _State(msgspec.Struct, frozen=True):
    id: str


class _Workflow(msgspec.Struct, frozen=True):
    state: _State | None = None


class _Content(msgspec.Struct, frozen=True):
    """A content, and where it is below the site."""

    path: str
    state: str | None


class PloneContents:
    """Implements the application's ContentManagement port."""

    def __init__(self, session: PloneSession, turns: Turns = nullcontext) -> None:
        self._session = session
        self._turns = turns

    def holding(self, content_uid: str) -> AbstractAsyncContextManager[object]:
        """Let nobody else push for a content meanwhile."""
        return self._turns(content_uid)

    async def find(self, content_uid: str) -> ManagedContent | None:
        """Look a content up by its UID, with the state of its own workflow."""
        return (await self.find_all([content_uid])).get(content_uid)

    async def find_all(self, content_uids: Collection[str]) -> Mapping[str, ManagedContent]:
        """Look contents up by their UIDs, many in one search."""
        found = await self._find(content_uids)
        return {uid: ManagedContent(state=content.state) for uid, content in found.items()}

    async def push(
        self, content_uid: str, transition_id: str, *, to_state: str, comments: str | None
    ) -> None:
        """Make a transition of the workflow that the content has in Plone.

        Plone itself takes one that has led where the content is already for made. An older one
        refuses it, which is no matter then.
        """
        content = (await self._find([content_uid])).get(content_uid)
        if content is None:
            raise self._session.failed("does not have the content any more")
        workflow = f"{content.path}/@workflow"
        answer = await self._session.change(
            f"{workflow}/{quote(transition_id, safe='')}", {"comment": comments or ""}
        )
        if answer.status_code == HTTPStatus.BAD_REQUEST:
            state = await self._state(workflow)
            if state != to_state:
                raise OutOfStepError(state)
        elif answer.status_code != HTTPStatus.OK:
            raise self._session.failed(f"answered {answer.status_code} to a transition")

    async def check(self) -> ConnectionStatus:
        """Tell whether Plone answers, and takes us for who we are."""
        try:
            await self._session.still_known()
        except ContentManagementError as error:
            return ConnectionStatus(status="error", details=str(error))
        return ConnectionStatus(status="ok", details="Plone API responding normally")

    async def _state(self, workflow: str) -> str | None:
        found = self._session.decode(await self._session.read(workflow), _Workflow)
        return None if found.state is None else found.state.id

    async def _find(self, content_uids: Collection[str]) -> Mapping[str, _Content]:
        found = await self._search(content_uids)
        missing = [uid for uid in content_uids if uid not in found]
        if missing and not await self._session.still_known():
            found |= await self._search(missing)
        return found

    async def _search(self, content_uids: Iterable[str]) -> dict[str, _Content]:
        contents: dict[str, _Content] = {}
        for uids in _by_length(content_uids):
            query = [*(("UID", uid) for uid in uids), *SHOWN, ("b_size", str(len(uids)))]
            answer = await self._session.read(SEARCH, query)
            found = self._session.decode(answer, _Found)
            for item in found.items:
                contents[item.uid] = _Content(self._path(item.url, found.url), item.review_state)
        return contents

    def _path(self, url: str, searched: str) -> str:
        """Give a content's path below the site, from its address as the answer has it.

        Behind a proxy that is another one than ours, and nothing is sent to where an answer says.
        """
        site = searched.partition(f"/{SEARCH}")[0].removesuffix(API_TRAVERSER)
        path = url.removeprefix(f"{site}/")
        if path == url or {"", ".", ".."} & set(path.split("/")) or {"?", "#"} & set(path):
            raise self._session.failed("gave an address of a content that is not below its own")
        return path


def _by_length(content_uids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Divide UIDs among as few searches as proxies take."""
    group: list[str] = []
    length = 0
    for uid in content_uids:
        characters = len(f"UID={quote(uid, safe='')}&")
        if group and length + characters > MOST_QUERY_CHARACTERS:
            yield group
            group, length = [], 0
        group.append(uid)
        length += characters
    if group:
        yield group
