"""What has become of what webhooks are told, and sending it again (contract section 11)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter
from msgspec import Meta

from application.webhooks.deliveries import DeliveryStatus
from application.webhooks.handlers import find_webhook
from application.webhooks.testing import Tested, send_test
from domain.errors import InvalidFieldError
from domain.identity.roles import Role
from interfaces.delivery_views import (
    READ_MODELS,
    DeliveryDetail,
    DeliveryView,
    delivery_detail,
    delivery_page,
    redelivered,
)
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.bodies import MAX_BIGINT, Body
from interfaces.rest.conditions import refuse_idempotency_key
from interfaces.rest.moments import read_point
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.webhooks.bodies import Url, WebhookUrlBody
from interfaces.services import Services

DeliveryId = Annotated[str, Parameter(description="The id of a delivery, a UUID")]
UrlFilter = Annotated[
    str | None, Parameter(description="Deliveries to the webhook of this URL", max_length=2000)
]
StatusFilter = Annotated[
    DeliveryStatus | None, Parameter(description="Deliveries of which this has become")
]
EventFilter = Annotated[
    str | None, Parameter(description="Deliveries of this type of events", max_length=255)
]

Since = Annotated[
    int | str,
    Meta(description="A position of the log, or a moment in ISO 8601, UTC unless it has an offset"),
]

DeliveryPage = Annotated[Page[DeliveryView], Parameter(schema_component_key="DeliveryPage")]


class RedeliverBody(Body, frozen=True, kw_only=True):
    """Which deliveries to a webhook are sent again: those of events since a position or moment.

    Without a ``status`` delivered and dead ones alike.
    """

    url: Url
    since: Since
    status: Literal["delivered", "dead"] | None = None


class RedeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are sent again."""

    url: str
    redelivered: int


class DeliveryController(Controller):
    """Deliveries of webhooks."""

    path = "/webhooks"
    tags = ("Webhooks",)
    guards = (requires(Role.ADMIN),)

    @get(
        "/deliveries",
        operation_id="listDeliveries",
        response_headers=PAGE_HEADERS,
        summary="List deliveries",
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        url: UrlFilter = None,
        status: StatusFilter = None,
        event: EventFilter = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[DeliveryPage]:
        """List deliveries, newest event first; those that arrived are kept for 30 days."""
        found = await delivery_page(
            services, url=url, status=status, event=event, page=page, size=size
        )
        return paged(request, found.items, total=found.total, page=page, size=size)

    @get("/deliveries/{delivery_id:str}", operation_id="getDelivery", summary="Get a delivery")
    async def get(self, services: Services, delivery_id: DeliveryId) -> DeliveryDetail:
        """Show a delivery with all attempts at it; nothing is kept of what was sent or answered."""
        return await delivery_detail(services, delivery_id)

    @post(
        "/deliveries/{delivery_id:str}/redeliver",
        operation_id="redeliver",
        summary="Send a delivery again",
        status_code=202,
    )
    async def redeliver(
        self, request: AuthenticatedRequest, services: Services, delivery_id: DeliveryId
    ) -> DeliveryView:
        """Send a delivery again as soon as its turn comes, under the same id and marked."""
        refuse_idempotency_key(request.headers)
        return await redelivered(services, delivery_id)

    @post(
        "/redeliver",
        operation_id="redeliverSince",
        summary="Send deliveries to a webhook again",
        status_code=202,
    )
    async def redeliver_since(
        self, request: AuthenticatedRequest, services: Services, data: RedeliverBody
    ) -> RedeliveryView:
        """Send all deliveries to a webhook again, from a position or moment on, in order."""
        refuse_idempotency_key(request.headers)
        since = _point(data.since)
        webhook = await find_webhook(services.store, data.url)
        await services.freshness.reach_head(READ_MODELS)
        status = DeliveryStatus(data.status) if data.status is not None else None
        count = await services.deliveries.redeliver_since(int(webhook.key), since, status)
        return RedeliveryView(url=webhook.state.url, redelivered=count)

    @post(
        "/test",
        operation_id="testWebhook",
        summary="Test a webhook",
        status_code=200,
    )
    async def test(
        self, request: AuthenticatedRequest, services: Services, data: WebhookUrlBody
    ) -> Tested:
        """Send a signed ``test`` event to a webhook at once, and tell how it was received."""
        refuse_idempotency_key(request.headers)
        webhook = await find_webhook(services.store, data.url)
        return await send_test(services.store, services.webhook_client, int(webhook.key))


def _point(since: int | str) -> int | datetime:
    if isinstance(since, str):
        point = read_point("since", since)
        assert point is not None
        return point
    if not 0 <= since <= MAX_BIGINT:
        raise InvalidFieldError("since", f"must be 0 to {MAX_BIGINT}")
    return since
