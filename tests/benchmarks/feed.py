"""Events a second to a consumer that was away for a million events, over HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import psutil

from infra.event_store.reader import LogReader
from infra.event_store.rotation import establish_master_key
from infra.postgres.connections import connection_pool
from infra.postgres.migrations import migrate
from infra.settings import Settings
from interfaces.composition import build_projections, keyring, let_first_admin_in, open_database
from tests.benchmarks.database import Ground, settle
from tests.benchmarks.measuring import Comparison, Outcome, compare
from tests.benchmarks.mixed_log import fill
from tests.serving import ADMIN_KEY, ADMIN_PASSWORD, Served, serving

EVENTS = 1_000_000
ROUNDS = 1
GOAL = 10_000
PAGE = 1000

FEED = "/api/v1/events/"
STREAM = "/api/v1/events/stream"
DATA = b"\ndata: "
MEGABYTE = 1024 * 1024


class Page(msgspec.Struct):
    """What a consumer reads of a page, with every event left as it came."""

    events: list[msgspec.Raw]
    next_after: int


async def measure_feed(ground: Ground) -> Outcome:
    """Compare catching up with reading the same pages from the store within the process."""
    settings = ground.settings()
    assert settings.database_url is not None
    migrate(settings.database_url)
    establish_master_key(settings.database_url, keyring(settings))
    first = msgspec.structs.replace(
        settings, admin_password=ADMIN_PASSWORD, admin_api_key=ADMIN_KEY
    )
    await let_first_admin_in(first, settings.database_url)
    fill(settings.database_url, keyring(settings), EVENTS)
    with open_database(settings) as conninfo:  # what follows the log begins behind it
        await build_projections(settings, conninfo, lambda _: None)
        settle(conninfo)
    comparisons = []
    with _served(settings) as server:
        for case, catch_up in (("pages", _by_pages), ("server-sent events", _by_stream)):
            before = _memory(server)
            comparison = await compare(
                case,
                lambda catch_up=catch_up: catch_up(server),  # type: ignore[misc]
                lambda: _reading(settings),
                rounds=ROUNDS,
                warm_up=False,
            )
            comparison.details = _details(comparison, _memory(server) - before)
            comparisons.append(comparison)
    return Outcome(
        name="feed",
        title="Catching up with the log over HTTP",
        unit="events/s",
        ours="Annals",
        other="reading the store",
        comparisons=comparisons,
        notes=f"""
        Annals: `annals serve` as shipped, one worker; an admin's API key; {EVENTS:,} mixed events
        (runs, processes, users; decrypted, redacted where erased), in pages of {PAGE} that are
        asked for one after the other on one connection, and as one stream. "Memory" is how much
        more the server's processes hold after it.

        Reading the store: LogReader over the same pages, decoded and decrypted, without HTTP.
        """,
    )


def _details(comparison: Comparison, grown: int) -> dict[str, str]:
    reached = comparison.ours.median >= GOAL
    return {
        "wanted": f"≥ {GOAL:,}",
        "reached": "[green]yes[/]" if reached else "[bold red]no[/]",
        "memory": f"{grown / MEGABYTE:+.0f} MB",
    }


@contextmanager
def _served(settings: Settings) -> Iterator[Served]:
    assert settings.annals_master_key is not None
    with serving(
        settings.annals_home / "feed",
        database_url=settings.database_url,
        ANNALS_MASTER_KEY=settings.annals_master_key,
    ) as served:
        yield served


def _memory(served: Served) -> int:
    server = psutil.Process(served.process.pid)
    return sum(process.memory_info().rss for process in (server, *server.children()))


async def _by_pages(served: Served) -> float:
    decode = msgspec.json.Decoder(Page).decode
    after = count = 0
    began = time.perf_counter()
    with served.client() as client:
        while count < EVENTS:
            page = decode(client.get(FEED, params={"after": after, "limit": PAGE}).content)
            after, count = page.next_after, count + len(page.events)
            assert page.events
    return count / (time.perf_counter() - began)


async def _by_stream(served: Served) -> float:
    count, rest = 0, b""
    began = time.perf_counter()
    with served.client() as client, client.stream("GET", STREAM) as response:
        for chunk in response.iter_bytes():
            count += (rest + chunk).count(DATA)
            if count >= EVENTS:
                break
            rest = chunk[1 - len(DATA) :]  # which may be the beginning of another one
    return count / (time.perf_counter() - began)


async def _reading(settings: Settings) -> float:
    assert settings.database_url is not None
    count = 0
    began = time.perf_counter()
    async with connection_pool(settings.database_url, 2) as pool:
        async for page in LogReader(pool, keyring(settings)).after(0, size=PAGE):
            count += len(page.events)
    return count / (time.perf_counter() - began)
