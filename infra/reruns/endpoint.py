"""Asks executors over HTTP to run a step again.

Nothing is logged here: addresses and answers may hold secrets and personal data.
"""

import asyncio
import ssl
from functools import cached_property

import httpx
import msgspec

from application.runs.ports import RerunOutcome, RerunRequest, RerunResult
from infra.retry_after import retry_after_seconds

MOST_RESPONSE_BYTES = 64 * 1024
LONGEST_RETRY_AFTER_SECONDS = 86_400
DEEPEST_RESPONSE = 30  # and two levels more in the meta of a step run


class HttpRerunEndpoint:
    """Implements the application's RerunEndpoint port; follows no redirect and keeps no cookie."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Who is trusted; read when it is first needed, for that takes time."""
        return httpx.create_ssl_context(trust_env=False)

    async def call(self, request: RerunRequest) -> RerunOutcome:
        """Ask an executor to run a step again. All attempts for one step run bear the same key."""
        tls = self._tls
        try:
            async with asyncio.timeout(request.timeout_seconds):
                return await self._post(request, tls)
        except (TimeoutError, httpx.TimeoutException):
            detail = f"no answer within {request.timeout_seconds:g} seconds"
            return RerunOutcome(result=RerunResult.TIMEOUT, detail=detail)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            detail = "the address cannot be one of http or https"
            return RerunOutcome(result=RerunResult.REJECTED, detail=detail)
        except httpx.ConnectError:
            detail = "no connection could be made"
            return RerunOutcome(result=RerunResult.NETWORK_ERROR, detail=detail)
        except Exception:  # noqa: BLE001 - whatever an executor brings about, it is an outcome
            detail = "the connection broke, or the answer was not HTTP"
            return RerunOutcome(result=RerunResult.NETWORK_ERROR, detail=detail)

    async def _post(self, request: RerunRequest, tls: ssl.SSLContext) -> RerunOutcome:
        # A client for each call: an executor's cookies must not reach another.
        async with (
            httpx.AsyncClient(
                verify=tls, timeout=request.timeout_seconds, trust_env=False
            ) as client,
            client.stream(
                "POST",
                request.url,
                content=msgspec.json.encode(request.body),
                headers={
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": self._user_agent,
                    "Idempotency-Key": f"step-run-{request.step_run_id}",
                    "X-Correlation-ID": request.correlation_id,
                },
            ) as response,
        ):
            result = _result(response)
            return RerunOutcome(
                result=result,
                detail=f"answered {response.status_code}",
                status_code=response.status_code,
                response=await _json_object(response) if result is RerunResult.SUCCESS else None,
                retry_after_seconds=(
                    retry_after_seconds(
                        response.headers.get("Retry-After", ""),
                        longest=LONGEST_RETRY_AFTER_SECONDS,
                    )
                    if result is RerunResult.RATE_LIMIT
                    else None
                ),
            )


def _result(response: httpx.Response) -> RerunResult:
    if response.is_success:
        return RerunResult.SUCCESS
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return RerunResult.RATE_LIMIT
    return RerunResult.SERVER_ERROR if response.is_server_error else RerunResult.REJECTED


async def _json_object(response: httpx.Response) -> dict[str, object] | None:
    """Read the body, which counts if it is a JSON object that can be kept."""
    body = bytearray()
    async for chunk in response.aiter_raw():  # as sent: what is compressed could be of any size
        body += chunk
        if len(body) > MOST_RESPONSE_BYTES:
            return None
    try:
        found = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return found if _can_be_kept(found, 1) else None


def _can_be_kept(value: object, depth: int) -> bool:
    """Tell whether PostgreSQL takes a value: no NUL, and as deep as the API takes it at most."""
    match value:
        case str():
            return "\x00" not in value
        case dict():
            parts = [*value.keys(), *value.values()]
        case list():
            parts = value
        case _:
            return True
    return depth <= DEEPEST_RESPONSE and all(_can_be_kept(part, depth + 1) for part in parts)
