"""``annals users``: who logs in, and as what."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from application.identity.commands import ChangeUser, RegisterUser
from application.identity.handlers import change_user, register_user
from domain.identity.roles import Role
from domain.identity.user import User
from interfaces.cli.output import AsJson, console, print_json
from interfaces.cli.passwords import Generate, PasswordStdin, take_password
from interfaces.cli.running import PROJECTIONS, by_terminal, with_services
from interfaces.identity_views import UserView, recorded_user_view, user_view
from interfaces.services import Services

app = typer.Typer(help="Let users in and out.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="The name that the user logs in with.")]
Roles = Annotated[list[Role], typer.Argument(help="All the roles that the user is to have.")]


class UserWithPassword(UserView, frozen=True):
    """A user with the password that was made up, which is shown this once."""

    password: str


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List all users by name.

    Exits 1 if the read model cannot be brought up to date in time.

    Example: annals users list
    """

    async def read(services: Services) -> Sequence[UserView]:
        await services.freshness.reach_head(["users"])
        return [user_view(row) for row in await services.identity.list_users()]

    users = with_services(read, PROJECTIONS)
    if as_json:
        print_json(users)
    else:
        console.print(_table(users))


@app.command("show")
def show(username: Username, as_json: AsJson = False) -> None:
    """Show a user.

    Exits 1 if there is no such user.

    Example: annals users show ada
    """

    async def read(services: Services) -> UserView:
        return await recorded_user_view(services.store, await services.store.load(User, username))

    _show(with_services(read), as_json=as_json)


@app.command("create")
def create(
    username: Username,
    *,
    email: Annotated[str | None, typer.Option(help="The user's e-mail address.")] = None,
    role: Annotated[
        list[Role] | None, typer.Option(help="A role; may be given again. Default: user.")
    ] = None,
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
    as_json: AsJson = False,
) -> None:
    """Let a user in. The password is asked for, unless an option says where it comes from.

    Exits 1 if the username is in use or a value is refused.

    Example: annals users create ada --role editor --generate
    """
    password = take_password(password_stdin=password_stdin, generate=generate)
    command = RegisterUser(
        username=username, password=password, email=email, roles=role or [Role.USER]
    )

    async def register(services: Services) -> UserView:
        user, _ = await register_user(
            services.store, services.passwords, command, by_terminal(), unmoved={}
        )
        return await recorded_user_view(services.store, user)

    _show(with_services(register), as_json=as_json, made_up=password if generate else None)


@app.command("set-role")
def set_role(username: Username, roles: Roles, as_json: AsJson = False) -> None:
    """Give a user these roles and no others; their tokens end if the roles are other ones.

    Exits 1 if there is no such user.

    Example: annals users set-role ada editor publisher
    """
    _show(_change(ChangeUser(username=username, roles=roles)), as_json=as_json)


@app.command("set-email")
def set_email(
    username: Username,
    email: Annotated[str, typer.Argument(help="The user's e-mail address.")],
    as_json: AsJson = False,
) -> None:
    """Give a user another e-mail address.

    Exits 1 if there is no such user or the address is refused.

    Example: annals users set-email ada ada@example.org
    """
    _show(_change(ChangeUser(username=username, email=email)), as_json=as_json)


@app.command("set-password")
def set_password(
    username: Username,
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
    as_json: AsJson = False,
) -> None:
    """Give a user another password; all tokens issued before end.

    It is asked for, unless an option says where it comes from. Exits 1 if there is no such user
    or the password is refused.

    Example: annals users set-password ada --generate
    """
    password = take_password(password_stdin=password_stdin, generate=generate)
    changed = _change(ChangeUser(username=username, password=password))
    _show(changed, as_json=as_json, made_up=password if generate else None)


@app.command("deactivate")
def deactivate(username: Username, as_json: AsJson = False) -> None:
    """Shut a user out, tokens included.

    Exits 1 if there is no such user.

    Example: annals users deactivate ada
    """
    _show(_change(ChangeUser(username=username, is_active=False)), as_json=as_json)


@app.command("reactivate")
def reactivate(username: Username, as_json: AsJson = False) -> None:
    """Let a user in again, by a new login.

    Exits 1 if there is no such user.

    Example: annals users reactivate ada
    """
    _show(_change(ChangeUser(username=username, is_active=True)), as_json=as_json)


def _change(command: ChangeUser) -> UserView:
    async def change(services: Services) -> UserView:
        user, _ = await change_user(
            services.store, services.passwords, command, by_terminal(), unmoved={}
        )
        return await recorded_user_view(services.store, user)

    return with_services(change)


def _show(user: UserView, *, as_json: bool, made_up: str | None = None) -> None:
    if as_json:
        fields = msgspec.structs.asdict(user)
        print_json(user if made_up is None else UserWithPassword(**fields, password=made_up))
        return
    console.print(_table([user]))
    if made_up is not None:
        console.print("The password, shown this once:")
        console.print(made_up, markup=False, highlight=False, soft_wrap=True)


def _table(users: Sequence[UserView]) -> Table:
    table = Table("username", "e-mail", "roles", "active")
    for user in users:
        table.add_row(
            escape(user.username),
            escape(user.email or ""),
            ", ".join(user.roles),
            "yes" if user.is_active else "no",
        )
    return table
