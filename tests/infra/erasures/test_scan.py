"""What an erasure leaves is found wherever it is planted, and nothing is found where nothing is."""

import re
from pathlib import Path

import psycopg
import pytest

from application.erasures.ports import ErasureScan, Leftover
from application.runs.handlers import delete_run, restore_run
from application.runs.neutralization import NeutralizeRun, neutralize_run
from infra.erasures.search import Searched, search
from interfaces.services import Services
from tests.infra.erasures.conftest import BY_TEST, started
from tests.infra.event_store.opening import rows, tampered

pytestmark = pytest.mark.anyio


async def scan(services: Services, subject: str, *texts: str) -> ErasureScan:
    return await services.erasure_scanner.scan(await services.erasures.get(subject), texts)


async def found(services: Services, subject: str, *texts: str) -> list[tuple[str, str]]:
    return [
        (leftover.where, leftover.problem)
        for leftover in (await scan(services, subject, *texts)).found
    ]


async def test_after_an_erasure_nothing_is_found_though_everything_was_looked_at(
    services: Services, erased: str
) -> None:
    scanned = await scan(services, erased, "Ann Example", "ann@example.org", "Ann was here")

    assert scanned.found == []
    assert [place.place for place in scanned.places] == [
        "events",
        "data keys",
        "snapshots",
        "parked streams",
        "jobs",
        "claims",
        "audit log",
        "webhook deliveries",
        "read models",
        "searched texts",
    ]
    looked_at = {place.place: place.scanned for place in scanned.places}
    assert looked_at["events"] == {"events": 5}
    assert looked_at["read models"] == {
        "runs_v3.runs": 1,
        "runs_v3.contents": 1,
        "runs_v3.step_runs": 1,
        "history_v1.entries": 5,
    }
    assert looked_at["searched texts"]["public.events"] == scanned.log_position


async def test_the_scan_tells_which_fields_of_which_events_were_erased(
    services: Services, erased: str
) -> None:
    scanned = await scan(services, erased)
    assert [(each.event_type, each.fields, each.events) for each in scanned.erased] == [
        ("RunMetaChanged", ["personal_meta"], 1),
        ("RunStarted", ["entity_id", "entity_name", "personal_meta"], 1),
        ("StepRunSucceeded", ["personal_meta"], 1),
    ]


@pytest.mark.usefixtures("erased")
async def test_a_run_that_was_hidden_when_it_was_erased_leaves_nothing_either(
    services: Services, sql: psycopg.AsyncConnection
) -> None:
    [(process_id,)] = await rows(sql, "SELECT id FROM processes_v2.processes")
    assert isinstance(process_id, int)
    for name, is_restored in (("Cleo Hidden", False), ("Dora Restored", True)):
        run = await started(services, process_id, name)
        await delete_run(services.store, int(run.key), BY_TEST)
        command = NeutralizeRun(run_id=int(run.key), reason="", policy="manual")
        await neutralize_run(services.store, command, BY_TEST)
        if is_restored:
            await restore_run(services.store, int(run.key), BY_TEST)
        assert await found(services, run.id, name) == []


