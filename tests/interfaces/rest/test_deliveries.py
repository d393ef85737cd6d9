"""Admins see what has become of deliveries, have them sent again, and test webhooks."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.webhooks.receiver import Received, Receiver, receiving
from tests.infra.webhooks.test_signing import verify_webhook_signature
from tests.interfaces.api import Api, Json, answered, unique
from tests.interfaces.cli.commands import Terminal, settings_of
from tests.interfaces.conftest import fresh_database
from tests.interfaces.rest.problems import assert_football_error, assert_football_fields
from tests.serving import Served, serving

# One server for all of them.
pytestmark = pytest.mark.xdist_group("deliveries")

WEBHOOKS = "/api/v1/webhooks"
DELIVERIES = f"{WEBHOOKS}/deliveries"
UNKNOWN = "91561ba7-7db5-4193-a551-aa8aa1961416"
SECRET = "a secret of tests"
PATIENCE_SECONDS = 15


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture(scope="module")
def sending(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An Annals that sends webhooks to this machine, and soon again what fails."""
    with (
        fresh_database(postgres_url) as database,
        serving(
            tmp_path_factory.mktemp("sending"),
            database_url=database,
            WEBHOOK_ALLOW_PRIVATE="true",
            WEBHOOK_TIMEOUT_SECONDS="1",
            WEBHOOK_MAX_RETRIES="1",
            WEBHOOK_RETRY_SECONDS="0.05",
        ) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def admin(sending: Served) -> Iterator[Api]:
    with sending.client() as client:
        yield Api(client)


@pytest.fixture
def shell(
    sending: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.setenv("WEBHOOK_ALLOW_PRIVATE", "true")
    return Terminal(settings_of(sending), monkeypatch, capsys)


class Hook:
    """A webhook for processes of its own path, with what it receives."""

    def __init__(self, admin: Api, receiver: Receiver, *answers: int | str) -> None:
        self.path = f"/{unique('hook')}"
        self.url = receiver.url(self.path)
        self._admin = admin
        self._receiver = receiver
        receiver.answers[self.path] = list(answers or (200,))
        admin.register_webhook(url=self.url, events=["process.*"], secret=SECRET)

    def received(self, count: int) -> list[Received]:
        return self._receiver.wait_for(count, self.path)

    def deliveries(self, **filters: Any) -> Json:
        found: Json = self._admin.get(DELIVERIES, url=self.url, **filters)
        return found

    def ended(self, status: str, count: int = 1) -> list[Json]:
        """Give the deliveries of which this has become, newest first, once there are so many."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(items := self.deliveries(status=status)["items"]) < count:
            assert time.monotonic() < deadline, self.deliveries()
            time.sleep(0.02)
        return list(items)

    def unregister(self) -> None:
        answered(self._admin.http.delete(WEBHOOKS, params={"url": self.url}), 200)


@pytest.fixture
def hook(admin: Api, receiver: Receiver) -> Iterator[Hook]:
    hook = Hook(admin, receiver)
    yield hook
    hook.unregister()


@pytest.fixture
def failing(admin: Api, receiver: Receiver) -> Iterator[Hook]:
    hook = Hook(admin, receiver, 500)
    yield hook
    hook.unregister()


def test_a_command_over_http_leads_to_a_signed_request(admin: Api, hook: Hook) -> None:
    process_id = admin.create_process(name="Onboarding")
    [received] = hook.received(1)
    [delivery] = hook.ended("delivered")

    assert received.message["event"] == "process.created"
    assert received.message["data"]["process_id"] == process_id
    assert received.headers["user-agent"].startswith("annals/")
    signature = received.headers["x-signature-256"]
    assert verify_webhook_signature(received.body.decode(), signature, SECRET)
    assert delivery["delivery_id"] == received.delivery_id
    assert delivery["url"] == hook.url
    assert delivery["stream_id"] == f"process-{process_id}"
    assert (delivery["attempts"], delivery["last_status_code"]) == (1, 200)
    assert (delivery["last_error"], delivery["next_attempt_at"]) == (None, None)
    assert delivery["redelivery"] is False


def test_deliveries_are_listed_newest_first_filtered_and_paged(admin: Api, hook: Hook) -> None:
    processes = [admin.create_process() for _ in range(3)]
    hook.ended("delivered", 3)
    first = admin.http.get(DELIVERIES, params={"url": hook.url, "page": 1, "size": 2})
    second = hook.deliveries(page=2, size=2)
    items = answered(first, 200)["items"] + second["items"]

    assert [item["stream_id"] for item in items] == [f"process-{n}" for n in processes[::-1]]
    assert first.headers["X-Total-Count"] == "3"
    assert (second["total"], second["pages"]) == (3, 2)
    assert hook.deliveries(event="process.created")["total"] == 3
    assert hook.deliveries(event="run.started")["total"] == 0
    assert hook.deliveries(status="dead")["total"] == 0
    assert admin.get(DELIVERIES)["total"] >= 3


def test_a_delivery_is_shown_with_its_attempts_and_without_what_was_said(
    admin: Api, failing: Hook
) -> None:
    admin.create_process(name="Onboarding")
    [dead] = failing.ended("dead")
    shown = admin.get(f"{DELIVERIES}/{dead['delivery_id']}")

    assert {name: shown[name] for name in dead} == dead
    assert [attempt["number"] for attempt in shown["attempt_log"]] == [1, 2]
    for attempt in shown["attempt_log"]:
        assert attempt.keys() == {"number", "began_at", "duration_ms", "status_code", "error"}
        assert (attempt["status_code"], attempt["error"]) == (500, "bad_status")
    assert "Onboarding" not in str(shown)


def test_a_dead_delivery_is_sent_again_on_request(
    admin: Api, receiver: Receiver, failing: Hook
) -> None:
    admin.create_process()
    [dead] = failing.ended("dead")
    receiver.answers[failing.path] = [200]
    again = answered(admin.http.post(f"{DELIVERIES}/{dead['delivery_id']}/redeliver"), 202)
    [delivered] = failing.ended("delivered")
    received = failing.received(3)

    assert again["redelivery"] is True
    assert delivered["attempts"] == 3
    assert {one.delivery_id for one in received} == {dead["delivery_id"]}
    assert received[-1].headers["webhook-redelivery"] == "true"


def test_all_are_sent_again_from_a_position_or_a_moment_on(admin: Api, hook: Hook) -> None:
    for _ in range(3):
        admin.create_process()
    _, second, _ = hook.ended("delivered", 3)
    from_position = {"url": hook.url, "since": second["position"]}
    from_moment = {"url": hook.url, "since": "2020-01-01T00:00:00Z", "status": "delivered"}
    dead_alone = {"url": hook.url, "since": 0, "status": "dead"}
    path = f"{WEBHOOKS}/redeliver"

    accepted = answered(admin.http.post(path, json=from_position), 202)
    assert accepted == {"url": hook.url, "redelivered": 2}
    hook.received(5)
    hook.ended("delivered", 3)
    assert answered(admin.http.post(path, json=from_moment), 202)["redelivered"] == 3
    hook.received(8)
    assert answered(admin.http.post(path, json=dead_alone), 202)["redelivered"] == 0


def test_a_test_event_tells_how_it_was_received(admin: Api, receiver: Receiver, hook: Hook) -> None:
    tested = admin.post(f"{WEBHOOKS}/test", {"url": hook.url})
    [received] = hook.received(1)
    receiver.answers[hook.path] = ["hang"]
    hung = admin.post(f"{WEBHOOKS}/test", {"url": hook.url})

    assert received.message["event"] == "test"
    assert tested["delivery_id"] == received.delivery_id
    assert (tested["delivered"], tested["status_code"]) == (True, 200)
    assert tested["duration_ms"] > 0
    assert (hung["delivered"], hung["status_code"], hung["error"]) == (False, None, "timeout")
    assert hung["duration_ms"] >= 1000


def test_what_is_unknown_or_malformed_is_refused_by_name(admin: Api, hook: Hook) -> None:
    http = admin.http
    elsewhere = "http://127.0.0.1:9/none"

    assert_football_error(http.get(f"{DELIVERIES}/{UNKNOWN}"), 404, "not found")
    assert_football_error(http.get(f"{DELIVERIES}/no-uuid"), 404, "not found")
    assert_football_error(http.post(f"{DELIVERIES}/{UNKNOWN}/redeliver"), 404, "not found")
    assert_football_error(http.get(DELIVERIES, params={"url": elsewhere}), 404)
    assert_football_error(http.post(f"{WEBHOOKS}/test", json={"url": elsewhere}), 404)
    assert_football_fields(http.get(DELIVERIES, params={"status": "lost"}), "status")
    assert_football_fields(http.get(DELIVERIES, params={"size": 0}), "size")
    assert_football_fields(http.get(DELIVERIES, params={"url": "no url"}), "url")
    assert_football_fields(http.post(f"{WEBHOOKS}/test", json={}), "url")
    for body, field in (
        ({"url": hook.url}, "since"),
        ({"url": hook.url, "since": "soon"}, "since"),
        ({"url": hook.url, "since": -1}, "since"),
        ({"url": hook.url, "since": 2**64}, "since"),
        ({"url": hook.url, "since": 0, "status": "pending"}, "status"),
        ({"since": 0}, "url"),
    ):
        assert_football_fields(http.post(f"{WEBHOOKS}/redeliver", json=body), field)
    keyed = http.post(
        f"{WEBHOOKS}/test", json={"url": hook.url}, headers={"Idempotency-Key": "once"}
    )
    assert_football_fields(keyed, "Idempotency-Key")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", DELIVERIES),
        ("GET", f"{DELIVERIES}/{UNKNOWN}"),
        ("POST", f"{DELIVERIES}/{UNKNOWN}/redeliver"),
        ("POST", f"{WEBHOOKS}/redeliver"),
        ("POST", f"{WEBHOOKS}/test"),
    ],
)
def test_only_admins_may_look_and_send(
    stranger: Api, user_api: Api, method: str, path: str
) -> None:
    assert_football_error(stranger.http.request(method, path), 401)
    assert_football_error(user_api.http.request(method, path), 403, "admin")


def test_the_terminal_shows_and_does_the_same(
    admin: Api, receiver: Receiver, failing: Hook, shell: Terminal
) -> None:
    admin.create_process()
    [dead] = failing.ended("dead")
    delivery_id = dead["delivery_id"]
    listed = shell.json("webhooks", "deliveries", "--url", failing.url, "--status", "dead")
    shown = shell.json("webhooks", "deliveries", "--id", delivery_id)
    table = shell.run("webhooks", "deliveries", "--id", delivery_id)
    refused = shell.run("webhooks", "test", failing.url)
    receiver.answers[failing.path] = [200]
    arrived = shell.run("webhooks", "test", failing.url)
    assert shell.json("webhooks", "redeliver", delivery_id)["redelivery"] is True
    failing.ended("delivered")
    since = ("--since", "2020-01-01T00:00:00Z", "--status", "delivered")
    many = shell.json("webhooks", "redeliver", failing.url, *since)

    assert listed == [dead]
    assert {name: shown[name] for name in dead} == dead
    assert len(shown["attempt_log"]) == 2
    assert "500 bad_status" in " ".join(table.out.split())
    assert (refused.code, arrived.code) == (1, 0)
    assert "It did not arrive: bad_status, 500" in refused.err
    assert "It arrived: 200" in arrived.out
    assert many == {"url": failing.url, "redelivered": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("deliveries", "--id", "nonsense"), 1, "Delivery nonsense not found"),
        (("deliveries", "--url", "http://127.0.0.1:9/none"), 1, "No webhook is registered"),
        (("deliveries", "--status", "lost"), 2, "--status"),
        (("redeliver", UNKNOWN), 1, "not found"),
        (("redeliver", "http://127.0.0.1:9/none"), 2, "--since"),
        (("redeliver", "http://127.0.0.1:9/none", "--since", "soon"), 2, "--since"),
        (("redeliver", "x", "--since", "1", "--status", "pending"), 2, "--status"),
        (("redeliver", "x", "--status", "dead"), 2, "--status"),
        (("test", "http://127.0.0.1:9/none"), 1, "No webhook is registered"),
    ],
)
def test_the_terminal_says_what_is_wrong(
    shell: Terminal, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = shell.run("webhooks", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in " ".join(done.err.split())


def test_metrics_tell_of_deliveries_and_the_doctor_of_dead_ones(
    admin: Api, failing: Hook, shell: Terminal
) -> None:
    admin.create_process()
    failing.ended("dead")
    metrics = admin.http.get("/metrics").text
    findings = {
        finding["saw"]: finding["verdict"]
        for finding in shell.json("doctor")
        if finding["check"] == "webhooks"
    }

    assert 'annals_webhook_deliveries{status="dead"}' in metrics
    assert 'annals_webhook_attempts_total{outcome="bad_status"}' in metrics
    assert 'annals_webhooks{state="active"}' in metrics
    assert any("are dead" in saw and verdict == "warning" for saw, verdict in findings.items())
