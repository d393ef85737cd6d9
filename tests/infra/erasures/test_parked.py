"""A stream that is parked shows what its events made of it before, redacted, and no more."""

from datetime import UTC, datetime

import psycopg
import pytest

from application.erasures.ports import Erasure, Leftover
from infra.erasures.read_models import scan_read_models
from infra.erasures.traces import read_traces
from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from tests.infra.event_store.conftest import conninfo, log, ring
from tests.infra.event_store.opening import rows
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.conftest import projecting
from tests.infra.projections.projecting import Projecting, caught_up
from tests.infra.projections.thing_projection import thing_projection

__all__ = ["conninfo", "log", "projecting", "ring"]

pytestmark = pytest.mark.anyio

OWNER = "UPDATE things_v1.things SET owner = %s"


async def test_of_a_parked_stream_only_what_was_shown_before_may_be_left_and_that_redacted(
    log: EventStoreParts, ring: Keyring, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner="Ann Example")
    thing.note("bad")
    await log.store.save(thing, metadata=BY_TEST)
    things = thing_projection(at_a_loss_with=frozenset({"bad"}))
    await projecting.start(things)
    await caught_up(sql, "things")
    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)
    await caught_up(sql, "things")
    assert await rows(sql, "SELECT position FROM parked_streams") == [(2,)]

    async def found() -> list[Leftover]:
        async with sql.transaction():
            traces = await read_traces(sql, erasure_at(3), ring)
            return (await scan_read_models(sql, log.reader, [things], traces)).found

    await sql.execute(OWNER, ("Ann Example",))
    [leftover] = await found()
    assert leftover.problem == "row thing-1 has in owner what its events do not tell"
    await sql.execute(OWNER, ("[REDACTED]",))
    assert await found() == []


def erasure_at(position: int) -> Erasure:
    return Erasure(
        subject="thing-1",
        erased_at=datetime.now(UTC),
        actor=None,
        reason=None,
        policy=None,
        event_type=None,
        event_id="",
        stream_id=None,
        version=None,
        position=position,
        key_fingerprint=None,
    )
