"""The commands that conduct a stewardship (contract section 8)."""

from typing import Annotated

from litestar import Controller, Response, delete, patch, post
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.params import Body as RequestBody

from application.stewardship.handlers import decide_on_change
from application.stewardship.neutralization import neutralize_steward
from domain.identity.roles import Role
from domain.stewardship.kinds import Decision, StewardshipStatus
from domain.stewardship.stewardship import Stewardship
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.openapi import OptionalBodyOperation
from interfaces.rest.recorded import COMMAND_HEADERS, DELETION_HEADERS
from interfaces.rest.runs.bodies import DEFAULT_REASON, NeutralizeBody
from interfaces.rest.stewardship.answers import answer, carried_out
from interfaces.rest.stewardship.bodies import (
    AuditBody,
    DecisionBody,
    MeasurementBody,
    ResponsibilityBody,
    ResponsibilityChangeBody,
    StatusBody,
    StewardBody,
    StewardChangeBody,
)
from interfaces.rest.stewardship.debugging import DEBUG_HEADER, Debugging
from interfaces.rest.stewardship.parameters import (
    ChangeId,
    MetricId,
    PolicyId,
    ResponsibilityId,
    StewardshipId,
    UserId,
    stewardship_key,
)
from interfaces.rest.stewardship.reading import (
    read_required,
    read_responsibility,
    read_responsibility_change,
    read_steward,
    read_steward_change,
    read_time,
)
from interfaces.rest.stewardship.views import StewardshipView
from interfaces.services import Services

ON_REQUEST = "manual"


