"""Starts ``annals`` in a process of its own, without the second that its imports take.

The process is forked from one that has imported Annals already. Where the start of the program
itself is what a test is about, it starts `ANNALS`.
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from tests.forkserver import NUMBER_BYTES, Start

ANNALS = Path(sys.executable).with_name("annals")
ROOT = Path(__file__).parents[1]


class Process:
    """A process of Annals, to be used as a `subprocess.Popen` is."""

    def __init__(self, connection: socket.socket, arguments: list[str]) -> None:
        self._connection = connection
        self._arguments = arguments
        self.pid = self._told()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Give the exit code, negative after a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and give the exit code; raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = self._told()
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(self._arguments, timeout or 0) from None
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _told(self) -> int:
        told = self._connection.recv(NUMBER_BYTES)
        assert len(told) == NUMBER_BYTES, "what forks processes of Annals has ended"
        return int.from_bytes(told, signed=True)


def start(
    *arguments: str,
    environment: Mapping[str, str],
    output: IO[Any],
    errors: IO[Any] | None = None,
    leads_session: bool = False,
) -> Process:
    """Start an ``annals`` command that reads nothing; errors go to the output if nowhere else."""
    command = [str(ANNALS), *arguments]
    asked = Start(command, dict(environment), str(Path.cwd()), leads_session)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_forkserver())
    with Path(os.devnull).open("rb") as nothing:
        message = msgspec.json.encode(asked)
        streams = [file.fileno() for file in (nothing, output, errors or output)]
        sent = socket.send_fds(connection, [message], streams)
    connection.sendall(message[sent:])
    connection.shutdown(socket.SHUT_WR)
    return Process(connection, command)


def run(
    *arguments: str, environment: Mapping[str, str], timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run an ``annals`` command to its end; raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = start(*arguments, environment=environment, output=out, errors=err)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, code, _written(out), _written(err))


def _written(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@functools.cache
def _forkserver() -> str:
    """Start what forks, once for each process of tests; return the address where it listens."""
    directory = Path(tempfile.mkdtemp(prefix="annals-forks-"))
    address = str(directory / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        forkserver = subprocess.Popen(
            [sys.executable, "-m", "tests.forkserver", str(listener.fileno())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )

    def end() -> None:
        forkserver.communicate()
        shutil.rmtree(directory)

    atexit.register(end)
    return address
