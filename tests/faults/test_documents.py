"""A server that is killed while it reads a sheet: the job ends all the same, no game twice."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.homes import Home, wait_until
from tests.interfaces.api import Api, Json
from tests.serving import wait_until_healthy

SHEET = Path(__file__).parents[3] / "shared" / "corpus" / "szerencsemix_57_2025-07-18.pdf"
GAMES = 340

pytestmark = pytest.mark.xdist_group("faults")


def status(api: Api, job_id: str) -> Json:
    shown: Json = api.get(f"/api/v1/process/status/{job_id}")
    return shown


def test_a_job_whose_server_is_killed_ends_with_the_same_games_and_none_twice(home: Home) -> None:
    served = home.start()
    wait_until_healthy(served)
    with served.client() as client, SHEET.open("rb") as file:
        api = Api(client)
        job_id = client.post("/api/v1/upload", files={"file": file}).json()["job_id"]
        wait_until(lambda: status(api, job_id)["progress_percent"] > 20, "pages that are read")
    os.killpg(served.process.pid, signal.SIGKILL)  # a worker alone would end what it reads
    served.process.wait()
    wait_until(lambda: not home.annals(), "no process outlives its supervisor")

    served = home.start()
    wait_until_healthy(served)
    with served.client() as client:
        api = Api(client)
        reached = status(api, job_id)["progress_percent"]
        wait_until(lambda: status(api, job_id)["status"] == "completed", "a job that completed")
        done = status(api, job_id)
        topics = Counter(event["type"] for event in api.events(f"job-{job_id}"))
        assert api.get("/api/v1/games", limit=1)["total"] == GAMES
        listed = client.get("/api/v1/events?types=GameListed&limit=1000").json()["events"]

    assert 20 < reached <= done["progress_percent"] == 100.0
    assert done["attempts"] == topics["ProcessingStarted"] == 2
    assert topics["ProcessingCompleted"] == 1
    assert done["result"]["games_listed"] == len(listed) == GAMES
