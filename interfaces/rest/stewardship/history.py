"""The history of a stewardship, in pages and as a file (contract section 8)."""

from typing import Annotated, Literal

from litestar import Controller, Response, get
from litestar.middleware import DefineMiddleware
from litestar.params import Parameter

from application.stewardship.history import HistoryEntry, as_csv, as_json_lines, read_history
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.stewardship.debugging import DEBUG_HEADER, Debugging
from interfaces.rest.stewardship.parameters import StewardshipId, stewardship_key
from interfaces.services import Services

JSON_LINES = "application/x-ndjson"
CSV = "text/csv; charset=utf-8"

ExportFormat = Annotated[
    Literal["jsonl", "csv"], Parameter(description="JSON lines, or CSV safe for spreadsheets")
]

HistoryPage = Annotated[
    Page[HistoryEntry], Parameter(schema_component_key="StewardshipHistoryPage")
]


class StewardshipHistoryController(Controller):
    """What happened to a stewardship, as far as its options show it."""

    path = "/stewardship/{stewardship_id:str}"
    tags = ("Stewardship",)
    middleware = (DefineMiddleware(Debugging),)
    parameters = DEBUG_HEADER

    @get(
        "/history",
        operation_id="getStewardshipHistory",
        response_headers=PAGE_HEADERS,
        summary="Get the history of a stewardship",
    )
    async def history(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        stewardship_id: StewardshipId,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[HistoryPage]:
        """List what happened within the retention, oldest first; redacted where neutralized."""
        key = stewardship_key(stewardship_id)
        entries = await read_history(services.store, key, now=services.clock())
        shown = entries[(page - 1) * size : page * size]
        return paged(request, shown, total=len(entries), page=page, size=size)

    @get(
        "/export",
        operation_id="exportStewardshipHistory",
        summary="Export the history of a stewardship",
        media_type=JSON_LINES,
    )
    async def export(
        self,
        services: Services,
        stewardship_id: StewardshipId,
        format: ExportFormat = "jsonl",  # noqa: A002
    ) -> Response[bytes]:
        """Give the history within the retention as a file."""
        key = stewardship_key(stewardship_id)
        entries = await read_history(services.store, key, now=services.clock(), for_export=True)
        is_csv = format == "csv"
        return Response(
            as_csv(entries) if is_csv else as_json_lines(entries),
            media_type=CSV if is_csv else JSON_LINES,
            headers={"Content-Disposition": f'attachment; filename="stewardship_{key}.{format}"'},
        )
