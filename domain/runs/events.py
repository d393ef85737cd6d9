"""What happens to a run of a process and to its steps."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from domain.events import CreatedEvent, DomainEvent, RedactionEvent
from domain.personal import Personal
from domain.processes.rerun import RerunConfig
from domain.runs.meta import SplitMeta
from domain.runs.status import RunStatus, StepRunStatus

if TYPE_CHECKING:
    from domain.runs.run import Run


class PlannedStepRun(msgspec.Struct, frozen=True, kw_only=True):
    """A step run as it is planned when its run starts."""

    id: int
    step_id: int
    index: int
    name: str


class Rerun(msgspec.Struct, kw_only=True):
    """How far the attempts of a rerun have come; ``attempt`` counts those that began."""

    config: RerunConfig
    attempt: int = 0
    is_under_way: bool = False


class StepRun(msgspec.Struct, kw_only=True):
    """One step of a run as its events have made it.

    A rerun names the failed step run that it was started for, which from then on is superseded: the
    run's status does not depend on it any more.
    """

    id: int
    step_id: int
    index: int
    name: str
    status: StepRunStatus
    started_at: datetime | None
    finished_at: datetime | None
    meta: SplitMeta
    created_at: datetime
    original_step_run_id: int | None = None
    is_superseded: bool = False
    rerun: Rerun | None = None


class RunState(msgspec.Struct, kw_only=True):
    """A run as its events have made it; once neutralized, without its personal data."""

    process_id: int
    entity_id: str
    entity_name: str | None
    meta: SplitMeta
    safe_meta_fields: frozenset[str]
    status: RunStatus
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    is_neutralized: bool
    steps: dict[int, StepRun]
    called_off_at: datetime | None = None
    is_deleted: bool = False


class RunStarted(CreatedEvent, frozen=True, kw_only=True):
    """A process was started for an entity; every active step is waiting for its turn."""

    TOPIC = "RunStarted"

    process_id: int
    entity_id: Personal[str]
    entity_name: Personal[str | None]
    meta: dict[str, Any]
    personal_meta: Personal[dict[str, Any]]
    safe_meta_fields: list[str]
    steps: list[PlannedStepRun]

    def apply(self, aggregate: "Run") -> None:
        """Begin with all steps pending."""
        aggregate.state = RunState(
            process_id=self.process_id,
            entity_id=self.entity_id,
            entity_name=self.entity_name,
            meta=SplitMeta(self.meta, self.personal_meta),
            safe_meta_fields=frozenset(self.safe_meta_fields),
            status=RunStatus.PENDING,
            started_at=None,
            finished_at=None,
            created_at=self.timestamp,
            is_neutralized=False,
            steps={
                step.id: StepRun(
                    id=step.id,
                    step_id=step.step_id,
                    index=step.index,
                    name=step.name,
                    status=StepRunStatus.PENDING,
                    started_at=None,
                    finished_at=None,
                    meta=SplitMeta({}, {}),
                    created_at=self.timestamp,
                )
                for step in self.steps
            },
        )


class StepRunEvent(DomainEvent, frozen=True, kw_only=True):
    """Something happened to a step run; ``meta`` is None where it stays what it was."""

    step_run_id: int
    previous: StepRunStatus
    started_at: datetime | None
    finished_at: datetime | None
    meta: dict[str, Any] | None
    personal_meta: Personal[dict[str, Any] | None]

    status: ClassVar[StepRunStatus | None] = None

    @property
    def status_after(self) -> StepRunStatus:
        """Where the step run stands after the event."""
        return self.status or self.previous

    def apply(self, aggregate: "Run") -> None:
        """Bring the step run to where the event leaves it."""
        step = aggregate.state.steps[self.step_run_id]
        step.status = self.status_after
        step.started_at = self.started_at
        step.finished_at = self.finished_at
        if self.meta is not None:
            step.meta = SplitMeta(self.meta, self.personal_meta or {})


class StepRunReturnedToPending(StepRunEvent, frozen=True, kw_only=True):
    """A step run waits for its turn again."""

    TOPIC = "StepRunReturnedToPending"
    status = StepRunStatus.PENDING


class StepRunBegan(StepRunEvent, frozen=True, kw_only=True):
    """A step run is being executed."""

    TOPIC = "StepRunBegan"
    status = StepRunStatus.RUNNING


class StepRunSucceeded(StepRunEvent, frozen=True, kw_only=True):
    """A step run came to its end as it should."""

    TOPIC = "StepRunSucceeded"
    status = StepRunStatus.SUCCESS


class StepRunFailed(StepRunEvent, frozen=True, kw_only=True):
    """A step run failed."""

    TOPIC = "StepRunFailed"
    status = StepRunStatus.FAILED


class StepRunCancelled(StepRunEvent, frozen=True, kw_only=True):
    """A step run was called off."""

    TOPIC = "StepRunCancelled"
    status = StepRunStatus.CANCELLED


class StepRunFoundOptional(StepRunEvent, frozen=True, kw_only=True):
    """A step run turned out not to be needed for its run."""

    TOPIC = "StepRunFoundOptional"
    status = StepRunStatus.OPTIONAL


class StepRunAnnotated(StepRunEvent, frozen=True, kw_only=True):
    """Times or meta of a step run were recorded; its status is what it was."""

    TOPIC = "StepRunAnnotated"


class RunStatusEvent(DomainEvent, frozen=True, kw_only=True):
    """A run's status followed its steps."""

    process_id: int
    previous: RunStatus
    started_at: datetime | None
    finished_at: datetime | None

    status: ClassVar[RunStatus]

    def apply(self, aggregate: "Run") -> None:
        """Bring the run to where the event leaves it."""
        state = aggregate.state
        state.status = self.status
        state.started_at = self.started_at
        state.finished_at = self.finished_at


