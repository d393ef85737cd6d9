"""Neutralizing what is due, or all of one data subject (seed: Administrative Cleanup).

A data subject is an entity that runs are about, or a person who has to do with workflows.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter

from application.erasures.together import Erased
from application.runs.neutralization import (
    BY_DATA_SUBJECT,
    Neutralized,
    neutralize_all,
    neutralize_due,
)
from application.runs.unseen import unseen_due, unseen_of_entity
from application.workflows.neutralization import (
    Involvement,
    NeutralizedPerson,
    involvement,
    neutralize_person,
)
from domain.identity.roles import Role
from domain.workflows.participants import USER_ID_LENGTH
from interfaces.rest.access import AuthenticatedRequest, metadata_of, requires
from interfaces.rest.conditions import refuse_idempotency_key
from interfaces.rest.headers import documented
from interfaces.services import Services

READ_MODELS = ("runs", "workflows")

ON_REQUEST = "All data on the data subject was erased on request"

SampleSize = Annotated[int, Parameter(ge=1, le=1000, description="How many ids to show")]
BatchSize = Annotated[
    int, Parameter(ge=1, le=1000, description="How many of the runs that are due to neutralize")
]
DryRun = Annotated[bool, Parameter(description="Show what would be done, and do nothing")]
DataSubject = Annotated[
    str | None,
    Parameter(
        min_length=1,
        max_length=100,
        description="Neutralize all runs of this entity, due or not, however many",
    ),
]
Person = Annotated[
    str | None,
    Parameter(
        min_length=1,
        max_length=USER_ID_LENGTH,
        description="Neutralize this person in all workflows: their id, comments and roles",
    ),
]

NOBODY = Involvement(content_uids=[], refusal_ids=[])


class CleanupStatistics(msgspec.Struct, frozen=True):
    """How many runs are due to be neutralized, and the first of them."""

    total_due_for_neutralization: int
    sample_run_ids: list[int]


class CleanupView(msgspec.Struct, frozen=True, kw_only=True):
    """What was neutralized; in a dry run, what would be.

    Of a person, contents with a workflow, and attempts that were refused, by their ids.
    """

    neutralized_count: int
    failed_count: int
    neutralized_run_ids: list[int]
    failed_run_ids: list[int]
    neutralized_content_uids: list[str]
    failed_content_uids: list[str]
    neutralized_refusal_ids: list[int]
    failed_refusal_ids: list[int]
    dry_run: bool


class CleanupController(Controller):
    """Cleaning up what must be forgotten."""

    path = "/admin/cleanup"
    tags = ("Administration",)
    guards = (requires(Role.ADMIN),)

    @get("/stats", operation_id="getCleanupStats", summary="Get cleanup statistics")
    async def statistics(self, services: Services, limit: SampleSize = 10) -> CleanupStatistics:
        """Show how many runs are due to be neutralized."""
        await services.freshness.reach_head(READ_MODELS)
        now = datetime.now(UTC)
        unseen = await unseen_due(services.store, services.parked_streams, now)
        due = await services.retention.due(now, limit)
        total = len(unseen) + await services.retention.count_due(now)
        return CleanupStatistics(total, [*unseen, *due][:limit])

    @post(
        "/neutralize",
        operation_id="neutralizeDueRuns",
        response_headers=(documented("X-Event-Position", "Where the log stands after it"),),
        summary="Neutralize runs that are due, or one data subject",
        status_code=200,
    )
    async def neutralize(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        limit: BatchSize = 100,
        dry_run: DryRun = True,
        entity_id: DataSubject = None,
        user_id: Person = None,
    ) -> Response[CleanupView]:
        """Erase personal data for good, of each run and content by itself; by default a dry run.

        Without a data subject, that of runs that are due. It takes no Idempotency-Key, for it is
        many commands: sent again, it takes the next runs.
        """
        refuse_idempotency_key(request.headers)
        await services.freshness.reach_head(READ_MODELS)
        now = datetime.now(UTC)
        is_by_due = entity_id is None and user_id is None
        of_person_alone = user_id is not None and entity_id is None
        run_ids = [] if of_person_alone else await _runs(services, entity_id, now, limit)
        where = NOBODY if user_id is None else await _involvement(services, user_id)
        if dry_run:
            return _response(_would(run_ids), _would_of_person(where), dry_run=True)
        metadata = metadata_of(request)
        if is_by_due:
            done = await neutralize_due(services.store, run_ids, metadata, now=now)
        else:
            done = await neutralize_all(
                services.store,
                run_ids,
                reason=ON_REQUEST,
                policy=BY_DATA_SUBJECT,
                metadata=metadata,
            )
        person = await neutralize_person(
            services.store,
            user_id or "",
            where,
            reason=ON_REQUEST,
            policy=BY_DATA_SUBJECT,
            metadata=metadata,
        )
        return _response(done, person, dry_run=False)


async def _runs(services: Services, entity_id: str | None, now: datetime, limit: int) -> list[int]:
    if entity_id is None:
        unseen = await unseen_due(services.store, services.parked_streams, now)
        return [*unseen, *await services.retention.due(now, limit)][:limit]
    unseen = await unseen_of_entity(services.store, services.parked_streams, entity_id)
    return [*unseen, *await services.retention.of_entity(entity_id)]


async def _involvement(services: Services, user_id: str) -> Involvement:
    queries = services.workflows
    return await involvement(
        services.store,
        queries.content_queries,
        queries.audit_queries,
        services.parked_streams,
        user_id,
    )


def _would(run_ids: list[int]) -> Neutralized:
    return Neutralized(neutralized_run_ids=run_ids, failed_run_ids=[], position=None)


def _would_of_person(where: Involvement) -> NeutralizedPerson:
    return NeutralizedPerson(
        contents=Erased(done=where.content_uids, failed=[], position=None),
        refusals=Erased(done=where.refusal_ids, failed=[], position=None),
    )


def _response(
    runs: Neutralized, person: NeutralizedPerson, *, dry_run: bool
) -> Response[CleanupView]:
    done = [*runs.neutralized_run_ids, *person.contents.done, *person.refusals.done]
    failed = [*runs.failed_run_ids, *person.contents.failed, *person.refusals.failed]
    view = CleanupView(
        neutralized_count=len(done),
        failed_count=len(failed),
        neutralized_run_ids=runs.neutralized_run_ids,
        failed_run_ids=runs.failed_run_ids,
        neutralized_content_uids=person.contents.done,
        failed_content_uids=person.contents.failed,
        neutralized_refusal_ids=person.refusals.done,
        failed_refusal_ids=person.refusals.failed,
        dry_run=dry_run,
    )
    positions = [at for at in (runs.position, person.position) if at is not None]
    return Response(view, headers={"X-Event-Position": str(max(positions))} if positions else {})
