"""An Annals that is served, as its clients see it: over HTTP, and on the terminal."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from interfaces.demo.story import DemoFailedError, Story

ANNALS = Path(sys.executable).with_name("annals")
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class OwnAnnals:
    """A served Annals: where it is, and calls to it, each of which is told in the story.

    The calls raise DemoFailedError if the answer is an error.
    """

    url: str
    home: Path
    environment: dict[str, str]
    story: Story
    http: httpx.Client

    def get(self, path: str, **query: str | int) -> Any:
        """Ask for something, and give what the answer's JSON says."""
        return self._tell(self.http.get(path, params=query or None)).json()

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send a command."""
        return self._tell(self.http.post(path, json=body))

    def patch(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send a command that changes something."""
        return self._tell(self.http.patch(path, json=body))

    def upload(self, path: str, file: Path) -> httpx.Response:
        """Send a file."""
        return self._tell(self.http.post(path, files={"file": (file.name, file.read_bytes())}))

    def refused(self, path: str, body: dict[str, Any], status: int) -> Any:
        """Send a command that must be refused so; give what the answer's JSON says.

        Raises DemoFailedError if it is not.
        """
        response = self.http.post(path, json=body)
        self._called(response)
        if response.status_code != status:
            raise DemoFailedError(f"POST {path} should have been refused with {status}")
        return response.json()

    @contextmanager
    def by(self, username: str, password: str) -> Iterator["OwnAnnals"]:
        """Call as a user who has logged in, until the block ends."""
        credentials = {"username": username, "password": password}
        with httpx.Client(base_url=self.url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
            token = checked(http.post("/auth/login", json=credentials)).json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            yield replace(self, http=http)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an ``annals`` command on the same data directory, in a process of its own.

        Raises DemoFailedError if it prints nothing.
        """
        done = subprocess.run(  # noqa: S603 - our own program
            [ANNALS, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        call = " ".join(["annals", *arguments])
        self.story.called(call, f"exit code {done.returncode}")
        if not done.stdout:
            raise DemoFailedError(f"{call} should have answered: {done.stderr}")
        return done

    @property
    def headers(self) -> dict[str, str]:
        """What a request must carry to be let in."""
        return {"X-API-Key": self.environment["ADMIN_API_KEY"]}

    def _tell(self, response: httpx.Response) -> httpx.Response:
        self._called(response)
        return checked(response)

    def _called(self, response: httpx.Response) -> None:
        request = response.request
        self.story.called(
            f"{request.method} {unquote(request.url.raw_path.decode())}", _answer(response)
        )


def checked(response: httpx.Response) -> httpx.Response:
    """Give the response back. Raises DemoFailedError if it is an error."""
    if response.is_error:
        request = response.request
        call = f"{request.method} {request.url.path} should have succeeded"
        raise DemoFailedError(f"{call}: {_answer(response)} {response.text}")
    return response


def _answer(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}"
