"""Processes (seed: Process Management, Retention Policy Management)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.di import Provide
from litestar.params import Parameter
from msgspec import Meta

from application.errors import NotFoundError
from application.processes.handlers import (
    CreateProcess,
    KeepFor,
    create_process,
    delete_process,
    keep_for,
    restore_process,
)
from domain.identity.roles import Role
from domain.processes.process import Process
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.bodies import Body, Name
from interfaces.rest.commands import CarriedOut, SentCommand, sent_deletion
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import ProcessId
from interfaces.rest.recorded import (
    COMMAND_HEADERS,
    DELETION_HEADERS,
    VERSION_HEADERS,
    DeletedView,
    versioned,
)
from interfaces.rest.searchable import (
    FilterMetadataView,
    SearchableFieldsView,
    filter_metadata_view,
    searchable_fields_view,
)
from interfaces.services import Services
from projections.processes.projection import ProcessRow

READ_MODELS = ("processes",)


class CreateProcessBody(Body, frozen=True, kw_only=True):
    """A process to be set up."""

    name: Name
    meta: dict[str, Any] = msgspec.field(default_factory=dict)


class RetentionBody(Body, frozen=True, kw_only=True):
    """How many months the personal data of runs is kept; null keeps it until somebody acts."""

    retention_months: Annotated[int, Meta(ge=1, le=1200)] | None


class ProcessView(msgspec.Struct, frozen=True, kw_only=True):
    """A process, as it is shown."""

    id: int
    name: str
    meta: dict[str, Any]
    retention_months: int | None
    created_at: datetime
    updated_at: datetime


ProcessPage = Annotated[Page[ProcessView], Parameter(schema_component_key="ProcessPage")]


class ProcessController(Controller):
    """Processes."""

    path = "/processes"
    tags = ("Processes",)

    @post(
        "/",
        operation_id="createProcess",
        response_headers=COMMAND_HEADERS,
        summary="Create a process",
    )
    async def create(
        self, sent: SentCommand, services: Services, data: CreateProcessBody
    ) -> Response[ProcessView]:
        """Set up a process; runs of it may be started once it has steps, or at once without."""
        command = CreateProcess(name=data.name, meta=data.meta)
        created = await sent.carry_out(
            lambda metadata: create_process(services.store, services.identifiers, command, metadata)
        )
        return _process_response(created, status=201)

    @get("/", operation_id="listProcesses", response_headers=PAGE_HEADERS, summary="List processes")
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[ProcessPage]:
        """List processes, newest first."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.processes.newest(page, size)
        views = [process_view(row) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/{process_id:str}",
        operation_id="getProcess",
        response_headers=VERSION_HEADERS,
        summary="Get a process",
    )
    async def show(self, services: Services, process_id: ProcessId) -> Response[ProcessView]:
        """Show a process."""
        row = await find_process(services, process_id)
        return versioned(process_view(row), row.version)

    @put(
        "/{process_id:str}/retention",
        operation_id="setRetention",
        response_headers=COMMAND_HEADERS,
        summary="Set how long personal data is kept",
        guards=[requires(Role.ADMIN)],
    )
    async def keep_for(
        self,
        sent: SentCommand,
        services: Services,
        process_id: ProcessId,
        data: RetentionBody,
    ) -> Response[ProcessView]:
        """Set after how many calendar months runs are neutralized, also those that there are."""
        command = KeepFor(process_id=process_id, retention_months=data.retention_months)
        kept = await sent.carry_out(lambda metadata: keep_for(services.store, command, metadata))
        return _process_response(kept)

    @delete(
        "/{process_id:str}",
        operation_id="deleteProcess",
        response_headers=DELETION_HEADERS,
        summary="Delete a process",
        status_code=200,
        guards=[requires(Role.ADMIN)],
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def delete(
        self, sent: SentCommand, services: Services, process_id: ProcessId
    ) -> Response[DeletedView]:
        """Hide a process with its steps and runs; it can be restored."""
        deleted = await sent.carry_out(
            lambda metadata: delete_process(services.store, process_id, metadata)
        )
        return deleted.answer(DeletedView(id=process_id, deleted_at=deleted.aggregate.modified_on))

    @post(
        "/{process_id:str}/restore",
        operation_id="restoreProcess",
        response_headers=COMMAND_HEADERS,
        summary="Restore a deleted process",
        status_code=200,
        guards=[requires(Role.ADMIN)],
    )
    async def restore(
        self, sent: SentCommand, services: Services, process_id: ProcessId
    ) -> Response[ProcessView]:
        """Show a deleted process again, with all that was hidden with it."""
        restored = await sent.carry_out(
            lambda metadata: restore_process(services.store, process_id, metadata)
        )
        return _process_response(restored)

    @get(
        "/{process_id:str}/searchable-fields",
        operation_id="getSearchableFields",
        summary="Get the fields that runs can be filtered by",
    )
    async def searchable_fields(
        self, services: Services, process_id: ProcessId
    ) -> SearchableFieldsView:
        """Show the fields that the process's runs can be filtered and ordered by."""
        process = await find_process(services, process_id, "runs")
        return searchable_fields_view(process, await services.runs.meta_fields(process_id))

    @get(
        "/{process_id:str}/filter-metadata",
        operation_id="getFilterMetadata",
        summary="Get the fields and values that runs can be filtered by",
    )
    async def filter_metadata(
        self, services: Services, process_id: ProcessId
    ) -> FilterMetadataView:
        """Show the fields, and the values of those meta fields that are not personal."""
        process = await find_process(services, process_id, "runs")
        fields = await services.runs.meta_fields(process_id)
        values = await services.runs.meta_values(process_id)
        return filter_metadata_view(process, fields, values)


async def find_process(services: Services, process_id: int, *also: str) -> ProcessRow:
    """Give a process as of now, and bring other read models there. Raises NotFoundError."""
    await services.freshness.reach_head((*READ_MODELS, *also))
    row = await services.processes.get(process_id)
    if row is None:
        raise NotFoundError(f"Process {process_id} not found")
    return row


def process_view(row: ProcessRow) -> ProcessView:
    """Show a process of the read model."""
    return ProcessView(
        id=row.id,
        name=row.name,
        meta=row.meta,
        retention_months=row.retention_months,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _process_response(
    carried_out: CarriedOut[Process], *, status: int = 200
) -> Response[ProcessView]:
    process = carried_out.aggregate
    state = process.state
    view = ProcessView(
        id=int(process.key),
        name=state.name,
        meta=state.meta,
        retention_months=state.retention_months,
        created_at=process.created_on,
        updated_at=process.modified_on,
    )
    return carried_out.answer(view, status=status)
