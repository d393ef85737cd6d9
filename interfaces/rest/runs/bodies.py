"""What is sent about runs and step runs (seed: Process Execution Management)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.runs.status import StepRunStatus
from interfaces.rest.bodies import Body, EntityId, Id, Name

DEFAULT_REASON = "Neutralized on request"


class StartRunBody(Body, frozen=True, kw_only=True):
    """A run to be started."""

    process_id: Id
    entity_id: EntityId
    entity_name: Name | None = None
    meta: dict[str, Any] = msgspec.field(default_factory=dict)


class RunMetaBody(Body, frozen=True, kw_only=True):
    """Meta fields to be set; null takes a field away."""

    meta: dict[str, Any]


class NeutralizeBody(Body, frozen=True, kw_only=True):
    """Why a run's personal data is erased; stays in the audit history."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)] = DEFAULT_REASON


class UpdateStepRunBody(Body, frozen=True, kw_only=True):
    """What an executor reports of a step run; what is left out stays as it is."""

    status: StepRunStatus | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    meta: dict[str, Any] | None = None


class RerunBody(Body, frozen=True, kw_only=True):
    """What is noted with a rerun."""

    meta: dict[str, Any] = msgspec.field(default_factory=dict)
