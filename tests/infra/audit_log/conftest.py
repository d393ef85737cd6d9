from collections.abc import AsyncIterator

import pytest
from psycopg_pool import AsyncConnectionPool

from infra.postgres.connections import connection_pool


@pytest.fixture
async def pool(database: str, anyio_backend: str) -> AsyncIterator[AsyncConnectionPool]:
    assert anyio_backend == "asyncio"
    async with connection_pool(database, 4) as pool:
        yield pool
