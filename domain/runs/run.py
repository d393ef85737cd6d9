"""The run: one entity going through the steps of a process."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from domain.aggregate import Aggregate
from domain.errors import NeutralizedError, RuleViolatedError
from domain.processes.events import Step
from domain.processes.rerun import RerunConfig
from domain.runs.events import (
    RUN_STATUS_EVENTS,
    STEP_RUN_EVENTS,
    PlannedStepRun,
    RunCalledOff,
    RunDeleted,
    RunMetaChanged,
    RunNeutralized,
    RunRestored,
    RunStarted,
    RunState,
    StepRun,
    StepRunAnnotated,
)
from domain.runs.meta import SplitMeta, split_meta
from domain.runs.rerun_events import (
    RerunAttemptAccepted,
    RerunAttemptBegan,
    RerunAttemptFailed,
    RerunAttemptSucceeded,
    StepRerunRequested,
)
from domain.runs.status import (
    FINISHED_RUN,
    FINISHED_STEP,
    RunStatus,
    StepRunStatus,
    derive_run_status,
)


class StepRunChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an executor reports of a step run; None leaves a field as it is."""

    status: StepRunStatus | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    meta: dict[str, Any] | None = None


class Run(Aggregate):
    """One entity going through a process. Its status follows from those of its steps."""

    TOPIC = "Run"
    CATEGORY = "run"
    STATE = RunState
    SNAPSHOT_EVERY = 200
    SNAPSHOT_VERSION = 2

    if TYPE_CHECKING:
        state: RunState

    @classmethod
    def start(
        cls,
        run_id: int,
        *,
        process_id: int,
        entity_id: str,
        entity_name: str | None,
        meta: dict[str, Any],
        safe_meta_fields: frozenset[str],
        steps: Sequence[tuple[int, Step]],
    ) -> "Run":
        """Start a run with a step run, of the given id, for each step."""
        parts = split_meta(meta, safe_meta_fields)
        return cls._create(
            RunStarted,
            id=cls.stream_id(run_id),
            process_id=process_id,
            entity_id=entity_id,
            entity_name=entity_name,
            meta=parts.safe,
            personal_meta=parts.personal,
            safe_meta_fields=sorted(safe_meta_fields),
            steps=[
                PlannedStepRun(id=step_run_id, step_id=step.id, index=step.index, name=step.name)
                for step_run_id, step in steps
            ],
        )

    def record_step(self, step_run_id: int, change: StepRunChange) -> StepRun:
        """Record what an executor reports; a report that changes nothing records nothing.

        Raises RuleViolatedError for times that cannot be and for a step run that has been rerun,
        NeutralizedError for personal meta after the run was neutralized.
        """
        step = self.state.steps[step_run_id]
        if step.is_superseded:
            raise RuleViolatedError(f"Step run {step_run_id} has been rerun, and is as it was")
        meta = self._split(change.meta)
        status = change.status or step.status
        started_at, finished_at = self._times(step, status, change)
        if (status, started_at, finished_at, meta or step.meta) == (
            step.status,
            step.started_at,
            step.finished_at,
            step.meta,
        ):
            return step
        self.trigger_event(
            StepRunAnnotated if status == step.status else STEP_RUN_EVENTS[status],
            step_run_id=step_run_id,
            previous=step.status,
            started_at=started_at,
            finished_at=finished_at,
            meta=meta.safe if meta is not None else None,
            personal_meta=meta.personal if meta is not None else None,
        )
        self._follow_steps()
        return self.state.steps[step_run_id]

    def call_off(self) -> None:
        """Cancel the run. Raises RuleViolatedError if it has come to its end."""
        state = self.state
        if state.called_off_at is not None:
            return
        if state.status in (RunStatus.COMPLETED, RunStatus.FAILED):
            raise RuleViolatedError(f"Run {self.key} is {state.status} and cannot be cancelled")
        self.trigger_event(RunCalledOff)
        self._follow_steps()

    def change_meta(self, changes: dict[str, Any]) -> None:
        """Set the fields that are given and take away those that are None; others stay.

        Raises NeutralizedError for personal fields after the run was neutralized.
        """
        changed = {
            name: value
            for name, value in (self.state.meta.whole | changes).items()
            if value is not None or name not in changes
        }
        self._split({name: value for name, value in changes.items() if value is not None})
        parts = split_meta(changed, self.state.safe_meta_fields)
        if parts != self.state.meta:
            self.trigger_event(
                RunMetaChanged,
                process_id=self.state.process_id,
                meta=parts.safe,
                personal_meta=parts.personal,
            )

    def delete(self) -> None:
        """Hide the run with its step runs."""
        if not self.state.is_deleted:
            self.trigger_event(RunDeleted, process_id=self.state.process_id)

    def restore(self) -> None:
        """Show the run again."""
        if self.state.is_deleted:
            self.trigger_event(RunRestored, process_id=self.state.process_id)

    def request_rerun(
        self, step_run_id: int, new_step_run_id: int, *, step: Step, meta: dict[str, Any]
    ) -> StepRun:
        """Put a new step run in place of a failed one, by the step as it is configured now.

        Raises RuleViolatedError if the step run cannot be rerun, NeutralizedError if the run was
        neutralized (contract section 7: Rerun).
        """
        failed = self.state.steps[step_run_id]
        config = step.rerun_config or RerunConfig()
        self._check_rerun(failed, step, config)
        parts = split_meta(meta, self.state.safe_meta_fields)
        self.trigger_event(
            StepRerunRequested,
            process_id=self.state.process_id,
            step_run_id=new_step_run_id,
            original_step_run_id=step_run_id,
            step_id=failed.step_id,
            index=failed.index,
            name=failed.name,
            config=config,
            meta=parts.safe,
            personal_meta=parts.personal,
        )
        self._follow_steps()
        return self.state.steps[new_step_run_id]

    def begin_attempt(self, step_run_id: int, attempt: int) -> bool:
        """Begin an attempt of a rerun, or begin it again if it was cut off.

        False where it must not be made: it has come to its end already, or nobody waits for it.
        """
        step = self.state.steps[step_run_id]
        if not self._awaits(step, attempt):
            return False
        self.trigger_event(RerunAttemptBegan, step_run_id=step_run_id, attempt=attempt)
        if step.status == StepRunStatus.PENDING:
            self.record_step(step_run_id, StepRunChange(status=StepRunStatus.RUNNING))
        return True

    def accept_attempt(self, step_run_id: int, attempt: int) -> None:
        """Record that the endpoint took the step over and will report on it."""
        if self._is_under_way(step_run_id, attempt):
            self.trigger_event(RerunAttemptAccepted, step_run_id=step_run_id, attempt=attempt)

    def succeed_attempt(
        self, step_run_id: int, attempt: int, result: dict[str, Any] | None
    ) -> None:
        """Record that the endpoint ran the step; its result becomes meta of the step run."""
        if not self._is_under_way(step_run_id, attempt):
            return
        step = self.state.steps[step_run_id]
        awaited = self._is_awaited(step)
        self.trigger_event(RerunAttemptSucceeded, step_run_id=step_run_id, attempt=attempt)
        meta = step.meta.whole | {"result": result} if result is not None else None
        if self.state.is_neutralized:
            meta = None
        if awaited:
            self.record_step(step_run_id, StepRunChange(status=StepRunStatus.SUCCESS, meta=meta))

    def fail_attempt(
        self,
        step_run_id: int,
        attempt: int,
        *,
        condition: str,
        detail: str,
        at: datetime,
        retry_after: timedelta = timedelta(),
    ) -> None:
        """Record that an attempt failed, and when the next is made; the last fails the step run.

        ``retry_after`` is how long the endpoint asked to be left alone.
        """
        if not self._is_under_way(step_run_id, attempt):
            return
        step = self.state.steps[step_run_id]
        awaited = self._is_awaited(step)
        assert step.rerun is not None
        delay = step.rerun.config.delay_after(attempt, condition) if awaited else None
        self.trigger_event(
            RerunAttemptFailed,
            step_run_id=step_run_id,
            attempt=attempt,
            condition=condition,
            detail=detail,
            next_attempt_at=at + max(delay, retry_after) if delay is not None else None,
        )
        if awaited and delay is None:
            self.record_step(step_run_id, StepRunChange(status=StepRunStatus.FAILED))

    def neutralize(self, *, reason: str, policy: str) -> None:
        """Erase the run's personal data for good; of no effect the second time."""
        if self.state.is_neutralized:
            return
        self.trigger_event(
            RunNeutralized, redacted_fields=self._personal_fields(), reason=reason, policy=policy
        )

    def rerun_of(self, step_run_id: int) -> StepRun:
        """Give the step run that was put in place of a failed one, of which there must be one."""
        steps = self.state.steps.values()
        return next(step for step in steps if step.original_step_run_id == step_run_id)

    @property
    def step_runs(self) -> list[StepRun]:
        """The run's steps in order."""
        return sorted(self.state.steps.values(), key=lambda step: (step.index, step.id))

    @property
    def current_step_runs(self) -> list[StepRun]:
        """For each step the step run that counts: the last, if it was rerun."""
        return [step for step in self.step_runs if not step.is_superseded]

    def _check_rerun(self, failed: StepRun, step: Step, config: RerunConfig) -> None:
        if self.state.is_neutralized:
            raise NeutralizedError(f"Run {self.key} has been neutralized and cannot be rerun")
        if self.state.called_off_at is not None:
            raise RuleViolatedError(f"Run {self.key} has been cancelled")
        if not step.is_rerunnable:
            raise RuleViolatedError(f"Step {step.id} is not rerunnable")
        if failed.is_superseded:
            raise RuleViolatedError(f"Step run {failed.id} has been rerun already")
        if failed.status != StepRunStatus.FAILED:
            raise RuleViolatedError(
                f"Step run {failed.id} is {failed.status}; only a failed one can be rerun"
            )
        reruns = sum(
            other.step_id == failed.step_id and other.original_step_run_id is not None
            for other in self.state.steps.values()
        )
        if reruns >= config.max_retries:
            raise RuleViolatedError(
                f"Step {step.id} has been rerun {reruns} times, which is its maximum"
            )

    def _awaits(self, step: StepRun, attempt: int) -> bool:
        rerun = step.rerun
        if rerun is None or self.state.called_off_at is not None:
            return False
        if not self._is_awaited(step):
            return False
        if rerun.is_under_way:
            return attempt == rerun.attempt
        return attempt == rerun.attempt + 1

    def _is_awaited(self, step: StepRun) -> bool:
        """Tell whether nobody outside has reported how the step run ended."""
        return step.status in (StepRunStatus.PENDING, StepRunStatus.RUNNING)

    def _is_under_way(self, step_run_id: int, attempt: int) -> bool:
        rerun = self.state.steps[step_run_id].rerun
        return rerun is not None and rerun.is_under_way and rerun.attempt == attempt

    def _split(self, meta: dict[str, Any] | None) -> SplitMeta | None:
        if meta is None:
            return None
        parts = split_meta(meta, self.state.safe_meta_fields)
        if parts.personal and self.state.is_neutralized:
            fields = ", ".join(f"meta.{name}" for name in sorted(parts.personal))
            raise NeutralizedError(
                f"Run {self.key} has been neutralized and takes no personal data: {fields}"
            )
        return parts

    def _times(
        self, step: StepRun, status: StepRunStatus, change: StepRunChange
    ) -> tuple[datetime | None, datetime | None]:
        """Give when the step run began and ended; unreported is the time of the report."""
        now = datetime.now(UTC)
        started_at = change.started_at or step.started_at
        finished_at = change.finished_at
        if finished_at is not None and status not in FINISHED_STEP:
            raise RuleViolatedError(f"A step run that is {status} has no finished_at")
        if status == StepRunStatus.PENDING and step.status != StepRunStatus.PENDING:
            started_at = change.started_at
        elif status == StepRunStatus.RUNNING:
            started_at = started_at or now
        elif status in FINISHED_STEP:
            began = started_at or now  # an executor's clock may be ahead of ours
            finished_at = (
                finished_at
                or (step.finished_at if status == step.status else None)
                or max(now, began)
            )
            started_at = started_at or finished_at
        if started_at is not None and finished_at is not None and finished_at < started_at:
            raise RuleViolatedError("finished_at must not be before started_at")
        return started_at, finished_at

    def _follow_steps(self) -> None:
        state = self.state
        steps = self.current_step_runs
        status = derive_run_status({step.status for step in steps})
        if state.called_off_at is not None:
            status = RunStatus.CANCELLED
        began = [step.started_at for step in steps if step.started_at is not None]
        ended = [step.finished_at for step in steps if step.finished_at is not None]
        started_at = min(began, default=None)
        finished_at = max(ended, default=None) if status in FINISHED_RUN else None
        if state.called_off_at is not None:
            finished_at = state.called_off_at
        if (status, started_at, finished_at) != (state.status, state.started_at, state.finished_at):
            self.trigger_event(
                RUN_STATUS_EVENTS[status],
                process_id=state.process_id,
                previous=state.status,
                started_at=started_at,
                finished_at=finished_at,
            )

    def _personal_fields(self) -> list[str]:
        state = self.state
        fields = ["entity_id"]
        if state.entity_name is not None:
            fields.append("entity_name")
        fields.extend(f"meta.{name}" for name in sorted(state.meta.personal))
        fields.extend(
            f"step_runs.{step.id}.meta.{name}"
            for step in self.step_runs
            for name in sorted(step.meta.personal)
        )
        return fields
