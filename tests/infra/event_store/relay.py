"""A relay between a client and PostgreSQL that can lose the connection at an exact moment."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from enum import Enum
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

PORT = 5432
CHUNK = 65536
# As the client sends it to be executed, and as the server answers that it did.
SENT = b"COMMIT\x00"
DONE = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Loss(Enum):
    """When the connection is to be lost."""

    BEFORE_COMMIT = "the server never sees the COMMIT"
    AFTER_COMMIT = "the server's answer to the COMMIT never arrives"


class Relay:
    """Passes everything on until it is told to lose a connection; counts what it lost."""

    def __init__(self, conninfo: str, directory: Path) -> None:
        self._server = psycopg.conninfo.conninfo_to_dict(conninfo)
        self._directory = directory
        self.conninfo = make_conninfo(conninfo, host=str(directory), port=PORT)
        self.losses: list[Loss] = []
        self.lost = 0
        self._serving: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        path = self._directory / f".s.PGSQL.{PORT}"
        async with await asyncio.start_unix_server(self._accept, path):
            try:
                yield self
            finally:  # the clients have gone, and with them each connection comes to its end
                await asyncio.gather(*self._serving)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = f"{self._server['host']}/.s.PGSQL.{self._server.get('port') or PORT}"
        from_server, to_server = await asyncio.open_unix_connection(path)
        passing = [
            asyncio.create_task(self._pass_requests(reader, to_server)),
            asyncio.create_task(self._pass_answers(from_server, writer)),
        ]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in passing:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
            for side in (writer, to_server):
                side.close()
                with contextlib.suppress(OSError):
                    await side.wait_closed()

    async def _pass_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK):
            if SENT in data and self._loses(Loss.BEFORE_COMMIT):
                return
            writer.write(data)
            await writer.drain()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK):
            if DONE in data and self._loses(Loss.AFTER_COMMIT):
                return
            writer.write(data)
            await writer.drain()

    def _loses(self, moment: Loss) -> bool:
        if self.losses[:1] != [moment]:
            return False
        del self.losses[0]
        self.lost += 1
        return True


@contextlib.asynccontextmanager
async def relayed(conninfo: str) -> AsyncIterator[Relay]:
    """Put a relay before the database."""
    with tempfile.TemporaryDirectory(prefix="relay-") as directory:
        async with Relay(conninfo, Path(directory)).running() as relay:
            yield relay
