"""What the fields of a stewardship must look like (contract section 8).

Every check raises InvalidFieldError. The first ones are worded as the seed's clients know them.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import InvalidFieldError
from domain.identity.fields import check_email as check_email_address
from domain.stewardship.addresses import is_address
from domain.stewardship.definition import (
    OptionsDefinition,
    ResponsibilityDefinition,
    ScheduleDefinition,
    StepDefinition,
    StewardshipDefinition,
    WorkflowDefinition,
)
from domain.stewardship.durations import Duration
from domain.stewardship.kinds import AuditOperation, ResponsibilityStatus, ScheduleType
from domain.stewardship.schedules import Cron, Interval

K = TypeVar("K", bound=StrEnum)

REQUIRED = "is required"
MOST_ATTEMPTS = 100
MOST_STEWARDS = 1_000
MOST_RESPONSIBILITIES = 5_000
MOST_WORKFLOWS = 100
MOST_STEPS = 100
MOST_TRIGGERS = 100
MOST_LEVELS = 100
MOST_NAMED = 100

_BEGINNING = datetime(2000, 1, 1)  # noqa: DTZ001 - only to see whether an interval can be read


def check_required(
    kind: str | None, domain: str | None, stewards: Sequence[tuple[str | None, str | None]]
) -> None:
    """Check that what every stewardship needs is there; the stewards by user id and role."""
    if not kind:
        raise InvalidFieldError("stewardship type", REQUIRED)
    if _is_blank(domain):
        raise InvalidFieldError("domain", REQUIRED)
    if not stewards:
        raise InvalidFieldError("at least one steward", REQUIRED)
    for number, (user_id, role) in enumerate(stewards, start=1):
        check_steward(f" for steward {number}", user_id, role)


def check_steward(which: str, user_id: str | None, role: str | None) -> None:
    """Check that a steward has a user id and a role."""
    if _is_blank(user_id):
        raise InvalidFieldError("user ID", REQUIRED + which)
    if not role:
        raise InvalidFieldError("role", REQUIRED + which)


def read_choice(field: str, text: str, choices: type[K]) -> K:
    """Read one of the values of an enumeration."""
    try:
        return choices(text)
    except ValueError:
        listed = ", ".join(choices)
        raise InvalidFieldError(field, f"must be one of {listed}") from None


def read_duration(field: str, given: str | int) -> str:
    """Read a duration, of which 0 is unset; nanoseconds become a text too."""
    try:
        duration = Duration.parse(given)
    except ValueError as error:
        raise InvalidFieldError(field, str(error)) from None
    if isinstance(given, str):
        return given
    return _spelled(given) if duration else ""


def check_email(field: str, text: str) -> None:
    """Check that a text is an e-mail address."""
    try:
        check_email_address(text)
    except InvalidFieldError as error:
        raise InvalidFieldError(field, error.message) from None


def check_period(path: str, start: datetime | None, end: datetime | None) -> None:
    """Check that what begins and ends does so in this order."""
    if start is not None and end is not None and end <= start:
        raise InvalidFieldError(f"{path}end_date", "must be after start_date")


def check_responsibility(path: str, definition: ResponsibilityDefinition) -> None:
    """Check a responsibility that is to be added: it is open, and has an id."""
    check_id(f"{path}id", definition.id)
    if definition.status not in (ResponsibilityStatus.PENDING, ResponsibilityStatus.IN_PROGRESS):
        raise InvalidFieldError(f"{path}status", "must be pending or in_progress to begin with")


def check_id(field: str, text: str) -> None:
    """Check that a text can stand in a path."""
    if _is_blank(text):
        raise InvalidFieldError(field, REQUIRED)
    if "/" in text or not text.isprintable():
        raise InvalidFieldError(field, "must have only visible characters and no /")


def check_definition(definition: StewardshipDefinition) -> None:
    """Check what goes beyond the types of the fields."""
    stewards = definition.stewards
    check_required(
        definition.type, definition.domain, [(each.user_id, each.role) for each in stewards]
    )
    _check_count("stewards", stewards, MOST_STEWARDS)
    _check_count("responsibilities", definition.responsibilities, MOST_RESPONSIBILITIES)
    for index, steward in enumerate(stewards):
        check_id(f"stewards[{index}].user_id", steward.user_id)
        check_period(f"stewards[{index}].", steward.start_date, steward.end_date)
    _check_distinct("stewards", "user_id", [each.user_id for each in stewards])
    for index, responsibility in enumerate(definition.responsibilities):
        check_responsibility(f"responsibilities[{index}].", responsibility)
    _check_distinct("responsibilities", "id", [each.id for each in definition.responsibilities])
    _check_count("workflows", definition.workflows, MOST_WORKFLOWS)
    for index, workflow in enumerate(definition.workflows):
        _check_workflow(f"workflows[{index}]", workflow)
    _check_distinct("workflows", "id", [each.id for each in definition.workflows])
    for index, metric in enumerate(definition.metrics):
        check_id(f"metrics[{index}].id", metric.id)
        if not math.isfinite(metric.threshold):
            raise InvalidFieldError(f"metrics[{index}].threshold", "must be a finite number")
    _check_distinct("metrics", "id", [each.id for each in definition.metrics])
    for index, policy in enumerate(definition.policies):
        check_id(f"policies[{index}].id", policy.id)
    _check_distinct("policies", "id", [each.id for each in definition.policies])
    _check_options(definition.options)


def _check_workflow(path: str, workflow: WorkflowDefinition) -> None:
    check_id(f"{path}.id", workflow.id)
    _check_count(f"{path}.steps", workflow.steps, MOST_STEPS)
    _check_count(f"{path}.triggers", workflow.triggers, MOST_TRIGGERS)
    for index, step in enumerate(workflow.steps):
        _check_step(f"{path}.steps[{index}]", step)
    _check_distinct(f"{path}.steps", "id", [each.id for each in workflow.steps])
    for index, trigger in enumerate(workflow.triggers):
        check_id(f"{path}.triggers[{index}].id", trigger.id)
        if trigger.schedule is not None:
            _check_schedule(f"{path}.triggers[{index}].schedule", trigger.schedule)
    _check_distinct(f"{path}.triggers", "id", [each.id for each in workflow.triggers])


def _check_step(path: str, step: StepDefinition) -> None:
    check_id(f"{path}.id", step.id)
    if step.timeout:
        read_duration(f"{path}.timeout", step.timeout)
    policy = step.retry_policy
    if policy.backoff:
        read_duration(f"{path}.retry_policy.backoff", policy.backoff)
    if not 0 <= policy.max_attempts <= MOST_ATTEMPTS:
        message = f"must be 0 to {MOST_ATTEMPTS}"
        raise InvalidFieldError(f"{path}.retry_policy.max_attempts", message)


def _check_schedule(path: str, schedule: ScheduleDefinition) -> None:
    field, given = "cron", schedule.cron
    if schedule.type == ScheduleType.INTERVAL:
        field, given = "interval", schedule.interval
    if not given:
        raise InvalidFieldError(f"{path}.{field}", REQUIRED)
    try:
        if schedule.cron:
            field = "cron"
            Cron.parse(schedule.cron)
        if schedule.interval:
            field = "interval"
            Interval.parse(schedule.interval, _BEGINNING)
    except ValueError as error:
        raise InvalidFieldError(f"{path}.{field}", str(error)) from None


def _check_options(options: OptionsDefinition) -> None:
    escalation, approval, audit = options.escalation, options.approval, options.audit
    if not 0 <= escalation.levels <= MOST_LEVELS:
        raise InvalidFieldError("options.escalation.levels", f"must be 0 to {MOST_LEVELS}")
    for index, timeout in enumerate(escalation.timeouts):
        read_duration(f"options.escalation.timeouts[{index}]", timeout)
    _check_count("options.escalation.recipients", escalation.recipients, MOST_NAMED)
    for index, recipient in enumerate(escalation.recipients):
        if is_address(recipient):
            check_email(f"options.escalation.recipients[{index}]", recipient)
    _check_count("options.approval.approvers", approval.approvers, MOST_NAMED)
    _check_distinct("options.approval.approvers", "", approval.approvers)
    if approval.threshold < 0:
        raise InvalidFieldError("options.approval.threshold", "must not be negative")
    if approval.approvers and approval.threshold > len(approval.approvers):
        message = "must not be more than there are approvers"
        raise InvalidFieldError("options.approval.threshold", message)
    if audit is not None:
        if audit.retention:
            read_duration("options.audit.retention", audit.retention)
        for index, operation in enumerate(audit.events):
            read_choice(f"options.audit.events[{index}]", operation, AuditOperation)


def _check_count(path: str, given: Sequence[Any], most: int) -> None:
    if len(given) > most:
        raise InvalidFieldError(path, f"must have at most {most} items")


def _check_distinct(path: str, name: str, given: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, text in enumerate(given):
        if text in seen:
            field = f"{path}[{index}].{name}".removesuffix(".")
            raise InvalidFieldError(field, f'has "{text}" a second time')
        seen.add(text)


def _is_blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _spelled(nanoseconds: int) -> str:
    """Spell nanoseconds in the largest unit that they are a whole number of."""
    for unit, size in (("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"
