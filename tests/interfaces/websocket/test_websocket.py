"""``/ws``: an echo for anybody; the live messages for whom they are (contract section 11)."""

import contextlib
import json
import threading
import time

import pytest
from websockets.exceptions import InvalidStatus

from interfaces.websocket.session import HEARTBEAT_SECONDS
from tests.interfaces.api import PASSWORD, Api, Json
from tests.interfaces.rest.test_events import head_of
from tests.interfaces.websocket.talking import known, talking
from tests.serving import ADMIN_KEY, Served


@pytest.fixture(scope="module")
def user_key(api: Api) -> str:
    key: str = api.create_key(role="user")["key"]
    return key


@pytest.mark.parametrize("text", ["Hello Server!", '{"type": "ping"}', "{", "[1]", '"x"', ""])
def test_who_is_unknown_gets_an_echo_and_nothing_else(served: Served, api: Api, text: str) -> None:
    with talking(served) as talk:
        api.create_process()
        echo = talk.ask(text)
    assert (echo["type"], echo["data"]) == ("echo", {"message": text})
    assert echo["timestamp"].endswith("Z")


def test_each_way_to_authenticate_lets_in(served: Served, api: Api) -> None:
    user = api.register(roles=["user"])
    token = api.log_in(user["username"], PASSWORD).json()["access_token"]
    actor = f"user:{user['username']}"
    for talk in (
        talking(served, f"token={token}"),
        talking(served, Authorization=f"Bearer {token}"),
        talking(served, f"token={ADMIN_KEY}"),
        talking(served, X_API_Key=ADMIN_KEY),
    ):
        with talk as talk_now:
            welcome = talk_now.hear()
            assert welcome["type"] == "authentication_success"
            assert welcome["data"]["actor"] in (actor, "api_key:1")
    with talking(served) as talk_now:
        welcome = talk_now.ask({"type": "auth", "token": token})
        assert (welcome["data"]["actor"], welcome["data"]["roles"]) == (actor, ["user"])
        assert welcome["data"]["position"] == head_of(api)


def test_a_credential_that_does_not_hold_gets_nothing_but_echoes(served: Served, api: Api) -> None:
    with talking(served, "token=wrong") as talk:
        assert talk.hear()["type"] == "authentication_error"
        api.create_process()
        assert talk.ask("hello")["type"] == "echo"
        for _ in range(3):
            refused = talk.ask({"type": "auth", "token": "pd_" + "x" * 40})
            assert refused["data"] == {"error": "Invalid or expired API key"}
        talk.say({"type": "auth", "token": "eyJ.x.y"})
        assert talk.ends_with() == (1008, "Authentication failed too often")


def test_what_happens_is_told_at_once_in_the_shape_of_the_seed(served: Served, api: Api) -> None:
    with known(served, ADMIN_KEY) as talk:
        process = api.create_process("only")
        created, added = talk.hear_of("process.created", "process.step_added")
        run = api.start_run(process)
        [started] = talk.hear_of("run.started")
    assert created.keys() == {"type", "data", "timestamp", "position"}
    assert created["data"]["process_id"] == process
    assert added["position"] == created["position"] + 1
    assert started["data"]["run_id"] == run["id"]


def test_a_client_resumes_after_the_last_position_it_has(
    served: Served, api: Api, user_key: str
) -> None:
    with known(served, user_key) as talk:
        api.create_process("first", "second")
        heard = talk.hear_of("process.created", "process.step_added", "process.step_added")
        assert talk.ask({"type": "resume", "after": heard[0]["position"]})["type"] == "resumed"
        assert [talk.hear() for _ in range(2)] == heard[1:]
    with known(served, user_key, f"after={heard[1]['position']}") as talk:
        assert talk.hear() == heard[2]
        assert talk.hears_nothing()


