"""What is recorded, told at once to all who listen, by one reader of the log in each process.

Those who listen take what there is when they are ready for it: nothing is queued for anybody. What
was read last is kept for a while, as it was rendered, once for all. Who was away for longer, or is
slower, reads from the log what was missed. PostgreSQL tells every process that the log has grown,
and the log is the one source of what is told: nothing between, such as Redis, loses or reorders it.
"""

import asyncio
import bisect
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from application.errors import RateLimitedError
from application.tailing import Entry, EventFilter, EventTail, Extract
from domain.events import Recorded, RedactionEvent

R = TypeVar("R")

# What is kept of the log: so many events, so many bytes as they are stored.
KEPT_EVENTS = 4000
KEPT_BYTES = 16 * 1024 * 1024

# How many events are taken at once by one who listens.
TAKEN_AT_ONCE = 500

# How many read at the same time what they missed, so that requests get their connections too.
CATCHING_UP = 3

# What is recorded within this time is read together.
GATHER_SECONDS = 0.02
BEGIN_AGAIN_SECONDS = 1.0

LISTENERS = 1000
LISTENERS_OF_ONE = 50
COME_BACK_SECONDS = 10


class TooManyListenersError(RateLimitedError):
    """There is no room for another one who listens."""

    def __init__(self) -> None:
        super().__init__(COME_BACK_SECONDS)
        self.args = ("Too many connections wait for events, close some or try again later",)


class Seats:
    """How many may wait for events in this process: in all, and on one account."""

    def __init__(self, total: int = LISTENERS, of_one: int = LISTENERS_OF_ONE) -> None:
        self._total = total
        self._of_one = of_one
        self._taken: dict[str, int] = {}

    @property
    def taken(self) -> int:
        """How many wait now."""
        return sum(self._taken.values())

    @contextlib.contextmanager
    def seat(self, who: str) -> Iterator[None]:
        """Take a seat until the block ends. Raises TooManyListenersError if there is none."""
        count = self._taken.get(who, 0)
        if count >= self._of_one or self.taken >= self._total:
            raise TooManyListenersError
        self._taken[who] = count + 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


class Kept(msgspec.Struct, Generic[R], frozen=True):
    """An event that is kept, as it is told; ``size`` is its share of the bytes that were read."""

    entry: Entry
    told: R
    size: int


