"""The event feed: pages of the log in order, from any position, with filters and a long poll."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.serving import Served

FEED = "/api/v1/events/"


@pytest.fixture
def head(api: Api) -> int:
    return head_of(api)


def head_of(api: Api) -> int:
    position: int = api.get(FEED, limit=1)["head"]
    return position


def follow(api: Api, after: int, **parameters: Any) -> Iterator[Json]:
    """Give every event after a position, as a consumer reads them."""
    while True:
        page = api.get(FEED, after=after, **parameters)
        yield from page["events"]
        after = page["next_after"]
        if after >= page["head"]:
            return


def test_a_consumer_gets_every_event_once_in_order(api: Api, head: int) -> None:
    process = api.create_process("first", "second")
    api.report_all(api.start_run(process), "success", "success")

    events = list(follow(api, head, limit=3))

    assert [event["position"] for event in events] == list(range(head + 1, head_of(api) + 1))
    assert events[0] == api.events(f"process-{process}")[0]
    assert set(events[0]) >= {
        "position",
        "stream_id",
        "version",
        "type",
        "recorded_at",
        "actor",
        "correlation_id",
        "causation_id",
        "data",
        "redacted",
    }


def test_events_are_filtered_and_next_after_moves_over_the_others(api: Api, head: int) -> None:
    process = api.create_process("first", "second")
    other = api.create_process("only")
    types = [e["type"] for e in follow(api, head, types="StepAdded,ProcessCreated")]
    repeated = api.http.get(f"{FEED}?after={head}&types=StepAdded&types=RunStarted").json()
    stream = api.get(FEED, after=head, stream=f"process-{process}", limit=2)
    category = api.get(FEED, after=head, category="run")

    assert types == ["ProcessCreated", "StepAdded", "StepAdded", "ProcessCreated", "StepAdded"]
    assert {event["type"] for event in repeated["events"]} == {"StepAdded"}
    assert len(repeated["events"]) == 3
    assert [event["version"] for event in stream["events"]] == [1, 2]
    assert stream["next_after"] == stream["events"][-1]["position"] < stream["head"]
    assert category == {"events": [], "next_after": category["head"], "head": category["head"]}
    assert [e["stream_id"] for e in follow(api, head, stream=f"process-{other}")] == [
        f"process-{other}"
    ] * 2


def test_events_are_found_by_who_caused_them_and_by_their_chain(api: Api, head: int) -> None:
    chain = unique("chain")
    created = api.http.post(
        "/api/v1/processes/", json={"name": "chained"}, headers={"X-Correlation-ID": chain}
    ).json()
    api.create_process()

    [event] = follow(api, head, correlation_id=chain)
    assert event["stream_id"] == f"process-{created['id']}"
    assert len(list(follow(api, head, actor=event["actor"]))) == 2
    assert list(follow(api, head, actor="user:nobody")) == []


def test_nothing_personal_comes_out_once_it_was_neutralized(api: Api, head: int) -> None:
    run = api.start_run(api.create_process("only"), entity_name="Erika Musterfrau")
    before = api.http.get(FEED, params={"after": head}).text
    api.neutralize(run["id"])
    after = api.http.get(FEED, params={"after": head})

    assert "Erika Musterfrau" in before
    assert "Erika Musterfrau" not in after.text
    redacted = [event for event in after.json()["events"] if event["redacted"]]
    assert redacted[0]["data"]["entity_name"] == "[REDACTED]"


def test_no_secret_ever_comes_out(api: Api) -> None:
    [event] = api.get(FEED, types="ApiKeyCreated", limit=1)["events"]
    assert event["data"]["digest"] == "[REDACTED]"


def test_a_long_poll_is_answered_as_soon_as_there_is_an_event(api: Api, head: int) -> None:
    def create_later() -> None:
        time.sleep(0.3)
        api.create_process()

    began = time.monotonic()
    later = threading.Thread(target=create_later)
    later.start()
    page = api.get(FEED, after=head, wait=20)
    later.join()

    assert [event["type"] for event in page["events"]] == ["ProcessCreated"]
    assert 0.2 < time.monotonic() - began < 10


def test_a_long_poll_in_vain_says_how_far_it_looked(api: Api) -> None:
    api.create_process()
    head = head_of(api)
    began = time.monotonic()
    page = api.get(FEED, after=head - 1, wait=0.5, types="RunNeutralized")

    assert page == {"events": [], "next_after": head, "head": head}
    assert time.monotonic() - began >= 0.5


def test_a_consumer_that_is_ahead_of_the_log_sees_that_it_is(api: Api, head: int) -> None:
    page = api.get(FEED, after=head + 1000)
    assert page == {"events": [], "next_after": head + 1000, "head": head}


def test_an_event_that_cannot_be_read_keeps_nobody_from_the_others(alone: Served) -> None:
    with alone.client() as client:
        api = Api(client)
        api.create_process("first")
        with psycopg.connect(alone.environment["DATABASE_URL"]) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("UPDATE events SET state = '{' WHERE notification_id = 3")
        page = api.get(FEED)
        with client.stream("GET", "/api/v1/events/stream?after=2") as response:
            lines = response.iter_lines()
            data = [line for line, _ in zip(lines, range(9), strict=False) if "data: " in line]

    unreadable = page["unreadable"][0]
    assert [event["position"] for event in page["events"]] == [1, 2, 4]
    assert (unreadable["position"], unreadable["error"]) == (3, "CorruptEventError")
    assert (page["next_after"], page["head"]) == (4, 4)
    assert json.loads(data[0].partition(": ")[2]) == unreadable
    assert json.loads(data[1].partition(": ")[2]) == page["events"][2]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=9223372036854775808", "after"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("wait=30.1", "wait"),
        ("wait=-1", "wait"),
        ("wait=nan", "wait"),
        ("types=", "types"),
        ("types=RunStarted,,RunCompleted", "types"),
        ("types=" + ",".join(["RunStarted"] * 101), "types"),
        ("stream=a&stream=b", "stream"),
        ("stream=%00", "stream"),
    ],
)
def test_a_malformed_question_is_refused_by_its_field(api: Api, query: str, field: str) -> None:
    for path in (FEED, "/api/v1/events/stream"):
        if path != FEED and field in ("limit", "wait"):
            continue
        response = api.http.get(f"{path}?{query}")
        assert_dashboard_error(response, 422, "validation_error", field)


def test_only_admins_follow_the_log(user_api: Api, stranger: Api) -> None:
    for path in (FEED, "/api/v1/events/stream"):
        assert_dashboard_error(user_api.http.get(path), 403, "permission_denied")
        assert_dashboard_error(stranger.http.get(path), 401, "authentication_error")
