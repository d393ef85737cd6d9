"""Fetches files over HTTP from addresses that anybody may offer services at.

Nothing is logged here: addresses and headers may hold tokens, and answers anything.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from functools import cached_property
from pathlib import Path

import httpcore
import httpx

from application.downloads.ports import Failure, Unchanged
from domain.configuration.sections import WebDownloader
from domain.downloads.events import FailedBecause, Validators
from infra.downloads.arriving import ArrivingFile, TooManyBytesError
from infra.downloads.naming import name_of
from infra.retry_after import retry_after_seconds
from infra.webhooks.addresses import CheckedAddresses, RefusedAddressError, port_of
from infra.webhooks.client import CheckedNetwork

MOST_REDIRECTS = 5
LONGEST_RETRY_AFTER_SECONDS = 86_400
LONGEST_VALIDATOR = 500

# How many times the timeout a download may take in all, as long as it goes on.
PATIENCE = 10

OK = 200
NOT_MODIFIED = 304
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Answers that another time may be other ones.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpFetcher:
    """Implements the application's Fetcher port.

    ``directory`` gives where a download path leads.
    """

    def __init__(
        self, addresses: CheckedAddresses, directory: Callable[[str], Path], *, user_agent: str
    ) -> None:
        self._addresses = addresses
        self._directory = directory
        self._user_agent = user_agent

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Who is trusted; read when it is first needed, for that takes time."""
        return httpx.create_ssl_context(trust_env=False)

    @contextlib.asynccontextmanager
    async def fetching(
        self, wanted: WebDownloader, known: Validators, *, most_bytes: int
    ) -> AsyncIterator[ArrivingFile | Unchanged | Failure]:
        """Ask for a file that is newer than what is known; what came is gone unless it is kept."""
        arriving = ArrivingFile(self._directory(wanted.download_path), most_bytes)
        try:
            yield await self._outcome(wanted, known, arriving)
        finally:
            await asyncio.to_thread(arriving.discard)

    async def _outcome(
        self, wanted: WebDownloader, known: Validators, arriving: ArrivingFile
    ) -> ArrivingFile | Unchanged | Failure:
        try:
            async with asyncio.timeout(wanted.timeout * PATIENCE):
                return await self._follow(wanted, known, arriving)
        except (TimeoutError, httpcore.TimeoutException):
            return Failure(reason=FailedBecause.TIMEOUT, may_pass=True)
        except RefusedAddressError:
            return Failure(reason=FailedBecause.ADDRESS_REFUSED, may_pass=True)
        except TooManyBytesError:
            return Failure(reason=FailedBecause.TOO_LARGE)
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError):
            return Failure(reason=FailedBecause.NETWORK_ERROR, may_pass=True)

    async def _follow(
        self, wanted: WebDownloader, known: Validators, arriving: ArrivingFile
    ) -> ArrivingFile | Unchanged | Failure:
        """Ask, and where the answer is elsewhere, there; each address is checked before."""
        assert wanted.url is not None
        url = self._addresses.parse(wanted.url)
        first = _origin(url)
        for _ in range(MOST_REDIRECTS + 1):
            secrets = wanted.headers if _origin(url) == first else {}
            async with self._asking(url, wanted, secrets, known) as response:
                if response.status not in REDIRECTS:
                    return await self._read(url, response, arriving)
                location = _header(response, "location")
            if location is None:
                return Failure(reason=FailedBecause.BAD_STATUS, status_code=response.status)
            url = self._addresses.parse(_joined(url, location))
        return Failure(reason=FailedBecause.TOO_MANY_REDIRECTS)

    @contextlib.asynccontextmanager
    async def _asking(
        self, url: httpx.URL, wanted: WebDownloader, secrets: dict[str, str], known: Validators
    ) -> AsyncIterator[httpcore.Response]:
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=url.raw_path
        )
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._user_agent,
            "Accept": "application/pdf, */*;q=0.1",
            **secrets,
            **(_conditions(known) if wanted.enable_conditional_requests else {}),
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), float(wanted.timeout))
        # A pool for each request: the next one looks the name up and checks it again.
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls if wanted.verify_ssl else _trusting_anybody(),
                max_connections=1,
                network_backend=CheckedNetwork(self._addresses),
            ) as pool,
            pool.stream(
                "GET", target, headers=[*headers.items()], extensions={"timeout": timeouts}
            ) as response,
        ):
            yield response

    async def _read(
        self, url: httpx.URL, response: httpcore.Response, arriving: ArrivingFile
    ) -> ArrivingFile | Unchanged | Failure:
        if response.status == NOT_MODIFIED:
            return Unchanged()
        if response.status != OK:
            return Failure(
                reason=FailedBecause.BAD_STATUS,
                status_code=response.status,
                may_pass=response.status in PASSING,
                retry_after=_retry_after(response),
            )
        arriving.check_length(_header(response, "content-length"))
        async for chunk in response.aiter_stream():
            await asyncio.to_thread(arriving.write, chunk)
            if not arriving.may_be_pdf:
                return Failure(reason=FailedBecause.NOT_A_PDF)
        if not arriving.is_pdf:
            return Failure(reason=FailedBecause.NOT_A_PDF)
        arriving.name = name_of(
            _header(response, "content-disposition"), url.raw_path.partition(b"?")[0].decode()
        )
        arriving.validators = Validators(
            etag=_validator(response, "etag"), last_modified=_validator(response, "last-modified")
        )
        return arriving


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host, port_of(url)


def _joined(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location).copy_with(fragment=None))
    except (httpx.InvalidURL, ValueError):
        raise RefusedAddressError("leads to what is no address") from None


def _conditions(known: Validators) -> dict[str, str]:
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in conditions.items() if value is not None}


def _header(response: httpcore.Response, wanted: str) -> str | None:
    for name, value in response.headers:
        if name.lower() == wanted.encode():
            # Names come in UTF-8 as well as in Latin-1.
            try:
                return value.decode()
            except UnicodeDecodeError:
                return value.decode("latin-1")
    return None


def _validator(response: httpcore.Response, name: str) -> str | None:
    value = _header(response, name)
    if value is None or not value.isascii() or not value.isprintable():
        return None
    return value if len(value) <= LONGEST_VALIDATOR else None


def _retry_after(response: httpcore.Response) -> int | None:
    text = _header(response, "retry-after")
    if text is None or response.status not in PASSING:
        return None
    return retry_after_seconds(text, longest=LONGEST_RETRY_AFTER_SECONDS)


def _trusting_anybody() -> ssl.SSLContext:
    """Check no certificate, as somebody has configured it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
