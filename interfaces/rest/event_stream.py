"""Server-sent events: to each client at its own pace, and none is waited for."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence

from application.identity.grant import Grant
from application.live import LiveLog
from application.tailing import EventFilter
from interfaces.telling import Telling

MEDIA_TYPE = "text/event-stream"

# Asks nginx not to keep anything back.
HEADERS = {"X-Accel-Buffering": "no"}

# How often it is shown that the stream lives, and looked whether its client may still have it.
HEARTBEAT_SECONDS = 15.0

# After this time a client that was dropped comes back.
BEGINNING = b"retry: 2000\n\n"

# Frames are sent together up to so many bytes.
CHUNK_BYTES = 64 * 1024


async def frames(
    live: LiveLog[Telling], wanted: EventFilter, after: int, grant: Grant
) -> AsyncGenerator[bytes, None]:
    """Give what comes after a position until the server stops or the grant does not hold.

    Without an event for a while, a comment shows that the stream lives; the id with it moves over
    the events that are not wanted.
    """
    clock = asyncio.get_running_loop().time
    async with live.listening(wanted, after, by=grant.principal.stream_id) as listener:
        yield BEGINNING
        sent = checked = clock()
        while not live.is_stopping:
            tellings = await listener.take(HEARTBEAT_SECONDS)
            if listener.has_changed or clock() - checked >= HEARTBEAT_SECONDS:
                if not await grant.still_holds():
                    return
                listener.has_changed, checked = False, clock()
            for chunk in _chunks(tellings):
                yield chunk
                sent = clock()
            if clock() - sent >= HEARTBEAT_SECONDS:
                yield f": heartbeat\nid: {listener.position}\n\n".encode()
                sent = clock()


def _chunks(tellings: Sequence[Telling]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for telling in tellings:
        gathered.append(telling.frame)
        size += len(telling.frame)
        if size >= CHUNK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)
