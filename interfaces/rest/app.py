"""The REST application: all routes, with what every one of them goes through."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp

from application.outward import OutwardCatalogue
from interfaces.rest.about import About
from interfaces.rest.access import AuthenticationMiddleware
from interfaces.rest.addresses import check_address
from interfaces.rest.admission import RATE_HEADERS, Admission
from interfaces.rest.audit import AuditController
from interfaces.rest.audit_logs import AuditLogController
from interfaces.rest.automation import AutomationController
from interfaces.rest.bodies import JsonRequest
from interfaces.rest.calls import Account
from interfaces.rest.cleanup import CleanupController
from interfaces.rest.commands import sent_command
from interfaces.rest.configuration import ConfigurationController
from interfaces.rest.dashboard import DashboardController
from interfaces.rest.documents.documents import DocumentController
from interfaces.rest.documents.processing import DocumentProcessingController
from interfaces.rest.documents.uploads import UploadController
from interfaces.rest.erasures import ErasureController
from interfaces.rest.errors import exception_handler
from interfaces.rest.events import EventController
from interfaces.rest.families import Families
from interfaces.rest.games import GameController
from interfaces.rest.identity.api_keys import AdminApiKeyController, ApiKeyController
from interfaces.rest.identity.own_key import OwnKeyController
from interfaces.rest.identity.users import UserController
from interfaces.rest.metrics import metrics_route
from interfaces.rest.openapi import DocumentationController, ErrorResponses, openapi_config
from interfaces.rest.processes import ProcessController
from interfaces.rest.projections import ProjectionController
from interfaces.rest.rate_limits import RateLimits
from interfaces.rest.reports import ReportController
from interfaces.rest.requests import RequestContext
from interfaces.rest.runs.controllers import RunController
from interfaces.rest.runs.step_runs import StepRunController
from interfaces.rest.steps import StepController
from interfaces.rest.stewardship.conducting import ConductController
from interfaces.rest.stewardship.executions import ExecutionController
from interfaces.rest.stewardship.history import StewardshipHistoryController
from interfaces.rest.stewardship.jobs import StewardshipJobController
from interfaces.rest.stewardship.stewardships import StewardshipController
from interfaces.rest.system import SystemController
from interfaces.rest.team_aliases import TeamAliasController
from interfaces.rest.webhooks.deliveries import DeliveryController
from interfaces.rest.webhooks.endpoints import WebhookController
from interfaces.rest.workflows.audit import WorkflowAuditController
from interfaces.rest.workflows.bulk import BulkController
from interfaces.rest.workflows.contents import WorkflowController
from interfaces.rest.workflows.health import WorkflowHealthController
from interfaces.rest.workflows.templates import TemplateController
from interfaces.services import Services
from interfaces.websocket.route import websocket_route

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

DASHBOARD = (
    ProcessController,
    StepController,
    RunController,
    StepRunController,
    DashboardController,
    CleanupController,
    ApiKeyController,
    AdminApiKeyController,
    OwnKeyController,
    AuditController,
    AuditLogController,
    ProjectionController,
    ErasureController,
    EventController,
    DocumentController,
)

STEWARDSHIP = (
    StewardshipController,
    StewardshipJobController,
    ConductController,
    ExecutionController,
    StewardshipHistoryController,
)

FOOTBALL = (
    WebhookController,
    DeliveryController,
    ConfigurationController,
    TeamAliasController,
    UploadController,
    DocumentProcessingController,
    GameController,
    ReportController,
    AutomationController,
)


WORKFLOWS = (
    TemplateController,
    WorkflowController,
    BulkController,
    WorkflowAuditController,
    WorkflowHealthController,
)


# What a page of another origin may read of a response.
EXPOSED = [
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Retry-After",
    "X-Event-Position",
    "X-Page",
    "X-Page-Size",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
    "X-Total-Count",
    "X-Total-Pages",
]


def create_app(
    lifespan: Lifespan,
    about: About,
    families: Families,
    rate_limits: RateLimits | None,
    outward: OutwardCatalogue,
    *,
    prefix: str,
    cors_origins: list[str],
    max_body_bytes: int,
    metrics_token: str | None,
) -> ASGIApp:
    """Make the application; ``lifespan`` puts the services into its state while it runs."""
    handle = exception_handler(families, max_body_bytes=max_body_bytes)
    cors = CORSConfig(allow_origins=cors_origins, expose_headers=EXPOSED) if cors_origins else None
    app = Litestar(
        route_handlers=[
            SystemController,
            DocumentationController,
            metrics_route(metrics_token),
            UserController,
            *STEWARDSHIP,
            *WORKFLOWS,
            websocket_route(handle, rate_limits, cors_origins),
            Router(prefix, route_handlers=(*DASHBOARD, *FOOTBALL)),
        ],
        dependencies={
            "services": Provide(_services, sync_to_thread=False),
            "about": Provide(lambda: about, sync_to_thread=False),
            "sent": Provide(sent_command),
        },
        exception_handlers={Exception: handle},
        middleware=[DefineMiddleware(AuthenticationMiddleware, exclude_from_auth_key="public")],
        cors_config=cors,
        openapi_config=openapi_config(about, outward),
        before_request=check_address,
        request_class=JsonRequest,
        request_max_body_size=max_body_bytes,
        response_headers=RATE_HEADERS,
        lifespan=[lifespan],
        state=State({"about": about}),
        logging_config=None,
        plugins=[ErrorResponses(families)],
    )
    admission = Admission(app, rate_limits, handle, cors)
    return RequestContext(Account(admission, app.state))


def _services(state: State) -> Services:
    services: Services = state.services
    return services
