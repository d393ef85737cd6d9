"""Whether what Annals stands on is there, and how busy the machine is."""

from pathlib import Path

import psutil
import psycopg
import psycopg_pool
import redis.asyncio
from psycopg_pool import AsyncConnectionPool
from redis.exceptions import RedisError

from application.vitals import CpuMetrics, DiskMetrics, MachineMetrics, MemoryMetrics, SystemMetrics

PATIENCE_SECONDS = 2.0

LOG_IS_WRITABLE = """
SELECT NOT pg_is_in_recovery()
   AND current_setting('transaction_read_only') = 'off'
   AND has_table_privilege('events', 'INSERT')
"""


class MachineVitals:
    """Implements the application's Vitals port."""

    def __init__(self, pool: AsyncConnectionPool, redis_url: str | None, home: Path) -> None:
        self._pool = pool
        self._redis = (
            redis.asyncio.from_url(redis_url, socket_timeout=PATIENCE_SECONDS)
            if redis_url is not None
            else None
        )
        self._home = home
        psutil.cpu_percent()  # the first reading has nothing to compare with

    async def database(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self._pool.connection(timeout=PATIENCE_SECONDS) as connection:
                await connection.execute("SELECT 1")
        except (psycopg.Error, psycopg_pool.PoolTimeout):
            return False
        return True

    async def log_is_writable(self) -> bool:
        """Tell whether events can be recorded."""
        try:
            async with self._pool.connection(timeout=PATIENCE_SECONDS) as connection:
                row = await (await connection.execute(LOG_IS_WRITABLE)).fetchone()
        except (psycopg.Error, psycopg_pool.PoolTimeout):
            return False
        return row is not None and bool(row[0])

    async def cache(self) -> bool:
        """Tell whether Redis answers; without Redis the cache is this process, which does."""
        if self._redis is None:
            return True
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        """Let go of Redis."""
        if self._redis is not None:
            await self._redis.aclose()

    def system(self, uptime_seconds: int) -> SystemMetrics:
        """Measure the machine."""
        return SystemMetrics(
            memory_usage_percent=psutil.virtual_memory().percent,
            cpu_usage_percent=psutil.cpu_percent(),
            disk_usage_percent=psutil.disk_usage(str(self._home)).percent,
            uptime_seconds=uptime_seconds,
        )

    def machine(self) -> MachineMetrics:
        """Measure what the machine has, and how much of it is in use."""
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._home))
        return MachineMetrics(
            memory=MemoryMetrics(
                total=memory.total, available=memory.available, percent=memory.percent
            ),
            cpu=CpuMetrics(percent=psutil.cpu_percent(), count=psutil.cpu_count() or 1),
            disk=DiskMetrics(
                total=disk.total, used=disk.used, free=disk.free, percent=disk.percent
            ),
        )