# Each statement plants something, and what comes with it is what must be found.
PLANTS = {
    "UPDATE runs_v3.runs SET entity_name = 'Ann', meta = '{\"mail\": \"a@b\"}' WHERE id = 1": (
        "runs_v3.runs",
        "row 1 has in entity_name, meta what its events do not tell",
    ),
    "UPDATE runs_v3.contents SET words = 'ann example' WHERE id = 1": (
        "runs_v3.contents",
        "row 1 has in words what its events do not tell",
    ),
    "DELETE FROM runs_v3.step_runs": ("runs_v3.step_runs", "row 1 is missing"),
    "UPDATE history_v1.entries SET request_id = 'Ann' WHERE position = 7": (
        "history_v1.entries",
        "row 7 has in request_id what its events do not tell",
    ),
    "UPDATE checkpoints SET version = 99 WHERE projection = 'users'": (
        "users_v1",
        "is not built in the version of this Annals",
    ),
    "INSERT INTO snapshots VALUES ('run-1', 2, 'Run', 2, NULL, '{}')": (
        "snapshots",
        "there is a snapshot of run-1",
    ),
    "INSERT INTO snapshots VALUES ('run-99', 2, 'Run', 2, 'run-1', '{}')": (
        "snapshots",
        "there is a snapshot of run-99",
    ),
    "INSERT INTO parked_streams"
    " (projection, projection_version, stream_id, position, version, topic, error, trace)"
    " VALUES ('history', 1, 'run-1', 99, 9, 'X', 'of Ann', '')": (
        "parked_streams",
        "run-1 is parked in history at 99; retry or skip it",
    ),
    "UPDATE checkpoints SET last_error = 'run-1 parked at 3: Ann' WHERE projection = 'history'": (
        "checkpoints",
        "the last error of history is of run-1",
    ),
    "SELECT jobs.enqueue('by_id', '{\"run_id\": 1, \"of\": \"Ann\"}', 0, 'tomorrow', NULL, NULL)": (
        "jobs.procrastinate_jobs",
        "(by_id) has an argument that is no id",
    ),
    "SELECT jobs.enqueue('by_lock', '{\"of\": [\"Ann\"]}', 0, 'tomorrow', 'run-1', NULL)": (
        "jobs.procrastinate_jobs",
        "(by_lock) has an argument that is no id",
    ),
    "SELECT jobs.enqueue('of_others', '{\"of\": \"Bob\"}', 0, 'tomorrow', 'run-2', NULL)": None,
    'SELECT jobs.enqueue(\'ids\', \'{"of": "run-1", "run_id": 1}\', 0, now(), NULL, NULL)': None,
    "INSERT INTO claims VALUES ('\\x00', 'Ann Example', 'run-1', 1, 3, now())": (
        "claims",
        "a claim holds something else than a digest",
    ),
    "INSERT INTO audit_log VALUES"
    " (1, now(), NULL, 'GET', '/runs/{run_id}', '/runs/ann', 404, 1, 'x', NULL),"
    " (2, now(), NULL, 'GET', '/runs/{run_id}', '/runs/1', 404, 1, 'x', NULL)": (
        "audit_log",
        "calls with a path that holds more than integer ids: 1",
    ),
    "INSERT INTO webhook_deliveries"
    " (delivery_id, webhook_id, position, ordinal, stream_id, event, last_error)"
    " VALUES (gen_random_uuid(), 1, 3, 0, 'run-1', 'run.started', 'told Ann Example'),"
    " (gen_random_uuid(), 1, 3, 1, 'run-1', 'Ann Example', NULL),"
    " ('00000000-0000-0000-0000-000000000001', 1, 4, 0, 'run-1', 'run.started', 'timeout')": (
        "webhook_deliveries",
        "rows that hold more than ids, names and outcomes: 2",
    ),
    "INSERT INTO webhook_attempts VALUES"
    " ('00000000-0000-0000-0000-000000000001', 1, now(), 1, NULL, 'Ann said no'),"
    " ('00000000-0000-0000-0000-000000000001', 2, now(), 1, 500, 'bad_status')": (
        "webhook_attempts",
        "rows that hold more than ids, names and outcomes: 1",
    ),
}


async def test_what_is_planted_is_found_and_nothing_else(
    services: Services, erased: str, sql: psycopg.AsyncConnection
) -> None:
    for plant in PLANTS:
        await sql.execute(plant.encode())
    leftovers = {
        (where, re.sub(r"^job [0-9]+ ", "", problem))
        for where, problem in await found(services, erased)
    }
    assert leftovers == {planted for planted in PLANTS.values() if planted is not None}


async def test_a_key_that_is_there_again_is_found_also_under_another_name(
    services: Services, erased: str, sql: psycopg.AsyncConnection
) -> None:
    for subject in (erased, "run-99"):
        plant = "INSERT INTO subject_keys SELECT %s, '\\x00', '', fingerprint FROM erasures"
        await sql.execute(plant, (subject,))
        assert await found(services, erased) == [("subject_keys", "there is a data key")]
        await sql.execute("DELETE FROM subject_keys WHERE subject = %s", (subject,))


async def test_events_that_tell_too_much_are_found_and_not_repeated(
    services: Services, erased: str, sql: psycopg.AsyncConnection
) -> None:
    changed = """
    UPDATE events
    SET state = convert_to(replace(convert_from(state, 'UTF8'), %s, %s), 'UTF8')
    WHERE topic = 'RunStarted' AND subject = 'run-1'
    """
    await tampered(sql, changed, '"entity_name":"[REDACTED]"', '"entity_name":"Ann Example"')
    clear = "UPDATE events SET protected = %s WHERE topic = 'RunMetaChanged'"
    await tampered(sql, clear, b'{"personal_meta": {"email": "ann@example.org"}}')
    await tampered(sql, "UPDATE events SET state = '' WHERE topic = 'StepRunSucceeded'")
    leftovers = await found(services, erased)
    assert leftovers[:3] == [
        ("events", "event 3 (RunStarted) has a value in entity_name"),
        ("events", "event 5 (StepRunSucceeded) cannot be read"),
        ("events", "event 7 (RunMetaChanged) has protected data that is not encrypted"),
    ]
    assert "Ann" not in repr(leftovers)


