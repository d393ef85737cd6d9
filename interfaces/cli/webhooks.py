"""``annals webhooks``: who outside is told of events."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from msgspec import UNSET
from rich.markup import escape
from rich.table import Column, Table

from application.webhooks.handlers import (
    ChangeWebhookPatterns,
    RegisterWebhook,
    RotateWebhookSecret,
    change_webhook_patterns,
    disable_webhook,
    enable_webhook,
    register_webhook,
    rotate_webhook_secret,
    unregister_webhook,
)
from domain.webhooks.secret import derive_secret
from domain.webhooks.webhook import Webhook
from interfaces.cli import deliveries
from interfaces.cli.output import AsJson, console, print_json
from interfaces.cli.passwords import read_from_stdin
from interfaces.cli.running import PROJECTIONS, by_terminal, with_services
from interfaces.services import Services
from interfaces.webhook_views import (
    ChangedWebhookView,
    WebhookView,
    changed_webhook_view,
    webhook_view,
)

app = typer.Typer(help="Tell others of events.", no_args_is_help=True)
app.command("deliveries")(deliveries.deliveries)
app.command("redeliver")(deliveries.redeliver)
app.command("test")(deliveries.send_one)

SEED_BYTES = 32
LONGEST_OVERLAP_HOURS = 168

Url = Annotated[str, typer.Argument(help="The URL that events are sent to.")]
Events = Annotated[
    list[str],
    typer.Argument(help='Event types, beginnings like "run.*", or "*": all that it is told of.'),
]
SecretStdin = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Read the secret from standard input. Default: made up."),
]

Change = Callable[[Services], Awaitable[tuple[Webhook, int]]]


@app.command("list")
def list_webhooks(as_json: AsJson = False) -> None:
    """List all webhooks, the oldest first; never their secrets.

    Exits 1 if the read model cannot be brought up to date in time.

    Example: annals webhooks list
    """

    async def read(services: Services) -> Sequence[WebhookView]:
        await services.freshness.reach_head(["webhooks"])
        return [webhook_view(row) for row in await services.webhooks.all()]

    webhooks = with_services(read, PROJECTIONS)
    if as_json:
        print_json(webhooks)
    else:
        console.print(_table(webhooks))


@app.command("register")
def register(
    url: Url, events: Events, secret_stdin: SecretStdin = False, as_json: AsJson = False
) -> None:
    """Have a URL told of events from now on. A secret that is made up is shown this once.

    Exits 1 if a value is refused or a webhook is registered for the URL already.

    Example: annals webhooks register https://example.org/hook "run.*" system_error
    """
    given = _given_secret(secret_stdin=secret_stdin)
    secret = given or _made_up()
    command = RegisterWebhook(url=url, patterns=events, secret=secret)

    async def change(services: Services) -> tuple[Webhook, int]:
        return await register_webhook(
            services.store,
            services.identifiers,
            command,
            by_terminal(),
            addresses=services.webhook_addresses,
            outward=services.outward,
        )

    made_up = secret if given is None else None
    _carry_out(change, "Webhook registered", made_up=made_up, as_json=as_json)


@app.command("change")
def change_events(url: Url, events: Events, as_json: AsJson = False) -> None:
    """Have a webhook told of these events from now on, and of no others.

    Exits 1 if a value is refused or no webhook is registered for the URL.

    Example: annals webhooks change https://example.org/hook "*"
    """
    command = ChangeWebhookPatterns(url=url, patterns=events)

    async def change(services: Services) -> tuple[Webhook, int]:
        return await change_webhook_patterns(
            services.store, services.outward, command, by_terminal()
        )

    _carry_out(change, "Webhook changed", as_json=as_json)


@app.command("rotate-secret")
def rotate_secret(
    url: Url,
    *,
    overlap_hours: Annotated[
        int,
        typer.Option(min=0, max=LONGEST_OVERLAP_HOURS, help="How long the older secrets sign too."),
    ] = 24,
    secret_stdin: SecretStdin = False,
    as_json: AsJson = False,
) -> None:
    """Sign with a new secret. One that is made up is shown this once.

    Exits 1 if a value is refused or no webhook is registered for the URL.

    Example: annals webhooks rotate-secret https://example.org/hook --overlap-hours 48
    """
    given = _given_secret(secret_stdin=secret_stdin)
    secret = given or _made_up()
    command = RotateWebhookSecret(url=url, secret=secret, overlap=timedelta(hours=overlap_hours))

    async def change(services: Services) -> tuple[Webhook, int]:
        return await rotate_webhook_secret(services.store, command, by_terminal())

    made_up = secret if given is None else None
    _carry_out(change, "Webhook secret rotated", made_up=made_up, as_json=as_json)


@app.command("enable")
def enable(url: Url, as_json: AsJson = False) -> None:
    """Send to a webhook that was disabled again.

    Exits 1 if no webhook is registered for the URL.

    Example: annals webhooks enable https://example.org/hook
    """

    async def change(services: Services) -> tuple[Webhook, int]:
        return await enable_webhook(services.store, url, by_terminal())

    _carry_out(change, "Webhook enabled", as_json=as_json)


@app.command("disable")
def disable(url: Url, as_json: AsJson = False) -> None:
    """Send nothing to a webhook until it is enabled again.

    Exits 1 if no webhook is registered for the URL.

    Example: annals webhooks disable https://example.org/hook
    """

    async def change(services: Services) -> tuple[Webhook, int]:
        return await disable_webhook(services.store, url, by_terminal())

    _carry_out(change, "Webhook disabled", as_json=as_json)


@app.command("unregister")
def unregister(url: Url, as_json: AsJson = False) -> None:
    """Tell a URL nothing any more; what has not been delivered yet is not.

    Exits 1 if no webhook is registered for the URL.

    Example: annals webhooks unregister https://example.org/hook
    """

    async def change(services: Services) -> tuple[Webhook, int]:
        return await unregister_webhook(services.store, url, by_terminal())

    _carry_out(change, "Webhook unregistered", as_json=as_json)


def _given_secret(*, secret_stdin: bool) -> str | None:
    if not secret_stdin:
        return None
    secret = read_from_stdin("--secret-stdin")
    if not secret:
        raise typer.BadParameter("is empty", param_hint="--secret-stdin")
    return secret


def _made_up() -> str:
    return derive_secret(secrets.token_bytes(SEED_BYTES))


def _carry_out(change: Change, message: str, *, made_up: str | None = None, as_json: bool) -> None:
    async def work(services: Services) -> ChangedWebhookView:
        webhook, _ = await change(services)
        return changed_webhook_view(webhook, f"{message} successfully", made_up=made_up)

    view = with_services(work)
    if as_json:
        print_json(view)
        return
    console.print(f"{message}: {escape(view.url)}", highlight=False, soft_wrap=True)
    if view.secret is not UNSET:
        console.print("Its secret, shown this once:")
        console.print(view.secret, markup=False, highlight=False, soft_wrap=True)


def _table(webhooks: Sequence[WebhookView]) -> Table:
    table = Table("id", Column("URL", overflow="fold"), "events", "state", "since")
    for webhook in webhooks:
        table.add_row(
            str(webhook.id),
            escape(webhook.url),
            escape(", ".join(webhook.events)),
            "active" if webhook.is_active else f"disabled: {webhook.disabled_because}",
            webhook.updated_at.isoformat(sep=" ", timespec="seconds"),
        )
    return table
