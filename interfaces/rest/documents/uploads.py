"""Uploading documents (seed football: POST /api/v1/upload)."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import msgspec
from litestar import Controller, Response, post
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from application.documents.handlers import TakeInDocument, take_in_document
from domain.documents.events import Source
from domain.documents.file_path import path_of
from domain.documents.processing import (
    DEFAULT_PRIORITY,
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    ProcessingJob,
    check_priority,
)
from domain.errors import InvalidFieldError, InvalidFieldsError
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.commands import sent_with
from interfaces.rest.conditions import IdempotencyKeyHeader, IfMatchHeader
from interfaces.rest.documents.forms import FORM, receive_form
from interfaces.rest.recorded import COMMAND_HEADERS
from interfaces.services import Services

MEGABYTE = 1024 * 1024
INTEGER = re.compile(r"-?[0-9]{1,9}")


class UploadedView(msgspec.Struct, frozen=True, kw_only=True):
    """That a document was taken in; ``job_id`` is null if it is only kept."""

    success: bool
    message: str
    file_path: str
    job_id: str | None


@dataclass
class UploadOperation(Operation):
    """An operation whose body is a form with a file."""

    def __post_init__(self) -> None:
        schema = Schema(
            type=OpenAPIType.OBJECT,
            required=["file"],
            properties={
                "file": Schema(type=OpenAPIType.STRING, content_media_type="application/pdf"),
                "priority": Schema(
                    type=OpenAPIType.INTEGER,
                    minimum=LOWEST_PRIORITY,
                    maximum=HIGHEST_PRIORITY,
                    default=DEFAULT_PRIORITY,
                ),
                "auto_process": Schema(type=OpenAPIType.BOOLEAN, default=True),
            },
        )
        self.request_body = RequestBody(
            content={FORM: OpenAPIMediaType(schema=schema)}, required=True
        )


class UploadController(Controller):
    """Documents as they come in."""

    path = "/upload"
    tags = ("Documents",)

    @post(
        "/",
        operation_id="uploadDocument",
        response_headers=COMMAND_HEADERS,
        summary="Upload a document",
        request_max_body_size=None,  # a document's size is counted while it comes in
        operation_class=UploadOperation,
    )
    async def upload(
        self,
        request: AuthenticatedRequest,
        services: Services,
        key: IdempotencyKeyHeader = None,
        match: IfMatchHeader = None,
    ) -> Response[UploadedView]:
        """Take a betting sheet in, and have it processed unless ``auto_process`` is false.

        The same bytes are kept once, whatever they are called.
        """
        security = (await services.configuration.sections()).security
        most_bytes = security.max_file_size_mb * MEGABYTE
        async with services.document_storage.receiving(most_bytes) as incoming:
            form = await receive_form(request, incoming)
            with _all_that_is_wrong() as wrong:
                with wrong():
                    await incoming.end()
                with wrong():
                    path = path_of(form.file_name)
                with wrong():
                    priority = _priority(form.fields.get("priority"))
                with wrong():
                    is_processed = _flag("auto_process", form.fields.get("auto_process"))
            sent = sent_with(request, services, form.digest, key=key, match=match)
            command = TakeInDocument(
                file_path=path,
                source=Source.UPLOAD,
                job_id=UUID(bytes=sent.seed()[:16], version=4) if is_processed else None,
                priority=priority,
            )
            taken_in = await sent.carry_out(
                lambda metadata: take_in_document(
                    services.store, services.document_storage, incoming, command, metadata
                )
            )
        aggregate = taken_in.aggregate
        view = UploadedView(
            success=True,
            message="File uploaded successfully",
            file_path=aggregate.state.file_path,
            job_id=aggregate.key if isinstance(aggregate, ProcessingJob) else None,
        )
        return taken_in.answer(view, status=201)


@contextlib.contextmanager
def _all_that_is_wrong() -> Iterator[Callable[[], contextlib.AbstractContextManager[None]]]:
    """Let whoever sent a form know of every field at once. Raises InvalidFieldsError."""
    errors: list[InvalidFieldError] = []

    @contextlib.contextmanager
    def noted() -> Iterator[None]:
        try:
            yield
        except InvalidFieldError as error:
            errors.append(error)

    yield noted
    if errors:
        raise InvalidFieldsError(errors)


def _priority(text: str | None) -> int:
    if text is None or not text.strip():
        return DEFAULT_PRIORITY
    if not INTEGER.fullmatch(text.strip()):
        raise InvalidFieldError("priority", "must be an integer")
    priority = int(text)
    check_priority(priority)
    return priority


def _flag(name: str, text: str | None) -> bool:
    match (text or "true").strip().lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
    raise InvalidFieldError(name, "must be true or false")
