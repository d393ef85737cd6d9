"""Sending everybody through the process at once, as executors that report what they did."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from interfaces.demo.annals import TIMEOUT_SECONDS, OwnAnnals, checked
from interfaces.demo.journeys import Journey

AT_ONCE = 16


@dataclass(frozen=True)
class Traveller:
    """One journey as it was recorded: its run's id, and where its events stand in the log."""

    journey: Journey
    run_id: int
    steps_planned: int
    positions: list[int]

    @property
    def stream(self) -> str:
        """The stream that tells the journey."""
        return f"run-{self.run_id}"


@dataclass(frozen=True)
class Crowd:
    """Everybody who went through a process, and how long that took in all."""

    process_id: int
    travellers: list[Traveller]
    seconds: float

    @property
    def positions(self) -> list[int]:
        """Where the last event of each command stands in the log."""
        return [position for one in self.travellers for position in one.positions]

    def with_outcome(self, outcome: str) -> list[Traveller]:
        """Give those whose journey came to this."""
        return [one for one in self.travellers if one.journey.outcome == outcome]

    def failed_at(self, passed: int) -> Traveller:
        """Give somebody who failed after so many steps."""
        return next(one for one in self.with_outcome("failed") if one.journey.passed == passed)


async def send_through(
    annals: OwnAnnals, process_id: int, journeys: Sequence[Journey], arrived: Callable[[], None]
) -> Crowd:
    """Let all the journeys happen, sixteen at a time. Raises DemoFailedError."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def travel(http: httpx.AsyncClient, journey: Journey) -> Traveller:
        async with gate:
            traveller = await _travel(http, process_id, journey)
        arrived()
        return traveller

    async with httpx.AsyncClient(
        base_url=annals.url, headers=annals.headers, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as http:
        began = time.perf_counter()
        travellers = await asyncio.gather(*(travel(http, journey) for journey in journeys))
        return Crowd(process_id, travellers, time.perf_counter() - began)


async def _travel(http: httpx.AsyncClient, process_id: int, journey: Journey) -> Traveller:
    body = journey.run | {"process_id": process_id}
    started = checked(await http.post("/api/v1/runs/", json=body))
    run: dict[str, Any] = started.json()
    positions = [position_of(started)]
    for step, reports in zip(run["steps"], journey.reports, strict=False):
        for report in reports:
            path = f"/api/v1/step-runs/{step['id']}"
            positions.append(position_of(checked(await http.patch(path, json=report))))
    return Traveller(journey, run["id"], len(run["steps"]), positions)


def position_of(response: httpx.Response) -> int:
    """Tell where the last event of a command stands in the log."""
    return int(response.headers["X-Event-Position"])
