"""Neutralizing what is due, or all of one data subject (seed: Administrative Cleanup).

A data subject is an entity that runs are about, or a person who has to do with workflows.
"""

from collections.abc import Sequence
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
from application.stewardship.neutralization import (
    NeutralizedContact,
    find_contact,
    neutralize_everywhere,
)
from application.workflows.neutralization import (
    NeutralizedPerson,
    involvement,
    neutralize_person,
)
from domain.events import Metadata
from domain.identity.roles import Role
from domain.workflows.participants import USER_ID_LENGTH
from interfaces.rest.access import AuthenticatedRequest, metadata_of, requires
from interfaces.rest.conditions import refuse_idempotency_key
from interfaces.rest.headers import documented
from interfaces.services import Services

READ_MODELS = ("runs",)
READ_MODELS_OF_PEOPLE = ("workflows",)
READ_MODELS_OF_STEWARDS = ("stewardships",)

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
        "contact details of the steward, approver or recipient who is called so, or has this "
        "e-mail address",
    ),
]
Person = Annotated[
    str | None,
    Parameter(
        min_length=1,
        max_length=USER_ID_LENGTH,
        description="Neutralize this person in all workflows: their id, comments and roles; and "
        "the contact details of the steward, approver or recipient who is called so, or has this "
        "e-mail address",
    ),
]

NO_RUNS = Neutralized(neutralized_run_ids=[], failed_run_ids=[], position=None)


class CleanupStatistics(msgspec.Struct, frozen=True):
    """How many runs are due to be neutralized, and the first of them."""

    total_due_for_neutralization: int
    sample_run_ids: list[int]


class CleanupView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was neutralized; in a dry run, what would be.

    Where a person is asked for, also contents with a workflow, and attempts that were refused. For
    whoever is a steward, also stewardships, and jobs of which there was none yet.
    """

    neutralized_count: int
    failed_count: int
    neutralized_run_ids: list[int]
    failed_run_ids: list[int]
    dry_run: bool
    neutralized_content_uids: list[str] | None = None
    failed_content_uids: list[str] | None = None
    neutralized_refusal_ids: list[int] | None = None
    failed_refusal_ids: list[int] | None = None
    neutralized_stewardship_ids: list[str] | None = None
    failed_stewardship_ids: list[str] | None = None
    neutralized_stewardship_job_ids: list[str] | None = None
    failed_stewardship_job_ids: list[str] | None = None


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
        metadata = None if dry_run else metadata_of(request)
        runs = NO_RUNS
        if entity_id is not None or user_id is None:
            runs = await _runs(services, entity_id, limit, metadata)
        person = None if user_id is None else await _person(services, user_id, metadata)
        names = {name for name in (entity_id, user_id) if name is not None}
        steward = [await _steward(services, name, metadata) for name in sorted(names)]
        return _response(runs, person, steward, dry_run=dry_run)


async def _runs(
    services: Services, entity_id: str | None, limit: int, metadata: Metadata | None
) -> Neutralized:
    """Neutralize runs that are due, or those of an entity; without metadata, tell which."""
    await services.freshness.reach_head(READ_MODELS)
    now = datetime.now(UTC)
    if entity_id is None:
        unseen = await unseen_due(services.store, services.parked_streams, now)
        run_ids = [*unseen, *await services.retention.due(now, limit)][:limit]
    else:
        unseen = await unseen_of_entity(services.store, services.parked_streams, entity_id)
        run_ids = [*unseen, *await services.retention.of_entity(entity_id)]
    if metadata is None:
        return Neutralized(neutralized_run_ids=run_ids, failed_run_ids=[], position=None)
    if entity_id is None:
        return await neutralize_due(services.store, run_ids, metadata, now=now)
    return await neutralize_all(
        services.store, run_ids, reason=ON_REQUEST, policy=BY_DATA_SUBJECT, metadata=metadata
    )


async def _person(services: Services, user_id: str, metadata: Metadata | None) -> NeutralizedPerson:
    """Neutralize a person in all workflows; without metadata, tell where they appear."""
    await services.freshness.reach_head(READ_MODELS_OF_PEOPLE)
    found = await involvement(
        services.store,
        services.workflows.content_queries,
        services.workflows.audit_queries,
        services.parked_streams,
        user_id,
    )
    if metadata is None:
        return NeutralizedPerson(
            contents=Erased(done=found.content_uids, failed=[], position=None),
            refusals=Erased(done=found.refusal_ids, failed=[], position=None),
        )
    return await neutralize_person(
        services.store,
        user_id,
        found,
        reason=ON_REQUEST,
        policy=BY_DATA_SUBJECT,
        metadata=metadata,
    )


async def _steward(
    services: Services, user_id: str, metadata: Metadata | None
) -> NeutralizedContact:
    """Neutralize the contact details of a steward; without metadata, tell where they are."""
    await services.freshness.reach_head(READ_MODELS_OF_STEWARDS)
    held = await find_contact(
        services.store, services.stewardships, services.parked_streams, user_id
    )
    if metadata is None:
        return NeutralizedContact(
            stewardships=Erased(done=list(held.stewardship_ids), failed=[], position=None),
            jobs=Erased(done=list(held.job_ids), failed=[], position=None),
        )
    return await neutralize_everywhere(
        services.store,
        services.clock,
        held,
        user_id,
        reason=ON_REQUEST,
        policy=BY_DATA_SUBJECT,
        metadata=metadata,
    )


def _response(
    runs: Neutralized,
    person: NeutralizedPerson | None,
    steward: Sequence[NeutralizedContact],
    *,
    dry_run: bool,
) -> Response[CleanupView]:
    view = CleanupView(
        neutralized_count=len(runs.neutralized_run_ids),
        failed_count=len(runs.failed_run_ids),
        neutralized_run_ids=runs.neutralized_run_ids,
        failed_run_ids=runs.failed_run_ids,
        dry_run=dry_run,
    )
    positions = [runs.position]
    if person is not None:
        view = msgspec.structs.replace(
            view,
            neutralized_count=view.neutralized_count + person.count,
            failed_count=view.failed_count + person.failed_count,
            neutralized_content_uids=person.contents.done,
            failed_content_uids=person.contents.failed,
            neutralized_refusal_ids=person.refusals.done,
            failed_refusal_ids=person.refusals.failed,
        )
        positions.append(person.position)
    for contact in steward:
        if contact.is_any:
            view = _with_contact(view, contact)
            positions.append(contact.position)
    reached = max((at for at in positions if at is not None), default=None)
    return Response(view, headers={} if reached is None else {"X-Event-Position": str(reached)})


def _with_contact(view: CleanupView, contact: NeutralizedContact) -> CleanupView:
    def named(of: Sequence[str] | None, name: str, keys: Sequence[int]) -> list[str]:
        return [*(of or []), *(f"{name}_{key}" for key in keys)]

    stewardships, jobs = contact.stewardships, contact.jobs
    return msgspec.structs.replace(
        view,
        neutralized_count=view.neutralized_count + contact.count,
        failed_count=view.failed_count + contact.failed_count,
        neutralized_stewardship_ids=named(
            view.neutralized_stewardship_ids, "stewardship", stewardships.done
        ),
        failed_stewardship_ids=named(
            view.failed_stewardship_ids, "stewardship", stewardships.failed
        ),
        neutralized_stewardship_job_ids=named(
            view.neutralized_stewardship_job_ids, "stewardship_job", jobs.done
        ),
        failed_stewardship_job_ids=named(
            view.failed_stewardship_job_ids, "stewardship_job", jobs.failed
        ),
    )
