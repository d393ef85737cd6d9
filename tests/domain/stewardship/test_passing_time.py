"""Given a stewardship, when time passes, then what fell due happens, and happens once."""

from datetime import UTC, datetime

import pytest

from domain.errors import RuleViolatedError
from domain.stewardship.definition import (
    EscalationDefinition,
    RetryPolicyDefinition,
    ScheduleDefinition,
    TriggerDefinition,
)
from domain.stewardship.executing import (
    MOST_OPEN_EXECUTIONS,
    change_workflow_status,
    pause_after,
    report_step,
    start_execution,
)
from domain.stewardship.kinds import (
    BackoffStrategy,
    Decision,
    ScheduleType,
    StepOutcome,
    StewardshipStatus,
    WorkflowStatus,
)
from domain.stewardship.passing_time import (
    MOST_PASSED_OVER,
    NOBODY_LOOKED,
    fire_event,
    next_due,
    pass_time,
)
from domain.stewardship.reporting import ResponsibilityChange
from domain.stewardship.stewardship import Stewardship, UnknownPartError
from tests.domain.stewardship.definitions import (
    a_responsibility,
    a_step,
    a_stewardship,
    a_workflow,
    after,
    facts,
    happened,
    some_options,
)

NINE = after(hours=22, minutes=30)  # the next morning


def test_a_manual_execution_runs_its_steps_in_their_order() -> None:
    steps = [a_step("second", order=2), a_step("first", order=1)]
    stewardship = a_stewardship(workflows=[a_workflow(steps=steps)])

    execution = start_execution(stewardship, "workflow_001", now=after(hours=1))
    _report(stewardship, "first", StepOutcome.SUCCESS, after(hours=1, minutes=1))
    _report(stewardship, "second", StepOutcome.SUCCESS, after(hours=1, minutes=3))

    assert execution.status == "succeeded"
    assert happened(stewardship) == [
        "WorkflowExecutionStarted",
        "WorkflowStepStarted",
        "WorkflowStepSucceeded",
        "WorkflowStepStarted",
        "WorkflowStepSucceeded",
        "WorkflowExecutionSucceeded",
    ]
    assert stewardship.state.workflows[0].duration_seconds == 180


def test_a_workflow_without_steps_succeeds_at_once() -> None:
    stewardship = a_stewardship(workflows=[a_workflow(steps=[])])

    start_execution(stewardship, "workflow_001", now=after(hours=1))

    assert happened(stewardship) == ["WorkflowExecutionStarted", "WorkflowExecutionSucceeded"]


def test_a_step_that_fails_is_tried_again_after_its_backoff_and_fails_with_the_last_attempt() -> (
    None
):
    stewardship = a_stewardship()
    execution = start_execution(stewardship, "workflow_001", now=after(hours=1))
    for minutes in (0, 5, 15):  # after 5, then 10 minutes
        pass_time(stewardship, after(hours=1, minutes=minutes))
        _report(stewardship, "step_001", StepOutcome.FAILURE, after(hours=1, minutes=minutes))

    assert execution.status == "failed"
    assert happened(stewardship) == [
        "WorkflowExecutionStarted",
        "WorkflowStepStarted",
        "WorkflowStepFailed",
        "WorkflowStepRetried",
        "WorkflowStepFailed",
        "WorkflowStepRetried",
        "WorkflowStepFailed",
        "WorkflowExecutionFailed",
    ]


def test_a_step_whose_deadline_has_passed_timed_out() -> None:
    step = a_step(retry_policy=RetryPolicyDefinition())
    stewardship = a_stewardship(workflows=[a_workflow(steps=[step])])
    start_execution(stewardship, "workflow_001", now=after(hours=1))
    happened(stewardship)

    pass_time(stewardship, after(hours=1, minutes=59))
    assert happened(stewardship) == []
    pass_time(stewardship, after(hours=2))

    assert happened(stewardship) == ["WorkflowStepTimedOut", "WorkflowExecutionFailed"]


def test_an_outcome_that_comes_after_the_deadline_comes_too_late() -> None:
    stewardship = a_stewardship()
    start_execution(stewardship, "workflow_001", now=after(hours=1))

    with pytest.raises(RuleViolatedError, match="only a running one can end"):
        _report(stewardship, "step_001", StepOutcome.SUCCESS, after(hours=2))


