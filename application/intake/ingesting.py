"""Bringing files in by hand: each is taken in, and its job is followed to its end."""

import contextlib
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from application.configuration.current import CurrentConfiguration
from application.documents.handlers import TakeInDocument, cancel_job, take_in_document
from application.documents.storage import DocumentStorage, DocumentTooLargeError
from application.intake.arrivals import arrival_path, is_known
from application.intake.ports import LocalFiles
from application.ports import EventStore
from domain.documents.events import Source
from domain.documents.processing import JobEndedError, ProcessingJob
from domain.documents.processing_events import JobStatus, ProcessingResult
from domain.documents.stages import Stage
from domain.errors import InvalidFieldError
from domain.events import Metadata

MEGABYTE = 1024 * 1024


class RefusedFileError(Exception):
    """A file cannot be taken in; the message says why, for people."""


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands; ``result`` once it is completed, ``error`` once it has failed."""

    job_id: UUID
    file_path: str
    status: JobStatus
    progress_percent: float
    stage: Stage | None
    processing_seconds: float | None
    result: ProcessingResult | None
    error_code: str | None
    error: str | None

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more can become of it."""
        return self.status not in (JobStatus.QUEUED, JobStatus.RUNNING)


class Ingesting:
    """Takes files of this machine in."""

    def __init__(
        self,
        store: EventStore,
        storage: DocumentStorage,
        configuration: CurrentConfiguration,
        files: LocalFiles,
    ) -> None:
        self._store = store
        self._storage = storage
        self._configuration = configuration
        self.files = files

    async def is_known(self, path: Path) -> bool:
        """Tell whether a file's content was ever taken in. Raises RefusedFileError."""
        try:
            return await is_known(self._store, await self.files.digest(path))
        except OSError as error:
            raise RefusedFileError(_reason(error)) from None

    async def take_in(self, path: Path, priority: int, metadata: Metadata) -> UUID:
        """Take a file in, and give the job for it. Raises RefusedFileError."""
        security = (await self._configuration.sections()).security
        job_id = uuid4()
        command = TakeInDocument(
            file_path=arrival_path(path.name),
            source=Source.TERMINAL,
            job_id=job_id,
            priority=priority,
        )
        try:
            async with self._storage.receiving(security.max_file_size_mb * MEGABYTE) as incoming:
                async for chunk in self.files.content(path):
                    await incoming.write(chunk)
                await take_in_document(self._store, self._storage, incoming, command, metadata)
        except InvalidFieldError as error:
            raise RefusedFileError(error.message) from None
        except DocumentTooLargeError:
            message = f"The file is larger than {security.max_file_size_mb} MB"
            raise RefusedFileError(message) from None
        except OSError as error:
            raise RefusedFileError(_reason(error)) from None
        return job_id

    async def look_at(self, job_id: UUID) -> Ingested:
        """Tell how a job stands."""
        state = (await self._store.peek(ProcessingJob, str(job_id))).state
        return Ingested(
            job_id=job_id,
            file_path=state.file_path,
            status=state.status,
            progress_percent=state.progress_percent,
            stage=state.stage,
            processing_seconds=state.processing_seconds,
            result=state.result,
            error_code=state.error_code,
            error=state.error,
        )

    async def cancel(self, job_id: UUID, metadata: Metadata) -> None:
        """Call a job off, unless it has ended."""
        with contextlib.suppress(JobEndedError):
            await cancel_job(self._store, job_id, metadata)


def _reason(error: OSError) -> str:
    return f"The file cannot be read: {error.strerror}"
