"""All settings, from environment variables: those of the four seeds and of the contract."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import platformdirs
from croniter import CroniterError, croniter
from msgspec import Meta

from infra.mail.server import parse_smtp_url
from infra.secret_key import decode_key

Port = Annotated[int, Meta(ge=1, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Days = Annotated[int, Meta(ge=1, le=36_500)]

POSTGRES_URL = re.compile(r"postgres(ql)?://.+")
REDIS_URL = re.compile(r"(redis|rediss|unix)://.+")
SITE_URL = re.compile(r"https?://[^\s@/?#]+(/[^\s?#]*)?")
API_KEY = re.compile(r"pd_[A-Za-z0-9_-]{32,}")
METRICS_TOKEN = re.compile(r"[\x21-\x7e]{32,}")
MAIL_ADDRESS = re.compile(r"[\x21-\x7e]+@[A-Za-z0-9.-]+")
PATH_PREFIX = re.compile(r"(/[A-Za-z0-9_.-]+)+")
SECRET_KEYS = {
    "annals_master_key": decode_key,
    "annals_master_key_previous": decode_key,
    "annals_signing_key": decode_key,
}
CRON_FIELDS = 5
MIN_SECRET_CHARACTERS = 32
MIN_PASSWORD_CHARACTERS = 8


class SettingError(Exception):
    """An environment variable has a value that cannot be; the message names the variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one start. Each field is the environment variable of its name in capitals."""

    annals_home: Path
    annals_backups: Path | None = None
    annals_master_key: str | None = None
    annals_master_key_previous: str | None = None
    annals_signing_key: str | None = None
    database_url: str | None = None
    redis_url: str | None = None

    api_host: str = "0.0.0.0"  # noqa: S104 - a server is there to be reached
    api_port: Port = 8000
    api_workers: Positive = 1
    api_v1_prefix: str = "/api/v1"
    cors_origins: list[str] = msgspec.field(default_factory=list)
    max_body_kb: Positive = 1024
    max_file_size_mb: Positive = 100

    debug: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    admin_username: str = "admin"
    admin_password: str | None = None
    admin_api_key: str | None = None
    jwt_secret_key: str | None = None
    jwt_expiration_hours: Positive = 24

    rate_limit_enabled: bool = True
    rate_limit_per_minute: Positive | None = None
    rate_limit_burst: Positive | None = None
    audit_log_days: Days = 365
    job_concurrency: Positive = 4
    retention_sweep_cron: str = "0 * * * *"
    webhook_timeout_seconds: Positive = 30
    webhook_max_retries: Annotated[int, Meta(ge=0)] = 3
    webhook_disable_after_hours: Positive = 72
    webhook_allow_private: bool = False
    webhook_allowed_ports: list[Port] = msgspec.field(default_factory=list)
    webhook_retry_seconds: Seconds = 5.0
    metrics_token: str | None = None
    smtp_url: str | None = None
    smtp_from: str | None = None
    plone_url: str | None = None
    plone_username: str | None = None
    plone_password: str | None = None
    plone_timeout_seconds: Seconds = 10.0

    @property
    def backups(self) -> Path:
        """The directory of the backups and of the erasure ledger beside them."""
        return self.annals_backups or self.annals_home / "backups"

    @property
    def environment(self) -> str:
        """What ``GET /`` calls the environment."""
        return "development" if self.debug else "production"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingError that names the variable, never its value."""
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        variable = field.name.upper()
        text = environ.get(variable, "").strip()
        if text:
            given[field.name] = _read(variable, field.type, text)
    given.setdefault("annals_home", Path(platformdirs.user_data_dir("annals", appauthor=False)))
    settings = Settings(**given)
    _check(settings)
    return settings


