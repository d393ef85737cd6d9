"""What happens when a workflow of a stewardship is carried out, and when people are notified."""

from datetime import datetime

from domain.stewardship.events import StewardshipEvent
from domain.stewardship.kinds import Channel, ExecutionStatus, StepStatus, WorkflowStatus
from domain.stewardship.state import (
    FINISHED_EXECUTIONS,
    NOTIFICATIONS,
    Execution,
    ExecutionStep,
    StewardshipState,
    TriggerMark,
    Workflow,
)


class WorkflowEvent(StewardshipEvent, frozen=True, kw_only=True):
    """Something happened to a workflow."""

    workflow_id: str

    def _workflow(self, state: StewardshipState) -> Workflow:
        workflow = state.workflow(self.workflow_id)
        assert workflow is not None
        return workflow


class WorkflowStatusChanged(WorkflowEvent, frozen=True, kw_only=True):
    """A workflow got another status."""

    TOPIC = "WorkflowStatusChanged"

    previous: WorkflowStatus
    status: WorkflowStatus

    def change(self, state: StewardshipState) -> None:
        """Stand there; what fell due while it was not active is let pass."""
        workflow = self._workflow(state)
        workflow.status = self.status
        workflow.since = self.timestamp


class WorkflowExecutionEvent(WorkflowEvent, frozen=True, kw_only=True):
    """Something happened to an execution of a workflow."""

    execution_id: str

    def _execution(self, state: StewardshipState) -> Execution:
        execution = state.execution(self.execution_id)
        assert execution is not None
        return execution


class WorkflowExecutionStarted(WorkflowExecutionEvent, frozen=True, kw_only=True):
    """A workflow is carried out: somebody asked for it, or a trigger did.

    ``due_at`` is the moment of the trigger's schedule, ``event`` the event that was named.
    """

    TOPIC = "WorkflowExecutionStarted"

    trigger_id: str | None
    event: str | None
    due_at: datetime | None

    def change(self, state: StewardshipState) -> None:
        """Have all steps before it."""
        workflow = self._workflow(state)
        workflow.total_executions += 1
        workflow.last_execution = self.timestamp
        state.executions_begun += 1
        state.executions.append(
            Execution(
                id=self.execution_id,
                workflow_id=self.workflow_id,
                trigger_id=self.trigger_id,
                started_at=self.timestamp,
                steps=[
                    ExecutionStep(step_id=step.id) for step in workflow.definition.ordered_steps
                ],
            )
        )
        if self.trigger_id is not None and self.due_at is not None:
            mark(workflow, self.trigger_id, self.due_at)


class WorkflowTriggerPassedOver(WorkflowEvent, frozen=True, kw_only=True):
    """A trigger fell due, and the workflow was not carried out, for a reason."""

    TOPIC = "WorkflowTriggerPassedOver"

    trigger_id: str
    due_at: datetime
    reason: str

    def change(self, state: StewardshipState) -> None:
        """Do not start it later for the same moment."""
        mark(self._workflow(state), self.trigger_id, self.due_at)


class WorkflowStepEvent(WorkflowExecutionEvent, frozen=True, kw_only=True):
    """Something happened to an attempt, counted from 1, of a step of an execution."""

    step_id: str
    attempt: int

    def step(self, state: StewardshipState) -> ExecutionStep:
        """Give the step, with the activity of its assignee noted."""
        definition = self._workflow(state).definition
        assignee = next(step.assignee for step in definition.steps if step.id == self.step_id)
        if state.steward(assignee) is not None:
            state.note_activity(assignee, self.timestamp)
        return self._execution(state).step(self.step_id)


class WorkflowStepBegan(WorkflowStepEvent, frozen=True, kw_only=True):
    """The attempt of a step began; it is cut off at its deadline."""

    deadline: datetime | None

    def change(self, state: StewardshipState) -> None:
        """Wait for its outcome."""
        step = self.step(state)
        step.status = StepStatus.RUNNING
        step.attempt = self.attempt
        step.deadline = self.deadline
        step.retry_at = None


class WorkflowStepStarted(WorkflowStepBegan, frozen=True, kw_only=True):
    """A step of an execution began."""

    TOPIC = "WorkflowStepStarted"