class ConductController(Controller):
    """What is done in a stewardship. Each command is answered with the stewardship."""

    path = "/stewardship/{stewardship_id:str}"
    tags = ("Stewardship",)
    middleware = (DefineMiddleware(Debugging),)
    parameters = DEBUG_HEADER

    @post(
        "/status",
        operation_id="changeStewardshipStatus",
        response_headers=COMMAND_HEADERS,
        summary="Change the status of a stewardship",
        status_code=200,
    )
    async def change_status(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        data: StatusBody,
    ) -> Response[StewardshipView]:
        """Change the status, or propose that where it needs approval: see `pending_change`."""
        status = read_required("status", data.status, StewardshipStatus)

        def change(stewardship: Stewardship) -> None:
            stewardship.change_status(
                status, reason=data.reason or "", by=request.user.actor, now=services.clock()
            )

        return answer(services, await carried_out(sent, services, stewardship_id, change))

    @post(
        "/approvals/{change_id:str}",
        operation_id="decideOnStatusChange",
        response_headers=COMMAND_HEADERS,
        summary="Approve or reject a change of the status",
        status_code=200,
    )
    async def decide(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        *,
        stewardship_id: StewardshipId,
        change_id: ChangeId,
        data: DecisionBody,
    ) -> Response[StewardshipView]:
        """Decide on a proposed change, as one of the approvers of the stewardship."""
        key = stewardship_key(stewardship_id)
        decision = read_required("decision", data.decision, Decision)
        email = await _email_of(request, services)
        decided = await sent.carry_out(
            lambda metadata: decide_on_change(
                services.store,
                services.clock,
                key,
                change_id,
                decision=decision,
                comment=data.comment or "",
                approver=request.user,
                email=email,
                metadata=metadata,
            )
        )
        return answer(services, decided)

    @post(
        "/stewards",
        operation_id="assignSteward",
        response_headers=COMMAND_HEADERS,
        summary="Assign a steward",
    )
    async def assign_steward(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        data: StewardBody,
    ) -> Response[StewardshipView]:
        """Make somebody a steward."""
        steward = read_steward(data)

        def change(stewardship: Stewardship) -> None:
            stewardship.assign_steward(steward, now=services.clock())

        carried = await carried_out(sent, services, stewardship_id, change)
        return answer(services, carried, status=201)

    @patch(
        "/stewards/{user_id:str}",
        operation_id="changeSteward",
        response_headers=COMMAND_HEADERS,
        summary="Change a steward",
    )
    async def change_steward(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        user_id: UserId,
        data: StewardChangeBody,
    ) -> Response[StewardshipView]:
        """Change a steward in what is given, or suspend them."""
        changes = read_steward_change(data)

        def change(stewardship: Stewardship) -> None:
            stewardship.change_steward(user_id, changes, now=services.clock())

        return answer(services, await carried_out(sent, services, stewardship_id, change))

    @delete(
        "/stewards/{user_id:str}",
        operation_id="removeSteward",
        response_headers=DELETION_HEADERS,
        summary="Remove a steward",
        status_code=200,
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def remove_steward(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        user_id: UserId,
    ) -> Response[StewardshipView]:
        """Let somebody be a steward no longer; what is assigned to them stays so."""

        def change(stewardship: Stewardship) -> None:
            stewardship.remove_steward(user_id, now=services.clock())

        return answer(services, await carried_out(sent, services, stewardship_id, change))

    @post(
        "/stewards/{user_id:str}/neutralize",
        operation_id="neutralizeSteward",
        response_headers=COMMAND_HEADERS,
        summary="Erase a steward's contact details",
        operation_class=OptionalBodyOperation,
        status_code=200,
        guards=[requires(Role.ADMIN)],
    )
    async def neutralize_steward(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        user_id: UserId,
        data: Annotated[NeutralizeBody | None, RequestBody()] = None,
    ) -> Response[StewardshipView]:
        """Erase the contact details of who is or was a steward, for good."""
        key = stewardship_key(stewardship_id)
        reason = data.reason if data is not None else DEFAULT_REASON
        neutralized = await sent.carry_out(
            lambda metadata: neutralize_steward(
                services.store,
                services.clock,
                key,
                user_id,
                reason=reason,
                policy=ON_REQUEST,
                metadata=metadata,
            )
        )
        return answer(services, neutralized)

    @post(
        "/responsibilities",
        operation_id="addResponsibility",
        response_headers=COMMAND_HEADERS,
        summary="Add a responsibility",
    )
    async def add_responsibility(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        data: ResponsibilityBody,
    ) -> Response[StewardshipView]:
        """Have something done, by who is named or whom it falls to."""
        responsibility = read_responsibility("", data)

        def change(stewardship: Stewardship) -> None:
            stewardship.add_responsibility(responsibility, now=services.clock())

        carried = await carried_out(sent, services, stewardship_id, change)
        return answer(services, carried, status=201)

    @patch(
        "/responsibilities/{responsibility_id:str}",
        operation_id="changeResponsibility",
        response_headers=COMMAND_HEADERS,
        summary="Report on a responsibility",
    )
    async def change_responsibility(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        responsibility_id: ResponsibilityId,
        data: ResponsibilityChangeBody,
    ) -> Response[StewardshipView]:
        """Report progress or completion, hand it over, or set another due date."""
        report = read_responsibility_change(data)

        def change(stewardship: Stewardship) -> None:
            stewardship.change_responsibility(responsibility_id, report, now=services.clock())

        return answer(services, await carried_out(sent, services, stewardship_id, change))

    @post(
        "/metrics/{metric_id:str}/measurements",
        operation_id="measureMetric",
        response_headers=COMMAND_HEADERS,
        summary="Record a measurement",
    )
    async def measure(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        metric_id: MetricId,
        data: MeasurementBody,
    ) -> Response[StewardshipView]:
        """Record what a metric is, now or at a moment in the past."""
        measured_at = read_time("measured_at", data.measured_at)

        def change(stewardship: Stewardship) -> None:
            stewardship.measure(
                metric_id, data.value, measured_at=measured_at, now=services.clock()
            )

        carried = await carried_out(sent, services, stewardship_id, change)
        return answer(services, carried, status=201)

    @post(
        "/policies/{policy_id:str}/audits",
        operation_id="auditPolicy",
        response_headers=COMMAND_HEADERS,
        summary="Record an audit",
    )
    async def audit(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        policy_id: PolicyId,
        data: AuditBody,
    ) -> Response[StewardshipView]:
        """Record how many checks of a policy were made, and how many found a violation."""

        def change(stewardship: Stewardship) -> None:
            stewardship.audit(
                policy_id, checks=data.checks, violations=data.violations, now=services.clock()
            )

        carried = await carried_out(sent, services, stewardship_id, change)
        return answer(services, carried, status=201)


async def _email_of(request: AuthenticatedRequest, services: Services) -> str | None:
    """Give the e-mail address of a user, by which they may be named among the approvers."""
    if request.user.key_id is not None:
        return None
    await services.freshness.reach_head(("users",))
    user = await services.identity.get_user(request.user.name)
    return user.email if user is not None else None
