"""The OpenAPI document, complete with error shapes and security schemes."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, MediaType, Request, get
from litestar.enums import OpenAPIMediaType
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, RedocRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, Operation, RequestBody, SecurityScheme
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from application.outward import OutwardCatalogue
from interfaces.rest.about import About
from interfaces.rest.access import PUBLIC
from interfaces.rest.families import (
    DashboardError,
    Families,
    Family,
    FootballError,
    StewardshipError,
    WorkflowsError,
)
from interfaces.rest.webhooks.description import described_webhooks

API_KEY = "ApiKey"
BEARER = "Bearer"

SECURITY: list[dict[str, list[str]]] = [{API_KEY: []}, {BEARER: []}]

# Litestar insists on a root of its own for the document; ours stands where the seeds have it.
LITESTARS_OWN_PATH = "/schema"

_JSON = JsonRenderPlugin()
_SWAGGER = SwaggerRenderPlugin()
_REDOC = RedocRenderPlugin(google_fonts=False)

_SHAPES: dict[Family, type] = {
    Family.DASHBOARD: DashboardError,
    Family.FOOTBALL: FootballError,
    Family.STEWARDSHIP: StewardshipError,
    Family.WORKFLOWS: WorkflowsError,
}

_CASES = {
    400: "A business rule is broken",
    401: "No credentials, or none that hold",
    403: "The role that is needed is missing",
    404: "There is no such thing",
    409: "Somebody else changed it at the same time",
    412: "It has another version than If-Match asks for",
    413: "The body is too large",
    415: "The body is said to be no JSON",
    422: "The request is malformed",
    429: "Too many requests",
    500: "Something went wrong within",
    503: "Something that is needed cannot be reached",
}


# What cannot befall a route that takes no credentials and changes nothing.
_PROTECTED_ONLY = frozenset({401, 403, 404, 409, 412})
_COMMANDS_ONLY = frozenset({412})


@dataclass
class PublicOperation(Operation):
    """An operation that takes no credentials."""

    def __post_init__(self) -> None:
        self.security = []


@dataclass
class OptionalBodyOperation(Operation):
    """An operation whose body may be left out."""

    def __post_init__(self) -> None:
        assert isinstance(self.request_body, RequestBody)
        self.request_body.required = False


class ErrorResponses(ReceiveRoutePlugin):
    """Describes, for every route, the errors in the shape of the family that owns it."""

    def __init__(self, families: Families) -> None:
        self._families = families

    def receive_route(self, route: BaseRoute) -> None:
        """Add the errors to the descriptions of a route's handlers."""
        if isinstance(route, HTTPRoute):
            shape = _SHAPES[self._families.owner(route.path)]
            for handler in route.route_handlers:
                impossible = _PROTECTED_ONLY if handler.opt.get("public") else frozenset()
                if "GET" in handler.http_methods:
                    impossible |= _COMMANDS_ONLY
                handler.responses = {
                    status: ResponseSpec(shape, description=case, generate_examples=False)
                    for status, case in _CASES.items()
                    if status not in impossible
                } | dict(handler.responses or {})


def openapi_config(about: About, outward: OutwardCatalogue) -> OpenAPIConfig:
    """Describe the document and where it is shown."""
    return OpenAPIConfig(
        title=about.name,
        version=about.version,
        description=about.description,
        components=Components(
            security_schemes={
                API_KEY: SecurityScheme(
                    type="apiKey", name="X-API-Key", security_scheme_in="header"
                ),
                BEARER: SecurityScheme(
                    type="http", scheme="bearer", description="A token, or an API key"
                ),
            }
        ),
        security=SECURITY,
        webhooks=described_webhooks(outward),
        use_handler_docstrings=True,
        path=LITESTARS_OWN_PATH,
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )


class DocumentationController(Controller):
    """The document for machines, and two ways to read it."""

    opt = PUBLIC
    include_in_schema = False

    @get("/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON, sync_to_thread=False)
    def document(self, request: Request[Any, Any, Any]) -> bytes:
        """Give the document."""
        return _JSON.render(request, request.app.openapi_schema.to_schema())

    @get("/docs", media_type=MediaType.HTML, sync_to_thread=False)
    def swagger(self, request: Request[Any, Any, Any]) -> bytes:
        """Show the document with Swagger UI."""
        return _SWAGGER.render(request, request.app.openapi_schema.to_schema())

    @get("/redoc", media_type=MediaType.HTML, sync_to_thread=False)
    def redoc(self, request: Request[Any, Any, Any]) -> bytes:
        """Show the document with ReDoc."""
        return _REDOC.render(request, request.app.openapi_schema.to_schema())