class WorkflowStepRetried(WorkflowStepBegan, frozen=True, kw_only=True):
    """A step that failed or timed out began again."""

    TOPIC = "WorkflowStepRetried"


class WorkflowStepSucceeded(WorkflowStepEvent, frozen=True, kw_only=True):
    """A step was done."""

    TOPIC = "WorkflowStepSucceeded"

    note: str

    def change(self, state: StewardshipState) -> None:
        """Wait for it no longer."""
        step = self.step(state)
        step.status = StepStatus.SUCCEEDED
        step.deadline = None


class WorkflowStepEnded(WorkflowStepEvent, frozen=True, kw_only=True):
    """The attempt of a step did not succeed; ``retry_at`` is None after the last."""

    retry_at: datetime | None

    def change(self, state: StewardshipState) -> None:
        """Wait for the next attempt, if there is one."""
        step = self.step(state)
        step.status = StepStatus.FAILED if self.retry_at is None else StepStatus.WAITING
        step.deadline = None
        step.retry_at = self.retry_at


class WorkflowStepFailed(WorkflowStepEnded, frozen=True, kw_only=True):
    """Who carried a step out told that it failed."""

    TOPIC = "WorkflowStepFailed"

    note: str


class WorkflowStepTimedOut(WorkflowStepEnded, frozen=True, kw_only=True):
    """Nobody told of a step's outcome before its deadline."""

    TOPIC = "WorkflowStepTimedOut"

    deadline: datetime


class WorkflowExecutionEnded(WorkflowExecutionEvent, frozen=True, kw_only=True):
    """An execution came to its end after so many seconds."""

    duration_seconds: float

    def end(self, state: StewardshipState, status: ExecutionStatus) -> None:
        """Count it, and keep the newest of those that have ended."""
        execution = self._execution(state)
        execution.status = status
        execution.finished_at = self.timestamp
        workflow = self._workflow(state)
        workflow.finished_runs += 1
        workflow.duration_seconds += self.duration_seconds
        workflow.successful_runs += status == ExecutionStatus.SUCCEEDED
        ended = [(each.finished_at, each.id) for each in state.executions if each.finished_at]
        forgotten = {each_id for _, each_id in sorted(ended)[:-FINISHED_EXECUTIONS]}
        forgotten.discard(execution.id)
        state.executions = [each for each in state.executions if each.id not in forgotten]


class WorkflowExecutionSucceeded(WorkflowExecutionEnded, frozen=True, kw_only=True):
    """All steps of an execution were done."""

    TOPIC = "WorkflowExecutionSucceeded"

    def change(self, state: StewardshipState) -> None:
        """Count it among the successful."""
        self.end(state, ExecutionStatus.SUCCEEDED)


class WorkflowExecutionFailed(WorkflowExecutionEnded, frozen=True, kw_only=True):
    """A step of an execution failed for good."""

    TOPIC = "WorkflowExecutionFailed"

    step_id: str

    def change(self, state: StewardshipState) -> None:
        """Count it among those that have ended."""
        self.end(state, ExecutionStatus.FAILED)


class NotificationEvent(StewardshipEvent, frozen=True, kw_only=True):
    """What became of a notification on a channel.

    ``notification_id`` is the same however often it is tried, ``about`` the type of the event that
    people are notified of.
    """

    notification_id: str
    channel: Channel
    about: str

    def change(self, state: StewardshipState) -> None:
        """Do not notify again."""
        state.notified = [*state.notified, self.notification_id][-NOTIFICATIONS:]


class NotificationSent(NotificationEvent, frozen=True, kw_only=True):
    """So many people were notified."""

    TOPIC = "NotificationSent"

    recipients: int


class NotificationSkipped(NotificationEvent, frozen=True, kw_only=True):
    """Nobody was notified, since the channel cannot be used."""

    TOPIC = "NotificationSkipped"

    reason: str


class NotificationFailed(NotificationEvent, frozen=True, kw_only=True):
    """A notification could not be delivered, and is not tried again."""

    TOPIC = "NotificationFailed"

    reason: str


def mark(workflow: Workflow, trigger_id: str, due_at: datetime) -> None:
    """Note up to which moment a trigger is settled."""
    others = [each for each in workflow.marks if each.trigger_id != trigger_id]
    workflow.marks = [*others, TriggerMark(trigger_id=trigger_id, due_at=due_at)]
