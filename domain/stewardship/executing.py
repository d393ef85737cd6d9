"""The rules by which workflows of a stewardship are carried out, step by step."""

from datetime import datetime, timedelta

from domain.errors import RuleViolatedError
from domain.stewardship.definition import RetryPolicyDefinition, StepDefinition
from domain.stewardship.durations import Duration
from domain.stewardship.execution_events import (
    WorkflowExecutionFailed,
    WorkflowExecutionStarted,
    WorkflowExecutionSucceeded,
    WorkflowStatusChanged,
    WorkflowStepFailed,
    WorkflowStepRetried,
    WorkflowStepStarted,
    WorkflowStepSucceeded,
    WorkflowStepTimedOut,
)
from domain.stewardship.kinds import (
    BackoffStrategy,
    ExecutionStatus,
    StepOutcome,
    StepStatus,
    WorkflowStatus,
)
from domain.stewardship.state import Execution, ExecutionStep, Workflow
from domain.stewardship.stewardship import Stewardship, UnknownPartError

MOST_OPEN_EXECUTIONS = 100

LONGEST_PAUSE = timedelta(days=366)


def find_workflow(stewardship: Stewardship, workflow_id: str) -> Workflow:
    """Give a workflow. Raises UnknownPartError."""
    workflow = stewardship.state.workflow(workflow_id)
    if workflow is None:
        raise UnknownPartError(f"Workflow {workflow_id} not found")
    return workflow


def change_workflow_status(
    stewardship: Stewardship, workflow_id: str, status: WorkflowStatus, *, now: datetime
) -> None:
    """Give a workflow another status; executions under way go on. Raises UnknownPartError."""
    stewardship.check_open()
    workflow = find_workflow(stewardship, workflow_id)
    if status != workflow.status:
        stewardship.record(
            WorkflowStatusChanged,
            now,
            workflow_id=workflow_id,
            previous=workflow.status,
            status=status,
        )


def start_execution(
    stewardship: Stewardship,
    workflow_id: str,
    *,
    now: datetime,
    trigger_id: str | None = None,
    event: str | None = None,
    due_at: datetime | None = None,
) -> Execution:
    """Carry a workflow out, and begin with its first step.

    Raises UnknownPartError, and RuleViolatedError if it is not active or is under way too often.
    """
    workflow = find_workflow(stewardship, workflow_id)
    if not stewardship.is_active:
        raise RuleViolatedError(f"The stewardship is {stewardship.state.status}, not active")
    if workflow.status != WorkflowStatus.ACTIVE:
        raise RuleViolatedError(f"Workflow {workflow_id} is {workflow.status}, not active")
    if len(stewardship.state.open_executions(workflow_id)) >= MOST_OPEN_EXECUTIONS:
        message = f"Workflow {workflow_id} has {MOST_OPEN_EXECUTIONS} executions under way already"
        raise RuleViolatedError(message)
    execution_id = f"execution_{stewardship.state.executions_begun + 1}"
    stewardship.record(
        WorkflowExecutionStarted,
        now,
        workflow_id=workflow_id,
        execution_id=execution_id,
        trigger_id=trigger_id,
        event=event,
        due_at=due_at,
    )
    execution = find_execution(stewardship, workflow_id, execution_id)
    _go_on(stewardship, execution, now)
    return execution


def find_execution(stewardship: Stewardship, workflow_id: str, execution_id: str) -> Execution:
    """Give an execution of a workflow. Raises UnknownPartError."""
    execution = stewardship.state.execution(execution_id)
    if execution is None or execution.workflow_id != workflow_id:
        raise UnknownPartError(f"Execution {execution_id} not found")
    return execution


