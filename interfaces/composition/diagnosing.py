"""The examination of an installation."""

from collections.abc import Iterator

import psycopg

from application.diagnosis import Finding, Verdict
from infra.backups.restoring import has_log
from infra.diagnosis.database import DATABASE_CHECKS
from infra.diagnosis.machine import MACHINE_CHECKS
from infra.diagnosis.patient import Patient, examine, examine_database
from infra.event_store.errors import MasterKeyError
from infra.postgres.cluster import has_cluster
from infra.postgres.connections import SESSION
from infra.postgres.embedded import EmbeddedPostgresError
from infra.settings import SettingError, Settings, load_settings
from interfaces.composition.catalogue import FOLLOWERS
from interfaces.composition.opening import key_file, keyring, reach_database


def diagnose() -> Iterator[Finding]:
    """Examine this installation, and go on where something is wrong; nothing is changed.

    An embedded PostgreSQL that does not run is started for it, and stopped again.
    """
    try:
        settings = load_settings()
    except SettingError as error:
        advice = "Correct it; nothing else can be examined before"
        yield Finding(check="configuration", verdict=Verdict.PROBLEM, saw=str(error), advice=advice)
        return
    for machine_check in MACHINE_CHECKS:
        yield from examine(machine_check, settings)
    if settings.database_url is None and not has_cluster(settings.annals_home):
        saw = f"there is no database in {settings.annals_home} yet"
        advice = "annals serve makes one; if there was one, see whether ANNALS_HOME is right"
        yield Finding(check="database", verdict=Verdict.WARNING, saw=saw, advice=advice)
        return
    try:
        with (
            reach_database(settings) as conninfo,
            psycopg.connect(conninfo, autocommit=True, **SESSION) as connection,
        ):
            connection.execute("SET default_transaction_read_only = on")
            yield from _diagnose_database(settings, connection)
    except (EmbeddedPostgresError, psycopg.OperationalError) as error:
        yield Finding(
            check="database",
            verdict=Verdict.PROBLEM,
            saw=f"the database cannot be reached: {str(error).strip()}",
            advice="Start it, or correct DATABASE_URL",
        )


def _diagnose_database(settings: Settings, connection: psycopg.Connection) -> Iterator[Finding]:
    if not has_log(connection):
        saw = "the database answers, and Annals has not been started on it yet"
        advice = "annals serve makes its tables; if it was, see whether DATABASE_URL is right"
        yield Finding(check="database", verdict=Verdict.WARNING, saw=saw, advice=advice)
        return
    yield Finding(check="database", verdict=Verdict.OK, saw="the database answers")
    file = key_file(settings)
    try:
        ring = keyring(settings) if file is None or file.exists() else None
    except MasterKeyError:
        ring = None
    patient = Patient(settings, connection, ring, FOLLOWERS)
    for database_check in DATABASE_CHECKS:
        yield from examine_database(database_check, patient)
