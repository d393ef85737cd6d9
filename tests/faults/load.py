"""Clients that command a server which may die at any moment, and note what it answered."""

import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.serving import ADMIN_KEY, NO_AUTHORITIES

CHANCE = random.SystemRandom()

CLIENTS = 5
PAUSE_SECONDS = 0.05
SERVICE_UNAVAILABLE = 503


class LostError(Exception):
    """There was no answer, or none that tells what became of the request."""


@dataclass(frozen=True)
class Acknowledgement:
    """Where the server said that it recorded a command."""

    stream: str
    position: int


@dataclass
class Ledger:
    """What clients know of their commands, each of which carries a marker of its own.

    ``unknown`` are those whose answer was lost. ``wrong`` are answers that no kill excuses.
    """

    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


class Client(threading.Thread):
    """Starts runs, reports on their steps, erases some of them, and reads what it wrote."""

    def __init__(self, name: str, url: str, process_id: int, ended: threading.Event) -> None:
        super().__init__(name=name)
        self.ledger = Ledger()
        self._http = httpx.Client(
            base_url=url, headers={"X-API-Key": ADMIN_KEY}, timeout=30, verify=NO_AUTHORITIES
        )
        self._process_id = process_id
        self._ended = ended
        self._commands = 0

    def run(self) -> None:
        with self._http:
            while not self._ended.is_set():
                try:
                    self._take_a_run_through_its_steps()
                except LostError:
                    self._ended.wait(PAUSE_SECONDS)

    def _take_a_run_through_its_steps(self) -> None:
        source = self._marker()
        body = {
            "process_id": self._process_id,
            "entity_id": f"person of {source}",
            "meta": {"source": source, "email": f"{source}@example.org"},
        }
        run = self._command(source, "", "POST", "/api/v1/runs/", body)
        stream = f"run-{run['id']}"
        sources = {}
        for step in run["steps"]:
            for status in ("running", CHANCE.choice(("success", "success", "failed"))):
                source = sources[step["id"]] = self._marker()
                change = {"status": status, "meta": {"source": source, "note": f"of {source}"}}
                path = f"/api/v1/step-runs/{step['id']}"
                self._command(source, stream, "PATCH", path, change)
        neutralized = CHANCE.random() < 0.25
        if neutralized:
            reason = self._marker()
            path = f"/api/v1/runs/{run['id']}/neutralize"
            self._command(reason, stream, "POST", path, {"reason": reason})
        shown = self._ask("GET", f"/api/v1/runs/{run['id']}").json()
        shown_sources = {step["id"]: step["meta"].get("source") for step in shown["steps"]}
        if (shown_sources, shown["is_neutralized"]) != (sources, neutralized):
            self.ledger.wrong.append(f"{stream} does not show what was acknowledged: {shown}")

    def _marker(self) -> str:
        self._commands += 1
        return f"{self.name}-{self._commands}"

    def _command(
        self, marker: str, stream: str, method: str, path: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            response = self._ask(method, path, body)
        except LostError:
            self.ledger.unknown.add(marker)
            raise
        answer: dict[str, Any] = response.json()
        self.ledger.acknowledged[marker] = Acknowledgement(
            stream or f"run-{answer['id']}", int(response.headers["X-Event-Position"])
        )
        return answer

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise LostError from error
        if not response.is_success:
            if response.status_code != SERVICE_UNAVAILABLE:
                self.ledger.wrong.append(f"{method} {path}: {response.status_code} {response.text}")
            raise LostError
        return response


@dataclass(frozen=True)
class Load:
    """Clients at work; their common ledger is filled in when they have ended."""

    clients: list[Client]
    ledger: Ledger = field(default_factory=Ledger)

    def acknowledged(self) -> int:
        """Count the commands that have been acknowledged so far."""
        return sum(len(client.ledger.acknowledged) for client in self.clients)


@contextlib.contextmanager
def load(url: str, process_id: int) -> Iterator[Load]:
    """Keep the server busy until the block ends; then the ledger is complete."""
    ended = threading.Event()
    clients = [Client(f"client-{n}", url, process_id, ended) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    under_load = Load(clients)
    ledger = under_load.ledger
    try:
        yield under_load
    finally:
        ended.set()
        for client in clients:
            client.join()
            ledger.acknowledged |= client.ledger.acknowledged
            ledger.unknown |= client.ledger.unknown
            ledger.wrong += client.ledger.wrong
