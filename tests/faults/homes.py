"""A home of Annals whose servers are started, killed and looked for."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.postgres.embedded import EmbeddedPostgres
from tests.serving import ADMIN_KEY, ADMIN_PASSWORD, Served, free_port
from tests.starting import Process, start

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Home:
    """A data directory with everything that runs on it."""

    path: Path
    started: list[Process] = field(default_factory=list)

    def start(self, *arguments: str, port: int | None = None, **settings: str) -> Served:
        """Start ``annals serve``, which leads a session of its own, as under a shell."""
        port = port or free_port()
        environment = dict(os.environ) | {
            "ANNALS_HOME": str(self.path),
            "API_HOST": "127.0.0.1",
            "API_PORT": str(port),
            "ADMIN_API_KEY": ADMIN_KEY,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "RATE_LIMIT_ENABLED": "false",
        }
        environment |= settings
        self.path.mkdir(exist_ok=True)
        log = self.path.parent / f"serve-{port}.log"
        with log.open("ab") as output:
            process = start(
                "serve", *arguments, environment=environment, output=output, leads_session=True
            )
        self.started.append(process)
        return Served(f"http://127.0.0.1:{port}", process, log, environment)

    def annals(self) -> list[psutil.Process]:
        """Find every living process of Annals that was started for this home."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def workers(self, served: Served) -> list[psutil.Process]:
        """Find the worker processes of a server."""
        children = psutil.Process(served.process.pid).children()
        return [child for child in children if self._is_ours(child)]

    def postmaster(self) -> psutil.Process | None:
        """Find the embedded PostgreSQL, if it runs."""
        try:
            pid = int((self.path / "postgres" / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            return process if process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return None

    def kill_postgres(self) -> psutil.Process:
        """Kill the embedded PostgreSQL, which must be running."""
        postmaster = self.postmaster()
        assert postmaster is not None
        postmaster.kill()
        return postmaster

    def is_deserted(self) -> bool:
        """Tell whether neither Annals nor its PostgreSQL runs here."""
        return not self.annals() and self.postmaster() is None

    def end_all(self) -> None:
        """Kill whatever Annals still runs here, and stop its PostgreSQL."""
        left = self.annals()
        for process in left:
            process.kill()
        for server in self.started:
            server.wait()
        psutil.wait_procs(left)
        if self.postmaster() is not None:
            with EmbeddedPostgres(self.path):
                pass

    def _is_ours(self, process: psutil.Process) -> bool:
        sessions = [server.pid for server in self.started]
        try:
            return os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; fail with what was awaited."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)


def wait_for_line(served: Served, text: str) -> None:
    """Wait until the server has logged a line with some text."""
    wait_until(lambda: text in served.log.read_text(), f"{text!r} in the log of {served.url}")
