"""Logging in, and the users (seed football: Authentication Endpoints; contract section 1)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Request, Response, get, patch, post
from litestar.datastructures import State
from litestar.openapi import ResponseSpec
from msgspec import Meta

from application.identity.commands import ChangeUser, LogIn, RegisterUser
from application.identity.handlers import change_user, log_in, register_user
from domain.identity.roles import Role
from interfaces.identity_views import UserView, recorded_user_view, user_view
from interfaces.rest.access import PUBLIC, AuthenticatedRequest, requires
from interfaces.rest.bodies import Body
from interfaces.rest.commands import SentCommand
from interfaces.rest.families import FootballError
from interfaces.rest.openapi import PublicOperation
from interfaces.rest.parameters import Username
from interfaces.rest.recorded import COMMAND_HEADERS
from interfaces.services import Services

READ_MODELS = ("users",)

WRONG_PASSWORD = ResponseSpec(
    FootballError, description="Username or password is wrong", generate_examples=False
)

Password = Annotated[str, Meta(max_length=1024)]


class LogInBody(Body, frozen=True, kw_only=True):
    """A username with its password."""

    username: Annotated[str, Meta(max_length=255)]
    password: Password


class RegisterUserBody(Body, frozen=True, kw_only=True):
    """A user to be let in."""

    username: Annotated[str, Meta(max_length=255)]
    password: Password
    email: Annotated[str, Meta(max_length=255)] | None = None
    roles: list[Role] = msgspec.field(default_factory=lambda: [Role.USER])


class ChangeUserBody(Body, frozen=True, kw_only=True):
    """What is to be changed of a user; what is left out stays as it is."""

    email: Annotated[str, Meta(max_length=255)] | None = None
    password: Password | None = None
    roles: list[Role] | None = None
    is_active: bool | None = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the Authorization header; ``expires_in`` is in seconds."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int


class UserController(Controller):
    """Users, under ``/auth``."""

    path = "/auth"
    tags = ("Authentication",)

    @post(
        "/login",
        operation_id="logIn",
        summary="Log in",
        status_code=200,
        opt=PUBLIC,
        operation_class=PublicOperation,
        responses={401: WRONG_PASSWORD},
    )
    async def log_in(
        self, request: Request[object, object, State], services: Services, data: LogInBody
    ) -> TokenView:
        """Exchange a password for a token; five failures a minute lock username and address."""
        address = request.client.host if request.client is not None else ""
        command = LogIn(username=data.username, password=data.password, address=address)
        token = await log_in(
            services.store, services.passwords, services.throttle, services.tokens, command
        )
        return TokenView(access_token=token.token, expires_in=token.expires_in)

    @get("/me", operation_id="getMe", summary="Get the authenticated user")
    async def me(self, request: AuthenticatedRequest, services: Services) -> UserView:
        """Show who sends the request; an API key goes by its name."""
        principal = request.user
        if principal.kind == "user":
            return await _find_user(services, principal.name)
        return UserView(principal.name, None, sorted(principal.roles), is_active=True)

    @post(
        "/users",
        operation_id="registerUser",
        response_headers=COMMAND_HEADERS,
        summary="Register a user",
        guards=[requires(Role.ADMIN)],
    )
    async def register(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        data: RegisterUserBody,
    ) -> Response[UserView]:
        """Let a user in."""
        command = RegisterUser(
            username=data.username, password=data.password, email=data.email, roles=data.roles
        )
        registered = await sent.carry_out(
            lambda metadata: register_user(
                services.store, services.passwords, command, metadata, request.user.unmoved
            )
        )
        view = await recorded_user_view(services.store, registered.aggregate)
        return registered.answer(view, status=201)

    @get("/users", operation_id="listUsers", summary="List users", guards=[requires(Role.ADMIN)])
    async def list(self, services: Services) -> Sequence[UserView]:
        """List all users by name."""
        await services.freshness.reach_head(READ_MODELS)
        return [user_view(row) for row in await services.identity.list_users()]

    @patch(
        "/users/{username:str}",
        operation_id="changeUser",
        response_headers=COMMAND_HEADERS,
        summary="Change a user",
        guards=[requires(Role.ADMIN)],
    )
    async def change(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        username: Username,
        data: ChangeUserBody,
    ) -> Response[UserView]:
        """Change a user; a new password, new roles or a deactivation end their tokens."""
        command = ChangeUser(
            username=username,
            email=data.email,
            password=data.password,
            roles=data.roles,
            is_active=data.is_active,
        )
        changed = await sent.carry_out(
            lambda metadata: change_user(
                services.store, services.passwords, command, metadata, request.user.unmoved
            )
        )
        return changed.answer(await recorded_user_view(services.store, changed.aggregate))


async def _find_user(services: Services, username: str) -> UserView:
    await services.freshness.reach_head(READ_MODELS)
    row = await services.identity.get_user(username)
    assert row is not None
    return user_view(row)
