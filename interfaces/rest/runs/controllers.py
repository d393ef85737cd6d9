"""Runs (seed: Process Execution Management, Data Neutralization)."""

from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.params import Body as RequestBody
from litestar.params import Parameter

from application.runs.handlers import (
    StartRun,
    call_run_off,
    change_run_meta,
    delete_run,
    restore_run,
    start_run,
)
from application.runs.neutralization import NeutralizeRun, neutralize_run
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.addresses import REPEATABLE
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.openapi import OptionalBodyOperation
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import RunId
from interfaces.rest.recorded import (
    COMMAND_HEADERS,
    DELETION_HEADERS,
    VERSION_HEADERS,
    DeletedView,
    versioned,
)
from interfaces.rest.runs.bodies import DEFAULT_REASON, NeutralizeBody, RunMetaBody, StartRunBody
from interfaces.rest.runs.parameters import (
    META_FILTER,
    ProcessIdFilter,
    SearchText,
    run_filter,
    run_order,
    search_words,
)
from interfaces.rest.runs.responses import READ_MODELS, find_run, run_response
from interfaces.rest.runs.views import (
    FoundRunView,
    RunDetailView,
    RunView,
    found_run_view,
    run_detail_view,
    run_view,
)
from interfaces.services import Services
from projections.runs.filtering import RunFilter, RunOrder

ON_REQUEST = "manual"

RunPage = Annotated[Page[RunView], Parameter(schema_component_key="RunPage")]
FoundRunPage = Annotated[Page[FoundRunView], Parameter(schema_component_key="FoundRunPage")]


class RunController(Controller):
    """Runs."""

    path = "/runs"
    tags = ("Runs",)

    @post("/", operation_id="startRun", response_headers=COMMAND_HEADERS, summary="Start a run")
    async def start(
        self, sent: SentCommand, services: Services, data: StartRunBody
    ) -> Response[RunDetailView]:
        """Start a run; it has a pending step run for each active step of the process."""
        command = StartRun(
            process_id=data.process_id,
            entity_id=data.entity_id,
            entity_name=data.entity_name,
            meta=data.meta,
        )
        started = await sent.carry_out(
            lambda metadata: start_run(services.store, services.identifiers, command, metadata)
        )
        return await run_response(services, started, status=201)

    @get(
        "/",
        operation_id="listRuns",
        response_headers=PAGE_HEADERS,
        summary="List runs",
        opt={REPEATABLE: (META_FILTER,)},
        dependencies={
            "wanted": Provide(run_filter, sync_to_thread=False),
            "order": Provide(run_order, sync_to_thread=False),
        },
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        wanted: RunFilter,
        order: RunOrder,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[RunPage]:
        """List the runs that fit all filters."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.runs.search(wanted, order, page=page, size=size)
        views = [run_view(row) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get("/search", operation_id="searchRuns", response_headers=PAGE_HEADERS, summary="Search runs")
    async def search(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        q: SearchText,
        process_id: ProcessIdFilter = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[FoundRunPage]:
        """Find the runs in which every word of the text begins a word, newest first.

        Looked through are the entity's id and name, and the values of meta.
        """
        words = search_words(q)
        await services.freshness.reach_head(READ_MODELS)
        wanted = RunFilter(process_id=process_id, words=words)
        found = await services.runs.search(wanted, RunOrder(), page=page, size=size)
        views = [found_run_view(row, words) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/{run_id:str}",
        operation_id="getRun",
        response_headers=VERSION_HEADERS,
        summary="Get a run",
    )
    async def get(self, services: Services, run_id: RunId) -> Response[RunDetailView]:
        """Show a run with its step runs."""
        detail = await find_run(services, run_id)
        return versioned(run_detail_view(detail), detail.shown.run.version)

    @patch(
        "/{run_id:str}/metadata",
        operation_id="changeRunMetadata",
        response_headers=COMMAND_HEADERS,
        summary="Change a run's metadata",
    )
    async def change_meta(
        self, sent: SentCommand, services: Services, run_id: RunId, data: RunMetaBody
    ) -> Response[RunDetailView]:
        """Set the fields that are given and take away those that are null; others stay."""
        changed = await sent.carry_out(
            lambda metadata: change_run_meta(services.store, run_id, data.meta, metadata)
        )
        return await run_response(services, changed)

    @post(
        "/{run_id:str}/cancel",
        operation_id="cancelRun",
        response_headers=COMMAND_HEADERS,
        summary="Cancel a run",
        status_code=200,
    )
    async def cancel(
        self, sent: SentCommand, services: Services, run_id: RunId
    ) -> Response[RunDetailView]:
        """Cancel a run that has not ended; whatever becomes of its steps, it stays cancelled."""
        cancelled = await sent.carry_out(
            lambda metadata: call_run_off(services.store, run_id, metadata)
        )
        return await run_response(services, cancelled)

    @delete(
        "/{run_id:str}",
        operation_id="deleteRun",
        response_headers=DELETION_HEADERS,
        summary="Delete a run",
        status_code=200,
        guards=[requires(Role.ADMIN)],
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def delete(
        self, sent: SentCommand, services: Services, run_id: RunId
    ) -> Response[DeletedView]:
        """Hide a run with its step runs; it can be restored."""
        deleted = await sent.carry_out(
            lambda metadata: delete_run(services.store, run_id, metadata)
        )
        return deleted.answer(DeletedView(id=run_id, deleted_at=deleted.aggregate.modified_on))

    @post(
        "/{run_id:str}/restore",
        operation_id="restoreRun",
        response_headers=COMMAND_HEADERS,
        summary="Restore a deleted run",
        status_code=200,
        guards=[requires(Role.ADMIN)],
    )
    async def restore(
        self, sent: SentCommand, services: Services, run_id: RunId
    ) -> Response[RunDetailView]:
        """Show a deleted run again, whole; of no effect on one that is not deleted."""
        restored = await sent.carry_out(
            lambda metadata: restore_run(services.store, run_id, metadata)
        )
        return await run_response(services, restored)

    @post(
        "/{run_id:str}/neutralize",
        operation_id="neutralizeRun",
        response_headers=COMMAND_HEADERS,
        summary="Erase a run's personal data",
        operation_class=OptionalBodyOperation,
        status_code=200,
        guards=[requires(Role.ADMIN)],
    )
    async def neutralize(
        self,
        sent: SentCommand,
        services: Services,
        run_id: RunId,
        data: Annotated[NeutralizeBody | None, RequestBody()] = None,
    ) -> Response[RunDetailView]:
        """Erase the personal data of a run for good; its events tell that there was some."""
        reason = data.reason if data is not None else DEFAULT_REASON
        command = NeutralizeRun(run_id=run_id, reason=reason, policy=ON_REQUEST)
        neutralized = await sent.carry_out(
            lambda metadata: neutralize_run(services.store, command, metadata)
        )
        return await run_response(services, neutralized)
