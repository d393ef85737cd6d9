"""The doctor's checks of the database. They only read; what is wrong they say."""

from collections.abc import Iterator
from datetime import UTC, datetime

from infra.backups.ledger import compare
from infra.backups.ledger_file import LedgerError, LedgerFile
from infra.backups.manifest import manifests
from infra.diagnosis.documents import examine_documents
from infra.diagnosis.patient import DatabaseCheck, Patient, Seen, fine, problem, warning
from infra.diagnosis.webhooks import examine_webhooks
from infra.event_store.chain import GENESIS, link
from infra.event_store.record import EventRecord
from infra.jobs.takeover import STALLED_AFTER_SECONDS
from infra.postgres.migrations import newest_migration
from infra.projections.status import STALE_AFTER_SECONDS

SCHEMA_VERSION = "SELECT max(number) FROM schema_migrations"

HEAD = "SELECT position, hash, recorded_at FROM log_head"

LAST_LINKS = """
SELECT notification_id, recorded_at, hash, originator_id, originator_version, topic,
       schema_version, event_id, metadata::text, state, subject, protected
FROM events
WHERE notification_id > %s
ORDER BY notification_id
"""

HASH_AT = "SELECT hash FROM events WHERE notification_id = %s"

LINKS = 1000

MASTER_KEYS = """
SELECT master_key_id, true FROM log_head WHERE master_key_id <> ''
UNION ALL
SELECT DISTINCT k.master_key_id, false
FROM subject_keys AS k
WHERE k.master_key_id <> (SELECT master_key_id FROM log_head)
"""

KEYS_OF_ERASED = "SELECT count(*) FROM subject_keys JOIN erasures USING (subject)"

SNAPSHOTS_OF_ERASED = "SELECT count(*) FROM snapshots JOIN erasures USING (subject)"

KEYS_OF_NOBODY = """
SELECT count(*)
FROM subject_keys AS k
WHERE NOT EXISTS (SELECT FROM events AS e WHERE e.subject = k.subject)
"""

CHECKPOINTS = """
SELECT c.projection,
       c.version,
       h.position - c.position,
       EXTRACT(epoch FROM now() - (
           SELECT e.recorded_at FROM events AS e WHERE e.notification_id = c.position + 1
       )),
       (
           SELECT count(*)
           FROM parked_streams AS p
           WHERE p.projection = c.projection
             AND p.projection_version = c.version
             AND p.copy = c.copy
       )
FROM checkpoints AS c
CROSS JOIN log_head AS h
WHERE c.copy = 'live'
ORDER BY c.projection
"""

REBUILDS = """
SELECT projection, version, last_error
FROM checkpoints
WHERE copy = 'rebuild' AND (last_error IS NOT NULL OR progress_at < now() - interval '1 hour')
ORDER BY projection
"""

FAILED_JOBS = """
SELECT task_name, count(*)
FROM jobs.procrastinate_jobs
WHERE status = 'failed'
GROUP BY task_name
ORDER BY task_name
"""

STALLED_JOBS = """
SELECT count(*)
FROM jobs.procrastinate_jobs AS job
WHERE status = 'doing'
  AND NOT EXISTS (
      SELECT FROM jobs.procrastinate_workers AS worker
      WHERE worker.id = job.worker_id
        AND worker.last_heartbeat >= now() - make_interval(secs => %s)
  )
"""

WAITING_JOBS = """
SELECT count(*)
FROM jobs.procrastinate_jobs
WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at < now())
"""

WORKERS = """
SELECT count(*)
FROM jobs.procrastinate_workers
WHERE last_heartbeat >= now() - make_interval(secs => %s)
"""

NOW = "SELECT clock_timestamp()"

LITTLE_SKEW_SECONDS = 1.0
MUCH_SKEW_SECONDS = 30.0


