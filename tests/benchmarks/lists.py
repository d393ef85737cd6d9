"""Run lists over a million runs: how long the slowest take, and what they cost beside a few."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import psycopg

from infra.settings import Settings
from interfaces.composition import open_database
from projections.runs.filtering import RunFilter, RunOrder
from projections.runs.listing import list_statement
from tests.benchmarks.commands import BODIES, PROJECT, RUNS, request_to_start
from tests.benchmarks.database import Ground
from tests.benchmarks.load import Order, Receipt
from tests.benchmarks.measuring import Comparison, Outcome, Series
from tests.benchmarks.million import PROCESSES, fill
from tests.benchmarks.workload import STEP_NAMES
from tests.serving import ADMIN_KEY, Served, serving

MANY = 1_000_000
FEW = 1_000
GOAL_MS = 100.0
WITHIN_TEN_PERCENT = 0.9
WITHIN_HALF_MORE = 1 / 1.5
TOGETHER = 16

LARGE = ("runs", "contents", "step_runs")

FIRST_PAGE = RUNS
DASHBOARD = "/api/v1/dashboard/process/7"

# What issue 3 names, each as a client asks for it, and as the read model is asked.
LISTS: dict[str, tuple[str, RunFilter | None]] = {
    "first page": (FIRST_PAGE, RunFilter()),
    "page 1,000": (f"{RUNS}?page=1000", RunFilter()),
    "meta filter, 1 % fit": (
        f"{RUNS}?meta_filter=department:D42",
        RunFilter(meta=[("department", "D42")]),
    ),
    "status filter": (f"{RUNS}?status=failed", RunFilter(status="failed")),
    "name search, 1 % fit": (
        f"{RUNS}?{urlencode({'entity_name': 'østergaard 42'})}",
        RunFilter(entity_name="østergaard 42"),
    ),
    "dashboard": (DASHBOARD, None),
}


class Store(msgspec.Struct, frozen=True):
    """A store with so many runs, and how it is served."""

    runs: int
    settings: Settings


async def measure_lists(ground: Ground) -> Outcome:
    """Compare a store of a million runs with one of a thousand."""
    return await asyncio.to_thread(_measure, ground)


def _measure(ground: Ground) -> Outcome:
    few, many = (_filled(ground, runs) for runs in (FEW, MANY))
    measured: dict[int, dict[str, Receipt]] = {}
    for store in (few, many):
        with _served(store.settings) as served:
            measured[store.runs] = dict(_receipts(served))
    plans = dict(_plans(many))
    return Outcome(
        name="lists",
        title=f"Run lists and starting runs, with {MANY:,} runs in the store",
        unit="p95 in ms; the last two in requests/s",
        ours=f"{MANY:,} runs",
        other=f"{FEW:,} runs",
        comparisons=[
            *(_list_row(name, measured[MANY], measured[FEW], plans) for name in LISTS),
            _rate_row("list, 16 connections", measured, WITHIN_HALF_MORE),
            _rate_row("start, 16 connections", measured, WITHIN_TEN_PERCENT),
        ],
        notes=f"""
        Read models and log are loaded by COPY; `annals serve` as shipped answers over HTTP. Each
        list is asked for two seconds by one client, one request after the other; the goal is a p95
        under {GOAL_MS:.0f} ms with {MANY:,} runs. "Index" names what the plan reads the runs by.

        The last two are requests a second of {TOGETHER} clients at once: the first page, which is
        to take no more than 1.5 times as long, and POST /api/v1/runs/, within 10 %.
        """,
    )


def _filled(ground: Ground, runs: int) -> Store:
    settings = ground.settings()
    assert settings.database_url is not None
    with open_database(settings), _served(settings) as served, served.client() as client:
        for number in range(PROCESSES):
            process = {"name": f"Process {number}"}
            process_id = _created(client, "/api/v1/processes/", process)["id"]
            for index, name in enumerate(STEP_NAMES):
                step = {"process_id": process_id, "index": index, "name": name}
                _created(client, "/api/v1/steps/", step)
        assert client.get(RUNS).json()["total"] == 0
    fill(settings.database_url, runs)
    return Store(runs, settings)


@contextlib.contextmanager
def _served(settings: Settings) -> Iterator[Served]:
    assert settings.annals_master_key is not None
    with serving(
        settings.annals_home,
        database_url=settings.database_url,
        ANNALS_MASTER_KEY=settings.annals_master_key,
        RATE_LIMIT_ENABLED="false",
    ) as served:
        yield served


def _receipts(served: Served) -> Iterator[tuple[str, Receipt]]:
    port = httpx.URL(served.url).port
    assert port is not None
    for name, (path, _) in LISTS.items():
        yield name, _asked(port, [_get(path)], connections=1)
    yield "list, 16 connections", _asked(port, [_get(FIRST_PAGE)], connections=TOGETHER)
    key = f"X-API-Key: {ADMIN_KEY}\r\n"
    starts = [request_to_start(RUNS, n, n % PROCESSES + 1, key) for n in range(BODIES)]
    started = _asked(port, starts, connections=TOGETHER, status=httpx.codes.CREATED)
    yield "start, 16 connections", started


def _asked(
    port: int, requests: list[bytes], *, connections: int, status: int = httpx.codes.OK
) -> Receipt:
    order = Order(
        port=port,
        connections=connections,
        warm_up_seconds=1.0,
        seconds=3.0,
        expected_status=status,
        requests=requests,
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load"],
        input=msgspec.json.encode(order),
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Receipt)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {ADMIN_KEY}\r\n\r\n".encode()


def _created(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(path, json=body)
    assert response.status_code == httpx.codes.CREATED, response.text
    created: dict[str, Any] = response.json()
    return created


def _plans(store: Store) -> Iterator[tuple[str, str]]:
    """Name the indexes by which each list finds its runs."""
    assert store.settings.database_url is not None
    with psycopg.connect(store.settings.database_url) as connection:
        for name, (_, wanted) in LISTS.items():
            if wanted is None:
                continue
            page = 1000 if name == "page 1,000" else 1
            statement = list_statement(wanted, RunOrder(), page=page, size=50)
            explained = connection.execute(
                "EXPLAIN (FORMAT JSON) " + statement.text.as_string(connection), statement.values
            ).fetchone()
            assert explained is not None
            plan = json.dumps(explained[0]) if not isinstance(explained[0], str) else explained[0]
            yield name, plan


def _list_row(
    name: str, many: dict[str, Receipt], few: dict[str, Receipt], plans: dict[str, str]
) -> Comparison:
    ours, other = many[name].p95_ms, few[name].p95_ms
    return Comparison(
        case=name,
        ours=Series([ours]),
        other=Series([other]),
        ratio=Series([other / ours]),
        met=ours < GOAL_MS,
        details={"index": "\n".join(_indexes(plans.get(name, "")))},
    )


def _rate_row(name: str, measured: dict[int, dict[str, Receipt]], goal: float) -> Comparison:
    ours, other = measured[MANY][name].rate, measured[FEW][name].rate
    p95 = " / ".join(f"{measured[runs][name].p95_ms:.1f}" for runs in (MANY, FEW))
    return Comparison(
        case=name,
        ours=Series([ours]),
        other=Series([other]),
        ratio=Series([ours / other]),
        goal=goal,
        met=ours / other >= goal,
        details={"index": f"p95 {p95} ms"},
    )


def _indexes(plan: str) -> list[str]:
    """Name the indexes in a plan, and every table that is read from end to end."""
    found: dict[str, None] = {}

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("Node Type") == "Seq Scan" and node["Relation Name"] in (
                "runs",
                "contents",
            ):
                found[f"all of {node['Relation Name']}"] = None
            if name := node.get("Index Name"):
                found[name] = None
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for item in node:
                visit(item)

    visit(json.loads(plan) if plan else [])
    return list(found)
