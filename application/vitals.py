"""How the machine and what Annals stands on are."""

from typing import Protocol

import msgspec


class SystemMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine is."""

    memory_usage_percent: float
    cpu_usage_percent: float
    disk_usage_percent: float
    uptime_seconds: int


class MemoryMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The machine's memory, in bytes and in percent."""

    total: int
    available: int
    percent: float


class CpuMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine's processors are, in percent, and how many there are."""

    percent: float
    count: int


class DiskMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The disk that the data directory is on, in bytes and in percent."""

    total: int
    used: int
    free: int
    percent: float


class MachineMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine has, and how much of it is in use."""

    memory: MemoryMetrics
    cpu: CpuMetrics
    disk: DiskMetrics


class Vitals(Protocol):
    """Knows whether what Annals stands on is there."""

    async def database(self) -> bool:
        """Tell whether the database answers."""
        ...

    async def log_is_writable(self) -> bool:
        """Tell whether events can be recorded."""
        ...

    async def cache(self) -> bool:
        """Tell whether Redis answers; without Redis the cache is this process, which does."""
        ...

    def system(self, uptime_seconds: int) -> SystemMetrics:
        """Measure the machine."""
        ...

    def machine(self) -> MachineMetrics:
        """Measure what the machine has, and how much of it is in use."""
        ...
