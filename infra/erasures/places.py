"""The places where something of an erased subject could be left, each with how to look there.

A feature that keeps data of subjects in tables of its own adds a place to PLACES.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from application.erasures.ports import Leftover, PlaceScan
from infra.erasures.ledger import chained_event
from infra.erasures.traces import Traces

# A key may be put back under another name, but not with another fingerprint.
KEYS = """
SELECT count(*), count(*) FILTER (WHERE subject = %s OR fingerprint = %s)
FROM subject_keys
"""

SNAPSHOTS = """
SELECT count(*), array_agg(originator_id) FILTER (WHERE subject = %s OR originator_id = ANY(%s))
FROM snapshots
"""

PARKED = "SELECT projection, stream_id, position FROM parked_streams"

LAST_ERRORS = "SELECT projection, split_part(last_error, ' ', 1) FROM checkpoints"

JOBS = "SELECT id, task_name, lock, queueing_lock, args FROM jobs.procrastinate_jobs"

CLAIMS = "SELECT id, fingerprint FROM claims WHERE stream_id = ANY(%s)"

# A path is kept where it holds nothing but integer ids in place of its route's parameters.
AUDIT_LOG = r"""
SELECT count(*),
       count(*) FILTER (
           WHERE path IS NOT NULL AND (
               route IS NULL
               OR path !~ ('^' || regexp_replace(route, '\{[^}]*\}', '[0-9]+', 'g') || '/?$')
           )
       )
FROM audit_log
"""

# Of an event a delivery holds its place and its outward name, of an attempt its outcome in a word.
DELIVERIES = """
SELECT count(*) FILTER (WHERE stream_id = ANY(%(streams)s)),
       count(*) FILTER (
           WHERE event !~ %(name)s OR COALESCE(last_error, 'none') !~ %(name)s
       )
FROM webhook_deliveries
"""

ATTEMPTS = """
SELECT count(*), count(*) FILTER (WHERE error !~ %(name)s) FROM webhook_attempts
"""

DIGEST_BYTES = 32
OUTWARD_NAME = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"
STREAM_ID = re.compile(r"[a-z_]+(-[a-z]+)*-[0-9]+")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9:]+)?)?")


# The rows scanned, by table, and what is left.
Looked = tuple[dict[str, int], list[Leftover]]


class Place(NamedTuple):
    """A place, and what looks there."""

    name: str
    look: Callable[[AsyncConnection, Traces], Awaitable[Looked]]

    async def scan(self, connection: AsyncConnection, traces: Traces) -> PlaceScan:
        """Look there."""
        scanned, found = await self.look(connection, traces)
        return PlaceScan(place=self.name, scanned=scanned, found=found)


async def look_at_events(connection: AsyncConnection, traces: Traces) -> Looked:
    """Every stored event of the subject is silent, and the redaction event where it was."""
    found = list(traces.leftovers)
    chained = await chained_event(connection, traces.erasure.position)
    if chained is None or chained.event_id != traces.erasure.event_id:
        found.append(Leftover(where="events", problem="the redaction event is not in the log"))
    elif not chained.fits:
        found.append(Leftover(where="events", problem="the redaction event was changed"))
    return {"events": len(traces.events)}, found


async def look_at_keys(connection: AsyncConnection, traces: Traces) -> Looked:
    """There is no data key for the subject, nor the destroyed one under another name."""
    fingerprint = traces.erasure.key_fingerprint
    keys, left = await _one(
        connection,
        KEYS,
        traces.erasure.subject,
        bytes.fromhex(fingerprint) if fingerprint is not None else None,
    )
    found = [Leftover(where="subject_keys", problem="there is a data key")] if left else []
    return {"subject_keys": keys}, found


async def look_at_snapshots(connection: AsyncConnection, traces: Traces) -> Looked:
    """There is no snapshot of a stream that had data under the key."""
    snapshots, left = await _one(
        connection, SNAPSHOTS, traces.erasure.subject, list(traces.holding)
    )
    return {"snapshots": snapshots}, [
        Leftover(where="snapshots", problem=f"there is a snapshot of {stream_id}")
        for stream_id in left or []
    ]


async def look_at_parked_streams(connection: AsyncConnection, traces: Traces) -> Looked:
    """No stream of the subject is parked: the errors tell of events as they once could be read."""
    parked = await (await connection.execute(PARKED)).fetchall()
    last_errors = await (await connection.execute(LAST_ERRORS)).fetchall()
    found = [
        Leftover(
            where="parked_streams",
            problem=f"{stream_id} is parked in {projection} at {position}; retry or skip it",
        )
        for projection, stream_id, position in parked
        if stream_id in traces.streams
    ]
    found += [
        Leftover(where="checkpoints", problem=f"the last error of {projection} is of {stream_id}")
        for projection, stream_id in last_errors
        if stream_id in traces.streams
    ]
    return {"parked_streams": len(parked), "checkpoints": len(last_errors)}, found


async def look_at_jobs(connection: AsyncConnection, traces: Traces) -> Looked:
    """Jobs that concern the subject have ids for arguments, and no text."""
    named = traces.streams | {recorded.event_id for recorded in traces.events}
    known = named | {recorded.metadata.correlation_id for recorded in traces.events}
    jobs, found = 0, []
    async with connection.cursor(name="jobs") as cursor:
        await cursor.execute(JOBS)
        async for job_id, task_name, lock, queueing_lock, arguments in cursor:
            jobs += 1
            concerned = {lock, queueing_lock, *_names(arguments)} & named
            if concerned and any(not _is_id(text, known) for text in _texts(arguments)):
                problem = f"job {job_id} ({task_name}) has an argument that is no id"
                found.append(Leftover(where="jobs.procrastinate_jobs", problem=problem))
    return {"jobs.procrastinate_jobs": jobs}, found


async def look_at_claims(connection: AsyncConnection, traces: Traces) -> Looked:
    """Claims on the subject's streams hold digests, and no text."""
    claims = await (
        await connection.cursor(binary=True).execute(CLAIMS, (list(traces.streams),))
    ).fetchall()
    found = [
        Leftover(where="claims", problem="a claim holds something else than a digest")
        for claim in claims
        if not all(len(part) == DIGEST_BYTES and not _is_printable(part) for part in claim)
    ]
    return {"claims": len(claims)}, found


