"""The stages of processing a document, and how far a job is in each (contract section 10)."""

from enum import StrEnum
from typing import NamedTuple

WHOLE = 100.0


class Stage(StrEnum):
    """What is done with a document, in this order."""

    VALIDATION = "validation"
    EXTRACTION = "extraction"
    PARSING = "parsing"
    TEAM_NORMALIZATION = "team_normalization"
    MARKET_PROCESSING = "market_processing"
    ANOMALY_DETECTION = "anomaly_detection"
    STORING = "storing"


class Share(NamedTuple):
    """The part of a job's progress that a stage is, in percent."""

    begins: float
    ends: float


# By how long each takes: reading the pages is nearly all of it.
SHARES = {
    Stage.VALIDATION: Share(0.0, 5.0),
    Stage.EXTRACTION: Share(5.0, 85.0),
    Stage.PARSING: Share(85.0, 89.0),
    Stage.TEAM_NORMALIZATION: Share(89.0, 92.0),
    Stage.MARKET_PROCESSING: Share(92.0, 94.0),
    Stage.ANOMALY_DETECTION: Share(94.0, 96.0),
    Stage.STORING: Share(96.0, WHOLE),
}


def percent(stage: Stage, done: float) -> float:
    """Give how far a job is that has done this part, 0 to 1, of a stage."""
    share = SHARES[stage]
    return round(share.begins + (share.ends - share.begins) * done, 1)


def remaining_seconds(elapsed_seconds: float, progress_percent: float) -> int | None:
    """Give how long the rest will take at the pace so far; None before anything is done."""
    if progress_percent <= 0:
        return None
    return round(elapsed_seconds * (WHOLE - progress_percent) / progress_percent)
