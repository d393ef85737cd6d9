"""Bodies that cannot be are refused with a message that names the field (contract section 3)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import (
    assert_dashboard_error,
    assert_football_error,
    assert_football_fields,
    assert_invalid,
)
from tests.interfaces.rest.raw import send_raw
from tests.serving import Served

PROCESSES = "/api/v1/processes/"
LIMIT = 1024 * 1024

NO_JSON = {
    "nothing": b"",
    "cut off": b'{"name": "x"',
    "trailing": b'{"name": "x"} {}',
    "single quotes": b"{'name': 'x'}",
    "comment": b'{"name": "x" /* why */}',
    "NaN": b'{"name": "x", "meta": {"n": NaN}}',
    "Infinity": b'{"name": "x", "meta": {"n": -Infinity}}',
    "lone surrogate": b'{"name": "\\ud800 and more"}',
    "lone surrogate as a name": b'{"name": "x", "meta": {"\\udfff": 1}}',
    "byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "invalid UTF-8": b'{"name": "\xff"}',
    "invalid UTF-8 in depth": b'{"name": "x", "meta": {"a": ["\xc3("]}}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "form": b"name=x&meta=y",
    "control character": b'{"name": "a\x01b"}',
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_is_said_of_the_body(api: Api, content: bytes) -> None:
    assert_invalid(api.http.post(PROCESSES, content=content), "body")


@pytest.mark.parametrize("content", [b"[]", b"null", b'"x"', b"7", b"true", b'[{"name": "x"}]'])
def test_a_body_is_an_object(api: Api, content: bytes) -> None:
    assert_invalid(api.http.post(PROCESSES, content=content), "body")
    assert_football_fields(api.http.post("/auth/login", content=content), "body")


def test_the_log_in_names_the_body_too(stranger: Api) -> None:
    for content in (b"", b"{", b"\xff"):
        assert_football_fields(stranger.http.post("/auth/login", content=content), "body")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("processes/", {}, "name"),
        ("processes/", {"name": None}, "name"),
        ("processes/", {"name": 7}, "name"),
        ("processes/", {"name": ""}, "name"),
        ("processes/", {"name": "n" * 256}, "name"),
        ("processes/", {"name": "a\0b"}, "name"),
        ("processes/", {"name": "x", "meta": None}, "meta"),
        ("processes/", {"name": "x", "meta": [1]}, "meta"),
        ("processes/", {"name": "x", "meta": "y"}, "meta"),
        ("processes/", {"name": "x", "meta": {"a": "\0"}}, "meta.a"),
        ("processes/", {"name": "x", "meta": {"\0": 1}}, "meta"),
        ("processes/", {"name": "x", "meta": {"a": [{"b": "\0"}]}}, "meta.a.b"),
        ("steps/", {"name": "x", "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": 1}, "index"),
        ("steps/", {"name": "x", "process_id": "1", "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": True, "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": 1.5, "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": 0, "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": -1, "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": 2**63, "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": 10**40, "index": 0}, "process_id"),
        ("steps/", {"name": "x", "process_id": 1, "index": -1}, "index"),
        ("steps/", {"name": "x", "process_id": 1, "index": 0, "is_rerunnable": 1}, "is_rerunnable"),
        ("steps/", {"name": "x", "process_id": 1, "index": 0, "rerun_config": []}, "rerun_config"),
        ("runs/", {"entity_id": "x"}, "process_id"),
        ("runs/", {"process_id": 1}, "entity_id"),
        ("runs/", {"process_id": 1, "entity_id": ""}, "entity_id"),
        ("runs/", {"process_id": 1, "entity_id": "i" * 101}, "entity_id"),
        ("runs/", {"process_id": 1, "entity_id": 7}, "entity_id"),
        ("runs/", {"process_id": 1, "entity_id": "x", "entity_name": ""}, "entity_name"),
        ("runs/", {"process_id": 1, "entity_id": "x", "entity_name": "n" * 256}, "entity_name"),
        ("runs/", {"process_id": 1, "entity_id": "x", "entity_name": "\0"}, "entity_name"),
        ("runs/1/neutralize", {"reason": ""}, "reason"),
        ("runs/1/neutralize", {"reason": "r" * 1001}, "reason"),
        ("runs/1/neutralize", {"reason": ["why"]}, "reason"),
    ],
)
def test_a_wrong_field_is_named(api: Api, path: str, body: Json, field: str) -> None:
    assert_invalid(api.http.post(f"/api/v1/{path}", json=body), field)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"max_retries": -1}, "rerun_config.max_retries"),
        ({"max_retries": "3"}, "rerun_config.max_retries"),
        ({"retry_delays": [60, "soon"]}, "rerun_config.retry_delays[1]"),
        ({"failure_conditions": ["bad_luck"]}, "rerun_config.failure_conditions[0]"),
        ({"timeout_seconds": 0}, "rerun_config.timeout_seconds"),
        ({"subprocess_id": "a\0b"}, "rerun_config.subprocess_id"),
        ({"api_endpoint": "https://x.org/\0"}, "rerun_config.api_endpoint"),
    ],
)
def test_a_wrong_field_within_a_field_is_named(api: Api, config: Json, field: str) -> None:
    process = api.create_process()
    body = {"process_id": process, "index": 0, "name": "x", "rerun_config": config}
    assert_invalid(api.http.post("/api/v1/steps/", json=body), field)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "nope"}, "status"),
        ({"status": "SUCCESS"}, "status"),
        ({"status": 7}, "status"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2025-13-01T00:00:00Z"}, "started_at"),
        ({"started_at": "2025-02-30T00:00:00Z"}, "started_at"),
        ({"started_at": "2025-10-03"}, "started_at"),
        ({"started_at": 1759485600}, "started_at"),
        ({"started_at": "1759485600"}, "started_at"),
        ({"started_at": "0001-01-01T00:00:00+00:01"}, "started_at"),
        ({"finished_at": "9999-12-31T23:59:59-00:01"}, "finished_at"),
        ({"finished_at": ""}, "finished_at"),
        ({"meta": []}, "meta"),
        ({"meta": {"a": "\0"}}, "meta.a"),
    ],
)
def test_a_wrong_report_is_refused_and_changes_nothing(api: Api, change: Json, field: str) -> None:
    run = api.start_run(api.create_process("only"))
    response = api.http.patch(f"/api/v1/step-runs/{run['steps'][0]['id']}", json=change)
    assert_invalid(response, field)
    assert api.run(run["id"]) == run


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" + b"0" * 5_000])
def test_a_number_that_nothing_can_hold_is_refused(api: Api, number: bytes) -> None:
    content = b'{"name": "x", "meta": {"n": ' + number + b"}}"
    response = api.http.post(PROCESSES, content=content)
    assert_dashboard_error(response, 422, "validation_error", "meta", "out of range")


@pytest.mark.parametrize(("left", "right"), [(b'{"a":', b"}"), (b"[", b"]")])
@pytest.mark.parametrize(
    ("depth", "taken"), [(31, True), (32, True), (33, False), (1_000, False), (100_000, False)]
)
def test_json_is_nested_no_deeper_than_32_levels(
    api: Api, left: bytes, right: bytes, depth: int, taken: bool
) -> None:
    within = depth - 2  # the body is the first level, its meta the second
    content = b'{"name": "x", "meta": {"a": ' + left * within + b"1" + right * within + b"}}"
    response = api.http.post(PROCESSES, content=content)
    if taken:
        assert response.status_code == 201
        assert api.get(f"{PROCESSES}{response.json()['id']}")["meta"] == response.json()["meta"]
    else:
        assert_dashboard_error(response, 422, "validation_error", "nested deeper than 32 levels")


def test_an_ignored_field_may_not_be_bottomless_either(api: Api) -> None:
    content = b'{"name": "x", "ignored": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert_invalid(api.http.post(PROCESSES, content=content), "body")


def body_of(size: int) -> bytes:
    beginning, end = b'{"name": "x", "ignored": "', b'"}'
    return beginning + b"a" * (size - len(beginning) - len(end)) + end


def in_chunks(content: bytes) -> Iterator[bytes]:
    """Have the client send it without a Content-Length."""
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


def test_the_largest_body_there_may_be_is_taken(api: Api) -> None:
    assert api.http.post(PROCESSES, content=body_of(LIMIT)).status_code == 201
    assert api.http.post(PROCESSES, content=in_chunks(body_of(LIMIT))).status_code == 201


@pytest.mark.parametrize("chunked", [False, True])
def test_a_larger_body_is_413_and_told_the_limit(api: Api, chunked: bool) -> None:
    def content() -> Any:
        body = body_of(LIMIT + 1)
        return in_chunks(body) if chunked else body

    response = api.http.post(PROCESSES, content=content())
    assert_dashboard_error(response, 413, "payload_too_large", "1024 KB")
    response = api.http.post("/auth/login", content=content())
    assert_football_error(response, 413, "1024 KB")


@pytest.mark.parametrize("path", [PROCESSES, "/auth/me", "/nothing"])
def test_a_client_whose_body_was_not_read_is_told_to_connect_anew(api: Api, path: str) -> None:
    response = api.http.post(path, content=body_of(2 * LIMIT))
    assert response.status_code in (404, 405, 413)
    assert response.headers["connection"] == "close"
    assert api.http.get("/health").status_code == 200


def test_a_body_that_breaks_off_is_told_so_if_anybody_listens(served: Served) -> None:
    chunks = b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"name"\r\nno size\r\n'
    assert_invalid(send_raw(served, PROCESSES.encode(), chunks, method=b"POST"), "body")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/msgpack",
        "application/jsonp",
        "nonsense",
    ],
)
def test_a_body_said_to_be_no_json_is_415(api: Api, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    response = api.http.post(PROCESSES, content=b'{"name": "x"}', headers=headers)
    assert_dashboard_error(response, 415, "unsupported_media_type", "application/json")
    response = api.http.post("/auth/login", content=b"{}", headers=headers)
    assert_football_error(response, 415, "application/json")


@pytest.mark.parametrize(
    "media_type",
    ["", "application/json", "Application/JSON;charset=utf-8", "application/vnd.api+json"],
)
def test_a_body_said_to_be_json_or_nothing_is_taken(api: Api, media_type: str) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    response = api.http.post(PROCESSES, content=b'{"name": "x"}', headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b'{"unknown": 1}'])
def test_an_optional_body_may_be_left_out(api: Api, content: bytes) -> None:
    run = api.start_run(api.create_process())
    response = api.http.post(f"/api/v1/runs/{run['id']}/neutralize", content=content)
    assert response.status_code == 200


def test_an_optional_body_may_not_be_junk(api: Api) -> None:
    run = api.start_run(api.create_process())
    path = f"/api/v1/runs/{run['id']}/neutralize"
    for content in (b"junk", b"[]", b'"reason"'):
        assert_invalid(api.http.post(path, content=content), "body")
    assert api.run(run["id"])["is_neutralized"] is False


def test_a_field_given_twice_has_its_last_value(api: Api) -> None:
    response = api.http.post(PROCESSES, content=b'{"name": "first", "name": "second"}')
    assert response.json()["name"] == "second"


def test_a_message_repeats_no_secret(api: Api, stranger: Api) -> None:
    secret = "s3cret-" + "x" * 2_000
    refused: list[httpx.Response] = [
        stranger.http.post("/auth/login", json={"username": "admin", "password": secret}),
        api.http.post("/auth/users", json={"username": "x y", "password": secret}),
        api.http.post("/auth/users", content=json.dumps({"password": secret}).encode()[:-1]),
    ]
    for response in refused:
        assert response.status_code == 422
        assert "s3cret" not in response.text
