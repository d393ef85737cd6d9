"""The stewardship of the seed's example, and the moments at which things happen to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.stewardship.definition import (
    ApprovalDefinition,
    AuditDefinition,
    EscalationDefinition,
    MetricDefinition,
    NotificationsDefinition,
    OptionsDefinition,
    PolicyDefinition,
    ResponsibilityDefinition,
    RetryPolicyDefinition,
    ScheduleDefinition,
    StepDefinition,
    StewardDefinition,
    StewardshipDefinition,
    TriggerDefinition,
    WorkflowDefinition,
)
from domain.stewardship.kinds import (
    BackoffStrategy,
    ScheduleType,
    StewardRole,
    StewardshipType,
    WorkflowStatus,
)
from domain.stewardship.stewardship import Stewardship

START = datetime(2024, 12, 19, 10, 30, tzinfo=UTC)
ANN = "user_123"
CONTACT = {"email": "steward@example.com", "phone": "+1-555-123-4567"}


def after(**passed: float) -> datetime:
    """Give the moment so long after the beginning."""
    return START + timedelta(**passed)


def a_steward(user_id: str = ANN, **fields: Any) -> StewardDefinition:
    given: dict[str, Any] = {"role": StewardRole.OWNER, "is_primary": True}
    return StewardDefinition(user_id=user_id, **(given | fields))


def a_responsibility(key: str = "resp_001", **fields: Any) -> ResponsibilityDefinition:
    given: dict[str, Any] = {
        "name": "Data Quality Review",
        "due_date": after(days=7),
        "assigned_to": ANN,
    }
    return ResponsibilityDefinition(id=key, **(given | fields))


def a_step(key: str = "step_001", **fields: Any) -> StepDefinition:
    given: dict[str, Any] = {
        "name": "Data Assessment",
        "order": 1,
        "assignee": ANN,
        "timeout": "1h",
        "retry_policy": RetryPolicyDefinition(
            max_attempts=3, backoff="5m", strategy=BackoffStrategy.EXPONENTIAL
        ),
    }
    return StepDefinition(id=key, **(given | fields))


def a_workflow(key: str = "workflow_001", **fields: Any) -> WorkflowDefinition:
    given: dict[str, Any] = {
        "name": "Quality Review Workflow",
        "steps": [a_step()],
        "triggers": [
            TriggerDefinition(
                id="trigger_001",
                type="schedule",
                event="daily_review",
                schedule=ScheduleDefinition(type=ScheduleType.CRON, cron="0 9 * * *"),
                enabled=True,
            )
        ],
        "status": WorkflowStatus.ACTIVE,
    }
    return WorkflowDefinition(id=key, **(given | fields))


def some_options(**fields: Any) -> OptionsDefinition:
    given: dict[str, Any] = {
        "auto_assignment": True,
        "escalation": EscalationDefinition(
            enabled=True,
            levels=3,
            timeouts=["1h", "4h", "24h"],
            recipients=["manager@company.com"],
            auto_escalate=True,
        ),
        "notifications": NotificationsDefinition(email=True, slack=True, webhook=True),
        "approval": ApprovalDefinition(
            required=True, approvers=["approver@company.com"], threshold=1
        ),
        "audit": AuditDefinition(enabled=True, retention="7y", export=True),
    }
    return OptionsDefinition(**(given | fields))


def a_definition(**fields: Any) -> StewardshipDefinition:
    given: dict[str, Any] = {
        "type": StewardshipType.DATA_QUALITY,
        "domain": "customer_data",
        "stewards": [a_steward(contact_info=CONTACT)],
        "responsibilities": [a_responsibility()],
        "workflows": [a_workflow()],
        "metrics": [MetricDefinition(id="metric_001", name="Data Completeness", threshold=95.0)],
        "policies": [PolicyDefinition(id="policy_001", name="Data Quality Policy")],
        "options": some_options(),
    }
    return StewardshipDefinition(**(given | fields))


def a_stewardship(**fields: Any) -> Stewardship:
    """Give the seed's stewardship with its first events recorded."""
    stewardship = Stewardship.create(1, a_definition(**fields), now=START)
    stewardship.pending()
    return stewardship


def happened(stewardship: Stewardship) -> list[str]:
    """Name what happened since this was asked last."""
    return [type(event).__name__ for event in stewardship.pending()]


def facts(stewardship: Stewardship) -> list[dict[str, Any]]:
    """Tell what happened since this was asked last, without the stream and the time."""
    around = ("originator_id", "originator_version", "timestamp")
    return [
        {"type": type(event).__name__}
        | {k: v for k, v in msgspec.structs.asdict(event).items() if k not in around}
        for event in stewardship.pending()
    ]