async def test_a_redaction_event_that_is_not_what_it_was_is_found(
    services: Services, erased: str, sql: psycopg.AsyncConnection
) -> None:
    erasure = await services.erasures.get(erased)
    for change, problem in (
        ("schema_version = 0", "the redaction event was changed"),
        ("event_id = gen_random_uuid()", "the redaction event is not in the log"),
    ):
        await tampered(sql, f"UPDATE events SET {change} WHERE topic = 'RunNeutralized'")
        scanned = await services.erasure_scanner.scan(erasure, [])
        assert Leftover(where="events", problem=problem) in scanned.found


BEFORE_THE_ERASURE = (
    "stands at 4, before the erasure; let `annals serve` catch up, "
    "or `annals projections rebuild` come to an end"
)


async def test_a_read_model_that_has_not_come_to_the_erasure_is_named(
    services: Services,
    erased: str,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services.freshness, "_patience", 0.1)
    await sql.execute("UPDATE checkpoints SET position = 4 WHERE projection = 'runs'")
    assert await found(services, erased) == [
        ("runs_v3 (live)", BEFORE_THE_ERASURE),
    ]


async def test_tables_that_a_killed_rebuild_left_are_named(
    services: Services, sql: psycopg.AsyncConnection, erased: str
) -> None:
    await sql.execute("CREATE SCHEMA runs_v1_replaced")

    assert await found(services, erased) == [
        ("runs_v1_replaced", "was left by a rebuild; `annals serve` removes it within the hour")
    ]


VALUES = {
    "text": "'of Ann EXAMPLE'",
    "varchar(99)": "'ANN EXAMPLE'",
    "json": '\'{"of": ["ann example"]}\'',
    "jsonb": "'{\"ann example\": 1}'",
    "text[]": "ARRAY['x', 'Ann Example']",
    "bytea": "convert_to('{\"Ann Example\": 1}', 'UTF8')",
    "tsvector": "to_tsvector('simple', 'example of an ann')",
}


async def test_a_text_is_found_in_a_column_of_any_kind_and_in_any_schema(
    sql: psycopg.AsyncConnection,
) -> None:
    await sql.execute("CREATE SCHEMA elsewhere")
    for number, (kind, value) in enumerate(VALUES.items()):
        table = f"elsewhere.notes_{number}"
        await sql.execute(f"CREATE TABLE {table} (id int, note {kind}, empty text)".encode())
        await sql.execute(f"INSERT INTO {table} VALUES (1, {value}), (2, NULL)".encode())
    assert (await search(sql, ["nobody", "Ann Example"], [])).found == [
        Leftover(where=f"elsewhere.notes_{number}", problem="a searched text is in rows: 1")
        for number in range(len(VALUES))
    ]
    assert (await search(sql, ["nobody"], [])).found == []


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Jo\u0308rg Große", "JÖRG GROSSE"),
        ('{"name": "Jane \\"Jay\\" Doe"}', 'Jane "Jay" Doe'),
        ('{"name": "J\\u00f6rg"}', "Jörg"),
    ],
)
def test_a_text_is_found_however_it_is_written(written: str, searched: str) -> None:
    assert Searched([searched]).within(written.encode())
    assert not Searched(["nobody"]).within(written.encode())


async def test_a_text_is_found_in_what_analyze_has_sampled(sql: psycopg.AsyncConnection) -> None:
    await sql.execute("CREATE TABLE notes (note text)")
    await sql.execute("INSERT INTO notes SELECT 'Ann Example' FROM generate_series(1, 9)")
    await sql.execute("ANALYZE notes")
    await sql.execute("DELETE FROM notes")
    assert [leftover.where for leftover in (await search(sql, ["Ann Example"], [])).found] == [
        "pg_catalog.pg_stats"
    ]


@pytest.mark.parametrize("piece", [1 << 20, 7])
async def test_a_text_is_found_in_the_servers_log_however_long_its_lines(
    sql: psycopg.AsyncConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr("infra.erasures.search.LOG_PIECE", piece)
    log = tmp_path / "log"
    log.write_text("started\nkey (name)=(Ann Example) exists\nstopped\n")
    scanned = await search(sql, ["ann example"], [log])
    assert scanned.scanned[f"{tmp_path.name}/log"] == 3
    assert [leftover.where for leftover in scanned.found] == [f"{tmp_path.name}/log"]
    assert (await search(sql, ["nobody"], [log])).found == []


async def test_a_table_that_cannot_be_read_is_no_proof(sql: psycopg.AsyncConnection) -> None:
    await sql.execute("CREATE TABLE closed (note text)")
    async with sql.transaction(force_rollback=True):
        await sql.execute("CREATE ROLE reader")
        await sql.execute("GRANT pg_read_all_stats TO reader")
        await sql.execute("SET LOCAL ROLE reader")
        scanned = await search(sql, ["nobody"], [])
    closed = Leftover(where="public.closed", problem="cannot be read by Annals")
    assert closed in scanned.found
