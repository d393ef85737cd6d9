"""The ids and filters of stewardship, as addresses have them."""

import re
from typing import Annotated, Any, Literal

from litestar import Request
from litestar.params import Parameter

from application.errors import NotFoundError
from application.stewardship.handlers import UNKNOWN
from application.stewardship.jobs import UNKNOWN_JOB
from domain.errors import RuleViolatedError
from domain.stewardship.kinds import JobStatus, StewardshipStatus, StewardshipType
from interfaces.rest.bodies import MAX_BIGINT
from interfaces.rest.paging import DEFAULT_SIZE, FIRST_PAGE

StewardshipId = Annotated[str, Parameter(description="The id of a stewardship")]
JobId = Annotated[str, Parameter(description="The id of a stewardship job")]
UserId = Annotated[str, Parameter(description="The user id of a steward")]
ResponsibilityId = Annotated[str, Parameter(description="The id of a responsibility")]
MetricId = Annotated[str, Parameter(description="The id of a metric")]
PolicyId = Annotated[str, Parameter(description="The id of a policy")]
WorkflowId = Annotated[str, Parameter(description="The id of a workflow")]
ExecutionId = Annotated[str, Parameter(description="The id of an execution, like execution_1")]
StepId = Annotated[str, Parameter(description="The id of a step")]
ChangeId = Annotated[str, Parameter(description="The id of a proposed change, like change_1")]
TriggerEvent = Annotated[str, Parameter(description="The event that triggers name")]

# Empty is refused in the seed's words.
OneStewardship = Annotated[str | None, Parameter(description="Only the stewardship of this id")]
OneJob = Annotated[str | None, Parameter(description="Only the job of this id")]
Include = Annotated[
    Literal["definition"] | None,
    Parameter(description="With an id: everything that was sent, too"),
]
TypeFilter = Annotated[StewardshipType | None, Parameter(description="Those of this type")]
DomainFilter = Annotated[str | None, Parameter(description="Those of this domain")]
StatusFilter = Annotated[StewardshipStatus | None, Parameter(description="Those of this status")]
JobStatusFilter = Annotated[JobStatus | None, Parameter(description="Jobs of this status")]
StewardFilter = Annotated[
    str | None, Parameter(description="Those of which this user is a steward")
]
ListPage = Annotated[int | None, Parameter(ge=1, le=10_000_000, description="Page number, from 1")]
ListSize = Annotated[
    int | None,
    Parameter(ge=1, le=1000, description="Items per page: 50, or 1000 without any parameter"),
]

ALL = 1000

_STEWARDSHIP = re.compile(r"stewardship_([1-9][0-9]{0,18})")
_JOB = re.compile(r"stewardship_job_([1-9][0-9]{0,18})")


def stewardship_key(text: str) -> int:
    """Read the id of a stewardship. Raises RuleViolatedError if it is empty, NotFoundError."""
    if not text:
        raise RuleViolatedError("Stewardship ID is required")
    return _key(_STEWARDSHIP, text, UNKNOWN)


def job_key(text: str) -> int:
    """Read the id of a job. Raises RuleViolatedError if it is empty, NotFoundError."""
    if not text:
        raise RuleViolatedError("Job ID is required")
    return _key(_JOB, text, UNKNOWN_JOB)


def extent(request: Request[Any, Any, Any], page: int | None, size: int | None) -> tuple[int, int]:
    """Give page and size: of the usual size, or everything up to 1,000 if nothing was asked for."""
    default = DEFAULT_SIZE if request.query_params else ALL
    return page or FIRST_PAGE, size or default


def _key(form: re.Pattern[str], text: str, unknown: str) -> int:
    found = form.fullmatch(text)
    if found is None or int(found[1]) > MAX_BIGINT:
        raise NotFoundError(unknown)
    return int(found[1])
