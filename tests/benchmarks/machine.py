"""What the figures were measured on."""

import os
import platform
from pathlib import Path

import msgspec
import psutil
import psycopg

SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size")


class Machine(msgspec.Struct, frozen=True):
    """The machine and the versions that matter."""

    cpu: str
    cores: int
    memory_gb: int
    system: str
    python: str
    postgresql: dict[str, str]
    load_average: float


def describe_machine(url: str) -> Machine:
    """Look at this machine and at the server that the benchmarks use."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", (list(SETTINGS),)
        ).fetchall()
    return Machine(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        postgresql=dict(rows),
        load_average=round(os.getloadavg()[0], 2),
    )


def _cpu_model() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
