"""What running a failed step again needs from outside."""

from enum import StrEnum
from typing import Any, Protocol

import msgspec


class RerunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to the executor of a step; ``timeout_seconds`` is for the whole exchange."""

    step_run_id: int
    url: str
    body: dict[str, Any]
    timeout_seconds: float
    correlation_id: str


class RerunResult(StrEnum):
    """How an attempt ended. A failure condition of a rerun's configuration has the same name."""

    SUCCESS = "success"
    TIMEOUT = "timeout"
    NETWORK_ERROR = "network_error"
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    REJECTED = "rejected"


class RerunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended, in words of our own; ``response`` is what an executor told in JSON."""

    result: RerunResult
    detail: str
    status_code: int | None = None
    response: dict[str, Any] | None = None
    retry_after_seconds: int | None = None


class RerunEndpoint(Protocol):
    """The executors of steps."""

    async def call(self, request: RerunRequest) -> RerunOutcome:
        """Ask an executor to run a step again. All attempts for one step run bear the same key."""
        ...
