"""The scan for what is left of an erased subject."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from psycopg_pool import AsyncConnectionPool

from application.erasures.ports import Erasure, ErasureScan
from application.errors import ReadModelBehindError
from application.projections.status import Freshness
from infra.erasures.places import PLACES
from infra.erasures.read_models import scan_read_models
from infra.erasures.search import search
from infra.erasures.traces import read_traces
from infra.event_store.keys import Keyring
from infra.event_store.reader import LogReader
from projections.projection import Projection

# All that is compared is of one moment, whatever is written meanwhile.
ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

HEAD = "SELECT position, hash FROM log_head"


class PostgresErasureScanner:
    """Implements the application's ErasureScanner port.

    ``home`` is where a database server of Annals' own keeps its log; None for another server.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        keyring: Keyring,
        freshness: Freshness,
        projections: Sequence[Projection],
        home: Path | None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._reader = LogReader(pool, keyring)
        self._freshness = freshness
        self._projections = projections
        self._home = home

    async def scan(self, erasure: Erasure, texts: Sequence[str]) -> ErasureScan:
        """Look for what the erased subject's key protected, and for texts wherever they are."""
        with contextlib.suppress(ReadModelBehindError):  # then the read models are named below
            await self._freshness.reach_head([each.name for each in self._projections])
        scanned_at = datetime.now(UTC)
        async with self._pool.connection() as connection:
            async with connection.transaction():
                await connection.execute(ONE_MOMENT)
                head = await (await connection.execute(HEAD)).fetchone()
                assert head is not None
                traces = await read_traces(connection, erasure, self._keyring)
                places = [await place.scan(connection, traces) for place in PLACES]
                places.append(
                    await scan_read_models(connection, self._reader, self._projections, traces)
                )
            if texts:
                places.append(await search(connection, texts, self._logs()))
        return ErasureScan(
            scanned_at=scanned_at,
            log_position=head[0],
            log_hash=head[1].hex(),
            searched_texts=len(texts),
            erased=traces.erased,
            places=places,
        )

    def _logs(self) -> list[Path]:
        log = self._home / "postgres" / "log" if self._home is not None else None
        return [log] if log is not None and log.exists() else []
