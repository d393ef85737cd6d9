"""One stewardship through a month: every documented figure at each step, computed by hand.

The figures are read from the read model. Each step names those that change; all others stay.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest

from application.metadata import by_system
from application.stewardship.handlers import change_stewardship, create_stewardship
from domain.stewardship.definition import (
    MetricDefinition,
    OptionsDefinition,
    PolicyDefinition,
    RetryPolicyDefinition,
)
from domain.stewardship.executing import report_step, start_execution
from domain.stewardship.kinds import ResponsibilityStatus, StepOutcome
from domain.stewardship.reporting import ResponsibilityChange
from domain.stewardship.stewardship import Stewardship
from interfaces.rest.stewardship.views import StewardshipView, stewardship_view
from interfaces.services import Services
from tests.domain.stewardship.definitions import (
    START,
    a_definition,
    a_responsibility,
    a_step,
    a_steward,
    a_workflow,
    after,
)

pytestmark = pytest.mark.anyio

METADATA = by_system("month")

Act = Callable[[Stewardship, datetime], object]

DEFINITION = a_definition(
    stewards=[
        a_steward("ann"),
        a_steward("bob", is_primary=False, start_date=after(days=2)),
    ],
    responsibilities=[
        a_responsibility("r1", assigned_to="ann", due_date=after(days=7)),
        a_responsibility("r2", assigned_to="", due_date=after(days=3)),  # falls to ann
        a_responsibility("r3", assigned_to="bob", due_date=after(days=20)),
    ],
    workflows=[
        a_workflow(
            triggers=[],
            steps=[a_step(assignee="ann", retry_policy=RetryPolicyDefinition())],
        )
    ],
    metrics=[MetricDefinition(id="m", name="Completeness", threshold=95.0)],
    policies=[PolicyDefinition(id="p1", name="One"), PolicyDefinition(id="p2", name="Two")],
    options=OptionsDefinition(auto_assignment=True),
)


class Step(NamedTuple):
    """What is done so long after the beginning, and the figures that are others then."""

    at: timedelta
    acts: list[Act]
    changed: dict[str, Any]


def report(key: str, **change: Any) -> Act:
    return lambda it, now: it.change_responsibility(key, ResponsibilityChange(**change), now=now)


def measure(value: float) -> Act:
    return lambda it, now: it.measure("m", value, measured_at=None, now=now)


def audit(key: str, checks: int, violations: int) -> Act:
    return lambda it, now: it.audit(key, checks=checks, violations=violations, now=now)


def execute(outcome: StepOutcome, seconds: int) -> Act:
    def act(stewardship: Stewardship, now: datetime) -> None:
        began = now - timedelta(seconds=seconds)
        execution = start_execution(stewardship, "workflow_001", now=began)
        report_step(
            stewardship,
            "workflow_001",
            execution.id,
            "step_001",
            outcome=outcome,
            note="",
            now=now,
        )

    return act


BEGINNING: dict[str, Any] = {
    "created": "2024-12-19T10:30:00Z",
    "updated": "2024-12-19T10:30:00Z",
    "stewards": ["ann active", "bob pending"],
    "responsibilities": ["r1 pending 0", "r2 pending 0", "r3 pending 0"],
    # tasks completed and overdue, hours of response, quality, last activity
    "ann": (0, 0, 0.0, 1.0, "2024-12-19T10:30:00Z"),
    "bob": (0, 0, 0.0, 1.0, "2024-12-19T10:30:00Z"),
    # stewards, active ones, responsibilities, completed, overdue, quality, compliance
    "summary": (2, 1, 3, 0, 0, 1.0, 1.0),
    # current, target, variance, status, trend
    "metric": (0.0, 95.0, 95.0, "pending", "stable"),
    # rate, violations, last audit, next audit
    "p1": (1.0, 0, None, "2025-01-19T10:30:00Z"),
    "p2": (1.0, 0, None, "2025-01-19T10:30:00Z"),
    # executions, successful ones, seconds on average, the last
    "workflow": (0, 0, 0.0, None),
    # total, completed, overdue, progress on average, by day
    "trends": {"2024-12-19T10:30:00Z": (3, 0, 0, 0.0)},
}

MONTH = [
    Step(
        timedelta(days=1),
        [report("r1", progress=1.0)],  # after 24 hours, in time
        {
            "updated": "2024-12-20T10:30:00Z",
            "responsibilities": ["r1 completed 1", "r2 pending 0", "r3 pending 0"],
            "ann": (1, 0, 24.0, 1.0, "2024-12-20T10:30:00Z"),
            "summary": (2, 1, 3, 1, 0, 1.0, 1.0),
            "trends": {"2024-12-20T10:30:00Z": (3, 1, 0, 1 / 3)},
        },
    ),
    Step(
        timedelta(days=2, hours=12),  # bob has begun
        [measure(90.0)],
        {
            "updated": "2024-12-21T22:30:00Z",
            "stewards": ["ann active", "bob active"],
            "summary": (2, 2, 3, 1, 0, 1.0, 1.0),
            "metric": (90.0, 95.0, 5.0, "breached", "stable"),
            "trends": {"2024-12-21T22:30:00Z": (3, 1, 0, 1 / 3)},
        },
    ),
    Step(
        timedelta(days=4),  # nothing happens; r2 is overdue since a day
        [],
        {
            "responsibilities": ["r1 completed 1", "r2 overdue 0", "r3 pending 0"],
            "ann": (1, 1, 24.0, 1 / 2, "2024-12-20T10:30:00Z"),
            "summary": (2, 2, 3, 1, 1, 3 / 4, 1.0),
        },
    ),
    Step(
        timedelta(days=5),
        [report("r2", status=ResponsibilityStatus.COMPLETED)],  # after 120 hours, too late
        {
            "updated": "2024-12-24T10:30:00Z",
            "responsibilities": ["r1 completed 1", "r2 completed 1", "r3 pending 0"],
            "ann": (2, 0, 72.0, 1 / 2, "2024-12-24T10:30:00Z"),
            "summary": (2, 2, 3, 2, 0, 3 / 4, 1.0),
            "trends": {"2024-12-24T10:30:00Z": (3, 2, 0, 2 / 3)},
        },
    ),
    Step(
        timedelta(days=6),
        [measure(96.0), audit("p1", 20, 1)],
        {
            "updated": "2024-12-25T10:30:00Z",
            "summary": (2, 2, 3, 2, 0, 3 / 4, 0.975),
            "metric": (96.0, 95.0, -1.0, "met", "improving"),
            "p1": (0.95, 1, "2024-12-25T10:30:00Z", "2025-01-25T10:30:00Z"),
            "trends": {"2024-12-25T10:30:00Z": (3, 2, 0, 2 / 3)},
        },
    ),
    Step(
        timedelta(days=8),
        [execute(StepOutcome.SUCCESS, 90)],
        {
            "updated": "2024-12-27T10:30:00Z",
            "ann": (2, 0, 72.0, 1 / 2, "2024-12-27T10:30:00Z"),
            "workflow": (1, 1, 90.0, "2024-12-27T10:28:30Z"),
            "trends": {"2024-12-27T10:30:00Z": (3, 2, 0, 2 / 3)},
        },
    ),
    Step(
        timedelta(days=8, hours=1),  # of the same day: its row moves on
        [execute(StepOutcome.FAILURE, 30)],
        {
            "updated": "2024-12-27T11:30:00Z",
            "ann": (2, 0, 72.0, 1 / 2, "2024-12-27T11:30:00Z"),
            "workflow": (2, 1, 60.0, "2024-12-27T11:29:30Z"),
            "trends": {"2024-12-27T10:30:00Z": None, "2024-12-27T11:30:00Z": (3, 2, 0, 2 / 3)},
        },
    ),
    Step(
        timedelta(days=10),
        [report("r3", assigned_to="ann", progress=0.5)],
        {
            "updated": "2024-12-29T10:30:00Z",
            "responsibilities": ["r1 completed 1", "r2 completed 1", "r3 in_progress 0.5"],
            "ann": (2, 0, 72.0, 1 / 2, "2024-12-29T10:30:00Z"),
            "bob": (0, 0, 0.0, 1.0, "2024-12-29T10:30:00Z"),
            "trends": {"2024-12-29T10:30:00Z": (3, 2, 0, 2.5 / 3)},
        },
    ),
    Step(
        timedelta(days=21),  # r3 was due yesterday
        [],
        {
            "responsibilities": ["r1 completed 1", "r2 completed 1", "r3 overdue 0.5"],
            "ann": (2, 1, 72.0, 1 / 3, "2024-12-29T10:30:00Z"),
            "summary": (2, 2, 3, 2, 1, 2 / 3, 0.975),
        },
    ),
    Step(
        timedelta(days=22),
        [report("r3", progress=1.0)],  # 288 hours after ann got it: (24 + 120 + 288) / 3
        {
            "updated": "2025-01-10T10:30:00Z",
            "responsibilities": ["r1 completed 1", "r2 completed 1", "r3 completed 1"],
            "ann": (3, 0, 144.0, 1 / 3, "2025-01-10T10:30:00Z"),
            "summary": (2, 2, 3, 3, 0, 2 / 3, 0.975),
            "trends": {"2025-01-10T10:30:00Z": (3, 3, 0, 1.0)},
        },
    ),
    Step(
        timedelta(days=25),
        [report("r1", status=ResponsibilityStatus.PENDING)],  # due long ago
        {
            "updated": "2025-01-13T10:30:00Z",
            "responsibilities": ["r1 overdue 0", "r2 completed 1", "r3 completed 1"],
            "ann": (3, 1, 144.0, 1 / 4, "2025-01-13T10:30:00Z"),
            "summary": (2, 2, 3, 2, 1, 5 / 8, 0.975),
            "trends": {"2025-01-13T10:30:00Z": (3, 2, 1, 2 / 3)},
        },
    ),
    Step(
        timedelta(days=25, hours=6),
        [report("r1", due_date=after(days=40))],
        {
            "updated": "2025-01-13T16:30:00Z",
            "responsibilities": ["r1 pending 0", "r2 completed 1", "r3 completed 1"],
            "ann": (3, 0, 144.0, 1 / 3, "2025-01-13T16:30:00Z"),
            "summary": (2, 2, 3, 2, 0, 2 / 3, 0.975),
            "trends": {"2025-01-13T10:30:00Z": None, "2025-01-13T16:30:00Z": (3, 2, 0, 2 / 3)},
        },
    ),
    Step(
        timedelta(days=30),
        [
            measure(95.5),  # within 1 % of 96
            audit("p1", 10, 0),
            audit("p2", 4, 2),
            lambda it, now: it.remove_steward("bob", now=now),
        ],
        {
            "updated": "2025-01-18T10:30:00Z",
            "stewards": ["ann active"],
            "bob": None,
            "summary": (1, 1, 3, 2, 0, 1 / 3, 0.75),
            "metric": (95.5, 95.0, -0.5, "met", "stable"),
            "p1": (1.0, 0, "2025-01-18T10:30:00Z", "2025-02-18T10:30:00Z"),
            "p2": (0.5, 2, "2025-01-18T10:30:00Z", "2025-02-18T10:30:00Z"),
            "trends": {"2025-01-18T10:30:00Z": (3, 2, 0, 2 / 3)},
        },
    ),
]


async def test_every_figure_of_a_month(services: Services) -> None:
    created, _ = await create_stewardship(
        services.store, services.identifiers, lambda: START, DEFINITION, METADATA
    )
    key = int(created.key)
    expected = BEGINNING
    assert await _figures(services, key, START) == _rounded(expected)

    for step in MONTH:
        now = START + step.at
        for act in step.acts:
            change = partial(_carry_out, act, now)
            await change_stewardship(services.store, key, change, METADATA)
        trends = expected["trends"] | step.changed.get("trends", {})
        kept = {day: row for day, row in trends.items() if row is not None}
        expected = expected | step.changed | {"trends": kept}
        assert await _figures(services, key, now) == _rounded(expected), step.at


async def test_of_the_days_with_activity_the_newest_thirty_are_shown(services: Services) -> None:
    created, _ = await create_stewardship(
        services.store, services.identifiers, lambda: START, DEFINITION, METADATA
    )
    key = int(created.key)

    def measure_daily(stewardship: Stewardship) -> None:
        for day in range(1, 36):
            stewardship.measure("m", 90.0 + day, measured_at=None, now=after(days=day))

    await change_stewardship(services.store, key, measure_daily, METADATA)

    view = await _view(services, key, after(days=35))
    dates = [trend.date for trend in view.statistics.responsibility_trends]
    assert dates == [after(days=day) for day in range(6, 36)]


def _carry_out(act: Act, now: datetime, stewardship: Stewardship) -> None:
    act(stewardship, now)


async def _view(services: Services, key: int, now: datetime) -> StewardshipView:
    await services.freshness.reach_head(("stewardships",))
    row = await services.stewardships.get(key)
    assert row is not None
    return stewardship_view(key, row.read_state(), now)


async def _figures(services: Services, key: int, now: datetime) -> dict[str, Any]:
    """Read every figure, in the shape of the table."""
    view = msgspec.to_builtins(await _view(services, key, now))
    statistics = view["statistics"]
    people = {
        each["user_id"]: (
            each["tasks_completed"],
            each["tasks_overdue"],
            each["average_response"],
            each["quality_score"],
            each["last_activity"],
        )
        for each in statistics["steward_performance"]
    }
    for steward in view["stewards"]:
        assert tuple(steward["performance"].values()) == people[steward["user_id"]]
    [metric], [measured] = view["metrics"], statistics["quality_metrics"]
    assert (metric["current_value"], metric["status"]) == (
        measured["current_value"],
        measured["status"],
    )
    policies = {
        each["policy_id"]: (
            each["compliance_rate"],
            each["violations"],
            each["last_audit"],
            each["next_audit"],
        )
        for each in statistics["compliance_metrics"]
    }
    [workflow] = statistics["workflow_metrics"]
    figures: dict[str, Any] = _rounded(
        {
            "created": view["created_at"],
            "updated": view["updated_at"],
            "stewards": [f"{each['user_id']} {each['status']}" for each in view["stewards"]],
            "responsibilities": [
                f"{each['id']} {each['status']} {each['progress']:g}"
                for each in view["responsibilities"]
            ],
            "ann": people["ann"],
            "bob": people.get("bob"),
            "summary": tuple(view["summary"].values()),
            "metric": (
                measured["current_value"],
                measured["target_value"],
                measured["variance"],
                measured["status"],
                metric["trend"],
            ),
            **policies,
            "workflow": (
                workflow["total_executions"],
                workflow["successful_runs"],
                workflow["average_duration"],
                workflow["last_execution"],
            ),
            "trends": {
                each["date"]: (
                    each["total_tasks"],
                    each["completed_tasks"],
                    each["overdue_tasks"],
                    each["average_progress"],
                )
                for each in statistics["responsibility_trends"]
            },
        }
    )
    return figures


def _rounded(value: Any) -> Any:
    """Round as far as floating point is exact enough."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_rounded(item) for item in value)
    return value
