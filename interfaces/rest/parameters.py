"""Path and query parameters that many routes share."""

from typing import Annotated

from litestar.params import Parameter

from interfaces.rest.bodies import MAX_BIGINT

PathId = Annotated[int, Parameter(ge=1, le=MAX_BIGINT)]
