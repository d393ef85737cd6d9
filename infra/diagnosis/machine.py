"""The doctor's checks that need no database, of what Annals stands on and calls."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import redis

from application.backups import BackupError
from infra.backups.dumping import backups
from infra.backups.ledger_file import NAME as LEDGER
from infra.diagnosis.mail import examine_mail
from infra.diagnosis.patient import MachineCheck, Seen, fine, problem, warning
from infra.diagnosis.plone import examine_plone
from infra.settings import Settings

OTHERS = stat.S_IRWXG | stat.S_IRWXO
GIGABYTE = 1 << 30
LITTLE_SPACE = 2 * GIGABYTE
HARDLY_ANY_SPACE = GIGABYTE // 4
PATIENCE_SECONDS = 3.0
OLD_BACKUP = timedelta(days=7)


def _configuration(settings: Settings) -> Iterator[Seen]:
    yield fine(f"the settings are good; ANNALS_HOME is {settings.annals_home}")
    if settings.debug:
        yield warning("DEBUG is on", "Turn it off where others can reach Annals")
    if settings.annals_master_key_previous is not None:
        yield warning(
            "ANNALS_MASTER_KEY_PREVIOUS is set",
            "Run annals keys rotate to its end, then take it away",
        )


def _secrets(settings: Settings) -> Iterator[Seen]:
    files = [settings.annals_home / name for name in ("master.key", "jwt.key", "signing.key")]
    found = [path for path in (*files, settings.backups / LEDGER) if path.exists()]
    open_ones = [path for path in found if path.stat().st_mode & OTHERS]
    for path in open_ones:
        yield problem(f"{path} can be read by others", f"chmod 600 {path}")
    if settings.annals_master_key is None and not files[0].exists():
        yield warning(
            "there is no master key",
            "If there is a database already, put back master.key or set ANNALS_MASTER_KEY; "
            "otherwise the first start makes one",
        )
    if not open_ones:
        names = ", ".join(path.name for path in found) or "none is there"
        yield fine(f"no file with a secret can be read by others: {names}")


def _disk(settings: Settings) -> Iterator[Seen]:
    for path in dict.fromkeys((settings.annals_home, settings.backups)):
        usage = psutil.disk_usage(str(_existing(path)))
        saw = f"{usage.free / GIGABYTE:.1f} GB are free for {path}"
        if usage.free < HARDLY_ANY_SPACE:
            yield problem(saw, "Make room at once: PostgreSQL stops on a full disk")
        elif usage.free < LITTLE_SPACE:
            yield warning(saw, "Make room")
        else:
            yield fine(saw)


def _redis(settings: Settings) -> Iterator[Seen]:
    if settings.redis_url is None:
        yield fine("REDIS_URL is not set: each process counts for itself")
        return
    try:
        with redis.Redis.from_url(
            settings.redis_url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        yield problem(
            f"Redis does not answer ({type(error).__name__})",
            "Start it or correct REDIS_URL; until then each process counts for itself",
        )
    else:
        yield fine("Redis answers")


def _backups(settings: Settings) -> Iterator[Seen]:
    try:
        found = backups(settings.backups)
    except BackupError as error:
        yield problem(str(error), "Move it away, or put back what it was")
        return
    if not found:
        yield warning(f"there is no backup in {settings.backups}", "Run annals backup, daily")
        return
    age = datetime.now(UTC) - found[0].taken_at
    saw = f"the newest of {len(found)} backups was taken {age.days} days ago"
    yield warning(saw, "Run annals backup, daily") if age > OLD_BACKUP else fine(saw)


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


MACHINE_CHECKS = (
    MachineCheck("configuration", _configuration),
    MachineCheck("secrets", _secrets),
    MachineCheck("disk", _disk),
    MachineCheck("redis", _redis),
    MachineCheck("plone", examine_plone),
    MachineCheck("mail", examine_mail),
    MachineCheck("backups", _backups),
)
