"""What a report on a responsibility makes of its status and progress."""

from datetime import datetime

import msgspec

from domain.errors import RuleViolatedError
from domain.stewardship.kinds import ResponsibilityStatus
from domain.stewardship.state import Responsibility

PENDING = ResponsibilityStatus.PENDING
IN_PROGRESS = ResponsibilityStatus.IN_PROGRESS
COMPLETED = ResponsibilityStatus.COMPLETED


class ResponsibilityChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is reported of a responsibility; None stays."""

    progress: float | None = None
    status: ResponsibilityStatus | None = None
    assigned_to: str | None = None
    due_date: datetime | None = None


def reported(
    responsibility: Responsibility, change: ResponsibilityChange
) -> tuple[ResponsibilityStatus, float]:
    """Give status and progress as they are after a report.

    Raises RuleViolatedError where the two contradict each other, and for progress that falls
    without the status of an open responsibility.
    """
    if change.status is None and change.progress is None:
        return responsibility.status, responsibility.progress
    if change.status is None:
        assert change.progress is not None
        return _by_progress(responsibility, change.progress)
    return _by_status(responsibility, change.status, change.progress)


def _by_progress(
    responsibility: Responsibility, progress: float
) -> tuple[ResponsibilityStatus, float]:
    before = responsibility.progress
    if progress < before:
        message = f"progress must not fall from {before:g} to {progress:g}"
        raise RuleViolatedError(f"{message}, unless status says that it is begun again")
    if progress >= 1:
        return COMPLETED, 1.0
    return (IN_PROGRESS if progress else responsibility.status), progress


def _by_status(
    responsibility: Responsibility, status: ResponsibilityStatus, progress: float | None
) -> tuple[ResponsibilityStatus, float]:
    if status == ResponsibilityStatus.OVERDUE:
        raise RuleViolatedError("A responsibility is overdue by its due_date, not by a report")
    if status == COMPLETED:
        if progress is not None and progress < 1:
            raise RuleViolatedError("A responsibility that is completed has the progress 1")
        return COMPLETED, 1.0
    if status == PENDING:
        if progress:
            raise RuleViolatedError("A responsibility that is pending has the progress 0")
        return PENDING, 0.0
    if progress is None:
        return IN_PROGRESS, 0.0 if responsibility.is_completed else responsibility.progress
    if progress >= 1:
        raise RuleViolatedError("A responsibility that is in_progress has a progress below 1")
    return IN_PROGRESS, progress
