"""The status of step runs and of runs (contract section 7)."""

from collections.abc import Collection
from enum import StrEnum


class StepRunStatus(StrEnum):
    """Where a step run stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OPTIONAL = "optional"


class RunStatus(StrEnum):
    """Where a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED_STEP = frozenset(
    {
        StepRunStatus.SUCCESS,
        StepRunStatus.FAILED,
        StepRunStatus.CANCELLED,
        StepRunStatus.OPTIONAL,
    }
)
FINISHED_RUN = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})

_PASSED = frozenset({StepRunStatus.SUCCESS, StepRunStatus.OPTIONAL})


def derive_run_status(steps: Collection[StepRunStatus]) -> RunStatus:
    """Derive a run's status from those of its steps; the first rule that fits wins."""
    if StepRunStatus.FAILED in steps:
        return RunStatus.FAILED
    if StepRunStatus.CANCELLED in steps:
        return RunStatus.CANCELLED
    if StepRunStatus.RUNNING in steps:
        return RunStatus.RUNNING
    if StepRunStatus.SUCCESS in steps and _PASSED.issuperset(steps):
        return RunStatus.COMPLETED
    if StepRunStatus.PENDING in steps and FINISHED_STEP.intersection(steps):
        return RunStatus.RUNNING
    return RunStatus.PENDING
