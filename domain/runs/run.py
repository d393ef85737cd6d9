"""The run: one entity going through the steps of a process."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from domain.aggregate import Aggregate
from domain.errors import NeutralizedError, RuleViolatedError
from domain.processes.events import Step
from domain.runs.events import (
    RUN_STATUS_EVENTS,
    STEP_RUN_EVENTS,
    PlannedStepRun,
    RunNeutralized,
    RunStarted,
    RunState,
    StepRun,
    StepRunAnnotated,
)
from domain.runs.meta import SplitMeta, split_meta
from domain.runs.status import FINISHED_RUN, FINISHED_STEP, StepRunStatus, derive_run_status


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

        Raises RuleViolatedError for times that run backwards, NeutralizedError for personal meta
        after the run was neutralized.
        """
        step = self.state.steps[step_run_id]
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

    def neutralize(self, *, reason: str, policy: str) -> None:
        """Erase the run's personal data for good; of no effect the second time."""
        if self.state.is_neutralized:
            return
        self.trigger_event(
            RunNeutralized, redacted_fields=self._personal_fields(), reason=reason, policy=policy
        )

    @property
    def step_runs(self) -> list[StepRun]:
        """The run's steps in order."""
        return sorted(self.state.steps.values(), key=lambda step: (step.index, step.id))

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
        if status == StepRunStatus.PENDING:
            started_at, finished_at = change.started_at, None
        elif status == StepRunStatus.RUNNING:
            started_at, finished_at = started_at or now, None
        elif status in FINISHED_STEP:
            finished_at = (
                finished_at or (step.finished_at if status == step.status else None) or now
            )
            started_at = started_at or finished_at
        if started_at is not None and finished_at is not None and finished_at < started_at:
            raise RuleViolatedError("finished_at must not be before started_at")
        return started_at, finished_at

    def _follow_steps(self) -> None:
        state = self.state
        steps = state.steps.values()
        status = derive_run_status({step.status for step in steps})
        began = [step.started_at for step in steps if step.started_at is not None]
        ended = [step.finished_at for step in steps if step.finished_at is not None]
        started_at = min(began, default=None)
        finished_at = max(ended, default=None) if status in FINISHED_RUN else None
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