def _schema(patient: Patient) -> Iterator[Seen]:
    found, newest = patient.value(SCHEMA_VERSION), newest_migration()
    if found > newest:
        yield problem(
            f"the database has schema version {found}, this Annals knows only {newest}",
            "Upgrade Annals",
        )
    elif found < newest:
        yield warning(
            f"the database has schema version {found}, this Annals has {newest}",
            "The next start brings it up to date",
        )
    else:
        yield fine(f"the schema has version {found}, as this Annals")


def _master_key(patient: Patient) -> Iterator[Seen]:
    for key_id, is_in_force in patient.rows(MASTER_KEYS):
        if patient.keyring is None or not patient.keyring.knows(key_id):
            yield problem(
                f"data keys are wrapped by master key {key_id}, which is not at hand",
                "Set ANNALS_MASTER_KEY, or put back master.key in ANNALS_HOME",
            )
        elif is_in_force:
            yield fine(f"master key {key_id} is at hand")
        else:
            yield warning(
                f"some data keys are still wrapped by the former master key {key_id}",
                "Run annals keys rotate again: it was interrupted",
            )


def _chain_head(patient: Patient) -> Iterator[Seen]:
    [(head, head_hash, _)] = patient.rows(HEAD)
    before = max(0, head - LINKS)
    rows = patient.rows(LAST_LINKS, before)
    hash_ = patient.value(HASH_AT, before) if before else GENESIS
    position = before
    for stored_position, recorded_at, stored_hash, *columns in rows:
        record = EventRecord(**dict(zip(EventRecord.__struct_fields__, columns, strict=True)))
        if stored_position != position + 1:
            break
        next_hash = link(hash_, stored_position, recorded_at, record)
        if next_hash != stored_hash:
            break
        position, hash_ = stored_position, next_hash
    if position == head and hash_ == head_hash:
        yield fine(f"the last {head - before} of {head} events fit the chain and its head")
    else:
        yield problem(
            f"the log does not fit its chain behind position {position}; its head is {head}",
            "Run annals audit verify, find out who changed the database, and restore a backup",
        )


def _keys(patient: Patient) -> Iterator[Seen]:
    of_erased = patient.value(KEYS_OF_ERASED)
    snapshots = patient.value(SNAPSHOTS_OF_ERASED)
    of_nobody = patient.value(KEYS_OF_NOBODY)
    if of_erased or snapshots:
        yield problem(
            f"{of_erased} data keys and {snapshots} snapshots of erased subjects are there",
            "Delete those rows of subject_keys and snapshots whose subject stands in erasures, and "
            "find out how they came back",
        )
    if of_nobody:
        yield warning(
            f"{of_nobody} data keys belong to no event",
            "Nothing is encrypted under them; find out how they came to be",
        )
    if not (of_erased or snapshots or of_nobody):
        yield fine("there is no data key that should not exist")


def _ledger(patient: Patient) -> Iterator[Seen]:
    file = LedgerFile(patient.settings.backups)
    try:
        difference = compare(patient.connection, file)
        hashes = file.hashes()
    except LedgerError as error:
        yield problem("the erasure ledger is damaged", str(error))
        return
    lost = [
        sealed.manifest.dump
        for _, sealed in manifests(patient.settings.backups)
        if (lines := sealed.manifest.ledger.lines)
        and (lines > len(hashes) or hashes[lines - 1] != sealed.manifest.ledger.hash)
    ]
    if lost:
        yield problem(
            f"{file.path} lacks erasures that it had when {lost[-1]} was taken",
            "Put back the ledger as it was",
        )
    if difference.unapplied:
        yield problem(
            f"{len(difference.unapplied)} erasures of the ledger are not in the database",
            "Start Annals: it erases again before it serves. If it did, these ids belong to "
            "somebody else by now",
        )
    unnoted = difference.unnoted
    if unnoted:
        yield warning(
            f"{len(unnoted)} erasures are not in the ledger {file.path}",
            "The next start or backup adds them. With several machines, let ANNALS_BACKUPS be on "
            "storage that they share",
        )
    if not (lost or difference.unapplied or unnoted):
        yield fine(f"the erasure ledger and the database agree; it has {len(hashes)} lines")


