"""After a neutralization the personal data is nowhere (contract section 7).

Not in a table, not in a log, not in a response, whatever was done with it before: reported,
overwritten, searched for, refused, snapshotted, analyzed.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from infra.postgres.embedded import EmbeddedPostgres
from tests.faults.forgetting import REPORTS, Story, analyze, told
from tests.faults.scan import Traces
from tests.interfaces.api import Api, Json
from tests.serving import serving

pytestmark = pytest.mark.xdist_group("erasure")

READ_MODEL = {"runs_v3.runs", "runs_v3.contents", "runs_v3.step_runs"}


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    home = Path(tempfile.mkdtemp(prefix="annals-erasure-"))
    try:
        with serving(home) as served, EmbeddedPostgres(home) as postgres, served.client() as client:
            yield told(served, Api(client), postgres.url, home)
    finally:
        shutil.rmtree(home)


def test_before_the_erasure_clear_text_is_in_the_read_model_alone(story: Story) -> None:
    assert set(story.before) == READ_MODEL
    current = set(story.forgotten.words) - {story.forgotten.first_note, story.forgotten.late_note}
    assert set.union(*story.before.values()) == current


def test_a_snapshot_goes_with_the_data_and_those_of_others_stay(story: Story) -> None:
    with psycopg.connect(story.database) as connection:
        snapshots = connection.execute("SELECT originator_id FROM snapshots").fetchall()
    assert snapshots == [(f"run-{story.other_run['id']}",)]


def test_no_table_of_the_database_has_any_of_it(story: Story) -> None:
    assert Traces(*story.forgotten.words).in_database(story.database) == {}


def test_samples_taken_later_have_none_of_it_either(story: Story) -> None:
    analyze(story.database)
    assert Traces(*story.forgotten.words).in_database(story.database) == {}


def test_the_data_of_others_is_still_there(story: Story) -> None:
    found = Traces(*story.kept.words).in_database(story.database)
    assert set(found) == READ_MODEL
    assert story.api.found(entity_id=story.kept.entity_id) == [story.kept.entity_id]


def test_the_row_of_the_run_tells_what_happened_and_to_nobody(story: Story) -> None:
    run = story.run["id"]
    with psycopg.connect(story.database) as connection:
        rows = connection.execute("SELECT * FROM runs_v3.runs WHERE id = %s", (run,)).fetchall()
        steps = connection.execute(
            "SELECT meta FROM runs_v3.step_runs WHERE run_id = %s ORDER BY index", (run,)
        ).fetchall()
        fields = connection.execute(
            "SELECT entity_id, entity_name, meta, is_neutralized FROM runs_v3.runs WHERE id = %s",
            (run,),
        ).fetchone()
    assert fields == (f"NEUTRALIZED_{run}", None, {"department": "Sales"}, True)
    assert steps == [({"version": REPORTS - 1},), ({},)]
    assert Traces(*story.forgotten.words).within(repr(rows).encode()) == set()


def test_the_data_key_is_gone_and_fenced(story: Story) -> None:
    subject = (f"run-{story.run['id']}",)
    with psycopg.connect(story.database) as connection:
        keys = connection.execute("SELECT FROM subject_keys WHERE subject = %s", subject)
        assert keys.rowcount == 0
        fence = connection.execute("SELECT FROM erasures WHERE subject = %s", subject)
        assert fence.rowcount == 1


def test_no_log_has_any_of_it(story: Story) -> None:
    logs = [story.served.log, *story.home.glob("postgres*/log"), *story.home.glob("*.log")]
    assert {path.name for path in logs} >= {"log", story.served.log.name}
    assert "422" in story.served.log.read_text()  # the refusals are there, their data is not
    everybody = [*story.forgotten.words, *story.kept.words]
    assert Traces(*everybody).in_files(logs) == {}


def responses(api: Api, run: Json) -> Iterator[httpx.Response]:
    """Ask for everything in which the run could be shown, without naming what was erased."""
    stream = f"/api/v1/audit/streams/run-{run['id']}"
    yield from (
        api.http.get(path)
        for path in (
            "/api/v1/runs/?size=100",
            "/api/v1/runs/?size=100&order_by=entity_name",
            "/api/v1/runs/?size=100&meta_filter=department:Sales",
            f"/api/v1/runs/{run['id']}",
            f"/api/v1/step-runs/run/{run['id']}",
            *(f"/api/v1/step-runs/{step['id']}" for step in run["steps"]),
            f"/api/v1/dashboard/process/{run['process_id']}",
            "/api/v1/audit/history?size=100",
            f"/api/v1/audit/history?size=100&stream=run-{run['id']}",
            "/api/v1/projections",
            "/health",
            stream,
            f"{stream}/state",
        )
    )
    events = api.events(f"run-{run['id']}")
    for event in [*events[:3], *events[-3:], events[len(events) // 2]]:
        yield api.http.get(f"{stream}/state?version={event['version']}")
        yield api.http.get(f"{stream}/state", params={"at": event["recorded_at"]})


def test_no_response_has_any_of_it(story: Story) -> None:
    traces = Traces(*story.forgotten.words)
    asked = list(responses(story.api, story.run))
    assert len(asked) > 20
    for response in asked:
        assert response.status_code == 200, response.text
        assert traces.within(response.content) == set(), response.url


def test_no_search_finds_any_of_it(story: Story) -> None:
    person = story.forgotten
    for wanted in (
        {"entity_id": person.entity_id},
        {"entity_name": person.name},
        {"meta_filter": f"email:{person.email}"},
        {"meta_filter": f"phone:{person.phone}"},
        {"meta_filter": f"address.lines.0.city:{person.city}"},
    ):
        assert story.api.runs(**wanted)["items"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "history"),
        ("audit", "history", "--json"),
        ("audit", "state", "--version", "1"),
        ("audit", "state", "--version", "100", "--json"),
    ],
)
def test_no_terminal_shows_any_of_it(story: Story, arguments: tuple[str, ...]) -> None:
    done = story.served.run(*arguments, f"run-{story.run['id']}")
    assert done.returncode == 0
    assert "[REDACTED]" in done.stdout
    assert Traces(*story.forgotten.words).within((done.stdout + done.stderr).encode()) == set()


def test_an_erasure_in_the_midst_of_reports_leaves_nothing_either(story: Story) -> None:
    words = [word for person in story.racers for word in person.words]
    traces = Traces(*words)
    assert traces.in_database(story.database) == {}
    assert traces.in_files([story.served.log, *story.home.glob("postgres*/log")]) == {}
    for run in story.raced:
        for response in responses(story.api, run):
            assert response.status_code == 200, response.text
            assert traces.within(response.content) == set(), response.url


def test_the_chain_holds_over_all_of_it(story: Story) -> None:
    assert story.api.get("/api/v1/audit/verify")["valid"] is True
    done = story.served.run("audit", "verify", "--json")
    assert done.returncode == 0
    assert '"valid":true' in done.stdout
