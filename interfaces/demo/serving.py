"""Serving an Annals of the demo's own: in a child process, on a data directory that goes again."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from rich.markup import escape

from domain.identity.full_key import generate_full_key
from infra.postgres.embedded import EmbeddedPostgres
from interfaces.demo.annals import ANNALS, TIMEOUT_SECONDS, OwnAnnals
from interfaces.demo.interruption import interruptible, undisturbed
from interfaces.demo.story import DemoFailedError, Story

START_SECONDS = 60
STOP_SECONDS = 20
LOG_LINES = 20

SERVER_LOG = "serve.log"

# All that a child gets of our environment: none of it is a setting of Annals.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")


@contextmanager
def own_annals(story: Story) -> Iterator[OwnAnnals]:
    """Serve an Annals of one's own until the block ends, however it ends; then nothing is left.

    Raises DemoFailedError if it does not start, or stops answering.
    """
    with interruptible():
        home = Path(tempfile.mkdtemp(prefix="annals-demo-"))
        environment = _environment(home)
        url = f"http://127.0.0.1:{environment['API_PORT']}"
        process = None
        try:
            began = time.monotonic()
            process = _serve(home, environment)
            with story.meanwhile("Starting a server and a PostgreSQL of its own"):
                _wait_until_healthy(url, process, home)
            story.tell(
                f"They started in {time.monotonic() - began:.1f} s: {url}, on {escape(str(home))}"
            )
            with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
                annals = OwnAnnals(url, home, environment, story, http)
                http.headers.update(annals.headers)
                yield annals
        except httpx.TransportError as error:
            raise DemoFailedError(f"The server should have answered: {error!r}") from error
        finally:
            with undisturbed():
                if process is not None:
                    _stop(process, home)
                shutil.rmtree(home)


def _serve(home: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with (home / SERVER_LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [ANNALS, "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C comes to us alone, who end it in order
        )


def _stop(process: subprocess.Popen[bytes], home: Path) -> None:
    """End the server, and the PostgreSQL that one killed while it was starting leaves behind."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if (home / "postgres" / "postmaster.pid").exists():
        with EmbeddedPostgres(home):
            pass


def _environment(home: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {
        "ANNALS_HOME": str(home),
        "API_HOST": "127.0.0.1",
        "API_PORT": str(_free_port()),
        "ADMIN_API_KEY": generate_full_key(),
        "ADMIN_PASSWORD": secrets.token_urlsafe(),
        "RATE_LIMIT_ENABLED": "false",  # its crowd comes from one address
    }


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health", trust_env=False).json()["status"] == "healthy":
                return
        time.sleep(0.05)
    log = (home / SERVER_LOG).read_text(errors="replace").splitlines()
    raise DemoFailedError("\n".join(["The server should have started:", *log[-LOG_LINES:]]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