def _projections(patient: Patient) -> Iterator[Seen]:
    wanted = {(follower.name, follower.version) for follower in patient.followers}
    found = {(name, version): rest for name, version, *rest in patient.rows(CHECKPOINTS)}
    for name, version in sorted(found.keys() - wanted):
        if name in dict(wanted):
            yield warning(
                f"{name} is installed in version {version}, too, which this Annals does not read",
                "annals serve removes it once no process of another release reads it",
            )
    for name, version in sorted(wanted):
        if (name, version) not in found:
            yield warning(
                f"{name} is not built in version {version}, which this Annals has",
                "The next annals serve builds it from the log",
            )
            continue
        lag, lag_seconds, parked = found[name, version]
        if parked:
            yield problem(
                f"{name} has parked {parked} streams",
                f"Run annals projections parked {name}; mend the cause, then retry or skip",
            )
        if lag_seconds is not None and lag_seconds > STALE_AFTER_SECONDS:
            yield warning(
                f"{name} is {lag} events and {float(lag_seconds):.0f} s behind",
                "Run annals serve, or annals serve --only projections, and look at its log",
            )
    for name, version, error in patient.rows(REBUILDS):
        yield warning(
            f"a rebuild of {name} in version {version} did not come to its end"
            + (f": {error}" if error is not None else ""),
            f"Run annals projections rebuild {name}, which goes on with it",
        )
    current = [place for place in wanted & found.keys() if not found[place][0]]
    yield fine(f"{len(current)} of {len(wanted)} read models and subscriptions are at the head")


def _jobs(patient: Patient) -> Iterator[Seen]:
    failed = patient.rows(FAILED_JOBS)
    for name, count in failed:
        yield warning(
            f"{count} jobs {name} have failed for good",
            "Look for job_failed in the log; they are forgotten 7 days after they ended",
        )
    stalled = patient.value(STALLED_JOBS, STALLED_AFTER_SECONDS)
    waiting = patient.value(WAITING_JOBS)
    workers = patient.value(WORKERS, STALLED_AFTER_SECONDS)
    if (stalled or waiting) and not workers:
        yield warning(
            f"{waiting} jobs wait, {stalled} were left by workers that died, and no worker runs",
            "Run annals serve, or annals serve --only jobs",
        )
    elif not failed:
        yield fine(f"{workers} workers run, {waiting} jobs wait, none has failed")


def _clock(patient: Patient) -> Iterator[Seen]:
    before = datetime.now(UTC)
    there = patient.value(NOW)
    here = before + (datetime.now(UTC) - before) / 2
    skew = abs((there - here).total_seconds())
    advice = "Let both machines keep their clocks by NTP"
    saw = f"the clocks of this machine and the database differ by {skew:.1f} s"
    if skew > MUCH_SKEW_SECONDS:
        yield problem(saw, advice)
    elif skew > LITTLE_SKEW_SECONDS:
        yield warning(saw, advice)
    else:
        yield fine(saw)
    [(_, _, recorded_at)] = patient.rows(HEAD)
    ahead = (recorded_at - here).total_seconds()
    if ahead > LITTLE_SKEW_SECONDS:
        yield warning(
            f"the last event is recorded {ahead:.0f} s ahead of this machine's clock",
            "Some machine's clock was ahead; events keep that time until the clocks come to it",
        )


DATABASE_CHECKS = (
    DatabaseCheck("schema", _schema),
    DatabaseCheck("master key", _master_key),
    DatabaseCheck("chain head", _chain_head),
    DatabaseCheck("keys", _keys),
    DatabaseCheck("erasure ledger", _ledger),
    DatabaseCheck("projections", _projections),
    DatabaseCheck("jobs", _jobs),
    DatabaseCheck("webhooks", examine_webhooks),
    DatabaseCheck("documents", examine_documents),
    DatabaseCheck("clock", _clock),
)
