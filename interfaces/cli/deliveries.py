"""``annals webhooks deliveries``, ``redeliver`` and ``test``: what arrives, and what does not."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from application.webhooks.deliveries import Attempt, DeliveryStatus
from application.webhooks.handlers import find_webhook
from application.webhooks.testing import Tested, send_test
from interfaces.cli.output import AsJson, complain, console, print_json
from interfaces.cli.running import PROJECTIONS, with_services
from interfaces.delivery_views import (
    READ_MODELS,
    DeliveryDetail,
    DeliveryPage,
    DeliveryView,
    delivery_detail,
    delivery_page,
    redelivered,
)
from interfaces.moments import parse_point
from interfaces.services import Services

Url = Annotated[str, typer.Argument(help="The URL of a webhook.")]
OneDelivery = Annotated[
    str | None, typer.Option("--id", help="Only this one, with all attempts at it.")
]
OneUrl = Annotated[str | None, typer.Option(help="Only those to the webhook of this URL.")]
OneStatus = Annotated[
    DeliveryStatus | None, typer.Option(help="Only those of which this has become.")
]
OneEvent = Annotated[str | None, typer.Option(help="Only those of this type of events.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")]
PageNumber = Annotated[
    int, typer.Option(min=1, max=10_000_000, help="Which page, of so many each.")
]

ENDED = (DeliveryStatus.DELIVERED, DeliveryStatus.DEAD)


def deliveries(
    *,
    delivery_id: OneDelivery = None,
    url: OneUrl = None,
    status: OneStatus = None,
    event: OneEvent = None,
    limit: Limit = 50,
    page: PageNumber = 1,
    as_json: AsJson = False,
) -> None:
    """List deliveries of webhooks, newest event first, or show one with all attempts at it.

    Exits 1 if there is no such delivery, or no webhook is registered for the URL.

    Example: annals webhooks deliveries --status dead
    """
    if delivery_id is not None:
        _show_one(delivery_id, as_json=as_json)
        return

    async def read(services: Services) -> DeliveryPage:
        return await delivery_page(
            services, url=url, status=status, event=event, page=page, size=limit
        )

    found = with_services(read, PROJECTIONS)
    if as_json:
        print_json(found.items)
        return
    console.print(_table(found.items))
    console.print(f"{len(found.items)} of {found.total} deliveries")


def redeliver(
    what: Annotated[str, typer.Argument(help="The id of a delivery, or the URL of a webhook.")],
    *,
    since: Annotated[
        str | None,
        typer.Option(help="With a URL: from this position, or moment in ISO 8601, on."),
    ] = None,
    status: OneStatus = None,
    as_json: AsJson = False,
) -> None:
    """Have a delivery sent again, or all to a webhook since a position or moment, in order.

    They keep their ids and are marked. Without --status delivered and dead ones alike.

    Exits 1 if there is no such delivery or webhook.

    Example: annals webhooks redeliver https://example.org/hook --since 2026-11-22T06:00:00Z
    """
    if since is None:
        if status is not None:
            raise typer.BadParameter("goes with --since", param_hint="--status")
        if "://" in what:
            raise typer.BadParameter("is needed with a URL", param_hint="--since")
        _redeliver_one(what, as_json=as_json)
        return
    if status is not None and status not in ENDED:
        raise typer.BadParameter("must be delivered or dead", param_hint="--status")
    try:
        point = parse_point(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None

    async def work(services: Services) -> int:
        webhook = await find_webhook(services.store, what)
        await services.freshness.reach_head(READ_MODELS)
        return await services.deliveries.redeliver_since(int(webhook.key), point, status)

    count = with_services(work, PROJECTIONS)
    if as_json:
        print_json({"url": what, "redelivered": count})
    else:
        console.print(f"{count} deliveries are sent again")


def send_one(url: Url, as_json: AsJson = False) -> None:
    """Send a signed test event to a webhook at once, and tell how it was received.

    Exits 1 if it did not arrive, or no webhook is registered for the URL.

    Example: annals webhooks test https://example.org/hook
    """

    async def work(services: Services) -> Tested:
        webhook = await find_webhook(services.store, url)
        return await send_test(services.store, services.webhook_client, int(webhook.key))

    tested = with_services(work)
    if as_json:
        print_json(tested)
    elif tested.delivered:
        console.print(f"It arrived: {tested.status_code} after {tested.duration_ms:.0f} ms")
    else:
        said = f"{tested.error}" + (f", {tested.status_code}" if tested.status_code else "")
        complain(f"It did not arrive: {said}, after {tested.duration_ms:.0f} ms")
    if not tested.delivered:
        raise typer.Exit(1)


def _show_one(delivery_id: str, *, as_json: bool) -> None:
    async def read(services: Services) -> DeliveryDetail:
        return await delivery_detail(services, delivery_id)

    detail = with_services(read, PROJECTIONS)
    if as_json:
        print_json(detail)
        return
    console.print(_table([detail]))
    console.print(_attempts(detail.attempt_log))


def _redeliver_one(delivery_id: str, *, as_json: bool) -> None:
    async def work(services: Services) -> DeliveryView:
        return await redelivered(services, delivery_id)

    view = with_services(work, PROJECTIONS)
    if as_json:
        print_json(view)
    else:
        console.print(f"Delivery {view.delivery_id} is sent again", highlight=False)


def _table(views: Sequence[DeliveryView]) -> Table:
    table = Table(Column("delivery", no_wrap=True), Column("event", overflow="fold"), "outcome")
    for view in views:
        event = (view.event, f"{view.stream_id} at {view.position}", view.url or "unregistered")
        attempts = f"{view.attempts} attempts" if view.attempts != 1 else "1 attempt"
        outcome = (
            f"{view.status}{', redelivery' if view.redelivery else ''}",
            f"{attempts}: {_outcome(view.last_status_code, view.last_error)}".rstrip(": "),
            view.updated_at.isoformat(sep=" ", timespec="seconds"),
        )
        table.add_row(view.delivery_id, escape("\n".join(event)), "\n".join(outcome))
    return table


def _attempts(attempts: Sequence[Attempt]) -> Table:
    table = Table("attempt", "began at", Column("ms", justify="right"), "outcome")
    for attempt in attempts:
        table.add_row(
            str(attempt.number),
            attempt.began_at.isoformat(sep=" ", timespec="milliseconds"),
            f"{attempt.duration_ms:.0f}",
            _outcome(attempt.status_code, attempt.error),
        )
    return table


def _outcome(status_code: int | None, error: str | None) -> str:
    return " ".join(str(part) for part in (status_code, error) if part is not None)
