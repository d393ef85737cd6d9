"""How a failed step is run again (seed: Rerun System Architecture)."""

from typing import Annotated, Literal

import msgspec

FailureCondition = Literal["network_error", "timeout", "rate_limit"]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class RerunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rerun is sent, how long it may take, and when it is tried again.

    ``retry_delays`` are the seconds before each retry; only the ``failure_conditions`` are retried.
    """

    subprocess_id: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    api_endpoint: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    max_retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 3
    retry_delays: Annotated[list[Seconds], msgspec.Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )
    failure_conditions: list[FailureCondition] = msgspec.field(default_factory=list)
