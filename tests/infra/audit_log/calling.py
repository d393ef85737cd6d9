"""Calls as they are noted."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from application.audit_log import Call

RUN_42 = Call(
    created_at=datetime(2025, 10, 3, 10, 30, tzinfo=UTC),
    actor="user:ada",
    method="PATCH",
    route="/api/v1/runs/{run_id}",
    path="/api/v1/runs/42",
    status_code=200,
    duration_ms=12.34,
    request_id="request-1",
    event_position=7,
)


def call(**fields: Any) -> Call:
    return msgspec.structs.replace(RUN_42, **fields)
