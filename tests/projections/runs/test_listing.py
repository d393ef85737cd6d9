"""How a run list finds its page and its total."""

import psycopg
import pytest

from interfaces.rest.runs.parameters import run_filter
from projections.runs.filtering import RunFilter, RunOrder
from projections.runs.listing import list_statement


def plan(database: str, wanted: RunFilter, order: RunOrder) -> str:
    """Tell how PostgreSQL would read a list, were it far too long to be read whole."""
    statement = list_statement(wanted, order, page=1, size=50)
    with psycopg.connect(database) as connection:
        connection.execute("SET enable_seqscan TO off")
        connection.execute("SET enable_sort TO off")
        explained = "EXPLAIN (COSTS off) " + statement.text.as_string(connection)
        return "\n".join(row[0] for row in connection.execute(explained, statement.values))


@pytest.mark.parametrize("parameters", [{}, {"process_id": 7}, {"status": "failed"}])
def test_what_the_statistics_know_is_not_counted(
    database: str, parameters: dict[str, object]
) -> None:
    wanted = run_filter(**parameters)  # type: ignore[arg-type]
    assert wanted.is_counted
    read = plan(database, wanted, RunOrder())
    assert "CTE gathered" not in read
    assert "statistics" in read


@pytest.mark.parametrize(
    "parameters",
    [
        {"entity_id": "x"},
        {"entity_name": "x"},
        {"started_after": "2026-01-01"},
        {"meta_filter": ["a:b"]},
        {"status": "failed", "meta_filter": ["a:b"]},
    ],
)
def test_what_they_do_not_know_is_gathered_and_counted(
    database: str, parameters: dict[str, object]
) -> None:
    wanted = run_filter(**parameters)  # type: ignore[arg-type]
    assert not wanted.is_counted
    assert "gathered" in plan(database, wanted, RunOrder())


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (RunFilter(entity_name="some name"), "contents_grams_idx"),
        (RunFilter(meta=[("department", "HR")]), "contents_meta_idx"),
        (RunFilter(words=["some"]), "contents_terms_idx"),
    ],
)
def test_every_search_has_an_index(database: str, wanted: RunFilter, index: str) -> None:
    assert index in plan(database, wanted, RunOrder())


@pytest.mark.parametrize(
    ("by", "index"),
    [
        ("created_at", "runs_created_at_idx"),
        ("updated_at", "runs_updated_at_idx"),
        ("started_at", "runs_started_at_idx"),
        ("finished_at", "runs_finished_at_idx"),
        ("failed_at", "runs_failed_at_idx"),
        ("entity_name", "runs_entity_name_idx"),
        ("entity_id", "runs_entity_id_idx"),
        ("status", "runs_status_idx"),
        ("id", "runs_pkey"),
    ],
)
def test_every_order_has_an_index(database: str, by: str, index: str) -> None:
    assert index in plan(database, RunFilter(), RunOrder(by))


def test_runs_of_a_process_and_a_status_have_an_index(database: str) -> None:
    read = plan(database, RunFilter(process_id=7, status="failed"), RunOrder())
    assert "runs_process_id_status_idx" in read
