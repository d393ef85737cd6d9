"""Putting contents under workflows, moving them on, and taking them out (contract section 9)."""

from collections.abc import Callable

import msgspec

from application.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
)
from application.metadata import SentMetadata
from application.ports import EventStore, Identifiers
from application.retries import retrying
from application.workflows.ports import ContentManagement, OutOfStepError
from application.workflows.refusals import Attempt, Refusals
from application.workflows.templates import Templates, check_may_manage
from domain.events import Metadata
from domain.workflows.content import Content
from domain.workflows.errors import (
    ConcurrentModificationError,
    ContentNotFoundError,
    InvalidTransitionError,
    InvalidValueError,
)
from domain.workflows.participants import (
    CONTENT_UID_RULE,
    Actor,
    Assignments,
    check_assignments,
    is_content_uid,
)


class ApplyTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Put a content under a template."""

    template_id: str
    content_uid: str
    role_assignments: Assignments
    force: bool = False
    backup_existing: bool = True


class ExecuteTransition(msgspec.Struct, frozen=True, kw_only=True):
    """Move a content on."""

    content_uid: str
    transition_id: str
    comments: str | None = None
    notify_users: bool = True


class ChangeRoles(msgspec.Struct, frozen=True, kw_only=True):
    """Say who has which role on a content; these are all."""

    content_uid: str
    role_assignments: Assignments


class RemoveTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Take a content's template away."""

    content_uid: str
    restore_backup: bool = True


class WorkflowHandlers:
    """Carries out what is wanted of the workflows of contents.

    Whatever is refused is recorded as such, and raises a WorkflowRefusedError; every handler may
    raise ContentManagementError, with nothing recorded.
    """

    def __init__(
        self,
        store: EventStore,
        identifiers: Identifiers,
        templates: Templates,
        contents: ContentManagement,
        refusals: Refusals,
    ) -> None:
        self._store = store
        self._identifiers = identifiers
        self._templates = templates
        self._contents = contents
        self._refusals = refusals

    async def apply_template(
        self, command: ApplyTemplate, actor: Actor, metadata: Metadata
    ) -> tuple[Content, int]:
        """Put a content under a template; give it with the position of its last event."""
        attempt = Attempt(
            operation="apply_template",
            content_uid=command.content_uid,
            template_id=command.template_id,
        )
        return await self._refusals.recording(
            attempt, actor, metadata, lambda: self._apply(command, actor, metadata)
        )

    async def execute_transition(
        self, command: ExecuteTransition, actor: Actor, metadata: Metadata
    ) -> tuple[Content, int]:
        """Move a content on; give it with the position of its event.

        A transition that needs more people is recorded as asked for until the last of them asks.
        """
        wanted = Attempt(
            operation="execute_transition",
            content_uid=command.content_uid,
            transition_id=command.transition_id,
        )
        return await self._refusals.recording(
            wanted, actor, metadata, lambda: self._execute(command, wanted, actor, metadata)
        )

    async def change_roles(
        self, command: ChangeRoles, actor: Actor, metadata: Metadata
    ) -> tuple[Content, int]:
        """Put other people in the roles; give the content with the position of the log."""

        def change(content: Content) -> None:
            content.change_roles(command.role_assignments, actor)

        return await self._manage("modify_roles", command.content_uid, change, actor, metadata)

    async def remove_template(
        self, command: RemoveTemplate, actor: Actor, metadata: Metadata
    ) -> tuple[Content, int]:
        """Take a content's template away; give it with the position of its last event."""

        def remove(content: Content) -> None:
            content.remove_template(actor, restore_backup=command.restore_backup)

        return await self._manage("remove_template", command.content_uid, remove, actor, metadata)

    async def _apply(
        self, command: ApplyTemplate, actor: Actor, metadata: Metadata
    ) -> tuple[Content, int]:
        check_may_manage(actor)
        await self._templates.find(command.template_id)
        if not is_content_uid(command.content_uid):
            raise InvalidValueError("content_uid", CONTENT_UID_RULE)
        check_assignments(command.role_assignments)
        if await self._contents.find(command.content_uid) is None:
            message = f"Content '{command.content_uid}' not found"
            raise ContentNotFoundError(command.content_uid, message)
        [number] = await self._identifiers.allocate("workflow_ids")

        async def attempt() -> tuple[Content, int]:
            found = await self._templates.find(command.template_id)
            content = await self._load_or_register(command.content_uid)
            content.apply_template(
                f"workflow_{number}",
                found.template,
                command.role_assignments,
                actor,
                force=command.force,
                backup_existing=command.backup_existing,
            )
            try:
                position = await self._store.save(content, metadata=metadata, unmoved=found.unmoved)
            except AlreadyExistsError as error:  # it is there now, and can be loaded
                raise ConflictError(error.stream_id) from None
            return content, position

        return await retrying(attempt)

    async def _execute(
        self, command: ExecuteTransition, wanted: Attempt, actor: Actor, metadata: Metadata
    ) -> tuple[Content, int]:
        """Move a content on. Roles may change meanwhile, and others approve; it must not move."""
        first_seen: int | None = None

        async def attempt() -> tuple[Content, int]:
            nonlocal first_seen
            content = await self._load(command.content_uid, wanted)
            _check_if_match(metadata, content)
            if first_seen not in (None, content.state.moves):
                raise ConcurrentModificationError(command.content_uid)
            first_seen = content.state.moves
            checked = content.check_transition(command.transition_id, command.comments, actor)
            content.execute_transition(
                checked, command.comments, actor, notify=command.notify_users
            )
            if checked.completes:
                await self._push(command, content)
            return content, await self._store.save(content, metadata=metadata)

        async with self._contents.holding(command.content_uid):
            return await retrying(attempt)

    async def _push(self, command: ExecuteTransition, content: Content) -> None:
        workflow = content.workflow
        try:
            await self._contents.push(
                command.content_uid,
                command.transition_id,
                to_state=workflow.state,
                comments=command.comments,
            )
        except OutOfStepError as error:
            raise InvalidTransitionError(str(error), error.state or "", []) from None

    async def _manage(
        self,
        operation: str,
        content_uid: str,
        change: Callable[[Content], None],
        actor: Actor,
        metadata: Metadata,
    ) -> tuple[Content, int]:
        async def carry_out() -> tuple[Content, int]:
            check_may_manage(actor)
            return await retrying(attempt)

        async def attempt() -> tuple[Content, int]:
            content = await self._load(content_uid, wanted)
            change(content)
            return content, await self._store.save(content, metadata=metadata)

        wanted = Attempt(operation=operation, content_uid=content_uid)
        return await self._refusals.recording(wanted, actor, metadata, carry_out)

    async def _load(self, content_uid: str, wanted: Attempt) -> Content:
        """Load a content; now it is known which template the attempt is about."""
        if not is_content_uid(content_uid):
            raise ContentNotFoundError(content_uid[:100])
        try:
            content = await self._store.load(Content, content_uid)
        except NotFoundError:
            raise ContentNotFoundError(content_uid) from None
        current = content.state.current
        wanted.template_id = current.template.id if current is not None else None
        return content

    async def _load_or_register(self, content_uid: str) -> Content:
        try:
            return await self._store.load(Content, content_uid)
        except NotFoundError:
            return Content.register(content_uid)


def _check_if_match(metadata: Metadata, content: Content) -> None:
    """Check the condition before anything is pushed; the event store checks it once more."""
    if not isinstance(metadata, SentMetadata) or metadata.if_match is None:
        return
    if not metadata.if_match.holds_for(content.version):
        raise PreconditionFailedError(content.id)