def _read(variable: str, kind: Any, text: str) -> Any:
    if kind is bool:
        return _read_flag(variable, text)
    if variable == "CORS_ORIGINS":
        return _read_origins(variable, text)
    if variable == "WEBHOOK_ALLOWED_PORTS":
        return _read_ports(variable, text)
    if variable in ("ANNALS_HOME", "ANNALS_BACKUPS"):
        return Path(text).expanduser().resolve()
    if get_origin(kind) is Literal and text not in get_args(kind):
        raise SettingError(f"{variable}: expected one of {', '.join(get_args(kind))}")
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        expected = str(error).removesuffix(", got `str`").lower()
        reason = expected.replace("`int`", "a whole number").replace("`float`", "a number")
        raise SettingError(f"{variable}: {reason.replace('`', '')}") from None


def _read_flag(variable: str, text: str) -> bool:
    match text.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
    raise SettingError(f"{variable}: expected true or false")


def _read_origins(variable: str, text: str) -> list[str]:
    """Read a JSON list, as the dashboard's seed has it, or a comma separated one, as football's."""
    try:
        origins = msgspec.convert(
            json.loads(text)
            if text.startswith("[")
            else [part.strip() for part in text.split(",")],
            list[str],
        )
    except (ValueError, msgspec.ValidationError):
        raise SettingError(f"{variable}: expected a list of origins") from None
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin):
            raise SettingError(f"{variable}: an origin is * or like https://example.org")
    return origins


def _read_ports(variable: str, text: str) -> list[Port]:
    parts = [part.strip() for part in text.split(",")]
    try:
        return msgspec.convert(parts, list[Port], strict=False)
    except msgspec.ValidationError:
        raise SettingError(f"{variable}: expected ports with commas, like 443,8443") from None


def _check(settings: Settings) -> None:
    _check_form(settings, "database_url", POSTGRES_URL, "a postgresql:// URL")
    _check_form(settings, "redis_url", REDIS_URL, "a redis:// URL")
    _check_form(settings, "plone_url", SITE_URL, "an http(s):// URL without credentials, ? or #")
    _check_smtp_url(settings.smtp_url)
    _check_form(settings, "smtp_from", MAIL_ADDRESS, "an address like annals@example.org")
    _check_form(settings, "api_v1_prefix", PATH_PREFIX, "a path like /api/v1")
    _check_form(settings, "admin_api_key", API_KEY, "pd_ and at least 32 letters, digits, - or _")
    _check_form(settings, "metrics_token", METRICS_TOKEN, "32 or more ASCII characters, no space")
    for name, decode in SECRET_KEYS.items():
        if (key := getattr(settings, name)) is not None:
            try:
                decode(key)
            except ValueError as error:
                raise SettingError(f"{name.upper()}: {error}") from None
    if settings.plone_url is not None:
        for name in ("plone_username", "plone_password"):
            if getattr(settings, name) is None:
                raise SettingError(f"{name.upper()}: is needed where PLONE_URL is set")
    if not _is_cron(settings.retention_sweep_cron):
        raise SettingError("RETENTION_SWEEP_CRON: expected a cron expression such as 30 4 * * *")
    _check_length(settings, "jwt_secret_key", MIN_SECRET_CHARACTERS)
    _check_length(settings, "admin_password", MIN_PASSWORD_CHARACTERS)


def _check_smtp_url(url: str | None) -> None:
    if url is not None:
        try:
            parse_smtp_url(url)
        except ValueError as error:
            raise SettingError(f"SMTP_URL: expected {error}") from None


def _is_cron(expression: str) -> bool:
    """Tell whether an expression of five fields ever falls due."""
    if len(expression.split()) != CRON_FIELDS:
        return False
    try:
        croniter(expression).get_next()
    except CroniterError:
        return False
    return True


def _check_form(settings: Settings, name: str, form: re.Pattern[str], expected: str) -> None:
    value = getattr(settings, name)
    if value is not None and not form.fullmatch(value):
        raise SettingError(f"{name.upper()}: expected {expected}")


def _check_length(settings: Settings, name: str, least: int) -> None:
    value = getattr(settings, name)
    if value is not None and len(value) < least:
        raise SettingError(f"{name.upper()}: must have at least {least} characters")
