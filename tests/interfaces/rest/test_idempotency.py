"""A command that is sent again with its Idempotency-Key takes effect once (contract section 4)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.interfaces.api import PASSWORD, Api, answered, unique
from tests.interfaces.rest.problems import (
    FOOTBALL,
    STEWARDSHIP,
    WORKFLOWS,
    assert_dashboard_error,
    assert_football_fields,
    assert_invalid,
    assert_stewardship_error,
    assert_workflows_error,
)
from tests.interfaces.rest.sendable import Prepare, Sendable
from tests.interfaces.rest.sent import (
    WITH_KEY,
    change_user,
    create_api_key,
    create_process,
    create_step,
    head,
    register_user,
    rerun_step_run,
    revoke_api_key,
    send,
    start_run,
    toggle_api_key,
    update_step_run,
)
from tests.serving import Served

# What is processed in the background would be recorded between two looks at the log.
pytestmark = pytest.mark.usefixtures("nothing_processed")

REUSED = "Idempotency-Key: was sent with another request"
REPLAYED = "Idempotent-Replayed"
DAY_PASSES = "UPDATE claims SET expires_at = expires_at - interval '24 hours'"

every_command = pytest.mark.parametrize("prepare", WITH_KEY.values(), ids=WITH_KEY)


@pytest.fixture
def key() -> str:
    return unique("idempotency key, any printable text: ~")


def assert_repeats(first: httpx.Response, again: httpx.Response) -> None:
    """Check that a response is the first one again, and says so."""
    assert first.is_success, first.text
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for header in ("ETag", "X-Event-Position"):
        assert again.headers[header] == first.headers[header]


@every_command
def test_a_command_sent_again_gets_the_first_response_and_records_nothing(
    api: Api, served: Served, key: str, prepare: Prepare
) -> None:
    command = prepare(api)
    first = send(api, command, Idempotency_Key=key)
    recorded = head(served)
    assert int(first.headers["X-Event-Position"]) == recorded

    for _ in range(2):
        assert_repeats(first, send(api, command, Idempotency_Key=key))

    assert head(served) == recorded


@every_command
def test_without_a_key_no_response_is_a_repeated_one(api: Api, prepare: Prepare) -> None:
    response = send(api, prepare(api))
    assert response.is_success
    assert REPLAYED not in response.headers


@every_command
def test_a_key_with_another_body_is_refused_and_nothing_is_recorded(
    api: Api, served: Served, key: str, prepare: Prepare
) -> None:
    command = prepare(api)
    other = command._replace(body=(command.body or {}) | {"other": "unknown fields count as well"})
    send(api, command, Idempotency_Key=key)
    recorded = head(served)

    response = send(api, other, Idempotency_Key=key)

    if command.path.startswith(FOOTBALL):
        assert_football_fields(response, "Idempotency-Key")
    elif command.path.startswith(STEWARDSHIP):
        assert_stewardship_error(response, 422, "Idempotency-Key was sent with another")
    elif command.path.startswith(WORKFLOWS):
        assert_workflows_error(response, 422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key")
    else:
        assert_dashboard_error(response, 422, "idempotency_key_reused", REUSED)
    assert head(served) == recorded


def test_a_key_with_another_address_is_refused(api: Api, key: str) -> None:
    command = toggle_api_key(api)
    send(api, command, Idempotency_Key=key)
    for other in (toggle_api_key(api), command._replace(path=command.path + "?other=query")):
        response = send(api, other, Idempotency_Key=key)
        assert_dashboard_error(response, 422, "idempotency_key_reused", REUSED)


def test_another_principal_may_use_the_same_key(api: Api, user_api: Api, key: str) -> None:
    command = start_run(api)
    first = send(api, command, Idempotency_Key=key)
    of_other = send(user_api, command, Idempotency_Key=key)
    assert first.json()["id"] != of_other.json()["id"]
    assert_repeats(first, send(api, command, Idempotency_Key=key))
    assert_repeats(of_other, send(user_api, command, Idempotency_Key=key))


@pytest.mark.parametrize(
    "prepare",
    [
        start_run,
        create_step,
        update_step_run,
        rerun_step_run,
        toggle_api_key,
        register_user,
        change_user,
    ],
    ids=lambda prepare: prepare.__name__,
)
def test_of_many_at_once_one_is_carried_out_and_all_get_its_response(
    api: Api, served: Served, key: str, prepare: Prepare
) -> None:
    command = prepare(api)
    before = head(served)
    with ThreadPoolExecutor(20) as senders:
        responses = list(senders.map(lambda _: send(api, command, Idempotency_Key=key), range(20)))

    assert {response.is_success for response in responses} == {True}
    assert len({(response.content, *of_log(response)) for response in responses}) == 1
    assert Counter(REPLAYED in response.headers for response in responses)[False] == 1
    assert head(served) == int(responses[0].headers["X-Event-Position"])
    events = api.events(command.stream_id) if command.stream_id is not None else []
    assert len({event["request_id"] for event in events if event["position"] > before}) <= 1


def of_log(response: httpx.Response) -> tuple[str, str]:
    return response.headers["ETag"], response.headers["X-Event-Position"]


def test_the_response_is_the_first_one_whatever_has_happened_since(api: Api, key: str) -> None:
    command = start_run(api)
    first = send(api, command, Idempotency_Key=key)
    run = first.json()
    api.report_all(run, "success", "failed")
    assert_repeats(first, send(api, command, Idempotency_Key=key))

    toggle = toggle_api_key(api)
    off = send(api, toggle, Idempotency_Key=f"{key}, toggle")
    assert send(api, toggle).json()["is_active"] is True
    assert_repeats(off, send(api, toggle, Idempotency_Key=f"{key}, toggle"))
    assert off.json()["is_active"] is False

    change = change_user(api)
    changed = send(api, change, Idempotency_Key=f"{key}, change")
    api.patch(change.path, {"email": "newest@example.org", "is_active": False})
    assert_repeats(changed, send(api, change, Idempotency_Key=f"{key}, change"))


def test_a_repeated_run_shows_its_end_by_the_retention_of_before(api: Api, key: str) -> None:
    process = api.create_process()
    command = Sendable("POST", "/api/v1/runs/", {"process_id": process, "entity_id": "kept"})
    retention = f"/api/v1/processes/{process}/retention"
    api.http.put(retention, json={"retention_months": 1})
    first = send(api, command, Idempotency_Key=key)
    api.http.put(retention, json={"retention_months": 24})
    assert_repeats(first, send(api, command, Idempotency_Key=key))


def test_what_was_answered_is_what_can_be_read(api: Api, key: str) -> None:
    run = send(api, start_run(api), Idempotency_Key=key).json()
    assert api.run(run["id"]) == run
    toggle = toggle_api_key(api)
    shown = send(api, toggle, Idempotency_Key=f"{key}, toggle").json()
    assert api.get(toggle.path.removesuffix("/toggle")) == shown


def test_a_repeated_response_shows_nothing_that_was_erased_since(api: Api, key: str) -> None:
    command = start_run(api)
    assert command.body is not None
    first = send(api, command, Idempotency_Key=key).json()
    api.neutralize(first["id"])

    again = send(api, command, Idempotency_Key=key)

    assert again.headers[REPLAYED] == "true"
    assert (again.status_code, again.json()["id"]) == (201, first["id"])
    assert again.json()["meta"] == {"email": "[REDACTED]"}
    assert command.body["entity_id"] not in again.text


def test_a_command_that_changed_nothing_is_not_carried_out_later(
    api: Api, served: Served, key: str
) -> None:
    command = update_step_run(api)
    send(api, command)
    first = send(api, command, Idempotency_Key=key)
    assert first.headers["ETag"] == send(api, command).headers["ETag"]
    api.patch(command.path, {"status": "running"})
    recorded = head(served)

    assert_repeats(first, send(api, command, Idempotency_Key=key))

    assert head(served) == recorded
    assert api.get(command.path)["status"] == "running"


def test_what_failed_is_not_remembered(api: Api, key: str) -> None:
    coming = api.create_process() + 1
    command = Sendable("POST", "/api/v1/runs/", {"process_id": coming, "entity_id": "early"})
    for _ in range(2):
        response = send(api, command, Idempotency_Key=key)
        assert_dashboard_error(response, 404, "not_found", f"{coming}")
    assert api.create_process() == coming
    started = send(api, command, Idempotency_Key=key)
    assert answered(started, 201)["process_id"] == coming
    assert REPLAYED not in started.headers


def test_a_body_that_cannot_be_read_is_refused_as_without_a_key(api: Api, key: str) -> None:
    path, headers = "/api/v1/processes/", {"Idempotency-Key": key}
    assert_invalid(api.http.post(path, content=b'{"name": ', headers=headers), "body")
    assert_invalid(api.http.post(path, json={"name": 7}, headers=headers), "name")
    too_large = b'{"name": "' + b"x" * 2**21 + b'"}'
    response = api.http.post(path, content=too_large, headers=headers)
    assert_dashboard_error(response, 413, "payload_too_large")
    assert send(api, create_process(api), Idempotency_Key=key).status_code == 201


def test_after_a_day_a_key_is_free_again(api: Api, served: Served, key: str) -> None:
    command = create_api_key(api)
    first = send(api, command, Idempotency_Key=key).json()
    with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(DAY_PASSES)

    another = send(api, command, Idempotency_Key=key)

    assert REPLAYED not in another.headers
    assert another.json()["id"] != first["id"]
    assert another.json()["key"] != first["key"], "a key that was handed out never comes again"


def test_a_new_api_key_is_shown_again_to_the_same_request_alone(
    api: Api, served: Served, key: str
) -> None:
    command = create_api_key(api)
    shown = {send(api, command, Idempotency_Key=key).json()["key"] for _ in range(2)}
    [full_key] = shown
    others = {send(api, command).json()["key"] for _ in range(2)}
    others.add(send(api, command, Idempotency_Key=f"{key}, another").json()["key"])
    assert len(others | shown) == 4
    with served.client(full_key) as client:
        assert client.get("/api/v1/auth/verify").status_code == 200
        # The holder of the new key is somebody else than who asked for it.
        assert client.get("/api/v1/api-keys/").status_code == 403


def test_a_repeated_request_needs_credentials_that_still_hold(
    api: Api, stranger: Api, served: Served, key: str
) -> None:
    sender = api.create_key(role="admin")
    command = create_process(api)
    with served.client(sender["key"]) as client:
        first = send(Api(client), command, Idempotency_Key=key)
        assert_repeats(first, send(Api(client), command, Idempotency_Key=key))
        api.http.delete(f"/api/v1/api-keys/{sender['id']}")
        for without in (Api(client), stranger):
            assert send(without, command, Idempotency_Key=key).status_code == 401


@pytest.mark.parametrize("malformed", ["", "x" * 256, "ümlaut", "tab\there"])
@pytest.mark.parametrize("prepare", [start_run, register_user])
def test_a_malformed_key_is_refused_by_the_headers_name(
    api: Api, served: Served, prepare: Prepare, malformed: str
) -> None:
    command = prepare(api)
    recorded = head(served)
    response = api.http.request(
        command.method,
        command.path,
        json=command.body,
        headers=[(b"Idempotency-Key", malformed.encode())],
    )
    if command.path.startswith(FOOTBALL):
        assert_football_fields(response, "Idempotency-Key")
    else:
        assert_invalid(response, "Idempotency-Key")
    assert head(served) == recorded


def test_a_key_of_255_characters_is_taken_and_two_keys_are_not(api: Api, key: str) -> None:
    command = create_process(api)
    longest = key.ljust(255, "x")
    assert_repeats(*(send(api, command, Idempotency_Key=longest) for _ in range(2)))
    two = [("Idempotency-Key", "one"), ("Idempotency-Key", "other")]
    response = api.http.post(command.path, json=command.body, headers=two)
    assert_invalid(response, "Idempotency-Key")


def test_logging_in_and_deleting_take_no_notice_of_a_key(api: Api, stranger: Api, key: str) -> None:
    username = api.register()["username"]
    login = Sendable("POST", "/auth/login", {"username": username, "password": PASSWORD})
    tokens = {send(stranger, login, Idempotency_Key=key).json()["access_token"] for _ in range(2)}
    assert len(tokens) == 2

    revocation = revoke_api_key(api)
    responses = [send(api, revocation, Idempotency_Key=key) for _ in range(2)]
    assert [REPLAYED in response.headers for response in responses] == [False, False]
    assert responses[0].json() == responses[1].json()
