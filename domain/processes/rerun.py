"""How a failed step is run again (seed: Rerun System Architecture)."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

FailureCondition = Literal["network_error", "timeout", "rate_limit", "server_error"]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class RerunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rerun is sent, how long it may take, and when it is tried again.

    A step may be rerun ``max_retries`` times. Within one rerun, ``retry_delays`` are the seconds
    before each further attempt, which only the ``failure_conditions`` lead to.
    """

    subprocess_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    api_endpoint: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    max_retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    retry_delays: Annotated[list[Seconds], msgspec.Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )
    failure_conditions: list[FailureCondition] = msgspec.field(default_factory=list)

    def delay_after(self, attempt: int, condition: str) -> timedelta | None:
        """Give how long to wait after the attempt failed; None where it was the last."""
        if condition not in self.failure_conditions or attempt > len(self.retry_delays):
            return None
        return timedelta(seconds=self.retry_delays[attempt - 1])
