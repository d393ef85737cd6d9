"""Settings come from the environment; a wrong value stops the start and names its variable."""

from pathlib import Path

import msgspec
import pytest

from infra.settings import SettingError, Settings, load_settings


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings({})
    assert settings.database_url is None
    assert settings.api_port == 8000
    assert settings.annals_home.is_absolute()


def test_an_empty_variable_is_not_set() -> None:
    assert load_settings({"API_PORT": " "}).api_port == 8000


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        (
            '["http://localhost:3000","https://a.example"]',
            ["http://localhost:3000", "https://a.example"],
        ),
        ("https://a.example, https://b.example", ["https://a.example", "https://b.example"]),
        ("*", ["*"]),
    ],
)
def test_origins_are_read_as_both_seeds_write_them(text: str, origins: list[str]) -> None:
    assert load_settings({"CORS_ORIGINS": text}).cors_origins == origins


def test_ports_are_read_with_commas() -> None:
    assert load_settings({"WEBHOOK_ALLOWED_PORTS": "443, 8443"}).webhook_allowed_ports == [
        443,
        8443,
    ]


@pytest.mark.parametrize("text", ["true", "1", "YES", "on"])
def test_flags_are_read_in_any_usual_form(text: str) -> None:
    assert load_settings({"DEBUG": text}).debug is True


def test_the_home_is_made_absolute(tmp_path: Path) -> None:
    assert load_settings({"ANNALS_HOME": str(tmp_path / "x" / "..")}).annals_home == tmp_path


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("API_PORT", "0"),
        ("API_PORT", "eighty"),
        ("API_WORKERS", "-1"),
        ("DEBUG", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://host/db"),
        ("REDIS_URL", "http://host"),
        ("CORS_ORIGINS", "[1]"),
        ("WEBHOOK_ALLOWED_PORTS", "443,https"),
        ("WEBHOOK_ALLOWED_PORTS", "443,70000"),
        ("WEBHOOK_RETRY_SECONDS", "0"),
        ("WEBHOOK_MAX_RETRIES", "-1"),
        ("CORS_ORIGINS", "somewhere.net"),
        ("API_V1_PREFIX", "api"),
        ("JWT_SECRET_KEY", "short"),
        ("JWT_EXPIRATION_HOURS", "0"),
        ("AUDIT_LOG_DAYS", "0"),
        ("AUDIT_LOG_DAYS", "36501"),
        ("RATE_LIMIT_BURST", "0"),
        ("ADMIN_PASSWORD", "short"),
        ("ADMIN_API_KEY", "pd_short"),
        ("ANNALS_MASTER_KEY", "not-base64"),
        ("ANNALS_MASTER_KEY", "c2hvcnQ="),
        ("MAX_BODY_KB", "1.5"),
        ("JOB_CONCURRENCY", "0"),
        ("RETENTION_SWEEP_CRON", "hourly"),
        ("RETENTION_SWEEP_CRON", "0 * * *"),
        ("RETENTION_SWEEP_CRON", "61 * * * *"),
        ("RETENTION_SWEEP_CRON", "0 0 30 2 *"),
        ("RETENTION_SWEEP_CRON", "0 0 * * * *"),
        ("SMTP_URL", "mailto:x"),
        ("SMTP_URL", "smtp://host:70000"),
        ("SMTP_FROM", "Annals"),
        ("SMTP_FROM", "a@b.example\nBcc: c@d.example"),
        ("PLONE_URL", "ftp://x"),
        ("PLONE_URL", "https://user:secret@cms.example.org/Plone"),
        ("PLONE_URL", "https://cms.example.org/Plone?x=1"),
        ("PLONE_TIMEOUT_SECONDS", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable}: ") as refused:
        load_settings({variable: value})
    if len(value) > 4:
        assert value not in str(refused.value), "a value may be a secret"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("API_PORT", "http", "expected a whole number"),
        ("LOG_LEVEL", "LOUD", "expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("API_PORT", "70000", "expected a whole number <= 65535"),
    ],
)
def test_a_wrong_value_is_refused_in_plain_words(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings({variable: value})
    assert str(refused.value) == f"{variable}: {said}"


@pytest.mark.parametrize("lacking", ["PLONE_USERNAME", "PLONE_PASSWORD"])
def test_plone_is_of_no_use_without_a_user(lacking: str) -> None:
    given = {
        "PLONE_URL": "https://cms.example.org/Plone",
        "PLONE_USERNAME": "annals",
        "PLONE_PASSWORD": "secret",
    }
    assert load_settings(given).plone_url == "https://cms.example.org/Plone"
    with pytest.raises(SettingError, match=f"^{lacking}: is needed where PLONE_URL is set"):
        load_settings({**given, lacking: ""})


def test_every_variable_of_the_seeds_is_a_setting() -> None:
    variables = {field.name.upper() for field in msgspec.structs.fields(Settings)}
    assert variables >= {
        "JWT_SECRET_KEY",
        "JWT_EXPIRATION_HOURS",
        "DATABASE_URL",
        "REDIS_URL",
        "API_HOST",
        "API_PORT",
        "API_WORKERS",
        "MAX_FILE_SIZE_MB",
        "CORS_ORIGINS",
        "RATE_LIMIT_PER_MINUTE",
        "RATE_LIMIT_BURST",
        "WEBHOOK_TIMEOUT_SECONDS",
        "WEBHOOK_MAX_RETRIES",
        "DEBUG",
        "LOG_LEVEL",
        "API_V1_PREFIX",
    }
