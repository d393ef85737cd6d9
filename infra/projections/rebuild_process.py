"""A rebuild in a process of its own: it computes for a minute, and requests must not wait."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0


class RebuildFailedError(Exception):
    """The command did not come to its end; another try goes on where it was."""


class RebuildProcess:
    """Makes a projection anew by a command that takes its name as the last argument."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    async def __call__(self, projection: str) -> None:
        """Wait for the command's end; cancelled, end it: the next one goes on from there.

        Raises RebuildFailedError if it could not come to its end.
        """
        process = await asyncio.create_subprocess_exec(
            *self._command,
            projection,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        if status != 0:
            log.error("rebuild_failed", projection=projection, status=status)
            raise RebuildFailedError(f"the rebuild of {projection} ended with status {status}")


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