def report_step(
    stewardship: Stewardship,
    workflow_id: str,
    execution_id: str,
    step_id: str,
    *,
    outcome: StepOutcome,
    note: str,
    now: datetime,
) -> Execution:
    """Record how a step ended, and go on: with the next, with another attempt, or not at all.

    Raises UnknownPartError, RuleViolatedError for a step that is not being carried out.
    """
    stewardship.check_open()
    execution = find_execution(stewardship, workflow_id, execution_id)
    step = next((each for each in execution.steps if each.step_id == step_id), None)
    if step is None:
        raise UnknownPartError(f"Step {step_id} not found")
    if step.deadline is not None and step.deadline <= now:
        raise RuleViolatedError(f"Step {step_id} has timed out; only a running one can end")
    if step.status != StepStatus.RUNNING:
        raise RuleViolatedError(f"Step {step_id} is {step.status}; only a running one can end")
    which = _names(execution, step)
    if outcome == StepOutcome.SUCCESS:
        stewardship.record(WorkflowStepSucceeded, now, **which, attempt=step.attempt, note=note)
    else:
        stewardship.record(
            WorkflowStepFailed,
            now,
            **which,
            attempt=step.attempt,
            note=note,
            retry_at=_retry_at(_definition(stewardship, execution, step), step.attempt, now),
        )
    _go_on(stewardship, execution, now)
    return execution


def time_out_step(
    stewardship: Stewardship, execution: Execution, step: ExecutionStep, now: datetime
) -> None:
    """Cut the attempt of a step off, if its deadline has passed."""
    if step.status != StepStatus.RUNNING or step.deadline is None or step.deadline > now:
        return
    stewardship.record(
        WorkflowStepTimedOut,
        now,
        **_names(execution, step),
        attempt=step.attempt,
        deadline=step.deadline,
        retry_at=_retry_at(_definition(stewardship, execution, step), step.attempt, step.deadline),
    )
    _go_on(stewardship, execution, now)


def retry_step(
    stewardship: Stewardship, execution: Execution, step: ExecutionStep, now: datetime
) -> None:
    """Begin the next attempt of a step, if it is time."""
    if step.status != StepStatus.WAITING or step.retry_at is None or step.retry_at > now:
        return
    stewardship.record(
        WorkflowStepRetried,
        now,
        **_names(execution, step),
        attempt=step.attempt + 1,
        deadline=_deadline(_definition(stewardship, execution, step), now),
    )


def pause_after(policy: RetryPolicyDefinition, attempt: int) -> timedelta | None:
    """Give how long to wait after an attempt, counted from 1; None after the last."""
    if attempt >= policy.max_attempts:
        return None
    pause = Duration.parse(policy.backoff).nominal if policy.backoff else timedelta()
    if policy.strategy == BackoffStrategy.LINEAR:
        pause = min(pause, LONGEST_PAUSE) * attempt
    elif policy.strategy == BackoffStrategy.EXPONENTIAL:
        for _ in range(attempt - 1):
            pause = min(pause * 2, LONGEST_PAUSE)
    return min(pause, LONGEST_PAUSE)


def _go_on(stewardship: Stewardship, execution: Execution, now: datetime) -> None:
    """Begin the next step, or end the execution if there is none to wait for."""
    which = {"workflow_id": execution.workflow_id, "execution_id": execution.id}
    lasted = (now - execution.started_at).total_seconds()
    for step in execution.steps:
        if step.status == StepStatus.SUCCEEDED:
            continue
        if step.status == StepStatus.FAILED and execution.status == ExecutionStatus.RUNNING:
            stewardship.record(
                WorkflowExecutionFailed,
                now,
                **which,
                step_id=step.step_id,
                duration_seconds=lasted,
            )
        elif step.status == StepStatus.PENDING:
            stewardship.record(
                WorkflowStepStarted,
                now,
                **_names(execution, step),
                attempt=1,
                deadline=_deadline(_definition(stewardship, execution, step), now),
            )
        return
    stewardship.record(WorkflowExecutionSucceeded, now, **which, duration_seconds=lasted)


def _names(execution: Execution, step: ExecutionStep) -> dict[str, str]:
    return {
        "workflow_id": execution.workflow_id,
        "execution_id": execution.id,
        "step_id": step.step_id,
    }


def _definition(
    stewardship: Stewardship, execution: Execution, step: ExecutionStep
) -> StepDefinition:
    workflow = find_workflow(stewardship, execution.workflow_id)
    return next(each for each in workflow.definition.steps if each.id == step.step_id)


def _deadline(definition: StepDefinition, now: datetime) -> datetime | None:
    timeout = Duration.parse(definition.timeout) if definition.timeout else Duration()
    return timeout.after(now) if timeout else None


def _retry_at(definition: StepDefinition, attempt: int, ended_at: datetime) -> datetime | None:
    pause = pause_after(definition.retry_policy, attempt)
    return ended_at + pause if pause is not None else None
