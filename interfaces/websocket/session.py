"""What a client and the server say to each other over a WebSocket (contract section 11)."""

import asyncio
import contextlib
from collections.abc import Sequence

from application.errors import NotAuthenticatedError
from application.identity.grant import Grant
from application.identity.principal import Principal
from application.live import Listener, TooManyListenersError
from application.outward import EVERYTHING, matches
from application.tailing import EventFilter
from domain.errors import InvalidFieldError
from interfaces.first_to_end import first_to_end
from interfaces.services import Services
from interfaces.telling import Telling
from interfaces.websocket.connection import POLICY, RESTART, TRY_LATER, Closing, Connection
from interfaces.websocket.messages import (
    AnyCommand,
    Authenticate,
    Ping,
    Resume,
    Subscribe,
    answer,
    command_of,
    complaint,
)
from interfaces.websocket.visibility import may_see

# How often it is shown that the server is there, and looked whether the client may still listen.
HEARTBEAT_SECONDS = 15.0

# How long somebody unknown may say nothing, and how often they may fail to say who they are.
IDLE_SECONDS = 300.0
MAX_FAILURES = 5


class Session:
    """One client: an echo until it is known who that is, then the live messages too.

    ``address`` answers for those who are unknown.
    """

    def __init__(
        self, connection: Connection, services: Services, *, address: str, after: int | None
    ) -> None:
        self._connection = connection
        self._services = services
        self._address = address
        self._after = after
        self._patterns: Sequence[str] = (EVERYTHING,)
        self._grant: Grant | None = None
        self._let_in = asyncio.Event()
        self._listening = asyncio.Event()
        self._listener: Listener[Telling] | None = None
        self._resumed = 0
        self._failures = 0
        self._seat = contextlib.ExitStack()

    @property
    def actor(self) -> str | None:
        """Who the client is, as far as that is known."""
        return self._grant.principal.actor if self._grant is not None else None

    async def run(self, credential: str | None) -> None:
        """Go on until the client leaves; a credential may have come with the connection.

        Raises Closing, LeftError or SlowClientError, by which the connection ends.
        """
        with self._seat:
            self._take_seat(self._address)
            if credential is not None:
                await self._authenticate(credential)
            await first_to_end(self._obey(), self._tell())

    def _take_seat(self, who: str) -> None:
        """Sit down on somebody's account instead of the former. Raises Closing without a seat."""
        self._seat.close()
        try:
            self._seat.enter_context(self._services.seats.seat(who))
        except TooManyListenersError as error:
            raise Closing(TRY_LATER, str(error)) from None

    async def _obey(self) -> None:
        while True:
            text = await self._connection.receive(None if self._grant is not None else IDLE_SECONDS)
            try:
                command = command_of(text)
                if isinstance(command, Authenticate):
                    await self._authenticate(command.token)
                elif command is None or self._grant is None:
                    await self._connection.send(answer("echo", message=text))
                else:
                    await self._connection.send(self._carry_out(command))
            except InvalidFieldError as error:
                if self._grant is None:
                    await self._connection.send(answer("echo", message=text))
                else:
                    await self._connection.send(complaint(error))

    def _carry_out(self, command: AnyCommand) -> str:
        """Do what a command says and answer it. Raises InvalidFieldError."""
        match command:
            case Resume(after=after):
                self._after = after
                self._resumed += 1
                if self._listener is not None:
                    self._listener.go_to(after)
                return answer("resumed", after=after)
            case Subscribe(patterns=patterns):
                self._services.outward.check_patterns("patterns", patterns)
                self._patterns = patterns
                return answer("subscribed", patterns=patterns)
            case Ping() | Authenticate():
                return answer("pong")

    async def _authenticate(self, credential: str) -> None:
        """Let the client in, or say that its credential does not hold."""
        try:
            principal = await self._services.authenticator.authenticate(credential)
        except NotAuthenticatedError as error:
            self._failures += 1
            await self._connection.send(answer("authentication_error", error=str(error)))
            if self._failures >= MAX_FAILURES:
                raise Closing(POLICY, "Authentication failed too often") from None
            return
        if self.actor != principal.actor:
            self._take_seat(principal.actor)
        self._grant = Grant(self._services.authenticator, credential, principal, role=None)
        if self._let_in.is_set():  # with a newer token, or as somebody else
            await self._listening.wait()
            assert self._listener is not None
            self._listener.by = principal.stream_id
            await self._welcome(principal)
        self._let_in.set()

    async def _welcome(self, principal: Principal) -> None:
        assert self._listener is not None
        await self._connection.send(
            answer(
                "authentication_success",
                actor=principal.actor,
                roles=sorted(principal.roles),
                position=self._listener.position,
                heartbeat_seconds=HEARTBEAT_SECONDS,
            )
        )

    async def _tell(self) -> None:
        """Tell of what is recorded, for as long as the client may know."""
        await self._let_in.wait()
        assert self._grant is not None
        clock = asyncio.get_running_loop().time
        wanted = EventFilter(types=self._services.outward.topics)
        by = self._grant.principal.stream_id
        async with self._services.live.listening(wanted, self._after, by=by) as listener:
            self._listener = listener
            self._listening.set()
            if self._after is not None:
                listener.go_to(self._after)
            await self._welcome(self._grant.principal)
            looked = clock()
            while True:
                tellings = await listener.take(HEARTBEAT_SECONDS)
                resumed = self._resumed
                if self._services.live.is_stopping:
                    raise Closing(RESTART, "The server stops, connect again")
                if listener.has_changed or clock() - looked >= HEARTBEAT_SECONDS:
                    await self._look_again()
                    listener.has_changed = False
                if clock() - looked >= HEARTBEAT_SECONDS:
                    await self._connection.send(answer("heartbeat", position=listener.position))
                    looked = clock()
                await self._pass_on(tellings, resumed)

    async def _look_again(self) -> None:
        assert self._grant is not None
        if not await self._grant.still_holds():
            raise Closing(POLICY, "The credentials do not hold any more")

    async def _pass_on(self, tellings: Sequence[Telling], resumed: int) -> None:
        """Send what the client may see and wants; what is left once it wants to resume is not."""
        for telling in tellings:
            for message in telling.messages:
                if resumed != self._resumed:
                    return
                if self._is_for_client(message.type):
                    await self._connection.send(message.text)

    def _is_for_client(self, name: str) -> bool:
        assert self._grant is not None
        return may_see(self._grant.principal, name) and any(
            matches(pattern, name) for pattern in self._patterns
        )
