"""What happens when a failed step of a run is run again (seed: Rerun System Architecture)."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.events import DomainEvent
from domain.personal import Personal
from domain.processes.rerun import RerunConfig
from domain.runs.events import Rerun, StepRun
from domain.runs.meta import SplitMeta
from domain.runs.status import StepRunStatus

if TYPE_CHECKING:
    from domain.runs.run import Run


class StepRerunRequested(DomainEvent, frozen=True, kw_only=True):
    """A failed step run is to be run again: a new step run waits in its place.

    ``config`` is that of the step at this moment; without an endpoint, somebody outside runs it.
    """

    TOPIC = "StepRerunRequested"

    process_id: int
    step_run_id: int
    original_step_run_id: int
    step_id: int
    index: int
    name: str
    config: RerunConfig
    meta: dict[str, Any]
    personal_meta: Personal[dict[str, Any]]

    def apply(self, aggregate: "Run") -> None:
        """Put a pending step run in place of the failed one."""
        steps = aggregate.state.steps
        steps[self.original_step_run_id].is_superseded = True
        steps[self.step_run_id] = StepRun(
            id=self.step_run_id,
            step_id=self.step_id,
            index=self.index,
            name=self.name,
            status=StepRunStatus.PENDING,
            started_at=None,
            finished_at=None,
            meta=SplitMeta(self.meta, self.personal_meta),
            created_at=self.timestamp,
            original_step_run_id=self.original_step_run_id,
            rerun=Rerun(config=self.config),
        )


class RerunAttemptEvent(DomainEvent, frozen=True, kw_only=True):
    """Something happened to an attempt, counted from 1, to have a step run again."""

    step_run_id: int
    attempt: int

    def _rerun(self, aggregate: "Run") -> Rerun:
        rerun = aggregate.state.steps[self.step_run_id].rerun
        assert rerun is not None
        return rerun


class RerunAttemptBegan(RerunAttemptEvent, frozen=True, kw_only=True):
    """The endpoint is being called; twice for one attempt if the first call was cut off."""

    TOPIC = "RerunAttemptBegan"

    def apply(self, aggregate: "Run") -> None:
        """Count the attempt."""
        rerun = self._rerun(aggregate)
        rerun.attempt = self.attempt
        rerun.is_under_way = True


class RerunAttemptAccepted(RerunAttemptEvent, frozen=True, kw_only=True):
    """The endpoint took the step over (202) and will report on it by itself."""

    TOPIC = "RerunAttemptAccepted"

    def apply(self, aggregate: "Run") -> None:
        """Wait for the report."""
        self._rerun(aggregate).is_under_way = False


class RerunAttemptSucceeded(RerunAttemptEvent, frozen=True, kw_only=True):
    """The endpoint ran the step."""

    TOPIC = "RerunAttemptSucceeded"

    def apply(self, aggregate: "Run") -> None:
        """Make no further attempt."""
        self._rerun(aggregate).is_under_way = False


class RerunAttemptFailed(RerunAttemptEvent, frozen=True, kw_only=True):
    """An attempt failed; the next is made at ``next_attempt_at``, or none is.

    ``condition`` is one that may be retried, or ``rejected``; ``detail`` says more in a few words.
    """

    TOPIC = "RerunAttemptFailed"

    condition: str
    detail: str
    next_attempt_at: datetime | None

    def apply(self, aggregate: "Run") -> None:
        """Wait for the next attempt, if there is one."""
        self._rerun(aggregate).is_under_way = False


RERUN_ATTEMPT_EVENTS = (
    RerunAttemptBegan,
    RerunAttemptAccepted,
    RerunAttemptSucceeded,
    RerunAttemptFailed,
)
