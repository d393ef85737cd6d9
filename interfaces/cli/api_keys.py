"""``annals api-keys``: how programs come in."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from application.identity.commands import CreateApiKey, RevokeApiKey, ToggleApiKey
from application.identity.handlers import create_api_key, revoke_api_key, toggle_api_key
from application.identity.usage import KeyUsage
from domain.identity.api_key import ApiKey
from domain.identity.roles import Role
from interfaces.cli.output import AsJson, console, print_json
from interfaces.cli.running import PROJECTIONS, by_terminal, with_services
from interfaces.identity_views import (
    ApiKeyView,
    CreatedApiKeyView,
    api_key_view,
    created_api_key_view,
    recorded_api_key_view,
)
from interfaces.moments import parse_moment
from interfaces.services import Services

app = typer.Typer(help="Hand out API keys and take them back.", no_args_is_help=True)

SEED_BYTES = 32
PAGE_SIZE = 500
MAX_BIGINT = 2**63 - 1

KeyId = Annotated[int, typer.Argument(min=1, max=MAX_BIGINT, help="The id of an API key.")]


class UsedApiKeyView(ApiKeyView, frozen=True, kw_only=True):
    """An API key with its use."""

    usage: KeyUsage


@app.command("list")
def list_api_keys(as_json: AsJson = False) -> None:
    """List all API keys, newest first.

    Exits 1 if the read model cannot be brought up to date in time.

    Example: annals api-keys list
    """
    keys = with_services(_all, PROJECTIONS)
    if as_json:
        print_json(keys)
    else:
        console.print(_table(keys))


@app.command("show")
def show(key_id: KeyId, as_json: AsJson = False) -> None:
    """Show an API key with its use; never the key itself.

    Exits 1 if there is no such key.

    Example: annals api-keys show 5
    """

    async def read(services: Services) -> UsedApiKeyView:
        key = recorded_api_key_view(await services.store.load(ApiKey, key_id))
        usage = await services.usage.usage(key_id)
        return UsedApiKeyView(**msgspec.structs.asdict(key), usage=usage)

    key = with_services(read)
    if as_json:
        print_json(key)
        return
    console.print(_table([key]))
    used = _moment(key.usage.last_used_at)
    console.print(f"Used {key.usage.usage_count} times, last: {used}", highlight=False)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is called.")],
    role: Annotated[Role, typer.Option(help="What the key may do: admin or user.")] = Role.USER,
    description: Annotated[str | None, typer.Option(help="What the key is for.")] = None,
    expires_at: Annotated[
        str | None, typer.Option(help="Until when it holds, in ISO 8601. Default: revoked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand out an API key, and show it this once.

    Exits 1 if a value is refused.

    Example: annals api-keys create "Nightly import" --expires-at 2030-01-01T00:00:00Z
    """
    command = CreateApiKey(
        name=name,
        seed=secrets.token_bytes(SEED_BYTES),
        description=description,
        role=role,
        expires_at=_expiry(expires_at),
    )

    async def hand_out(services: Services) -> CreatedApiKeyView:
        key, _ = await create_api_key(
            services.store, services.identifiers, command, by_terminal(), unmoved={}
        )
        return created_api_key_view(key, command.seed)

    created = with_services(hand_out)
    if as_json:
        print_json(created)
        return
    console.print(f"API key {created.id}, shown this once:", highlight=False)
    console.print(created.key, markup=False, highlight=False, soft_wrap=True)


@app.command("revoke")
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """Take an API key back for good, in every server process at once.

    Exits 1 if there is no such key.

    Example: annals api-keys revoke 5
    """

    async def take_back(services: Services) -> ApiKeyView:
        command = RevokeApiKey(key_id=key_id)
        key, _ = await revoke_api_key(services.store, command, by_terminal(), unmoved={})
        return recorded_api_key_view(key)

    _show(with_services(take_back), as_json=as_json)


@app.command("toggle")
def toggle(key_id: KeyId, as_json: AsJson = False) -> None:
    """Switch an API key off, or on again.

    Exits 1 if there is no such key or it was revoked.

    Example: annals api-keys toggle 5
    """

    async def switch(services: Services) -> ApiKeyView:
        command = ToggleApiKey(key_id=key_id)
        key, _ = await toggle_api_key(services.store, command, by_terminal(), unmoved={})
        return recorded_api_key_view(key)

    _show(with_services(switch), as_json=as_json)


async def _all(services: Services) -> Sequence[ApiKeyView]:
    await services.freshness.reach_head(["api_keys"])
    keys: list[ApiKeyView] = []
    page = 1
    while True:
        found = await services.identity.list_api_keys(page, PAGE_SIZE)
        keys += [api_key_view(entry) for entry in found.items]
        if page * PAGE_SIZE >= found.total:
            return keys
        page += 1


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires-at") from None


def _show(key: ApiKeyView, *, as_json: bool) -> None:
    if as_json:
        print_json(key)
    else:
        console.print(_table([key]))


def _table(keys: Sequence[ApiKeyView]) -> Table:
    table = Table("id", "name", "role", "begins with", "expires", "state")
    for key in keys:
        table.add_row(
            str(key.id),
            escape(key.name),
            key.role,
            key.key_prefix,
            _moment(key.expires_at),
            _state(key),
        )
    return table


def _state(key: ApiKeyView) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "on" if key.is_active else "off"


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(sep=" ", timespec="seconds") if moment is not None else "never"
