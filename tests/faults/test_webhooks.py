"""Receivers that fail in every way and senders that are killed: each event arrives, in order."""

import random
import threading
from collections import Counter, defaultdict

import psutil
import pytest

from tests.faults.homes import Home, wait_until
from tests.infra.webhooks.receiver import Answer, Received, receiving
from tests.interfaces.api import Api, answered
from tests.serving import Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

PROCESSES = 6
EVENTS_OF_EACH = 8
MOST_FAULTS_OF_EACH = 2
FAULTS: tuple[Answer, ...] = (500, 503, "half", "reset", "drip", "nonsense")
# One that fails fast is tried with one at a time, so that most answers have to be good ones.
FAULTY = 0.15


class Faulty:
    """Decides what a receiver does: at times something else than to acknowledge."""

    def __init__(self) -> None:
        self._randomness = random.Random(11)  # noqa: S311
        self._faults: Counter[str] = Counter()
        self.hanging = threading.Event()
        self.acknowledged: list[str] = []

    def __call__(self, received: Received) -> Answer:
        delivery_id = received.delivery_id
        if not self.hanging.is_set() and len(self.acknowledged) > 10:
            self.hanging.set()
            return "hang"
        is_faulty = self._randomness.random() < FAULTY
        if is_faulty and self._faults[delivery_id] < MOST_FAULTS_OF_EACH:
            self._faults[delivery_id] += 1
            return self._randomness.choice(FAULTS)
        self.acknowledged.append(delivery_id)
        return 200


def test_each_event_arrives_in_the_order_of_its_stream_whoever_fails_or_is_killed(
    home: Home,
) -> None:
    served = start(home, "api,projections,jobs")
    wait_until_healthy(served)
    faulty = Faulty()
    everything: list[Received] = []
    with served.client() as client:
        api = Api(client)
        with receiving(decide=faulty) as receiver:
            port = receiver.port
            api.register_webhook(url=receiver.url(), events=["process.retention_changed"])
            senders = [start(home, "webhooks") for _ in range(2)]
            processes = [api.create_process() for _ in range(PROCESSES)]
            record(api, processes, 1, EVENTS_OF_EACH)
            wait_until(faulty.hanging.is_set, "a receiver that hangs")
            kill(senders[0])
            wait_until(lambda: len(faulty.acknowledged) > 20, "others going on meanwhile")
            everything += receiver.received
        # Now nobody receives anything for a while.
        kill(senders[1])
        record(api, processes, EVENTS_OF_EACH + 1, EVENTS_OF_EACH + 1)
        start(home, "webhooks")
        failed = f"/api/v1/webhooks/deliveries?url={receiver.url()}&status=pending"
        wait_until(
            lambda: any(
                item["last_error"] == "network_error"
                for item in answered(client.get(failed), 200)["items"]
            ),
            "a sender that finds no receiver",
        )
        with receiving(port=port, decide=faulty) as receiver:
            left = f"/api/v1/webhooks/deliveries?url={receiver.url()}&status=delivered"
            expected = PROCESSES * (EVENTS_OF_EACH + 1)
            wait_until(
                lambda: answered(client.get(left), 200)["total"] == expected,
                f"{expected} deliveries that have arrived",
                seconds=60,
            )
            everything += receiver.received

    arrived: defaultdict[int, list[int]] = defaultdict(list)
    ids: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    for received in everything:
        data = received.message["data"]
        arrived[data["process_id"]].append(data["retention_months"])
        ids[data["process_id"], data["retention_months"]].add(received.delivery_id)
    assert set(arrived) == set(processes)
    for months in arrived.values():
        assert months == sorted(months)
        assert set(months) == set(range(1, EVENTS_OF_EACH + 2))
    assert all(len(of_one_event) == 1 for of_one_event in ids.values())
    assert len(everything) > expected  # or nothing had ever failed


def start(home: Home, parts: str) -> Served:
    return home.start(
        "--only",
        parts,
        WEBHOOK_ALLOW_PRIVATE="true",
        WEBHOOK_TIMEOUT_SECONDS="1",
        WEBHOOK_MAX_RETRIES="20",
        WEBHOOK_RETRY_SECONDS="0.05",
    )


def record(api: Api, processes: list[int], first: int, last: int) -> None:
    """Record an event in each stream for each number."""
    for months in range(first, last + 1):
        for process_id in processes:
            body = {"retention_months": months}
            answered(api.http.put(f"/api/v1/processes/{process_id}/retention", json=body), 200)


def kill(sender: Served) -> None:
    psutil.Process(sender.process.pid).kill()
    sender.process.wait()