def test_nothing_is_lost_or_doubled_between_resuming_and_what_is_recorded_meanwhile(
    served: Served, api: Api, user_key: str
) -> None:
    head = head_of(api)
    process = api.create_process()

    def add_steps() -> None:
        with served.client() as client:
            for number in range(30):
                Api(client).add_step(process, number, f"step {number}")

    adding = threading.Thread(target=add_steps)
    adding.start()
    time.sleep(0.1)
    with known(served, user_key, f"after={head}") as talk:
        heard = [talk.hear() for _ in range(31)]
        adding.join()
        assert talk.hears_nothing()
    assert [message["position"] for message in heard] == list(range(head + 1, head + 32))


def test_a_client_gets_the_messages_that_it_wants(served: Served, api: Api) -> None:
    with known(served, ADMIN_KEY) as talk:
        answer = talk.ask({"type": "subscribe", "patterns": ["run.*", "process.created"]})
        assert answer["data"] == {"patterns": ["run.*", "process.created"]}
        run = api.start_run(api.create_process("only"))
        talk.hear_of("process.created", "run.started")
        api.neutralize(run["id"])
        talk.hear_of("run.neutralized")
        talk.ask({"type": "subscribe", "patterns": ["*"]})
        api.create_key()
        talk.hear_of("config_changed")


def test_others_see_no_more_than_rest_would_show_them(
    served: Served, api: Api, user_key: str
) -> None:
    with known(served, user_key) as talk:
        api.create_key()
        api.create_process()
        talk.hear_of("process.created")


def test_nothing_personal_is_told_once_it_was_neutralized(served: Served, api: Api) -> None:
    head = head_of(api)
    with known(served, ADMIN_KEY) as talk:
        run = api.start_run(api.create_process("only"), entity_name="Erika Musterfrau")
        heard = talk.hear_of("process.created", "process.step_added", "run.started")
        assert heard[2]["data"]["entity_name"] == "Erika Musterfrau"
        api.neutralize(run["id"])
        talk.hear_of("run.neutralized")
        talk.ask({"type": "resume", "after": head})
        again = talk.hear_of("process.created", "process.step_added", "run.started")
    assert again[2]["data"]["entity_name"] == "[REDACTED]"


def test_a_revoked_key_and_changed_roles_end_the_connection(served: Served, api: Api) -> None:
    key = api.create_key(role="admin")
    user = api.register(roles=["user"])
    token = api.log_in(user["username"], PASSWORD).json()["access_token"]
    with known(served, key["key"]) as by_key, talking(served, f"token={token}") as by_token:
        by_token.hear_of("authentication_success")
        api.http.delete(f"/api/v1/api-keys/{key['id']}").raise_for_status()
        api.patch(f"/auth/users/{user['username']}", {"roles": ["viewer"]})
        gone = (1008, "The credentials do not hold any more")
        assert (by_key.ends_with(), by_token.ends_with()) == (gone, gone)


def test_a_newer_token_goes_on_where_the_older_was(served: Served, api: Api) -> None:
    user = api.register(roles=["user"])
    older, newer = (api.log_in(user["username"], PASSWORD).json()["access_token"] for _ in range(2))
    with talking(served, f"token={older}") as talk:
        talk.hear_of("authentication_success")
        assert talk.ask({"type": "auth", "token": newer})["type"] == "authentication_success"
        api.create_process()
        talk.hear_of("process.created")


def test_who_became_somebody_else_is_sent_away_with_that_one(served: Served, api: Api) -> None:
    key = api.create_key(role="admin")
    with known(served, ADMIN_KEY) as talk:
        talk.ask({"type": "auth", "token": key["key"]})
        api.http.delete(f"/api/v1/api-keys/{key['id']}").raise_for_status()
        began = time.monotonic()
        assert talk.ends_with() == (1008, "The credentials do not hold any more")
        assert time.monotonic() - began < 0.5 * HEARTBEAT_SECONDS


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({"type": "resume"}, "after"),
        ({"type": "resume", "after": -1}, "after"),
        ({"type": "resume", "after": "1"}, "after"),
        ({"type": "subscribe", "patterns": []}, "patterns"),
        ({"type": "subscribe", "patterns": ["nothing.*"]}, "patterns"),
        ({"type": "subscribe", "patterns": [1]}, "patterns[0]"),
        ({"type": "auth"}, "token"),
    ],
)
def test_a_malformed_command_is_refused_by_its_field(
    served: Served, user_key: str, command: Json, field: str
) -> None:
    with known(served, user_key) as talk:
        error = talk.ask(command)
        assert (error["type"], error["data"]["field"]) == ("error", field)
        assert talk.ask({"type": "ping", "more": 1})["type"] == "pong"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        '{"type":' * 7_000,
        '{"type": "ping", "x": ' + "[" * 30_000 + "]" * 30_000 + "}",
        '{"type": "drop table"}',
        '{"type": 1}',
        "\x00",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
