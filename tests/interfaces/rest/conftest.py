"""Undisturbed by what is done in the background; those who work on contents."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.documents.slots import SLOT_CLASS
from projections.documents.projection import documents
from tests.interfaces.api import Api
from tests.interfaces.rest.workflow_people import acting
from tests.serving import Served

# As many documents are processed at a time.
SLOTS = 2

HOLD = "SELECT pg_advisory_lock(%s, %s)"
WAITING = documents.query("SELECT id FROM {schema}.jobs WHERE status = 'queued'")


@pytest.fixture(scope="module")
def nothing_processed(served: Served, api: Api) -> Iterator[None]:
    """Let no document be processed; in the end, the jobs that wait are called off."""
    with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as connection:
        for slot in range(SLOTS):
            connection.execute(HOLD, (SLOT_CLASS, slot))
        yield
        for (job_id,) in connection.execute(WAITING).fetchall():
            api.http.delete(f"/api/v1/process/job/{job_id}").raise_for_status()


@pytest.fixture(scope="module")
def author(served: Served, api: Api) -> Iterator[Api]:
    """The API, as wf-author reaches it, a user who has roles on contents alone."""
    with acting(served, api, name="wf-author") as author:
        yield author


@pytest.fixture(scope="module")
def editor(served: Served, api: Api) -> Iterator[Api]:
    """The API, as wf-editor reaches it."""
    with acting(served, api, name="wf-editor") as editor:
        yield editor