@pytest.mark.parametrize(
    ("strategy", "minutes"),
    [
        (BackoffStrategy.FIXED, [5, 5, 5, None]),
        (BackoffStrategy.LINEAR, [5, 10, 15, None]),
        (BackoffStrategy.EXPONENTIAL, [5, 10, 20, None]),
    ],
)
def test_the_pauses_between_attempts_grow_as_the_strategy_says(
    strategy: BackoffStrategy, minutes: list[int | None]
) -> None:
    policy = RetryPolicyDefinition(max_attempts=4, backoff="5m", strategy=strategy)

    pauses = [pause_after(policy, attempt) for attempt in range(1, 5)]

    assert [pause and pause.total_seconds() / 60 for pause in pauses] == minutes


@pytest.mark.parametrize("status", [WorkflowStatus.DRAFT, WorkflowStatus.PAUSED])
def test_only_an_active_workflow_is_carried_out(status: WorkflowStatus) -> None:
    stewardship = a_stewardship(workflows=[a_workflow(status=status)])

    with pytest.raises(RuleViolatedError, match=f"is {status}, not active"):
        start_execution(stewardship, "workflow_001", now=after(hours=1))


def test_a_schedule_starts_its_workflow_once_for_each_due_moment() -> None:
    stewardship = a_stewardship()

    for now in (after(hours=22), NINE, NINE, after(hours=23)):
        pass_time(stewardship, now)

    [started, _] = facts(stewardship)
    assert started["type"] == "WorkflowExecutionStarted"
    assert (started["trigger_id"], started["due_at"]) == ("trigger_001", NINE)


def test_after_a_time_in_which_nobody_looked_the_last_moment_that_was_missed_starts_it() -> None:
    stewardship = a_stewardship(responsibilities=[])

    pass_time(stewardship, after(days=5))

    *passed_over, started, _ = facts(stewardship)
    assert started["type"] == "WorkflowExecutionStarted"
    assert started["due_at"] == after(days=4, hours=22.5)
    assert [(each["type"], each["due_at"], each["reason"]) for each in passed_over] == [
        ("WorkflowTriggerPassedOver", after(days=days, hours=22.5), NOBODY_LOOKED)
        for days in range(4)
    ]


def test_of_a_year_of_missed_moments_the_newest_are_told_of() -> None:
    trigger = TriggerDefinition(
        id="often",
        schedule=ScheduleDefinition(type=ScheduleType.CRON, cron="* * * * *"),
        enabled=True,
    )
    stewardship = a_stewardship(workflows=[a_workflow(triggers=[trigger])], responsibilities=[])

    pass_time(stewardship, after(days=365))

    *passed_over, started, _ = facts(stewardship)
    assert started["due_at"] == after(days=365)
    assert [each["due_at"] for each in passed_over] == [
        after(days=365, minutes=-minutes) for minutes in range(MOST_PASSED_OVER, 0, -1)
    ]


def test_what_is_due_at_the_end_of_time_never_falls_overdue() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    stewardship = a_stewardship(workflows=[], responsibilities=[a_responsibility(due_date=last)])
    assert next_due(stewardship.state) is None


def test_an_interval_counts_from_when_the_workflow_became_active() -> None:
    schedule = ScheduleDefinition(type=ScheduleType.INTERVAL, interval="6h")
    trigger = TriggerDefinition(id="often", schedule=schedule, enabled=True)
    stewardship = a_stewardship(workflows=[a_workflow(triggers=[trigger], steps=[])])

    assert next_due(stewardship.state) == after(hours=6)
    pass_time(stewardship, after(hours=6))

    assert next_due(stewardship.state) == after(hours=12)


def test_a_trigger_that_is_not_enabled_never_falls_due() -> None:
    schedule = ScheduleDefinition(type=ScheduleType.CRON, cron="0 9 * * *")
    trigger = TriggerDefinition(id="never", schedule=schedule)
    workflow = a_workflow(triggers=[trigger])
    stewardship = a_stewardship(workflows=[workflow], responsibilities=[])

    pass_time(stewardship, after(days=9))

    assert happened(stewardship) == []
    assert next_due(stewardship.state) is None


def test_what_fell_due_during_a_pause_of_the_workflow_is_let_pass() -> None:
    stewardship = a_stewardship(responsibilities=[])
    change_workflow_status(stewardship, "workflow_001", WorkflowStatus.PAUSED, now=after(hours=1))
    change_workflow_status(stewardship, "workflow_001", WorkflowStatus.ACTIVE, now=after(days=3))
    happened(stewardship)

    pass_time(stewardship, after(days=3))

    assert happened(stewardship) == []
    assert next_due(stewardship.state) == after(days=3, hours=22.5)


