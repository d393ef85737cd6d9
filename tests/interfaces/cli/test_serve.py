"""``annals serve`` runs everything in one process, or a part of it in each of several."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.homes import Home, wait_for_line, wait_until
from tests.interfaces.api import Api
from tests.interfaces.conftest import fresh_database
from tests.serving import Served, wait_until_healthy

ENQUEUE = "SELECT jobs.enqueue(%s, '{}', 0, NULL, NULL, NULL)"
STATUS = "SELECT status::text FROM jobs.procrastinate_jobs WHERE id = %s"


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as database:
        yield database


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    home.end_all()


def enqueue(sql: psycopg.Connection, name: str = "forget_finished_jobs") -> int:
    row = sql.execute(ENQUEUE, (name,)).fetchone()
    assert row is not None
    job_id: int = row[0]
    return job_id


def status(sql: psycopg.Connection, job_id: int) -> str:
    row = sql.execute(STATUS, (job_id,)).fetchone()
    assert row is not None
    found: str = row[0]
    return found


def assert_written_and_read(served: Served) -> None:
    with served.client() as client:
        api = Api(client)
        process_id = api.create_process("a step")
        assert api.get(f"/api/v1/processes/{process_id}")["id"] == process_id


def test_alone_it_does_the_jobs_too(home: Home, database: str) -> None:
    served = home.start(DATABASE_URL=database)
    wait_until_healthy(served)
    with psycopg.connect(database, autocommit=True) as sql:
        jobs = [enqueue(sql, name) for name in ("forget_finished_jobs", "sweep_retention")]
        wait_until(lambda: {status(sql, job) for job in jobs} == {"succeeded"}, "they are done")


def test_a_process_for_jobs_works_beside_one_for_all_else(home: Home, database: str) -> None:
    served = home.start("--only", "api,projections", DATABASE_URL=database)
    wait_until_healthy(served)
    assert_written_and_read(served)
    with psycopg.connect(database, autocommit=True) as sql:
        job_id = enqueue(sql)
        assert status(sql, job_id) == "todo"
        worker = home.start("--only", "jobs", DATABASE_URL=database)
        wait_for_line(worker, "Annals does the background jobs")
        wait_until(lambda: status(sql, job_id) == "succeeded", "the job is done")
        assert_written_and_read(served)
        worker.process.terminate()
        assert worker.process.wait(20) == 0
        assert sql.execute("SELECT FROM jobs.procrastinate_workers").fetchall() == []


def test_read_models_and_jobs_can_share_a_process(home: Home, database: str) -> None:
    worker = home.start("--only", "projections, jobs", DATABASE_URL=database)
    served = home.start("--only", "api", DATABASE_URL=database)
    wait_for_line(worker, "Annals keeps the read models up to date")
    wait_for_line(worker, "Annals does the background jobs")
    wait_until_healthy(served)
    assert_written_and_read(served)


@pytest.mark.parametrize("only", ["api,nonsense", "api,"])
def test_an_unknown_part_is_refused(home: Home, database: str, only: str) -> None:
    refused = home.start("--only", only, DATABASE_URL=database)
    assert refused.process.wait(20) == 2
    assert "must be some of api, projections, jobs, webhooks" in refused.log.read_text()