class LiveLog(Generic[R]):
    """The end of the log, kept and followed for as long as somebody listens.

    ``render`` makes of an event what is told of it; ``on_failure`` is told why reading had to begin
    again.
    """

    def __init__(
        self,
        tail: EventTail,
        render: Callable[[Entry], R],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._tail = tail
        self._render = render
        self._on_failure = on_failure
        self._kept: list[Kept[R]] = []
        self._bytes = 0
        self._floor: int | None = None  # the position behind which all is kept; None: not begun
        self._position = 0
        self._listeners = 0
        self._called = asyncio.Event()
        self._changed = asyncio.Event()
        self._catching_up = asyncio.Semaphore(CATCHING_UP)
        self.is_stopping = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["LiveLog[R]"]:
        """Run the task that reads, while somebody listens."""
        task = asyncio.create_task(self._run(), name="live-log")
        try:
            yield self
        finally:
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=BEGIN_AGAIN_SECONDS)

    def stop(self) -> None:
        """Let all who listen come to an end: the server stops."""
        self.is_stopping = True
        self.wake()

    @contextlib.asynccontextmanager
    async def listening(
        self, wanted: EventFilter, after: int | None, *, by: str
    ) -> AsyncIterator["Listener[R]"]:
        """Listen to what is recorded after a position; from now on without one.

        ``by`` is the stream of the user or the API key that listens.
        """
        self._listeners += 1
        self._called.set()
        try:
            position = await self._tail.head() if after is None else after
            yield Listener(self, wanted, position, by)
        finally:
            self._listeners -= 1

    async def missed(self, after: int, wanted: EventFilter) -> tuple[Sequence[R], int]:
        """Read from the log what somebody missed; give it with the position looked at last."""
        async with self._catching_up:
            extracts = self._tail.extracts(after, wanted, follow=True, limit=TAKEN_AT_ONCE)
            async with contextlib.aclosing(extracts):
                extract = await anext(extracts)
        return [self._render(entry) for entry in extract.entries], extract.position

    def reaches_back_to(self, position: int) -> bool:
        """Tell whether all that comes after a position is kept."""
        return self._floor is not None and position >= self._floor

    def kept_after(self, position: int) -> tuple[Sequence[Kept[R]], int]:
        """Give what is kept after a position, and the position it goes up to."""
        begin = bisect.bisect_right(self._kept, position, key=_position_of)
        kept = self._kept[begin : begin + TAKEN_AT_ONCE]
        if len(kept) == TAKEN_AT_ONCE:
            return kept, _position_of(kept[-1])
        return kept, max(self._position, position)

    async def beyond(self, listener: "Listener[R]") -> None:
        """Return once something is kept after a listener's position, or the server stops."""
        while not self.is_stopping and (self._floor is None or self._position <= listener.position):
            await self._changed.wait()

    def wake(self) -> None:
        """Let all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _run(self) -> None:
        while True:
            await self._called.wait()
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - whatever it is, it begins again
                self._on_failure(error)
                await asyncio.sleep(BEGIN_AGAIN_SECONDS)
            finally:
                self._forget()

    async def _follow(self) -> None:
        """Read what is recorded from now on, until nobody listens any more."""
        self._position = self._floor = await self._tail.head()
        self.wake()  # who waits may lack what was recorded before this began
        extracts = self._tail.extracts(self._position, EventFilter(), follow=True)
        async with contextlib.aclosing(extracts):
            async for extract in extracts:
                self._keep(extract)
                if not self._listeners:
                    self._called.clear()
                    return
                await asyncio.sleep(GATHER_SECONDS)

    def _forget(self) -> None:
        self._kept.clear()
        self._bytes = 0
        self._floor = None

    def _keep(self, extract: Extract) -> None:
        if not extract.entries:
            return
        if any(_erases(entry) for entry in extract.entries):
            # What was rendered before shows what has been erased; this extract does not any more.
            self._forget()
            self._floor = self._position
        share = extract.size // len(extract.entries)
        self._kept += [Kept(entry, self._render(entry), share) for entry in extract.entries]
        self._bytes += extract.size
        self._position = extract.position
        self._make_room()
        self.wake()

    def _make_room(self) -> None:
        gone = 0
        while len(self._kept) - gone > KEPT_EVENTS or (
            self._bytes > KEPT_BYTES and gone < len(self._kept)
        ):
            self._floor = _position_of(self._kept[gone])
            self._bytes -= self._kept[gone].size
            gone += 1
        del self._kept[:gone]


class Listener(Generic[R]):
    """One who listens: takes what is wanted, in order, each once.

    ``by`` is the stream of who listens, and ``has_changed`` tells that something happened to that
    since it was set back.
    """

    def __init__(self, live: LiveLog[R], wanted: EventFilter, position: int, by: str) -> None:
        self._live = live
        self._wanted = wanted
        self.by = by
        self.has_changed = False
        self.position = position

    async def take(self, patience: float) -> Sequence[R]:
        """Give what comes next, which may be nothing, after so many seconds at the latest.

        ``position`` moves over what is not wanted.
        """
        try:
            async with asyncio.timeout(patience):
                return await self._take()
        except TimeoutError:
            return []

    def go_to(self, position: int) -> None:
        """Go on after another position."""
        self.position = position
        self._live.wake()

    async def _take(self) -> Sequence[R]:
        if not self._live.reaches_back_to(self.position):
            return await self._catch_up()
        await self._live.beyond(self)
        if not self._live.reaches_back_to(self.position):
            return []
        kept, self.position = self._live.kept_after(self.position)
        self.has_changed |= any(one.entry.stream_id == self.by for one in kept)
        return [one.told for one in kept if self._wanted.fits(one.entry)]

    async def _catch_up(self) -> Sequence[R]:
        after = self.position
        told, position = await self._live.missed(after, self._wanted)
        if self.position != after:  # it was told to go somewhere else meanwhile
            return []
        self.position = position
        if position == after:  # it is at the end, and the log is not yet followed
            await self._live.beyond(self)
        return told


def _position_of(kept: Kept[R]) -> int:
    return kept.entry.position


def _erases(entry: Entry) -> bool:
    return isinstance(entry, Recorded) and isinstance(entry.event, RedactionEvent)
