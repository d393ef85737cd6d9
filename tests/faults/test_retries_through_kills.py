"""Clients that repeat a command until it is answered, through kills: it takes effect once."""

import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field

import httpx
import pytest

from domain.runs.events import RunStarted
from infra.postgres.embedded import EmbeddedPostgres
from infra.settings import Settings
from interfaces.composition import keyring
from tests.faults.conftest import NewHome
from tests.faults.homes import PATIENCE_SECONDS, wait_until
from tests.faults.replay import whole_log
from tests.serving import ADMIN_KEY, NO_AUTHORITIES, Served, free_port, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

CHANCE = random.SystemRandom()

KILLS = 3
LONGEST_LIFE_SECONDS = 0.5
CLIENTS = 4
# Each command is sent by several at once, who know nothing of each other but the key.
SENDERS = 2
PAUSE_SECONDS = 0.05
SERVICE_UNAVAILABLE = 503

Answer = tuple[int, bytes, str, str]


@dataclass
class Answers:
    """What the senders of each command were answered, by its key, and how often in vain."""

    by_key: dict[str, list[Answer]] = field(default_factory=dict)
    in_vain: int = 0
    replayed: int = 0


class Client:
    """Starts runs one after the other; every command is sent until each sender has an answer."""

    def __init__(self, name: str, url: str, process_id: int) -> None:
        self.answers = Answers()
        self.ended = threading.Event()
        self._name = name
        self._process_id = process_id
        self._http = httpx.Client(
            base_url=url, headers={"X-API-Key": ADMIN_KEY}, timeout=30, verify=NO_AUTHORITIES
        )

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            key = f"{self._name}-{number}"
            answers = self.answers.by_key[key] = []
            senders = [
                threading.Thread(target=lambda: answers.append(self._send(key)))  # noqa: B023
                for _ in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
        self._http.close()

    def _send(self, key: str) -> Answer:
        body = {"process_id": self._process_id, "entity_id": key, "meta": {"source": key}}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                response = self._http.post(
                    "/api/v1/runs/", json=body, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code != SERVICE_UNAVAILABLE:
                self.answers.replayed += "Idempotent-Replayed" in response.headers
                return (
                    response.status_code,
                    response.content,
                    response.headers.get("ETag", ""),
                    response.headers.get("X-Event-Position", ""),
                )
            self.answers.in_vain += 1
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{key} was never answered")


@dataclass(frozen=True)
class Aftermath:
    """What clients were answered, and the runs in the log: their key and position."""

    answers: Answers
    runs: list[tuple[str, int]]


@pytest.fixture(scope="module")
def aftermath(new_home: NewHome) -> Aftermath:
    home, port = new_home("home"), free_port()
    served = home.start(port=port)
    wait_until_healthy(served)
    process_id = make_process(served)
    clients = [Client(f"client-{n}", served.url, process_id) for n in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(CHANCE.uniform(0, LONGEST_LIFE_SECONDS))
            os.killpg(served.process.pid, signal.SIGKILL)
            served.process.wait()
            wait_until(lambda: not home.annals(), "no worker outlives its supervisor")
            served = home.start(port=port)
            wait_until_healthy(served)
        time.sleep(LONGEST_LIFE_SECONDS)
    finally:
        for client in clients:
            client.ended.set()
        for thread in threads:
            thread.join()
    served.process.terminate()
    served.process.wait(30)
    with EmbeddedPostgres(home.path) as server:
        log = whole_log(server.url, keyring(Settings(annals_home=home.path)))
    answers = Answers(in_vain=sum(client.answers.in_vain for client in clients))
    answers.replayed = sum(client.answers.replayed for client in clients)
    for client in clients:
        answers.by_key |= client.answers.by_key
    runs = [
        (str(recorded.event.meta["source"]), recorded.position)
        for recorded in log
        if isinstance(recorded.event, RunStarted)
    ]
    return Aftermath(answers, runs)


def make_process(served: Served) -> int:
    with served.client() as client:
        created = client.post("/api/v1/processes/", json={"name": "Onboarding"})
        process_id: int = created.raise_for_status().json()["id"]
    return process_id


def test_the_kills_came_in_between(aftermath: Aftermath) -> None:
    assert aftermath.answers.in_vain
    assert aftermath.answers.replayed
    assert len(aftermath.answers.by_key) > CLIENTS


def test_every_sender_was_answered_with_success(aftermath: Aftermath) -> None:
    for answers in aftermath.answers.by_key.values():
        assert [status for status, *_ in answers] == [201] * SENDERS


def test_all_senders_of_a_command_got_the_same_answer(aftermath: Aftermath) -> None:
    assert {len(set(answers)) for answers in aftermath.answers.by_key.values()} == {1}


def test_every_key_has_exactly_one_run_where_its_answer_says(aftermath: Aftermath) -> None:
    answered = {key: int(answers[0][3]) for key, answers in aftermath.answers.by_key.items()}
    assert sorted(aftermath.runs) == sorted(answered.items())