async def look_at_audit_log(connection: AsyncConnection, _: Traces) -> Looked:
    """Paths in the audit log of calls hold nothing but integer ids."""
    calls, left = await _one(connection, AUDIT_LOG)
    problem = f"calls with a path that holds more than integer ids: {left}"
    return {"audit_log": calls}, [Leftover(where="audit_log", problem=problem)] if left else []


async def look_at_deliveries(connection: AsyncConnection, traces: Traces) -> Looked:
    """Webhook deliveries hold ids and names of events, and nothing of what was sent."""
    arguments = {"streams": list(traces.streams), "name": OUTWARD_NAME}
    found: list[Leftover] = []
    scanned: dict[str, int] = {}
    for where, statement in (("webhook_deliveries", DELIVERIES), ("webhook_attempts", ATTEMPTS)):
        row = await (await connection.execute(statement.encode(), arguments)).fetchone()
        assert row is not None
        scanned[where], odd = row
        if odd:
            problem = f"rows that hold more than ids, names and outcomes: {odd}"
            found.append(Leftover(where=where, problem=problem))
    return scanned, found


PLACES = (
    Place("events", look_at_events),
    Place("data keys", look_at_keys),
    Place("snapshots", look_at_snapshots),
    Place("parked streams", look_at_parked_streams),
    Place("jobs", look_at_jobs),
    Place("claims", look_at_claims),
    Place("audit log", look_at_audit_log),
    Place("webhook deliveries", look_at_deliveries),
)


async def _one(connection: AsyncConnection, statement: str, *values: Any) -> tuple[Any, ...]:
    row = await (await connection.execute(statement.encode(), values)).fetchone()
    assert row is not None
    return row


def _names(arguments: dict[str, Any]) -> Iterator[str]:
    """Give the texts of a job's arguments, and of ``run_id: 42`` the stream ``run-42``."""
    yield from _texts(arguments)
    for name, value in arguments.items():
        if name.endswith("_id") and isinstance(value, int | str):
            yield f"{name.removesuffix('_id')}-{value}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _is_id(text: str, known: set[str]) -> bool:
    if text in known or STREAM_ID.fullmatch(text) or MOMENT.fullmatch(text):
        return True
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_printable(content: bytes) -> bool:
    try:
        return content.decode().isprintable()
    except UnicodeDecodeError:
        return False