def test_a_stewardship_that_is_not_active_lets_everything_pass() -> None:
    stewardship = a_stewardship()
    _become(stewardship, StewardshipStatus.SUSPENDED, after(hours=1))

    pass_time(stewardship, after(days=9))

    assert happened(stewardship) == []
    assert next_due(stewardship.state) is None


def test_a_named_event_starts_the_workflows_that_listen_to_it() -> None:
    stewardship = a_stewardship()

    [execution] = fire_event(stewardship, "daily_review", now=after(hours=1))

    assert (execution.workflow_id, execution.trigger_id) == ("workflow_001", "trigger_001")
    with pytest.raises(UnknownPartError):
        fire_event(stewardship, "nothing", now=after(hours=1))


def test_a_trigger_is_passed_over_while_too_many_executions_are_under_way() -> None:
    stewardship = a_stewardship(responsibilities=[])
    for _ in range(MOST_OPEN_EXECUTIONS):
        start_execution(stewardship, "workflow_001", now=after(hours=22))
    happened(stewardship)

    for _ in range(2):
        pass_time(stewardship, NINE)

    assert happened(stewardship) == ["WorkflowTriggerPassedOver"]


def test_an_overdue_responsibility_escalates_level_by_level_at_the_timeouts() -> None:
    stewardship = a_stewardship(workflows=[])
    moments = [
        after(days=7),
        after(days=7, microseconds=1),
        after(days=7, hours=1),
        after(days=7, hours=2),
        after(days=7, hours=4),
        after(days=8),
        after(days=30),
    ]
    told: list[list[str]] = []
    for now in moments:
        pass_time(stewardship, now)
        told.append([f"{fact['type']} {fact.get('level')}" for fact in facts(stewardship)])

    assert told == [
        [],
        ["ResponsibilityFellOverdue None"],
        ["ResponsibilityEscalated 1"],
        [],
        ["ResponsibilityEscalated 2"],
        ["ResponsibilityEscalated 3"],
        [],
    ]


def test_it_is_known_when_the_next_level_is_due() -> None:
    stewardship = a_stewardship(workflows=[])
    due: list[datetime | None] = []
    for _ in range(5):
        due.append(moment := next_due(stewardship.state))
        if moment is not None:
            pass_time(stewardship, moment)

    assert due == [
        after(days=7, microseconds=1),
        after(days=7, hours=1),
        after(days=7, hours=4),
        after(days=8),
        None,
    ]


def test_without_auto_escalate_it_falls_overdue_and_is_not_escalated() -> None:
    options = some_options(escalation=EscalationDefinition(enabled=True, timeouts=["1h"]))
    stewardship = a_stewardship(workflows=[], options=options)

    pass_time(stewardship, after(days=9))

    assert happened(stewardship) == ["ResponsibilityFellOverdue"]


def test_with_another_due_date_escalation_begins_anew() -> None:
    stewardship = a_stewardship(workflows=[])
    pass_time(stewardship, after(days=9))
    happened(stewardship)

    change = ResponsibilityChange(due_date=after(days=10))
    stewardship.change_responsibility("resp_001", change, now=after(days=9))
    pass_time(stewardship, after(days=10, hours=1))

    assert happened(stewardship) == [
        "ResponsibilityRescheduled",
        "ResponsibilityFellOverdue",
        "ResponsibilityEscalated",
    ]


def test_what_has_no_due_date_is_never_overdue() -> None:
    stewardship = a_stewardship(workflows=[], responsibilities=[a_responsibility(due_date=None)])

    pass_time(stewardship, after(days=999))

    assert happened(stewardship) == []


def _report(stewardship: Stewardship, step: str, outcome: StepOutcome, now: datetime) -> None:
    execution = stewardship.state.executions[-1]
    report_step(stewardship, "workflow_001", execution.id, step, outcome=outcome, note="", now=now)


def _become(stewardship: Stewardship, status: StewardshipStatus, now: datetime) -> None:
    change = stewardship.change_status(status, reason="", by="user:ann", now=now)
    assert change is not None
    stewardship.decide(change.id, Decision.APPROVE, comment="", by="user:b", now=now)
    happened(stewardship)
