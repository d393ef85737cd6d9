"""What tests of stewardship send: the seed's own bodies."""

import json
import re
from pathlib import Path
from typing import Any

import httpx

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


def create(api: Api, **fields: Any) -> Json:
    """Set up a stewardship like the seed's; without approval, so that its status can change."""
    body = seed_body(domain=unique("domain"), **fields)
    return api.post("/stewardship", body)


def refused(response: httpx.Response, status: int, *mentions: str) -> str:
    """Check an error in the seed's shape; give what it says."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body.keys() == {"error"}
    error: str = body["error"]
    for mention in mentions:
        assert mention in error
    return error
