"""Paths, queries and headers that cannot be: a clear error that names the culprit, never a 500."""

import pytest

from tests.interfaces.api import Api
from tests.interfaces.rest.problems import (
    assert_dashboard_error,
    assert_football_fields,
    assert_invalid,
)
from tests.interfaces.rest.raw import send_raw
from tests.serving import Served

RUNS = "/api/v1/runs/"
HISTORY = "/api/v1/audit/history"
STATE = "/api/v1/audit/streams/user-admin/state"

NO_IDS = [
    "abc",
    "0",
    "-1",
    "1.5",
    "1_0",
    "+1",
    "%201",
    "0x10",
    "٣",
    "1e99",
    str(2**63),
    "9" * 5_000,
]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/processes/{}", "process_id"),
        ("/api/v1/steps/process/{}", "process_id"),
        ("/api/v1/dashboard/process/{}", "process_id"),
        ("/api/v1/runs/{}", "run_id"),
        ("/api/v1/step-runs/{}", "step_run_id"),
        ("/api/v1/step-runs/run/{}", "run_id"),
        ("/api/v1/api-keys/{}", "key_id"),
        ("/api/v1/admin/api-keys/{}", "key_id"),
    ],
)
@pytest.mark.parametrize("no_id", NO_IDS)
def test_what_is_no_id_is_told_to_be_none(api: Api, path: str, name: str, no_id: str) -> None:
    assert_invalid(api.http.get(path.format(no_id)), name)


def test_the_largest_id_is_merely_unknown(api: Api) -> None:
    response = api.http.get(f"{RUNS}{2**63 - 1}")
    assert_dashboard_error(response, 404, "not_found", str(2**63 - 1))


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        (RUNS, "page=0", "page"),
        (RUNS, "page=-1", "page"),
        (RUNS, "page=abc", "page"),
        (RUNS, "page=", "page"),
        (RUNS, "page=1.5", "page"),
        (RUNS, "page=10000001", "page"),
        (RUNS, f"page={2**63}", "page"),
        (RUNS, "page=" + "9" * 5_000, "page"),
        (RUNS, "size=0", "size"),
        (RUNS, "size=101", "size"),
        (RUNS, "size=all", "size"),
        (RUNS, "process_id=0", "process_id"),
        (RUNS, f"process_id={2**63}", "process_id"),
        (RUNS, "process_id=abc", "process_id"),
        (RUNS, "status=nope", "status"),
        (RUNS, "status=", "status"),
        (RUNS, "status=COMPLETED", "status"),
        (RUNS, "created_after=yesterday", "created_after"),
        (RUNS, "created_after=", "created_after"),
        (RUNS, "created_after=1759485600", "created_after"),
        (RUNS, "created_after=2025-02-30T00:00:00Z", "created_after"),
        (RUNS, "created_before=2025-10-03T25:00:00Z", "created_before"),
        (RUNS, "started_after=2025-10-03T10:00:00+02:00", "started_after"),  # an unescaped +
        (RUNS, "started_before=0001-01-01T00:00:00%2B00:01", "started_before"),
        (RUNS, "finished_after=9999-12-31T23:59:59-00:01", "finished_after"),
        (RUNS, "finished_before=never", "finished_before"),
        (RUNS, "meta_filter=", "meta_filter"),
        (RUNS, "meta_filter=department", "meta_filter"),
        (RUNS, "meta_filter=:Sales", "meta_filter"),
        (RUNS, "meta_filter=a:b&meta_filter=c", "meta_filter"),
        (RUNS, "order_by=", "order_by"),
        (RUNS, "order_by=secret", "order_by"),
        (RUNS, "order_by=meta", "order_by"),
        (RUNS, "order_by=meta.", "order_by"),
        (RUNS, "order_by=id;DROP TABLE runs.runs", "order_by"),
        (RUNS, "sort_direction=up", "sort_direction"),
        (RUNS, "sort_direction=", "sort_direction"),
        (HISTORY, "recorded_after=x", "recorded_after"),
        (HISTORY, "recorded_before=0001-01-01T00:00:00%2B00:01", "recorded_before"),
        (HISTORY, "page=0", "page"),
        (STATE, "version=0", "version"),
        (STATE, "version=-1", "version"),
        (STATE, f"version={2**63}", "version"),
        (STATE, "version=latest", "version"),
        (STATE, "at=noon", "at"),
        (STATE, "version=1&at=2030-01-01T00:00:00Z", "at"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, query: str, name: str) -> None:
    assert_invalid(api.http.get(f"{path}?{query}"), name)


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        (RUNS, "page=1&page=2", "page"),
        (RUNS, "status=completed&status=failed", "status"),
        (RUNS, "entity_id=a&size=1&entity_id=a", "entity_id"),
        (RUNS, "created_after=2025-01-01&created_after=2026-01-01", "created_after"),
        (HISTORY, "type=RunStarted&type=RunFailed", "type"),
        (HISTORY, "meta_filter=a:b&meta_filter=a:b", "meta_filter"),
        (STATE, "version=1&version=2", "version"),
    ],
)
def test_a_parameter_that_means_one_thing_is_given_once(
    api: Api, path: str, query: str, name: str
) -> None:
    response = api.http.get(f"{path}?{query}")
    assert_invalid(response, name)
    assert "only once" in response.json()["detail"]


