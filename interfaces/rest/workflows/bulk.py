"""Putting many contents under a workflow template with one request (issue: bulk apply)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, post
from litestar.di import Provide
from msgspec import Meta

from application.errors import ConflictError
from application.workflows.bulk import some_at_once
from application.workflows.handlers import ApplyTemplate, WorkflowHandlers
from domain.errors import InvalidFieldError
from domain.workflows.errors import ConcurrentModificationError, WorkflowRefusedError
from domain.workflows.participants import Actor
from interfaces.rest.access import AuthenticatedRequest, metadata_of
from interfaces.rest.bodies import Body
from interfaces.rest.commands import CarriedOut, SentCommand, sent_many
from interfaces.rest.headers import documented
from interfaces.rest.recorded import REPLAYED
from interfaces.rest.workflows.access import actor_of
from interfaces.rest.workflows.application_views import ApplicationResultView, applied_view
from interfaces.rest.workflows.bodies import RoleAssignments
from interfaces.services import Services

MOST_CONTENTS = 1000


class ContentAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """A content; who has which role on it, if that is not the same for all."""

    content_uid: Annotated[str, Meta(min_length=1, max_length=100)]
    role_assignments: RoleAssignments | None = None


class BulkApplyBody(Body, frozen=True, kw_only=True):
    """Contents that are to be put under one template."""

    template_id: Annotated[str, Meta(min_length=1, max_length=100)]
    content_assignments: Annotated[
        list[ContentAssignment], Meta(min_length=1, max_length=MOST_CONTENTS)
    ]
    role_assignments: RoleAssignments | None = None
    force: bool = False
    backup_existing: bool = True

    def commands(self) -> list[ApplyTemplate]:
        """Give a command for each content. Raises InvalidFieldError."""
        commands: dict[str, ApplyTemplate] = {}
        for index, assignment in enumerate(self.content_assignments):
            uid = assignment.content_uid
            own = assignment.role_assignments
            roles = own if own is not None else self.role_assignments
            field = f"content_assignments[{index}]"
            if uid in commands:
                raise InvalidFieldError(f"{field}.content_uid", f"is there twice: '{uid}'")
            if roles is None:
                raise InvalidFieldError(
                    f"{field}.role_assignments", "is required where there are none for all"
                )
            commands[uid] = ApplyTemplate(
                template_id=self.template_id,
                content_uid=uid,
                role_assignments=roles,
                force=self.force,
                backup_existing=self.backup_existing,
            )
        return list(commands.values())


class BulkResultView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one content: what comes of the application, or why it was refused."""

    content_uid: str
    success: bool
    application_result: ApplicationResultView | None = None
    warnings: Sequence[str] = ()
    applied_at: datetime | None = None
    error: str | None = None
    error_code: str | None = None
    details: Mapping[str, Any] | None = None


class BulkApplyView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all contents, in the order in which they were sent.

    ``success_rate`` is the percentage of them that have the template.
    """

    template_id: str
    total_items: int
    successful_count: int
    failed_count: int
    success_rate: float
    results: Sequence[BulkResultView]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one content, with what the headers say of it."""

    view: BulkResultView
    position: int | None = None
    is_replayed: bool = False


class BulkController(Controller):
    """Many contents at once."""

    path = "/workflows/bulk-apply"
    tags = ("Workflows",)

    @post(
        "/",
        operation_id="applyWorkflowTemplateToMany",
        response_headers=(
            documented("X-Event-Position", "Where the log stands, if anything was applied"),
            documented(REPLAYED, "There, and true, if all of this was applied before by the key"),
        ),
        summary="Apply a workflow template to many contents",
        status_code=200,
        dependencies={"sent": Provide(sent_many)},
    )
    async def apply(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        data: BulkApplyBody,
    ) -> Response[BulkApplyView]:
        """Put each content under a template by itself; one that is refused keeps no other from it.

        Sent again with the same Idempotency-Key, those that were refused or not reached are tried
        again, and of the others the first result is given.
        """
        actor = actor_of(request.user)
        commands = data.commands()

        async def before(index: int, _: ApplyTemplate) -> Outcome | None:
            done = await sent.part(index).already()
            return None if done is None else _applied(done, actor)

        known = await some_at_once(commands, before)
        left = [index for index, outcome in enumerate(known) if outcome is None]
        outcomes = dict(enumerate(known))
        if left:
            uids = [commands[index].content_uid for index in left]
            handlers = await services.workflows.bulk_handlers.beginning(
                data.template_id, uids, actor, metadata_of(request)
            )

            async def apply(_: int, index: int) -> Outcome:
                return await _apply(sent.part(index), handlers, commands[index], actor)

            outcomes |= dict(zip(left, await some_at_once(left, apply), strict=True))
        return _answer(data.template_id, [each for each in outcomes.values() if each is not None])


async def _apply(
    sent: SentCommand, handlers: WorkflowHandlers, command: ApplyTemplate, actor: Actor
) -> Outcome:
    try:
        done = await sent.carry_out(
            lambda metadata: handlers.apply_template(command, actor, metadata)
        )
    except WorkflowRefusedError as refused:
        return _refused(command, str(refused), refused.code, refused.details)
    except ConflictError:
        refusal = ConcurrentModificationError(command.content_uid)
        return _refused(command, str(refusal), refusal.code, refusal.details)
    return _applied(done, actor)


def _applied(done: CarriedOut[Any], actor: Actor) -> Outcome:
    shown = applied_view(done.aggregate, actor)
    view = BulkResultView(
        content_uid=shown.content_uid,
        success=True,
        application_result=shown.application_result,
        warnings=shown.warnings,
        applied_at=shown.applied_at,
    )
    is_replayed = done.replayed_from is not None
    return Outcome(view=view, position=done.position, is_replayed=is_replayed)


def _refused(command: ApplyTemplate, error: str, code: str, details: Mapping[str, Any]) -> Outcome:
    return Outcome(
        view=BulkResultView(
            content_uid=command.content_uid,
            success=False,
            error=error,
            error_code=code,
            details=details,
        )
    )


def _answer(template_id: str, outcomes: Sequence[Outcome]) -> Response[BulkApplyView]:
    succeeded = sum(outcome.view.success for outcome in outcomes)
    view = BulkApplyView(
        template_id=template_id,
        total_items=len(outcomes),
        successful_count=succeeded,
        failed_count=len(outcomes) - succeeded,
        success_rate=round(100 * succeeded / len(outcomes), 2),
        results=[outcome.view for outcome in outcomes],
    )
    positions = [outcome.position for outcome in outcomes if outcome.position is not None]
    headers = {"X-Event-Position": str(max(positions))} if positions else {}
    if all(outcome.is_replayed for outcome in outcomes):
        headers[REPLAYED] = "true"
    return Response(view, headers=headers)
