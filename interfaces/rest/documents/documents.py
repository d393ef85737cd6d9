"""Documents that were taken in (issue: documents are stored by content)."""

from typing import Annotated

from litestar import Controller, Response, delete, get
from litestar.di import Provide
from litestar.params import Parameter

from application.documents.handlers import delete_document
from application.documents.queueing import READ_MODELS
from application.errors import NotFoundError
from domain.identity.roles import Role
from interfaces.document_views import (
    DocumentDetailView,
    DocumentView,
    document_detail_view,
    document_view,
)
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.recorded import DELETION_HEADERS, VERSION_HEADERS, versioned
from interfaces.services import Services

DocumentId = Annotated[str, Parameter(description="The id of a document")]
DocumentPage = Annotated[Page[DocumentView], Parameter(schema_component_key="DocumentPage")]


class DocumentController(Controller):
    """Documents."""

    path = "/documents"
    tags = ("Documents",)

    @get("/", operation_id="listDocuments", response_headers=PAGE_HEADERS, summary="List documents")
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[DocumentPage]:
        """List all documents that ever came in, the newest first."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.documents.newest(page, size)
        views = [document_view(row) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/{document_id:str}",
        operation_id="getDocument",
        response_headers=VERSION_HEADERS,
        summary="Get a document",
    )
    async def show(
        self, services: Services, document_id: DocumentId
    ) -> Response[DocumentDetailView]:
        """Show a document with what was odd about it."""
        await services.freshness.reach_head(READ_MODELS)
        row = await services.documents.get(document_id)
        if row is None:
            raise NotFoundError("Document not found")
        anomalies = await services.documents.anomalies_of(document_id)
        return versioned(document_detail_view(row, anomalies), row.version)

    @delete(
        "/{document_id:str}",
        operation_id="deleteDocument",
        response_headers=DELETION_HEADERS,
        summary="Delete the bytes of a document",
        status_code=200,
        guards=[requires(Role.ADMIN)],
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def delete(
        self, sent: SentCommand, services: Services, document_id: DocumentId
    ) -> Response[DocumentView]:
        """Keep the bytes no longer; the games, their odds and the whole history stay."""
        deleted = await sent.carry_out(
            lambda metadata: delete_document(
                services.store, services.document_storage, document_id, metadata
            )
        )
        await services.freshness.reach_head(READ_MODELS)
        row = await services.documents.get(document_id)
        assert row is not None
        return deleted.answer(document_view(row))
