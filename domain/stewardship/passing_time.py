"""What falls due in a stewardship as time passes: deadlines, retries, triggers, overdue duties.

Everything here is of no effect the second time: what has been done is no longer due.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from domain.stewardship.definition import TriggerDefinition
from domain.stewardship.durations import Duration
from domain.stewardship.executing import (
    MOST_OPEN_EXECUTIONS,
    retry_step,
    start_execution,
    time_out_step,
)
from domain.stewardship.execution_events import WorkflowTriggerPassedOver
from domain.stewardship.kinds import (
    ExecutionStatus,
    ScheduleType,
    StepStatus,
    StewardshipStatus,
    WorkflowStatus,
)
from domain.stewardship.responsibility_events import (
    ResponsibilityEscalated,
    ResponsibilityFellOverdue,
)
from domain.stewardship.schedules import Cron, Interval, Schedule, last_due
from domain.stewardship.state import (
    Execution,
    ExecutionStep,
    Responsibility,
    StewardshipState,
    Workflow,
)
from domain.stewardship.stewardship import Stewardship, UnknownPartError

# Overdue is what was due before now.
JUST_AFTER = timedelta(microseconds=1)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)

# Of more moments that nobody took notice of, the newest are told of.
MOST_PASSED_OVER = 100
NOBODY_LOOKED = "nobody took notice until a later moment had come"

TOO_MANY = f"{MOST_OPEN_EXECUTIONS} executions are under way already"


def pass_time(stewardship: Stewardship, now: datetime) -> None:
    """Let everything happen that is due by now. One that is not active only lets time pass."""
    if not stewardship.is_active:
        return
    for execution, step in _open_steps(stewardship.state):
        time_out_step(stewardship, execution, step, now)
        retry_step(stewardship, execution, step, now)
    for workflow, trigger in list(_scheduled(stewardship.state)):
        fire_trigger(stewardship, workflow, trigger, now)
    for responsibility in stewardship.state.responsibilities:
        escalate(stewardship, responsibility, now)


def next_due(state: StewardshipState) -> datetime | None:
    """Give the moment from which on something is due; None if nothing ever is by itself."""
    if state.status != StewardshipStatus.ACTIVE:
        return None
    moments: list[datetime | None] = []
    for _, step in _open_steps(state):
        moments.append(step.deadline if step.status == StepStatus.RUNNING else step.retry_at)
    for workflow, trigger in _scheduled(state):
        since = fires_since(state, workflow, trigger)
        moments.append(schedule_of(workflow, trigger).next_after(since))
    moments += [next_escalation(state, each) for each in state.responsibilities]
    return min((moment for moment in moments if moment is not None), default=None)


def next_escalation(state: StewardshipState, responsibility: Responsibility) -> datetime | None:
    """Give when a responsibility falls overdue, or comes to its next level; None if it never does.

    Only in a stewardship that is active.
    """
    due_date = responsibility.due_date
    if due_date is None or responsibility.is_completed:
        return None
    if not responsibility.fell_overdue:
        return due_date + JUST_AFTER if due_date < LAST_MOMENT else None
    moments = escalation_moments(state, due_date)[responsibility.escalated_to :]
    return moments[0] if moments else None


def fire_trigger(
    stewardship: Stewardship, workflow: Workflow, trigger: TriggerDefinition, now: datetime
) -> None:
    """Start a workflow for the last due moment of a trigger, if one has passed since it fired.

    After a time in which nobody looked, that is once; the moments before it are passed over.
    """
    since = fires_since(stewardship.state, workflow, trigger)
    schedule = schedule_of(workflow, trigger)
    due_at = last_due(schedule, since, now)
    if due_at is None:
        return
    which = {"workflow_id": workflow.definition.id, "trigger_id": trigger.id}
    for missed in _newest_between(schedule, since, due_at):
        stewardship.record(
            WorkflowTriggerPassedOver, now, **which, due_at=missed, reason=NOBODY_LOOKED
        )
    if len(stewardship.state.open_executions(workflow.definition.id)) >= MOST_OPEN_EXECUTIONS:
        stewardship.record(WorkflowTriggerPassedOver, now, **which, due_at=due_at, reason=TOO_MANY)
        return
    start_execution(stewardship, **which, event=trigger.event or None, due_at=due_at, now=now)


def _newest_between(schedule: Schedule, since: datetime, due_at: datetime) -> list[datetime]:
    """Give the newest due moments before another, oldest first."""
    found = [due_at]
    while len(found) <= MOST_PASSED_OVER:
        earlier = last_due(schedule, since, found[-1] - timedelta(seconds=1))
        if earlier is None:
            break
        found.append(earlier)
    return found[:0:-1]


def fire_event(stewardship: Stewardship, event: str, *, now: datetime) -> list[Execution]:
    """Start the active workflows with an enabled trigger of this event.

    Raises UnknownPartError if no trigger has it, RuleViolatedError if none of them can be started.
    """
    named = [
        (workflow, trigger)
        for workflow in stewardship.state.workflows
        for trigger in workflow.definition.triggers
        if trigger.event == event and trigger.enabled
    ]
    if not named:
        raise UnknownPartError(f"No enabled trigger has the event {event}")
    active = [each for each in named if each[0].status == WorkflowStatus.ACTIVE]
    started: dict[str, Execution] = {}
    for workflow, trigger in active or named[:1]:
        workflow_id = workflow.definition.id
        if workflow_id not in started:
            started[workflow_id] = start_execution(
                stewardship, workflow_id, trigger_id=trigger.id, event=event, now=now
            )
    return list(started.values())


def escalate(stewardship: Stewardship, responsibility: Responsibility, now: datetime) -> None:
    """Tell that a responsibility is overdue, then escalate it level by level."""
    due_date = responsibility.due_date
    if due_date is None or not responsibility.is_overdue(now):
        return
    which = {"responsibility_id": responsibility.definition.id}
    facts = {"due_date": due_date, "assigned_to": responsibility.assigned_to}
    if not responsibility.fell_overdue:
        stewardship.record(ResponsibilityFellOverdue, now, **which, **facts)
    for level, moment in enumerate(escalation_moments(stewardship.state, due_date), start=1):
        if level > responsibility.escalated_to and moment <= now:
            stewardship.record(ResponsibilityEscalated, now, **which, level=level, **facts)


def escalation_moments(state: StewardshipState, due_date: datetime) -> list[datetime]:
    """Give when each level is reached: the timeouts count from the due date, and never fall."""
    escalation = state.options.escalation
    if not (escalation.enabled and escalation.auto_escalate):
        return []
    levels = min(escalation.levels or len(escalation.timeouts), len(escalation.timeouts))
    moments: list[datetime] = []
    for timeout in escalation.timeouts[:levels]:
        with contextlib.suppress(OverflowError):  # beyond the year 9999: never
            moment = Duration.parse(timeout).after(due_date)
            moments.append(max([moment, *moments[-1:]]))
    return moments


def fires_since(
    state: StewardshipState, workflow: Workflow, trigger: TriggerDefinition
) -> datetime:
    """Give the moment after which a trigger falls due: never for the time of a pause."""
    fired = workflow.fired_until(trigger.id)
    moments = [state.active_since, workflow.since]
    return max(moments if fired is None else [*moments, fired])


def schedule_of(workflow: Workflow, trigger: TriggerDefinition) -> Schedule:
    """Give the schedule of a trigger that has one; intervals count from when it became active."""
    schedule = trigger.schedule
    assert schedule is not None
    if schedule.type == ScheduleType.CRON:
        return Cron(schedule.cron)
    return Interval(Duration.parse(schedule.interval), workflow.since)


def _scheduled(state: StewardshipState) -> Iterator[tuple[Workflow, TriggerDefinition]]:
    for workflow in state.workflows:
        if workflow.status == WorkflowStatus.ACTIVE:
            for trigger in workflow.definition.triggers:
                if trigger.enabled and trigger.schedule is not None:
                    yield workflow, trigger


def _open_steps(state: StewardshipState) -> list[tuple[Execution, ExecutionStep]]:
    return [
        (execution, step)
        for execution in state.executions
        if execution.status == ExecutionStatus.RUNNING
        for step in execution.steps
        if step.status in (StepStatus.RUNNING, StepStatus.WAITING)
    ]