@pytest.mark.parametrize(
    "broken", [b"%", b"%z", b"%zz", b"100%", b"%ff", b"%ed%a0%80", b"%c3%28", b"%00"]
)
def test_a_query_that_cannot_be_decoded_names_its_parameter(served: Served, broken: bytes) -> None:
    for name in (b"entity_name", b"entity_id", b"meta_filter", b"order_by", b"unknown"):
        response = send_raw(served, RUNS.encode() + b"?" + name + b"=a:" + broken)
        assert_invalid(response, name.decode())
    for name in (b"stream", b"type", b"actor", b"correlation_id"):
        assert_invalid(
            send_raw(served, HISTORY.encode() + b"?" + name + b"=" + broken), name.decode()
        )
    assert_invalid(send_raw(served, RUNS.encode() + b"?" + broken + b"=x"), "query")


@pytest.mark.parametrize("broken", [b"%", b"%zz", b"%ff", b"%ed%a0%80", b"%00"])
def test_a_path_that_cannot_be_decoded_is_told_so(served: Served, broken: bytes) -> None:
    for path in (b"/api/v1/runs/", b"/api/v1/audit/streams/", b"/api/v1/audit/streams/run-1"):
        assert_invalid(send_raw(served, path + broken), "path")
    response = send_raw(served, b"/auth/users/" + broken, method=b"PATCH")
    assert_football_fields(response, "path")
    assert_dashboard_error(send_raw(served, b"/" + broken), 404, "not_found")


@pytest.mark.parametrize("query", ["", "&", "&&&", "?", "a", "a=b=c", "+=+", ";;"])
def test_a_query_that_asks_for_nothing_is_harmless(api: Api, query: str) -> None:
    assert api.http.get(f"{RUNS}?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "page=10000000",
        "page=10000000&size=100",
        "entity_name=" + "x" * 20_000,
        "entity_name=%25_%5C",
        "meta_filter=" + "a." * 5_000 + "b:1",
        "meta_filter=a..b:1",
        "meta_filter={a,b}:1",
        "meta_filter=a:",
        "order_by=meta." + "a." * 1_000 + "b",
        "order_by=meta.{a",
        "order_by=meta.a'b\"c",
        "&".join(f"meta_filter=f{number}:x" for number in range(200)),
        "&".join(f"u{number}=x" for number in range(2_000)),
    ],
)
def test_what_is_absurd_but_possible_finds_nothing_or_everything(api: Api, query: str) -> None:
    response = api.http.get(f"{RUNS}?{query}")
    assert response.status_code == 200, response.text
    assert response.json()["total"] >= 0


@pytest.mark.parametrize(
    "header",
    [
        b"Accept: \xff\xfe;;;q=x",
        b"Accept: application/xml",
        b"Accept-Encoding: \xff",
        b"Accept-Language: " + b"x" * 5_000,
        b"Content-Type: \xff",
        b"Content-Encoding: gzip",
        b"Cookie: " + b"a=b; " * 1_000,
        b"Cookie: \xff=;=\xfe",
        b"Forwarded: for=\xff",
        b"Host: ",
        b"If-Match: \xff",
        b"If-Modified-Since: never",
        b"If-None-Match: *",
        b"Origin: null",
        b"Range: bytes=9-1",
        b"User-Agent: " + b"z" * 30_000,
        b"X-Correlation-ID: \xff",
        b"X-Forwarded-For: \xff, ::::",
        b"X-Request-ID: \xff",
    ],
)
def test_an_absurd_header_does_no_harm(served: Served, header: bytes) -> None:
    response = send_raw(served, RUNS.encode() + b"?size=1", header)
    assert response.status_code == 200
    assert response.json()["page"] == 1


@pytest.mark.parametrize("host", [b'a"b<c>', b"\xff", b"a b", b"[::1", b"x:99999", b"x:y"])
def test_a_host_that_cannot_be_is_refused(served: Served, host: bytes) -> None:
    response = send_raw(served, RUNS.encode(), b"Host: " + host)
    assert_dashboard_error(response, 400, "bad_request", "Invalid host header")


@pytest.mark.parametrize("correlation_id", [b"caf\xe9", b"\xff\xfe"])
def test_a_correlation_id_that_could_not_be_passed_on_is_not_taken(
    served: Served, api: Api, correlation_id: bytes
) -> None:
    body = b'{"name": "x"}'
    response = send_raw(
        served,
        b"/api/v1/processes/",
        b"X-Correlation-ID: " + correlation_id,
        b"Content-Length: %d" % len(body) + b"\r\n\r\n" + body,
        method=b"POST",
    )
    assert response.status_code == 201
    [created] = api.events(f"process-{response.json()['id']}")
    assert created["correlation_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("host", ["x:99999", "x:abc"])
@pytest.mark.parametrize("path", ["/api/v1/runs/", "/api/v1/runs/0", "/nowhere"])
def test_an_absurd_port_of_the_host_is_refused_in_shape(
    api: Api, stranger: Api, host: str, path: str
) -> None:
    for client in (api, stranger):
        response = client.http.get(path, headers={"Host": host})
        assert response.status_code in (400, 401, 404)
        assert response.json().keys() == {"detail", "status_code", "error_type", "timestamp"}
        assert response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "condition",
    ['x:["\\u0000"]', "a.b:" + "[" * 980 + "]" * 980, "x:" + "[" * 40 + "]" * 40, "x:1e999"],
)
def test_a_meta_filter_that_no_meta_could_fit_finds_nothing(api: Api, condition: str) -> None:
    assert api.runs(meta_filter=condition)["total"] == 0
