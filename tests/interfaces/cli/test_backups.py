"""``annals backup``, ``restore`` and ``doctor`` in the terminal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from application.backups import BackupError
from infra.settings import Settings, load_settings
from interfaces.cli import backups, doctor
from interfaces.composition import open_database
from tests.interfaces.conftest import fresh_database

app = typer.Typer()
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("doctor")(doctor.doctor)


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as database:
        yield database


@pytest.fixture
def settings(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ANNALS_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("ANNALS_MASTER_KEY", "A" * 43 + "=")
    settings = load_settings()
    with open_database(settings):
        return settings


def annals(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def as_json(*arguments: str) -> Any:
    done = annals(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    [line] = done.stdout.splitlines()
    return json.loads(line)


def findings(*expected: str) -> dict[str, list[str]]:
    """Run the doctor; give the verdicts of each check."""
    done = annals("doctor", "--json")
    verdicts: dict[str, list[str]] = {}
    for finding in json.loads(done.stdout):
        verdicts.setdefault(finding["check"], []).append(finding["verdict"])
        assert (finding["advice"] is None) == (finding["verdict"] == "ok"), finding
    has_problem = any("problem" in found for found in verdicts.values())
    assert done.exit_code == (1 if has_problem else 0)
    assert sorted(name for name, found in verdicts.items() if "problem" in found) == list(expected)
    return verdicts


def test_a_backup_is_made_listed_and_restored(settings: Settings) -> None:
    assert as_json("backup", "--list") == []
    made = as_json("backup")
    assert as_json("backup", "--list") == [made]
    assert Path(made["path"]).parent == settings.backups
    shown = annals("backup", "--list")
    assert shown.exit_code == 0
    restored = as_json("restore", made["path"])
    assert restored == {"backup": made, "erased_again": 0, "fenced": 0}


def test_a_backup_reads_as_text_and_says_that_the_key_is_not_in_it(settings: Settings) -> None:
    done = annals("backup", "--keep", "1")
    assert done.exit_code == 0
    assert f"to {settings.backups}/annals-" in done.stdout
    assert "is not in it: keep that elsewhere" in done.stdout


def test_another_directory_is_taken_where_it_is_named(settings: Settings, tmp_path: Path) -> None:
    made = as_json("backup", str(tmp_path / "other"))
    assert Path(made["path"]).parent == tmp_path / "other"
    assert as_json("backup", "--list") == []
    assert settings.backups.parent == tmp_path


def test_what_is_no_backup_exits_1_and_says_so(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "nonsense.dump").write_text("nonsense")
    done = annals("restore", str(tmp_path / "nonsense.dump"))
    assert done.exit_code == 1
    assert isinstance(done.exception, BackupError)  # which main says without a traceback
    assert "is no complete backup: nonsense.json is not beside it" in str(done.exception)
    assert settings.annals_home == tmp_path


@pytest.mark.parametrize(
    "arguments", [("backup", "--keep", "0"), ("backup", "--list", "--keep", "1"), ("restore",)]
)
def test_wrong_usage_exits_2(arguments: tuple[str, ...]) -> None:
    assert annals(*arguments).exit_code == 2


@pytest.mark.usefixtures("settings")
def test_the_doctor_finds_a_healthy_annals_healthy() -> None:
    annals("backup")
    verdicts = findings()
    assert set(verdicts) == {
        "configuration",
        "secrets",
        "disk",
        "mail",
        "plone",
        "redis",
        "backups",
        "database",
        "schema",
        "master key",
        "chain head",
        "keys",
        "erasure ledger",
        "projections",
        "jobs",
        "webhooks",
        "documents",
        "clock",
    }
    assert "annals_test" not in annals("doctor").stdout


PARK_A_STREAM = """
INSERT INTO parked_streams (
    projection, projection_version, stream_id, position, version, topic, error, trace
)
VALUES ('runs', 3, 'run-9', 1, 1, 'x', 'x', 'x')
"""


@pytest.mark.parametrize(
    ("harm", "mend", "check"),
    [
        (
            "UPDATE log_head SET position = position + 1",
            "UPDATE log_head SET position = position - 1",
            "chain head",
        ),
        (
            """
            WITH x AS (INSERT INTO erasures VALUES ('run-9', NULL, 0, gen_random_uuid(), now()))
            INSERT INTO subject_keys SELECT 'run-9', 'x', master_key_id, 'x' FROM log_head
            """,
            "WITH x AS (DELETE FROM subject_keys) DELETE FROM erasures",
            "keys",
        ),
        (
            "INSERT INTO subject_keys VALUES ('run-9', 'x', 'unknown', 'x')",
            "DELETE FROM subject_keys",
            "master key",
        ),
        (
            PARK_A_STREAM,
            "DELETE FROM parked_streams",
            "projections",
        ),
        (
            "INSERT INTO schema_migrations VALUES (999, 'later')",
            "DELETE FROM schema_migrations WHERE number = 999",
            "schema",
        ),
    ],
)
def test_the_doctor_names_what_is_wrong(
    settings: Settings, harm: str, mend: str, check: str
) -> None:
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url, autocommit=True) as sql:
        sql.execute(harm.encode())
        try:
            findings(check)
        finally:
            sql.execute(mend.encode())
    findings()


def test_the_doctor_names_files_that_others_can_read(settings: Settings) -> None:
    jwt = settings.annals_home / "jwt.key"
    jwt.write_text("a secret")
    jwt.chmod(0o644)
    findings("secrets")


def test_the_doctor_names_a_ledger_that_was_tampered_with(settings: Settings) -> None:
    settings.backups.mkdir()
    (settings.backups / "erasures.jsonl").write_text("{}\n")
    (settings.backups / "erasures.jsonl").chmod(0o600)
    findings("erasure ledger")


@pytest.mark.usefixtures("settings")
def test_the_doctor_goes_on_where_the_database_and_redis_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:geheim@127.0.0.1:1/x")
    monkeypatch.setenv("REDIS_URL", "redis://:geheim@127.0.0.1:1")
    findings("database", "redis")
    assert "geheim" not in annals("doctor").output


def test_the_doctor_makes_nothing_where_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNALS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert findings()["database"] == ["warning"]
    assert not (tmp_path / "home").exists()


def test_the_doctor_names_a_wrong_setting_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANNALS_MASTER_KEY", "geheim")
    findings("configuration")
    assert "geheim" not in annals("doctor").output
