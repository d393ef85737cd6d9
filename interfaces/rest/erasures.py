"""Who was erased, over HTTP (contract sections 7 and 12)."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import Parameter

from application.erasures.ports import Erasure, ErasureFilter
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.moments import Moment, read_moment
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import Subject
from interfaces.services import Services

SubjectFilter = Annotated[
    str | None, Parameter(description="The erasure of this subject, like run-42")
]

ErasurePage = Annotated[Page[Erasure], Parameter(schema_component_key="ErasurePage")]


class ErasureController(Controller):
    """The ledger of erasures."""

    path = "/erasures"
    tags = ("Audit",)
    guards = (requires(Role.ADMIN),)

    @get(
        "/",
        operation_id="listErasures",
        response_headers=PAGE_HEADERS,
        summary="List erasures",
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        subject: SubjectFilter = None,
        erased_after: Moment = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[ErasurePage]:
        """List whose personal data was erased, when, and on whose word, newest first."""
        wanted = ErasureFilter(
            subject=subject, erased_after=read_moment("erased_after", erased_after)
        )
        found = await services.erasures.newest(wanted, page=page, size=size)
        return paged(request, found.items, total=found.total, page=page, size=size)

    @get("/{subject:str}", operation_id="getErasure", summary="Get an erasure")
    async def erasure(self, services: Services, subject: Subject) -> Erasure:
        """Show when and on whose word the personal data of a subject was erased."""
        return await services.erasures.get(subject)
