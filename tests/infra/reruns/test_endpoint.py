"""What an executor answers, or fails to, is told apart; a hostile one harms nobody."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from application.runs.ports import RerunOutcome, RerunRequest, RerunResult
from infra.reruns.endpoint import HttpRerunEndpoint
from tests.infra.reruns.executors import Answer, answering, executor, sending
from tests.serving import free_port

pytestmark = pytest.mark.anyio

BODY = {"step_run_id": 156, "meta": {"rerun_reason": "network"}}
OK = b"HTTP/1.1 200 OK\r\n"


async def call(url: str, timeout_seconds: float = 20) -> RerunOutcome:
    request = RerunRequest(
        step_run_id=156,
        url=url,
        body=BODY,
        timeout_seconds=timeout_seconds,
        correlation_id="request-1",
    )
    return await HttpRerunEndpoint("Annals/1.2.3").call(request)


async def answered(answer: Answer, timeout_seconds: float = 20) -> RerunOutcome:
    async with executor(answer) as served:
        return await call(served.url, timeout_seconds)


async def test_the_executor_is_sent_json_and_a_key_that_tells_a_repetition() -> None:
    async with executor(answering("200 OK")) as served:
        for _ in range(2):
            await call(f"{served.url}?token=secret")
    first, second = served.requests
    head, _, body = first.partition(b"\r\n\r\n")
    assert first == second
    assert head.startswith(b"POST /process?token=secret HTTP/1.1\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert headers["idempotency-key"] == "step-run-156"
    assert headers["x-correlation-id"] == "request-1"
    assert headers["user-agent"] == "annals/1.2.3"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == BODY


async def test_an_object_that_the_executor_answers_is_given() -> None:
    outcome = await answered(answering("201 Created", b'{"records": 12}'))
    assert outcome == RerunOutcome(
        result=RerunResult.SUCCESS,
        detail="answered 201",
        status_code=201,
        response={"records": 12},
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"done",
        b'{"x": NaN}',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"x":' * 12_000,
        b'{"x":' * 31 + b"1" + b"}" * 31,
        b'{"x": ["\\u0000"]}',
        b'{"x\\u0000": 1}',
        b'{"x": 1e999}',
        b'{"x": "\\ud800"}',
        b'{"x": "' + b"y" * 65_536 + b'"}',
    ],
    ids=[
        "empty",
        "list",
        "text",
        "NaN",
        "bytes",
        "deep",
        "deep object",
        "too deep",
        "NUL",
        "NUL in a name",
        "infinity",
        "surrogate",
        "large",
    ],
)
async def test_an_answer_that_is_no_object_or_too_large_is_a_success_without_one(
    body: bytes,
) -> None:
    outcome = await answered(answering("200 OK", body))
    assert (outcome.result, outcome.response) == (RerunResult.SUCCESS, None)


async def test_an_endless_answer_is_read_no_further_than_needed() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 1000000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    assert (await answered(endless)).result is RerunResult.SUCCESS


async def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    outcome = await answered(answering("200 OK", bomb, Content_Encoding="gzip"))
    assert (outcome.result, outcome.response) == (RerunResult.SUCCESS, None)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("500 Internal Server Error", RerunResult.SERVER_ERROR),
        ("503 Service Unavailable", RerunResult.SERVER_ERROR),
        ("429 Too Many Requests", RerunResult.RATE_LIMIT),
        ("400 Bad Request", RerunResult.REJECTED),
        ("404 Not Found", RerunResult.REJECTED),
    ],
)
async def test_refusals_are_told_apart_and_what_they_say_is_not_passed_on(
    status: str, result: RerunResult
) -> None:
    outcome = await answered(answering(status, b'{"entity": "Ann Example"}'))
    code = int(status.split(maxsplit=1)[0])
    assert outcome == RerunOutcome(result=result, detail=f"answered {code}", status_code=code)


async def test_a_redirect_is_not_followed() -> None:
    async with executor(answering("200 OK")) as elsewhere:
        outcome = await answered(answering("307 Temporary Redirect", Location=elsewhere.url))
    assert (outcome.result, outcome.status_code) == (RerunResult.REJECTED, 307)
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("9" * 5000, 86_400),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
    ],
)
async def test_how_long_to_wait_is_read_where_the_executor_says_it(
    retry_after: str, seconds: int | None
) -> None:
    outcome = await answered(answering("429 Too Many Requests", Retry_After=retry_after))
    assert outcome.retry_after_seconds == seconds


async def test_until_when_to_wait_is_read_too() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    outcome = await answered(answering("429 Too Many Requests", Retry_After=moment))
    assert outcome.retry_after_seconds is not None
    assert 3500 < outcome.retry_after_seconds <= 3600


@pytest.mark.parametrize(
    "answer",
    [
        sending(b"", then_hang=True),
        sending(OK, then_hang=True),
        sending(OK + b'Content-Length: 20\r\n\r\n{"records"', then_hang=True),
    ],
    ids=["before the status", "in the headers", "in the body"],
)
async def test_an_executor_that_hangs_is_a_timeout(answer: Answer) -> None:
    outcome = await answered(answer, timeout_seconds=0.3)
    assert outcome == RerunOutcome(
        result=RerunResult.TIMEOUT, detail="no answer within 0.3 seconds"
    )


async def test_an_executor_that_always_says_a_little_more_is_a_timeout() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    assert (await answered(drip, timeout_seconds=0.5)).result is RerunResult.TIMEOUT


@pytest.mark.parametrize(
    "answer",
    [
        sending(b""),
        sending(OK),
        sending(OK + b'Content-Length: 20\r\n\r\n{"records"'),
        sending(b"SSH-2.0-OpenSSH_9.6\r\n"),
        sending(OK + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
        sending(OK + b"X: " + b"y" * 1_000_000),
    ],
    ids=["at once", "in the headers", "in the body", "garbage", "bad chunk", "endless header"],
)
async def test_a_connection_that_breaks_or_talks_nonsense_is_a_network_error(
    answer: Answer,
) -> None:
    outcome = await answered(answer)
    assert outcome.result is RerunResult.NETWORK_ERROR
    assert outcome.status_code is None


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nobody_at_the_address_is_a_network_error(scheme: str) -> None:
    outcome = await call(f"{scheme}://127.0.0.1:{free_port()}/")
    assert outcome.result is RerunResult.NETWORK_ERROR


async def test_an_unknown_name_is_a_network_error() -> None:
    assert (await call("http://nobody.invalid/")).result is RerunResult.NETWORK_ERROR


async def test_no_tls_where_it_should_be_is_a_network_error() -> None:
    async with executor(answering("200 OK")) as served:
        outcome = await call(served.url.replace("http:", "https:"))
    assert outcome.result is RerunResult.NETWORK_ERROR


@pytest.mark.parametrize(
    "url",
    [
        "",
        "somewhere",
        "file:///etc/passwd",
        "ftp://host/",
        "http://",
        "http:///path",
        "http://[::1",
        "http://a:b",
        "http://a\x00b/",
        "//host/path",
    ],
)
async def test_an_address_that_is_none_is_rejected(url: str) -> None:
    assert (await call(url)).result is RerunResult.REJECTED
