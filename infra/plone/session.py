"""Talks to plone.restapi as one user of Plone, by its JSON web tokens.

Nothing personal is logged here: neither what is sent nor what comes back.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx
import jwt
import msgspec
import structlog

from application.workflows.ports import ContentManagementError
from infra.retry_after import retry_after_seconds

log = structlog.get_logger(__name__)

T = TypeVar("T")

MOST_CONNECTIONS = 10
MOST_ANSWER_BYTES = 1024 * 1024
READ_ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5
# A token that lapses within this time is not used any more.
TOKEN_MARGIN_SECONDS = 60
# So often at most a user name and password are tried that Plone refused: it may lock the user out.
REFUSED_LOGIN_SECONDS = 30.0

TRY_AGAIN = frozenset({429, 502, 503, 504})


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Where Plone is, and as whom Annals works there. ``url`` is that of the Plone site."""

    url: str
    username: str
    password: str


class Answer(msgspec.Struct, frozen=True):
    """What Plone answered."""

    status_code: int
    body: bytes
    retry_after: str = ""


class Token(msgspec.Struct, frozen=True):
    """A JSON web token of Plone, the user's id in it, and the Unix second in which it lapses."""

    text: str
    user_id: str
    lapses_at: float


class _LoggedIn(msgspec.Struct, frozen=True):
    token: str


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    exp: float = float("inf")


class PloneSession:
    """One user's requests to one Plone site. Every failure is a ContentManagementError.

    ``timeout_seconds`` is for each read or change, attempts and login included. A read is tried a
    few times; a change is sent once, for nobody knows how far one came that got no answer.
    """

    def __init__(self, client: httpx.AsyncClient, login: Login, *, timeout_seconds: float) -> None:
        self._client = client
        self._login = login
        self._timeout_seconds = timeout_seconds
        self._token: Token | None = None
        self._logging_in = asyncio.Lock()
        self._refused_until = float("-inf")

    @property
    def url(self) -> str:
        """The address of the Plone site."""
        return self._login.url

    async def read(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """Read something below the site, with patience for a Plone that is busy for a moment."""
        async with self._in_time():
            for pause in _pauses():
                try:
                    answer = await self._authorized("GET", path, query=query)
                except ContentManagementError:
                    await asyncio.sleep(pause)
                else:
                    if answer.status_code not in TRY_AGAIN:
                        return answer
                    asked = retry_after_seconds(answer.retry_after, longest=LONGEST_PAUSE_SECONDS)
                    await asyncio.sleep(max(pause, asked or 0))
            return await self._authorized("GET", path, query=query)

    async def change(self, path: str, body: Mapping[str, object]) -> Answer:
        """Have something changed, once."""
        async with self._in_time():
            return await self._authorized("POST", path, body=body)

    async def still_known(self) -> bool:
        """Tell whether Plone still took the token; if not, there is a new one now.

        With a token that it does not take, Plone answers searches as it answers strangers.
        """
        token = self._token
        user = self._login.username if token is None else token.user_id
        answer = await self.read(f"@users/{quote(user, safe='')}")
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self.failed(f"answered {answer.status_code}")
        return self._token is token

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError:
            raise self.failed(f"no answer within {self._timeout_seconds:g} seconds") from None

    def decode(self, answer: Answer, kind: type[T]) -> T:
        """Read what Plone answered. Raises ContentManagementError if that is something else."""
        if answer.status_code != httpx.codes.OK:
            raise self.failed(f"answered {answer.status_code}")
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise self.failed("answered something that is not of plone.restapi") from None

    def failed(self, reason: str) -> ContentManagementError:
        """Note in the log why Plone failed, and give the error that says so."""
        log.warning("plone_failed", reason=reason)
        return ContentManagementError(self.url)

    async def _authorized(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """Send a request with the token, and once more with a new one if that is refused."""
        token = await self._valid_token()
        answer = await self._send(method, path, token=token, query=query, body=body)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            token = await self._log_in(instead_of=token)
            answer = await self._send(method, path, token=token, query=query, body=body)
        return answer

    async def _valid_token(self) -> Token:
        token = self._token
        if token is None or token.lapses_at < time.time() + TOKEN_MARGIN_SECONDS:
            return await self._log_in(instead_of=token)
        return token

    async def _log_in(self, *, instead_of: Token | None) -> Token:
        """Get a new token; whoever finds that another has just got one takes that."""
        async with self._logging_in:
            if self._token is not None and self._token is not instead_of:
                return self._token
            if time.monotonic() < self._refused_until:
                raise self.failed("refused the user name and password a moment ago")
            credentials = {"login": self._login.username, "password": self._login.password}
            answer = await self._send("POST", "@login", body=credentials)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._refused_until = time.monotonic() + REFUSED_LOGIN_SECONDS
                raise self.failed("refused PLONE_USERNAME and PLONE_PASSWORD")
            self._token = self._read_token(self.decode(answer, _LoggedIn).token)
            return self._token

    def _read_token(self, text: str) -> Token:
        """Read a token that came from Plone itself: its signature is Plone's to check."""
        try:
            payload = jwt.decode(text, options={"verify_signature": False})
            claims = msgspec.convert(payload, _Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            raise self.failed("gave a token that cannot be read") from None
        return Token(text, claims.sub, claims.exp)

    async def _send(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        token: Token | None = None,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        headers = {} if token is None else {"Authorization": f"Bearer {token.text}"}
        try:
            async with self._client.stream(
                method,
                f"{self.url}/{path}",
                params=list(query),
                headers=headers,
                json=None if body is None else dict(body),
            ) as response:
                return Answer(
                    response.status_code,
                    await _all_of(response),
                    response.headers.get("Retry-After", ""),
                )
        except httpx.ConnectError:
            raise self.failed("no connection could be made") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            raise self.failed("the connection broke, or the answer was not HTTP") from None


@asynccontextmanager
async def plone_session(
    login: Login, *, timeout_seconds: float, user_agent: str
) -> AsyncIterator[PloneSession]:
    """Give a session whose connections are kept; it follows no redirect and keeps no cookie."""
    async with httpx.AsyncClient(
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        },
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
        timeout=None,  # noqa: S113 - the session has one for all that belongs together
        trust_env=False,
    ) as client:
        yield PloneSession(client, login, timeout_seconds=timeout_seconds)


async def _all_of(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():  # as sent: what is compressed could be of any size
        body += chunk
        if len(body) > MOST_ANSWER_BYTES:
            raise httpx.DecodingError("the answer is too long")
    return bytes(body)


def _pauses() -> Iterator[float]:
    """Give how long to wait after each attempt but the last."""
    for attempt in range(READ_ATTEMPTS - 1):
        yield FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
