"""What tests of stewardship send: the seed's own bodies."""

import json
import re
import time
from pathlib import Path
from typing import Any

from tests.interfaces.api import Api, Json, unique

SEED = Path(__file__).parents[4] / "shared" / "seeds" / "stewardship-api.md"
ANN = "user_123"


def seed_blocks(language: str) -> list[str]:
    """Give the seed's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", SEED.read_text(), re.DOTALL)


def seed_body(**fields: Any) -> Json:
    """Give the body of the seed's first example, some fields otherwise."""
    [body] = [block for block in seed_blocks("json") if '"auto_assignment"' in block]
    whole: Json = json.loads(body)
    return whole | fields


def small_body(**fields: Any) -> Json:
    """Give the least that a stewardship needs."""
    body: Json = {
        "type": "data_quality",
        "domain": unique("domain"),
        "stewards": [{"user_id": ANN, "role": "owner"}],
    }
    return body | fields


def quiet_body(**fields: Any) -> Json:
    """Give the seed's body with nothing in it that falls due by itself, or needs approval."""
    body = seed_body(domain=unique("domain"), options={"auto_assignment": True})
    body["responsibilities"][0]["due_date"] = "2099-12-26T10:30:00Z"
    [workflow] = body["workflows"]
    workflow["triggers"][0]["schedule"] = None
    workflow["steps"][0]["timeout"] = None
    return body | fields


def create(api: Api, **fields: Any) -> Json:
    """Set up a stewardship like the seed's, in which nothing falls due by itself."""
    return api.post("/stewardship", quiet_body(**fields))


def finished(api: Api, job_id: str) -> Json:
    """Wait until a worker has set the stewardship up."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        job: Json = api.get("/stewardship/jobs", id=job_id)
        if job["status"] in ("completed", "failed"):
            assert job["status"] == "completed", job
            return job
        time.sleep(0.02)
    raise AssertionError("nobody took the job up")
