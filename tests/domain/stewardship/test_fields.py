"""A definition that cannot be is refused by the name of its field."""

from typing import Any

import pytest

from domain.errors import InvalidFieldError
from domain.stewardship.definition import (
    ApprovalDefinition,
    EscalationDefinition,
    MetricDefinition,
    PolicyDefinition,
    RetryPolicyDefinition,
    ScheduleDefinition,
    TriggerDefinition,
)
from domain.stewardship.fields import check_definition, read_duration
from domain.stewardship.kinds import ResponsibilityStatus, ScheduleType
from tests.domain.stewardship.definitions import (
    a_definition,
    a_responsibility,
    a_step,
    a_steward,
    a_workflow,
    after,
    some_options,
)


def a_trigger(**fields: Any) -> TriggerDefinition:
    return TriggerDefinition(id="trigger", **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"stewards": []}, "at least one steward"),
        ({"stewards": [a_steward(str(n)) for n in range(1001)]}, "stewards"),
        ({"stewards": [a_steward("a/b")]}, "stewards[0].user_id"),
        (
            {"stewards": [a_steward(start_date=after(days=1), end_date=after(days=1))]},
            "stewards[0].end_date",
        ),
        ({"responsibilities": [a_responsibility("")]}, "responsibilities[0].id"),
        ({"responsibilities": [a_responsibility()] * 2}, "responsibilities[1].id"),
        (
            {"responsibilities": [a_responsibility(str(n)) for n in range(5001)]},
            "responsibilities",
        ),
        (
            {"responsibilities": [a_responsibility(status=ResponsibilityStatus.COMPLETED)]},
            "responsibilities[0].status",
        ),
        ({"workflows": [a_workflow(str(n)) for n in range(101)]}, "workflows"),
        ({"workflows": [a_workflow(steps=[a_step()] * 2)]}, "workflows[0].steps[1].id"),
        (
            {"workflows": [a_workflow(steps=[a_step(str(n)) for n in range(101)])]},
            "workflows[0].steps",
        ),
        (
            {"workflows": [a_workflow(steps=[a_step(timeout="soon")])]},
            "workflows[0].steps[0].timeout",
        ),
        (
            {
                "workflows": [
                    a_workflow(steps=[a_step(retry_policy=RetryPolicyDefinition(max_attempts=101))])
                ]
            },
            "workflows[0].steps[0].retry_policy.max_attempts",
        ),
        (
            {
                "workflows": [
                    a_workflow(
                        triggers=[
                            a_trigger(schedule=ScheduleDefinition(type=ScheduleType.INTERVAL))
                        ]
                    )
                ]
            },
            "workflows[0].triggers[0].schedule.interval",
        ),
        (
            {
                "workflows": [
                    a_workflow(
                        triggers=[
                            a_trigger(
                                schedule=ScheduleDefinition(type=ScheduleType.CRON, cron="daily")
                            )
                        ]
                    )
                ]
            },
            "workflows[0].triggers[0].schedule.cron",
        ),
        ({"metrics": [MetricDefinition(id="", name="")]}, "metrics[0].id"),
        (
            {"metrics": [MetricDefinition(id="m", name="", threshold=float("nan"))]},
            "metrics[0].threshold",
        ),
        ({"policies": [PolicyDefinition(id="p", name="")] * 2}, "policies[1].id"),
        (
            {"options": some_options(escalation=EscalationDefinition(levels=-1))},
            "options.escalation.levels",
        ),
        (
            {"options": some_options(approval=ApprovalDefinition(threshold=-1))},
            "options.approval.threshold",
        ),
        (
            {"options": some_options(approval=ApprovalDefinition(approvers=["a", "a"]))},
            "options.approval.approvers[1]",
        ),
    ],
)
def test_what_cannot_be_is_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        check_definition(a_definition(**fields))

    assert refused.value.field == field


def test_the_definition_of_the_seed_can_be() -> None:
    check_definition(a_definition())


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("1h", "1h"),
        ("7y", "7y"),
        (3_600_000_000_000, "1h"),
        (300_000_000_000, "5m"),
        (1_500_000_000, "1500000000ns"),
        (0, ""),
        ("0s", "0s"),
    ],
)
def test_durations_are_kept_as_texts(given: str | int, text: str) -> None:
    assert read_duration("timeout", given) == text