def test_what_is_no_command_is_echoed(served: Served, user_key: str, text: str) -> None:
    with known(served, user_key) as talk:
        assert talk.ask(text)["data"] == {"message": text}


@pytest.mark.parametrize(
    ("message", "code"), [(b"bytes", 1003), ("x" * 65_537, 1009), ("\u20ac" * 65_537, 1009)]
)
def test_what_is_too_large_or_no_text_ends_the_connection(
    served: Served, message: str | bytes, code: int
) -> None:
    with talking(served) as talk:
        talk.say(message)
        assert talk.ends_with()[0] == code


def test_invalid_utf_8_and_huge_messages_end_the_connection_and_nothing_else(
    served: Served,
) -> None:
    with talking(served) as talk:
        with contextlib.suppress(Exception):
            talk.socket.send(b"\xff\xfe", text=True)
        assert talk.ends_with()[0] in (1005, 1007)
    with talking(served) as talk:
        with contextlib.suppress(Exception):
            talk.say("x" * 20_000_000)
        with pytest.raises(Exception):  # noqa: B017, PT011 - however it ends, it has ended
            talk.ask("hello")
    with talking(served) as talk:
        assert talk.ask("hello")["type"] == "echo"


def test_too_many_messages_end_the_connection(served: Served) -> None:
    with talking(served) as talk:
        with contextlib.suppress(Exception):
            for _ in range(150):
                talk.say("x")
        assert talk.ends_with() == (1008, "More than 100 messages came within 10 s")


def test_only_so_many_connections_are_open_on_one_account(served: Served, api: Api) -> None:
    key = api.create_key()["key"]
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(known(served, key))
        with talking(served, X_API_Key=key) as talk:
            assert talk.ends_with()[0] == 1013
    with known(served, key) as talk:
        assert talk.hears_nothing()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://["]
)
def test_a_page_of_another_origin_is_not_let_in(served: Served, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, talking(served, origin=origin):
        pass
    assert refused.value.response.status_code == 403
    error = json.loads(refused.value.response.body or b"")["error"]
    assert error["message"] == "The origin is not allowed"


def test_a_page_from_here_is_let_in(served: Served) -> None:
    with talking(served, origin=served.url) as talk:
        assert talk.ask("hello")["type"] == "echo"


@pytest.mark.parametrize("after", ["x", "-1", "9223372036854775808", "", "0" * 20 + "1" * 5000])
def test_a_malformed_position_is_refused(served: Served, after: str) -> None:
    with pytest.raises(InvalidStatus) as refused, talking(served, f"after={after}"):
        pass
    assert refused.value.response.status_code == 422
    assert "after" in json.loads(refused.value.response.body or b"")["error"]["details"]


def test_no_token_is_in_the_log_and_each_connection_is_accounted_for(
    served: Served, api: Api
) -> None:
    user = api.register(roles=["user"])
    token = api.log_in(user["username"], PASSWORD).json()["access_token"]
    with talking(served, f"token={token}") as talk:
        talk.hear_of("authentication_success")
    calls: list[Json] = []
    while not calls:
        calls = api.get("/api/v1/audit-logs/", actor=f"user:{user['username']}", route="/ws")[
            "items"
        ]
    assert (calls[0]["status_code"], calls[0]["path"]) == (101, "/ws")
    assert token not in served.log.read_text()
