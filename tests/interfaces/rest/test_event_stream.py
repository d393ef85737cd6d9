"""The log as server-sent events: resumable, to each client at its own pace."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.interfaces.rest.test_events import head_of
from tests.serving import Served

STREAM = "/api/v1/events/stream"


@dataclass(frozen=True)
class Sent:
    """A server-sent event, as a browser takes it apart."""

    id: str
    event: str
    data: Json


@contextlib.contextmanager
def listening(
    served: Served, query: str = "", **headers: str
) -> Iterator[tuple[httpx.Response, Iterator[Sent]]]:
    with (
        served.client() as client,
        client.stream("GET", f"{STREAM}?{query}", headers=_named(headers)) as response,
    ):
        yield response, _events(response)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _events(response: httpx.Response) -> Iterator[Sent]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif not line and "data" in fields:
            yield Sent(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


def test_the_log_is_sent_from_a_position_on_and_then_as_it_grows(served: Served, api: Api) -> None:
    head = head_of(api)
    process = api.create_process("first")
    with listening(served, f"after={head}") as (response, events):
        assert response.headers["Content-Type"].startswith("text/event-stream")
        first, second = next(events), next(events)
        api.add_step(process, 1, "second")
        third = next(events)

    assert [e.data for e in (first, second, third)] == list(api.events(f"process-{process}"))
    assert [e.id for e in (first, second, third)] == [str(head + n) for n in (1, 2, 3)]
    assert [e.event for e in (first, second, third)] == ["ProcessCreated", "StepAdded", "StepAdded"]


def test_a_client_that_comes_back_goes_on_where_it_was(served: Served, api: Api) -> None:
    head = head_of(api)
    api.create_process("first", "second")
    with listening(served, f"after={head}") as (_, events):
        last = next(events).id
    with listening(served, f"after={head}", Last_Event_ID=last) as (_, events):
        assert [next(events).id for _ in range(2)] == [str(head + 2), str(head + 3)]


def test_only_what_is_wanted_is_sent(served: Served, api: Api) -> None:
    head = head_of(api)
    process = api.create_process("first")
    wanted = f"after={head}&types=StepAdded,RunStarted&category=process"
    with listening(served, wanted) as (_, events):
        assert next(events).event == "StepAdded"
        api.start_run(process)
        api.add_step(process, 1, "second")
        assert next(events).data["data"]["name"] == "second"


@pytest.mark.parametrize(
    "given", ["x", "-1", "9223372036854775808", "1" * 5000, "0" * 20 + "1" * 5000, "²"]
)
def test_a_malformed_last_event_id_is_refused(api: Api, given: str) -> None:
    response = api.http.get(STREAM, headers=[(b"Last-Event-ID", given.encode())])
    assert_dashboard_error(response, 422, "validation_error", "Last-Event-ID")


def test_the_stream_ends_once_its_key_is_revoked(served: Served, api: Api) -> None:
    head = head_of(api)
    created = api.create_key(role="admin")
    with (
        served.client(created["key"]) as client,
        client.stream("GET", f"{STREAM}?after={head}") as response,
    ):
        events = _events(response)
        assert next(events).event == "ApiKeyCreated"
        api.http.delete(f"/api/v1/api-keys/{created['id']}").raise_for_status()
        assert [event.event for event in events] in ([], ["ApiKeyRevoked"])


def test_only_so_many_listen_on_one_account(served: Served, api: Api) -> None:
    key = api.create_key(role="admin")["key"]
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            client = stack.enter_context(served.client(key))
            response = stack.enter_context(client.stream("GET", STREAM))
            assert response.status_code == 200
        with served.client(key) as client:
            refused = client.get(STREAM)
            assert_dashboard_error(refused, 429, "rate_limited")
            assert refused.headers["Retry-After"] == "10"
            assert_dashboard_error(client.get("/api/v1/events/?wait=1"), 429, "rate_limited")
            assert client.get("/api/v1/events/?limit=1").status_code == 200
    with served.client(key) as client, client.stream("GET", STREAM) as response:
        assert response.status_code == 200


def test_who_listens_holds_no_connection_to_the_database(served: Served, api: Api) -> None:
    """There are 10 connections in the pool, and 40 who wait."""
    head = head_of(api)
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(20):
            client = stack.enter_context(served.client())
            response = stack.enter_context(client.stream("GET", f"{STREAM}?after={head}"))
            streams.append(_events(response))
        pages: list[Json] = []
        polls = [threading.Thread(target=_poll, args=(served, head, pages)) for _ in range(20)]
        for poll in polls:
            poll.start()
        time.sleep(0.3)
        api.create_process()
        for poll in polls:
            poll.join()
        assert {next(events).id for events in streams} == {str(head + 1)}
    assert [page["events"][0]["position"] for page in pages] == [head + 1] * 20


def _poll(served: Served, after: int, pages: list[Json]) -> None:
    with served.client() as client:
        pages.append(Api(client).get("/api/v1/events/", after=after, wait=20))
