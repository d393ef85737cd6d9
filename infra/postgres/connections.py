"""Connections to PostgreSQL, pooled for queries and single for the long-lived tasks."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

set_json_loads(msgspec.json.decode)

# A half-open socket must not hang a task for hours, nor the server hold on to locks for a client
# that is gone.
SESSION: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "connect_timeout": 10,
    # Whatever the database's own encoding is: the hash chain covers texts in this one.
    "client_encoding": "UTF8",
    # Statements are prepared only where their callers say so: a plan that is kept for any page and
    # filter of a list reads all of its table.
    "prepare_threshold": sys.maxsize,
    # No statement here is worth compiling, and the planner would think that some are.
    "options": "-c timezone=UTC -c jit=off -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10"
    " -c tcp_keepalives_count=3",
}

# Nor may a process that was stopped in the middle of a commit keep all others from theirs.
STOPPED = "-c idle_in_transaction_session_timeout=30s"

# How long a request waits for a connection.
PATIENCE_SECONDS = 5.0

# How long the pool tries to reconnect by itself; after that, it tries whenever it is asked.
RECONNECT_SECONDS = 5.0


def connection_pool(conninfo: str, size: int) -> AsyncConnectionPool:
    """Make a pool of autocommit connections; the caller opens and closes it."""
    return AsyncConnectionPool(
        conninfo,
        min_size=min(2, size),
        max_size=size,
        timeout=PATIENCE_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        kwargs={"autocommit": True, "application_name": "annals", **SESSION},
        open=False,
    )


def connector(conninfo: str, purpose: str) -> Callable[[], Awaitable[psycopg.AsyncConnection]]:
    """Give a function that opens a connection of its own for one task."""

    async def connect() -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            conninfo,
            autocommit=True,
            application_name=f"annals {purpose}",
            **SESSION | {"options": f"{SESSION['options']} {STOPPED}"},
        )

    return connect
