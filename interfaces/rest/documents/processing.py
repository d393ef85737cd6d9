"""Having documents processed (seed football: File Processing Endpoints)."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import Provide
from litestar.params import Parameter
from msgspec import Meta

from application.documents.handlers import ProcessFile, cancel_job, process_file
from application.documents.queueing import READ_MODELS
from application.errors import NotFoundError
from domain.documents.processing import DEFAULT_PRIORITY
from domain.documents.processing_events import JobStatus, ProcessingParameters
from domain.identity.roles import Role
from interfaces.job_views import JobView, QueueView, job_view, queue_view
from interfaces.rest.access import requires
from interfaces.rest.bodies import Body
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.recorded import (
    COMMAND_HEADERS,
    DELETION_HEADERS,
    VERSION_HEADERS,
    versioned,
)
from interfaces.services import Services

JobId = Annotated[str, Parameter(description="The id of a job, a UUID")]


class ParametersBody(Body, frozen=True, kw_only=True):
    """What is wanted of a document: its games at all, and of them more than the main market."""

    extract_football: bool = True
    main_matches_only: bool = False


class ProcessFileBody(Body, frozen=True, kw_only=True):
    """A document to be processed, by its path; the highest priority, 0 to 4, goes first."""

    file_path: Annotated[str, Meta(min_length=1, max_length=500)]
    priority: int = DEFAULT_PRIORITY
    job_type: Literal["pdf_processing"] = "pdf_processing"
    parameters: ParametersBody = ParametersBody()


class QueuedView(msgspec.Struct, frozen=True, kw_only=True):
    """That a document waits to be processed."""

    job_id: str
    message: str
    status: JobStatus


class CancelledView(msgspec.Struct, frozen=True):
    """That a job was called off."""

    message: str


class DocumentProcessingController(Controller):
    """Jobs that process documents."""

    path = "/process"
    tags = ("Documents",)

    @post(
        "/file",
        operation_id="processFile",
        response_headers=COMMAND_HEADERS,
        summary="Process a document",
    )
    async def process(
        self, sent: SentCommand, services: Services, data: ProcessFileBody
    ) -> Response[QueuedView]:
        """Have a document processed that was taken in before."""
        command = ProcessFile(
            job_id=UUID(bytes=sent.seed()[:16], version=4),
            file_path=data.file_path,
            priority=data.priority,
            parameters=ProcessingParameters(
                extract_football=data.parameters.extract_football,
                main_matches_only=data.parameters.main_matches_only,
            ),
        )
        queued = await sent.carry_out(
            lambda metadata: process_file(services.store, command, metadata)
        )
        view = QueuedView(
            job_id=queued.aggregate.key,
            message="File queued for processing",
            status=queued.aggregate.state.status,
        )
        return queued.answer(view, status=201)

    @get(
        "/status/{job_id:str}",
        operation_id="getJobStatus",
        response_headers=VERSION_HEADERS,
        summary="Get the status of a job",
    )
    async def status(self, services: Services, job_id: JobId) -> Response[JobView]:
        """Show how far a job is, what it came to, or why it failed."""
        await services.freshness.reach_head(READ_MODELS)
        row = await services.documents.job(job_id)
        if row is None:
            raise _not_found()
        return versioned(job_view(row, datetime.now(UTC)), row.version)

    @get("/queue", operation_id="getQueue", summary="Get the queue")
    async def queue(self, services: Services) -> QueueView:
        """Show how many jobs stand where."""
        await services.freshness.reach_head(READ_MODELS)
        sections = await services.configuration.sections()
        return queue_view(await services.documents.job_counts(), sections.processing.max_concurrent)

    @delete(
        "/job/{job_id:str}",
        operation_id="cancelJob",
        response_headers=DELETION_HEADERS,
        summary="Cancel a job",
        status_code=200,
        guards=[requires(Role.ADMIN)],
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def cancel(
        self, sent: SentCommand, services: Services, job_id: JobId
    ) -> Response[CancelledView]:
        """Call a job off, whether it waits or runs; nothing of its document is recorded."""
        key = _uuid(job_id)
        cancelled = await sent.carry_out(lambda metadata: cancel_job(services.store, key, metadata))
        return cancelled.answer(CancelledView("Job cancelled successfully"))


def _uuid(job_id: str) -> UUID:
    try:
        key = UUID(job_id)
    except ValueError:
        raise _not_found() from None
    if str(key) != job_id:
        raise _not_found()
    return key


def _not_found() -> NotFoundError:
    return NotFoundError("Job not found")
