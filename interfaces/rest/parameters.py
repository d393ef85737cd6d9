"""The ids in paths. Routes take them as text (``{run_id:str}``): "abc" is then told to be none.

Positions of the log come in queries and headers.
"""

from typing import Annotated

from litestar.params import Parameter

from domain.errors import InvalidFieldError
from interfaces.rest.bodies import MAX_BIGINT

ProcessId = Annotated[int, Parameter(ge=1, le=MAX_BIGINT, description="The id of a process")]
RunId = Annotated[int, Parameter(ge=1, le=MAX_BIGINT, description="The id of a run")]
StepRunId = Annotated[int, Parameter(ge=1, le=MAX_BIGINT, description="The id of a step run")]
KeyId = Annotated[int, Parameter(ge=1, le=MAX_BIGINT, description="The id of an API key")]
StreamId = Annotated[str, Parameter(description="A stream, like run-42")]
Subject = Annotated[str, Parameter(description="An erased subject, like run-42")]
Username = Annotated[str, Parameter(description="The name of a user")]

_MOST_DIGITS = len(str(MAX_BIGINT))


def read_position(name: str, text: str) -> int:
    """Read a position of the log. Raises InvalidFieldError if it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    if not is_number or int(text) > MAX_BIGINT:
        raise InvalidFieldError(name, "must be a position of the log")
    return int(text)
