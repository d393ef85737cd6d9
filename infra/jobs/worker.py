"""The worker of one process: takes jobs from the queue and does them, several at a time."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Sequence

import structlog
from procrastinate import App, PsycopgConnector
from psycopg_pool import AsyncConnectionPool

from application.jobs import Duty
from infra.jobs.execution import Retrying, attempt_at
from infra.jobs.outcomes import SteadyJobManager
from infra.jobs.takeover import HEARTBEAT_SECONDS, STALLED_AFTER_SECONDS, take_over_for_ever
from infra.postgres.connections import PATIENCE_SECONDS, RECONNECT_SECONDS, SESSION, STOPPED

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 1.0

# How long jobs that run may take to end when the worker stops; then they are given back.
GRACE_SECONDS = 3.0

# The library tells of jobs with their arguments and of errors with their messages.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL + 1)


class JobWorker:
    """Does the jobs of the kinds that it has a function for, and makes those that are due."""

    def __init__(self, conninfo: str, duties: Sequence[Duty], *, concurrency: int) -> None:
        self._pool = _pool(conninfo, size=concurrency + 2)
        self._names = [duty.kind.name for duty in duties]
        self._concurrency = concurrency
        self._stopping = False
        self._app = App(
            connector=PsycopgConnector(),
            # What fell due while no process ran is made up for, however long ago that was.
            periodic_defaults={"max_delay": math.inf},
        )
        self._app.job_manager = SteadyJobManager(self._app.connector)
        for duty in duties:
            self._register(duty)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the block ends; jobs that are not done soon after are given back."""
        async with self._pool, self._app.open_async(self._pool):
            tasks = [
                asyncio.create_task(self._work_for_ever(), name="job-worker"),
                asyncio.create_task(take_over_for_ever(self._pool), name="job-take-over"),
            ]
            try:
                yield
            finally:
                self._stopping = True
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    def _register(self, duty: Duty) -> None:
        name = duty.kind.name
        task = self._app.task(
            name=name,
            queue=name,
            priority=duty.kind.priority,
            retry=Retrying(duty.kind.retries),
            pass_context=True,
        )(attempt_at(duty))
        if duty.cron is not None:
            # One at a time, and while one waits, no second.
            self._app.periodic(cron=duty.cron, lock=name, queueing_lock=name)(task)

    async def _work_for_ever(self) -> None:
        while not self._stopping:  # of which the library may have swallowed the cancellation
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker tries again
                log.warning("job_worker_interrupted", error=type(error).__name__)
            if not self._stopping:
                await asyncio.sleep(RETRY_SECONDS)

    async def _work(self) -> None:
        """Run the library's worker; it ends by itself when it has lost the database."""
        await self._app.run_worker_async(
            queues=self._names,
            concurrency=self._concurrency,
            fetch_job_polling_interval=LOOK_AGAIN_SECONDS,
            abort_job_polling_interval=LOOK_AGAIN_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_AFTER_SECONDS,
        )


def _pool(conninfo: str, size: int) -> AsyncConnectionPool:
    """Make the library's own connections, which find its tables without naming their schema."""
    options = f"{SESSION['options']} {STOPPED} -c search_path=jobs"
    return AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=size,
        timeout=PATIENCE_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        check=AsyncConnectionPool.check_connection,
        kwargs={"application_name": "annals jobs", **SESSION | {"options": options}},
        open=False,
    )