class RunReturnedToPending(RunStatusEvent, frozen=True, kw_only=True):
    """No step of the run is under way or finished any more."""

    TOPIC = "RunReturnedToPending"
    status = RunStatus.PENDING


class RunBegan(RunStatusEvent, frozen=True, kw_only=True):
    """The run is under way."""

    TOPIC = "RunBegan"
    status = RunStatus.RUNNING


class RunCompleted(RunStatusEvent, frozen=True, kw_only=True):
    """Every step of the run that was needed succeeded."""

    TOPIC = "RunCompleted"
    status = RunStatus.COMPLETED


class RunFailed(RunStatusEvent, frozen=True, kw_only=True):
    """A step of the run failed."""

    TOPIC = "RunFailed"
    status = RunStatus.FAILED


class RunCancelled(RunStatusEvent, frozen=True, kw_only=True):
    """A step of the run was called off."""

    TOPIC = "RunCancelled"
    status = RunStatus.CANCELLED


class RunCalledOff(DomainEvent, frozen=True, kw_only=True):
    """Somebody cancelled the run; whatever becomes of its steps, it stays cancelled."""

    TOPIC = "RunCalledOff"

    def apply(self, aggregate: "Run") -> None:
        """Do not follow the steps any more."""
        aggregate.state.called_off_at = self.timestamp


class RunMetaChanged(DomainEvent, frozen=True, kw_only=True):
    """A run's meta was changed; this is all of it from then on."""

    TOPIC = "RunMetaChanged"

    process_id: int
    meta: dict[str, Any]
    personal_meta: Personal[dict[str, Any]]

    def apply(self, aggregate: "Run") -> None:
        """Put the new meta in place of the old."""
        aggregate.state.meta = SplitMeta(self.meta, self.personal_meta)


class RunDeleted(DomainEvent, frozen=True, kw_only=True):
    """A run was hidden, with its step runs; it can be restored."""

    TOPIC = "RunDeleted"

    process_id: int

    def apply(self, aggregate: "Run") -> None:
        """Hide the run."""
        aggregate.state.is_deleted = True


class RunRestored(DomainEvent, frozen=True, kw_only=True):
    """A run came back as it was."""

    TOPIC = "RunRestored"

    process_id: int

    def apply(self, aggregate: "Run") -> None:
        """Show the run again."""
        aggregate.state.is_deleted = False


class RunNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """The personal data of the run was erased for good (contract section 7).

    ``redacted_fields`` names them: ``entity_id``, ``meta.email``, ``step_runs.7.meta.note``.
    """

    TOPIC = "RunNeutralized"

    def apply(self, aggregate: "Run") -> None:
        """Forget the personal values; that there were some, the earlier events still tell."""
        state = aggregate.state
        state.entity_id = f"NEUTRALIZED_{aggregate.key}"
        state.entity_name = None
        state.meta = SplitMeta(state.meta.safe, {})
        state.is_neutralized = True
        for step in state.steps.values():
            step.meta = SplitMeta(step.meta.safe, {})


STEP_RUN_EVENTS: dict[StepRunStatus, type[StepRunEvent]] = {
    StepRunStatus.PENDING: StepRunReturnedToPending,
    StepRunStatus.RUNNING: StepRunBegan,
    StepRunStatus.SUCCESS: StepRunSucceeded,
    StepRunStatus.FAILED: StepRunFailed,
    StepRunStatus.CANCELLED: StepRunCancelled,
    StepRunStatus.OPTIONAL: StepRunFoundOptional,
}

RUN_STATUS_EVENTS: dict[RunStatus, type[RunStatusEvent]] = {
    RunStatus.PENDING: RunReturnedToPending,
    RunStatus.RUNNING: RunBegan,
    RunStatus.COMPLETED: RunCompleted,
    RunStatus.FAILED: RunFailed,
    RunStatus.CANCELLED: RunCancelled,
}
