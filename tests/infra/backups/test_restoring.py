"""Whoever was erased stays erased, whichever backup is restored."""

import shutil
from pathlib import Path

import pytest

from application.backups import BackupError
from infra.backups.ledger_file import LedgerError, LedgerFile
from infra.backups.restoring import inspect, restore
from infra.postgres.tools import running
from interfaces.composition import keyring, open_database, restore_backup
from interfaces.services import Services
from tests.infra.backups.world import World


def ledger(world: World) -> LedgerFile:
    return LedgerFile(world.settings.backups)


def read_model(world: World) -> list[tuple[object, ...]]:
    return world.rows("SELECT to_jsonb(r) FROM runs_v3.runs AS r ORDER BY 1")


def test_what_was_erased_after_the_backup_is_erased_again_everywhere(world: World) -> None:
    ann, bob = world.start_runs("Ann Example", "Bob Example")
    backup = world.back_up()
    world.forget(ann)
    [(fingerprint, event_id)] = world.rows("SELECT fingerprint, event_id FROM erasures")

    restored = world.restore(backup.path)
    assert (restored.erased_again, restored.fenced) == (1, 0)
    assert world.named(ann) == (None, None)
    assert world.named(bob) == ("Bob Example", "Bob Example")
    assert world.chain_holds()
    assert world.rows("SELECT subject FROM subject_keys WHERE subject LIKE 'run-%%'") == [
        (f"run-{bob}",)
    ]
    [(subject, again, position)] = world.rows("SELECT subject, fingerprint, position FROM erasures")
    assert (subject, again) == (f"run-{ann}", fingerprint)
    [(topic, cause, actor)] = world.rows(
        "SELECT topic, metadata ->> 'causation_id', metadata ->> 'actor' FROM events"
        " WHERE notification_id = %s",
        position,
    )
    assert (topic, cause, actor) == ("RunNeutralized", str(event_id), "system")
    for schema, table in world.rows(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^pg_|information_schema'"
    ):
        found = world.rows(f"SELECT t::text FROM {schema}.{table} AS t")
        assert not [row for row in found if "Ann Example" in row[0]], table


def test_a_snapshot_of_the_backup_does_not_outlive_the_erasure(world: World) -> None:
    [ann] = world.start_runs("Ann Example")
    world.rows(
        "INSERT INTO snapshots VALUES (%s, 1, 'Run', 1, %s, 'sealed')", f"run-{ann}", f"run-{ann}"
    )
    backup = world.back_up()
    world.forget(ann)
    world.restore(backup.path)
    assert world.rows("SELECT FROM snapshots") == []


def test_ids_that_were_given_after_the_backup_are_not_given_again(world: World) -> None:
    world.start_runs("Ann Example")
    backup = world.back_up()
    [bob, eve] = world.start_runs("Bob Example", "Eve Example")
    world.forget(bob)
    restored = world.restore(backup.path)
    assert (restored.erased_again, restored.fenced) == (0, 1)
    assert world.start_runs("Cid Example") == [eve + 1]
    assert world.named(eve + 1) == ("Cid Example", "Cid Example")


def test_ids_are_not_given_again_even_if_the_database_is_lost(world: World) -> None:
    world.start_runs("Ann Example")
    first = world.back_up()
    world.start_runs("Bob Example", "Eve Example")
    world.back_up()
    lose(world)
    world.restore(first.path)
    assert world.start_runs("Cid Example") == [4]


def test_an_erased_person_who_came_after_the_backup_is_fenced(world: World) -> None:
    backup = world.back_up()
    [bob] = world.start_runs("Bob Example")
    world.forget(bob)
    lose(world)
    world.restore(backup.path)
    # The log of an empty backup is no log yet: nothing can be told to belong to it.
    assert world.rows("SELECT FROM erasures") == []

    world.start_runs("Ann Example")
    backup = world.back_up()
    [eve] = world.start_runs("Eve Example")
    world.forget(eve)
    world.restore(backup.path)
    assert world.rows("SELECT subject, position FROM erasures") == [(f"run-{eve}", 0)]


def test_somebody_else_who_has_the_id_by_now_is_not_erased(world: World) -> None:
    """By hand, past `annals restore`, sequences go back and ids are given again."""
    world.start_runs("Ann Example")
    backup = world.back_up()
    [bob] = world.start_runs("Bob Example")
    erased = ledger(world)
    by_hand(world, backup.path)
    assert world.start_runs("Cid Example") == [bob]
    cid = world.back_up()
    by_hand(world, backup.path)
    assert world.start_runs("Dan Example") == [bob]
    world.forget(bob)
    assert [one.subject for one in erased.read()] == [f"run-{bob}"]
    world.restore(cid.path)
    assert world.named(bob) == ("Cid Example", "Cid Example")
    world.forget(bob)
    assert [one.subject for one in erased.read()] == [f"run-{bob}"] * 2


def test_a_backup_restored_by_hand_is_made_good_before_it_serves(world: World) -> None:
    [ann] = world.start_runs("Ann Example")
    backup = world.back_up()
    world.forget(ann)
    by_hand(world, backup.path)
    assert world.rows("SELECT FROM erasures") == []
    with open_database(world.settings):
        assert world.rows("SELECT subject FROM erasures") == [(f"run-{ann}",)]
    assert world.named(ann) == (None, None)
    assert world.chain_holds()


