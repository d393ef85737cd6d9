"""Sends webhooks over HTTP.

Nothing is logged here: addresses may hold tokens, and answers anything.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpcore
import httpx

from application.webhooks.deliveries import DeliveryError, Outgoing, Sent
from infra.retry_after import retry_after_seconds
from infra.webhooks.addresses import CheckedAddresses, RefusedAddressError, port_of
from infra.webhooks.signing import SignedMessage, sign

MOST_ANSWER_BYTES = 16 * 1024
LONGEST_RETRY_AFTER_SECONDS = 3600
CONNECT_SECONDS = 10.0

SUCCESSES = range(200, 300)
# Answers by which an endpoint may ask to be left alone for a while.
BUSY = frozenset({429, 502, 503, 504})


class HttpWebhookClient:
    """Implements the application's WebhookClient port; follows no redirect and keeps no cookie.

    ``timeout_seconds`` is for the whole exchange. An answer counts once it is complete, or longer
    than anybody needs to say that a webhook has arrived.
    """

    def __init__(
        self,
        addresses: CheckedAddresses,
        *,
        timeout_seconds: float,
        user_agent: str,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses = addresses
        self._timeout_seconds = timeout_seconds
        self._user_agent = user_agent
        self._given_tls = tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Who is trusted; read when it is first needed, for that takes time."""
        return self._given_tls or httpx.create_ssl_context(trust_env=False)

    async def send(self, url: str, message: Outgoing, secrets: Sequence[str]) -> Sent:
        """Send a message, signed with all the secrets, newest first."""
        began_at, began = datetime.now(UTC), time.monotonic()
        signed = sign(message, secrets, began_at)
        headers = signed.headers | ({"webhook-redelivery": "true"} if message.redelivery else {})
        status_code, error, retry_after = await self._exchange(
            url, SignedMessage(signed.body, headers)
        )
        return Sent(
            began_at=began_at,
            duration_ms=round((time.monotonic() - began) * 1000, 3),
            status_code=status_code,
            error=error,
            retry_after=retry_after,
        )

    async def _exchange(
        self, url: str, signed: SignedMessage
    ) -> tuple[int | None, DeliveryError | None, int | None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status_code, retry_after = await self._post(url, signed)
        except (TimeoutError, httpcore.TimeoutException):
            return None, DeliveryError.TIMEOUT, None
        except RefusedAddressError:
            return None, DeliveryError.ADDRESS_REFUSED, None
        except Exception:  # noqa: BLE001 - whatever an endpoint brings about, it is an outcome
            return None, DeliveryError.NETWORK_ERROR, None
        error = None if status_code in SUCCESSES else DeliveryError.BAD_STATUS
        return status_code, error, retry_after

    async def _post(self, url: str, signed: SignedMessage) -> tuple[int, int | None]:
        parsed = self._addresses.parse(url)
        target = httpcore.URL(
            scheme=parsed.raw_scheme,
            host=parsed.raw_host,
            port=port_of(parsed),
            target=parsed.raw_path,
        )
        headers = {
            "Host": parsed.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": self._user_agent,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Content-Length": str(len(signed.body)),
            **signed.headers,
        }
        # A pool for each message: the next one looks the name up and checks it again.
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=1,
                network_backend=CheckedNetwork(self._addresses),
            ) as pool,
            pool.stream(
                "POST", target, headers=[*headers.items()], content=signed.body
            ) as response,
        ):
            received = 0
            async for chunk in response.aiter_stream():
                received += len(chunk)
                if received > MOST_ANSWER_BYTES:
                    break
            return response.status, _retry_after(response)


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that have been checked, and looks nothing up afterwards.

    TLS is still about the name that the URL has.
    """

    def __init__(self, addresses: CheckedAddresses) -> None:
        self._addresses = addresses
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of a host's addresses that answers."""
        failure: Exception | None = None
        for address in await self._addresses.resolve(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout or CONNECT_SECONDS, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse what is no address of a network."""
        raise httpcore.ConnectError

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


def _retry_after(response: httpcore.Response) -> int | None:
    if response.status not in BUSY:
        return None
    for name, value in response.headers:
        if name.lower() == b"retry-after":
            text = value.decode("ascii", errors="replace")
            return retry_after_seconds(text, longest=LONGEST_RETRY_AFTER_SECONDS)
    return None
