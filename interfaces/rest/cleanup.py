"""Neutralizing what is due, or all of one data subject (seed: Administrative Cleanup)."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter
from msgspec import UNSET, UnsetType

from application.runs.neutralization import (
    BY_DATA_SUBJECT,
    Neutralized,
    neutralize_all,
    neutralize_due,
)
from application.runs.unseen import unseen_due, unseen_of_entity
from application.stewardship.neutralization import (
    HeldContact,
    find_contact,
    neutralize_everywhere,
)
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, metadata_of, requires
from interfaces.rest.conditions import refuse_idempotency_key
from interfaces.rest.headers import documented
from interfaces.services import Services

READ_MODELS = ("runs", "stewardships")

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
        description="Neutralize all runs of this entity, due or not, however many, and the "
        "contact details of the steward with this user id",
    ),
]


class CleanupStatistics(msgspec.Struct, frozen=True):
    """How many runs are due to be neutralized, and the first of them."""

    total_due_for_neutralization: int
    sample_run_ids: list[int]


class CleanupView(msgspec.Struct, frozen=True, kw_only=True):
    """What was neutralized; in a dry run, what would be.

    The stewardships, and the jobs without one, are there if they had contact details of the entity.
    """

    neutralized_count: int
    failed_count: int
    neutralized_run_ids: list[int]
    failed_run_ids: list[int]
    dry_run: bool
    neutralized_stewardship_ids: list[str] | UnsetType = UNSET
    neutralized_stewardship_job_ids: list[str] | UnsetType = UNSET


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
        summary="Neutralize runs that are due, or those of one entity",
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
    ) -> Response[CleanupView]:
        """Erase personal data for good, run by run; by default a dry run.

        It takes no Idempotency-Key, for it is many commands: sent again, it takes the next runs.
        """
        refuse_idempotency_key(request.headers)
        await services.freshness.reach_head(READ_MODELS)
        if entity_id is not None:
            return await _forget(request, services, entity_id, dry_run=dry_run)
        now = datetime.now(UTC)
        unseen = await unseen_due(services.store, services.parked_streams, now)
        run_ids = [*unseen, *await services.retention.due(now, limit)][:limit]
        if dry_run:
            return _response(_would(run_ids), dry_run=True)
        done = await neutralize_due(services.store, run_ids, metadata_of(request), now=now)
        return _response(done, dry_run=False)


async def _forget(
    request: AuthenticatedRequest, services: Services, entity_id: str, *, dry_run: bool
) -> Response[CleanupView]:
    """Neutralize all that is held on a data subject."""
    unseen = await unseen_of_entity(services.store, services.parked_streams, entity_id)
    run_ids = [*unseen, *await services.retention.of_entity(entity_id)]
    held = await find_contact(
        services.store, services.stewardships, services.parked_streams, entity_id
    )
    if dry_run:
        return _response(_would(run_ids), held, dry_run=True)
    metadata = metadata_of(request)
    why = {"reason": ON_REQUEST, "policy": BY_DATA_SUBJECT}
    done = await neutralize_all(services.store, run_ids, **why, metadata=metadata)
    position = await neutralize_everywhere(
        services.store, services.clock, held, entity_id, **why, metadata=metadata
    )
    if position is not None:
        done = msgspec.structs.replace(done, position=position)
    return _response(done, held, dry_run=False)


def _would(run_ids: list[int]) -> Neutralized:
    return Neutralized(neutralized_run_ids=run_ids, failed_run_ids=[], position=None)


def _response(
    done: Neutralized, held: HeldContact | None = None, *, dry_run: bool
) -> Response[CleanupView]:
    stewardships = [f"stewardship_{key}" for key in held.stewardship_ids] if held else []
    jobs = [f"stewardship_job_{key}" for key in held.job_ids] if held else []
    view = CleanupView(
        neutralized_count=len(done.neutralized_run_ids),
        failed_count=len(done.failed_run_ids),
        neutralized_run_ids=done.neutralized_run_ids,
        failed_run_ids=done.failed_run_ids,
        dry_run=dry_run,
        neutralized_stewardship_ids=stewardships or UNSET,
        neutralized_stewardship_job_ids=jobs or UNSET,
    )
    position = {} if done.position is None else {"X-Event-Position": str(done.position)}
    return Response(view, headers=position)