def test_an_erasure_that_a_kill_kept_out_of_the_ledger_is_added_at_the_next_start(
    world: World,
) -> None:
    [ann] = world.start_runs("Ann Example")
    world.forget(ann)
    noted = ledger(world).read()
    ledger(world).path.unlink()
    with open_database(world.settings):
        assert [one.identity for one in ledger(world).read()] == [one.identity for one in noted]


def test_the_ledger_of_another_log_changes_nothing(world: World) -> None:
    [ann] = world.start_runs("Ann Example")
    world.forget(ann)
    lose(world)
    assert world.start_runs("Bob Example") == [ann]
    assert world.named(ann) == ("Bob Example", "Bob Example")


def test_a_ledger_that_was_tampered_with_stops_the_start(world: World) -> None:
    [ann, bob] = world.start_runs("Ann Example", "Bob Example")
    world.forget(ann)
    path = ledger(world).path
    path.write_text(path.read_text().replace(f'"subject":"run-{ann}"', f'"subject":"run-{bob}"'))
    with pytest.raises(LedgerError, match="line 1: it does not fit its hash"):
        world.named(bob)


def test_a_ledger_that_was_cut_stops_the_restore_of_an_older_backup(world: World) -> None:
    [ann, bob] = world.start_runs("Ann Example", "Bob Example")
    backup = world.back_up()
    world.forget(ann, bob)
    world.back_up()
    path = ledger(world).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    before = read_model(world)
    with pytest.raises(BackupError, match="lacks erasures that it had"):
        world.restore(backup.path)
    assert read_model(world) == before


def test_erasures_beside_a_backup_that_was_carried_elsewhere_count_too(
    world: World, tmp_path: Path
) -> None:
    [ann] = world.start_runs("Ann Example")
    backup = world.back_up()
    world.forget(ann)
    elsewhere = tmp_path / "carried"
    shutil.move(world.settings.backups, elsewhere)
    lose(world)
    assert world.restore(elsewhere / backup.path.name).erased_again == 1
    assert [one.subject for one in ledger(world).read()] == [f"run-{ann}"]
    assert world.named(ann) == (None, None)


def test_a_restore_that_ended_before_it_erased_again_is_finished_at_the_next_start(
    world: World,
) -> None:
    [ann] = world.start_runs("Ann Example")
    backup = world.back_up()
    world.forget(ann)
    manifest = inspect(backup.path, keyring(world.settings))
    restore(world.url, backup.path, manifest, ledger(world))
    assert world.rows("SELECT FROM erasures") == []
    assert world.named(ann) == (None, None)


def test_a_database_in_use_is_left_alone(world: World) -> None:
    world.start_runs("Ann Example")
    backup = world.back_up()
    with open_database(world.settings):
        before = read_model(world)

        async def restore_beside(services: Services) -> None:
            await services.freshness.reach_head(["runs"])
            manifest = inspect(backup.path, keyring(world.settings))
            restore(world.url, backup.path, manifest, ledger(world))

        with pytest.raises(BackupError, match="in use"):
            world.use(restore_beside)
    assert read_model(world) == before


def test_tables_of_something_else_are_left_alone(world: World) -> None:
    world.start_runs("Ann Example")
    backup = world.back_up()
    lose(world)
    world.rows("CREATE TABLE somebodys (thing text)")
    with pytest.raises(BackupError, match="tables of something else"):
        world.restore(backup.path)
    assert world.rows("SELECT FROM somebodys") == []


def test_events_are_replaced_only_where_that_is_wanted(world: World) -> None:
    world.start_runs("Ann Example")
    backup = world.back_up()
    [(events,)] = world.rows("SELECT position FROM log_head")

    def refuse(_: object, count: int) -> None:
        assert count == events
        raise BackupError("not wanted")

    with pytest.raises(BackupError, match="not wanted"):
        restore_backup(world.settings, backup.path, may_replace=refuse)


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_a_script_that_fails_in_the_middle_changes_nothing(world: World, share: float) -> None:
    """At the half pg_restore notices, later it does not."""
    world.start_runs("Ann Example")
    backup = world.back_up()
    manifest = inspect(backup.path, keyring(world.settings))
    whole = backup.path.read_bytes()
    backup.path.write_bytes(whole[: int(len(whole) * share)])
    before = read_model(world), world.rows("SELECT * FROM log_head")
    with pytest.raises(BackupError, match="the database is as it was"):
        restore(world.url, backup.path, manifest, ledger(world))
    assert (read_model(world), world.rows("SELECT * FROM log_head")) == before


def test_a_backup_of_a_newer_annals_is_refused(world: World) -> None:
    world.rows("INSERT INTO schema_migrations VALUES (999, 'later')")
    with pytest.raises(Exception, match="upgrade Annals"):
        world.back_up()


def lose(world: World) -> None:
    """Lose the database; an empty one takes its place."""
    schemas = world.rows(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|information_schema'"
    )
    for (schema,) in schemas:
        world.rows(f"DROP SCHEMA {schema} CASCADE")
    world.rows("CREATE SCHEMA public")


def by_hand(world: World, dump: Path) -> None:
    """Restore a backup as somebody does who knows PostgreSQL and not Annals."""

    lose(world)
    with running("pg_restore", "--no-owner", str(dump), conninfo=world.url) as tool:
        tool.check()
