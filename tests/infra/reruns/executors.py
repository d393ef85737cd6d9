"""Executors that answer as they are told, byte by byte, and keep what they were sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Executor:
    """A server on a port of its own, and the requests that it was sent."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def executor(answer: Answer) -> AsyncIterator[Executor]:
    """Serve until the block ends; every request is read whole and then answered."""
    served = Executor()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                if request := await _request(reader):
                    served.requests.append(request)
                await answer(writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/process"
    try:
        yield served
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    """Read a request; what is none, such as a greeting of TLS, is not waited for."""
    first = await reader.readexactly(1)
    if not first.isalpha():
        return None
    head = first + await reader.readuntil(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return head + await reader.readexactly(lengths[0])


def answering(status: str, body: bytes = b"", **headers: str) -> Answer:
    """Answer in order."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await sent(writer, "\r\n".join([*lines, "", ""]).encode() + body)

    return answer


def sending(data: bytes, *, then_hang: bool = False) -> Answer:
    """Send some bytes, then close the connection or leave it open for ever."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        await sent(writer, data)
        if then_hang:
            await asyncio.sleep(60)

    return answer


async def sent(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send bytes and see them off."""
    writer.write(data)
    await writer.drain()
