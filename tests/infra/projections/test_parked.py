"""A parked stream can be tried again, or its event skipped; an erasure reaches it in any case."""

import psycopg
import pytest

from application.errors import NotFoundError
from application.projections.handlers import skip_parked_event
from application.projections.ports import Retried
from domain.errors import InvalidFieldError
from infra.event_store.assembly import EventStoreParts
from infra.postgres.connections import connector
from infra.projections.follower import Follower
from infra.projections.parked import PostgresParkedStreams
from infra.projections.rebuild import Rebuild
from tests.infra.event_store.opening import rows
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection
from tests.infra.subscriptions.thing_subscription import echoed, thing_subscription

pytestmark = pytest.mark.anyio

BAD = frozenset({"bad"})
WORSE = frozenset({"bad", "worse"})

PARKED = "SELECT stream_id, position FROM parked_streams ORDER BY 1"


class Operator:
    """Somebody at a terminal whose Annals knows certain followers."""

    def __init__(self, conninfo: str, log: EventStoreParts, *followers: Follower) -> None:
        self._store = log.store
        self.parked = PostgresParkedStreams(connector(conninfo, "operator"), log.reader, followers)

    async def skip(self, stream_id: str, *, reason: str = "of no use") -> Retried:
        return await skip_parked_event(
            self._store,
            self.parked,
            projection="things",
            stream_id=stream_id,
            reason=reason,
            metadata=BY_TEST,
        )


async def parked_at(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, follower: Follower
) -> None:
    await note(log, 1, "good", "bad", "behind it", "worse", "far behind it")
    await note(log, 2, "good")
    await projecting.start(follower)
    await caught_up(sql, follower.name)


async def test_a_retry_applies_all_that_waits_and_the_projector_follows_the_stream_again(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await parked_at(log, projecting, sql, thing_projection(at_a_loss_with=BAD))

    tried = await Operator(conninfo, log, thing_projection()).parked.retry("things", "thing-1")
    await note(log, 1, "new")
    await caught_up(sql, "things")

    assert (tried.events_applied, tried.parked) == (4, None)
    assert await rows(sql, PARKED) == []
    assert await shown(sql) == [("thing-1", None, 6), ("thing-2", None, 1)]
    assert await rows(sql, "SELECT last_error FROM checkpoints WHERE projection = 'things'") == [
        (None,)
    ]


async def test_a_retry_that_fails_further_on_keeps_what_could_be_applied(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await parked_at(log, projecting, sql, thing_projection(at_a_loss_with=WORSE))
    operator = Operator(conninfo, log, thing_projection(at_a_loss_with=frozenset({"worse"})))

    tried = await operator.parked.retry("things", "thing-1")

    assert tried.events_applied == 2
    assert tried.parked is not None
    assert (tried.parked.position, tried.parked.type) == (5, "ThingNoted")
    assert await rows(sql, PARKED) == [("thing-1", 5)]
    assert await shown(sql) == [("thing-1", None, 3), ("thing-2", None, 1)]


async def test_a_retry_that_changes_nothing_leaves_the_stream_parked_where_it_was(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    follower = thing_projection(at_a_loss_with=BAD)
    await parked_at(log, projecting, sql, follower)

    tried = await Operator(conninfo, log, follower).parked.retry("things", "thing-1")

    assert tried.events_applied == 0
    assert await rows(sql, PARKED) == [("thing-1", 3)]
    assert await shown(sql) == [("thing-1", None, 1), ("thing-2", None, 1)]


async def test_a_skip_is_an_event_and_holds_for_the_projector_and_for_every_rebuild(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    follower = thing_projection(at_a_loss_with=WORSE)
    await parked_at(log, projecting, sql, follower)
    operator = Operator(conninfo, log, follower)

    first = await operator.skip("thing-1", reason=" malformed by release 1.2 ")
    assert first.parked is not None
    second = await operator.skip("thing-1")
    assert second.parked is None

    begun, skipped, again = [each.event for each in await log.reader.stream("projection-things")]
    assert type(begun).__name__ == "ProjectionOversightBegun"
    assert vars_of(skipped) == ("thing-1", 3, 3, "ThingNoted", "malformed by release 1.2")
    assert vars_of(again) == ("thing-1", 5, 5, "ThingNoted", "of no use")
    expected = [("thing-1", None, 3), ("thing-2", None, 1)]
    assert await shown(sql) == expected

    rebuild = Rebuild(connector(conninfo, "rebuild"), log.reader)
    await rebuild.run([follower], lambda _: None)
    assert await shown(sql) == expected


async def test_a_skip_that_was_interrupted_behind_its_event_is_completed_by_another(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    follower = thing_projection(at_a_loss_with=BAD)
    await parked_at(log, projecting, sql, follower)
    operator = Operator(conninfo, log, follower)

    class PowerCutError(Exception):
        pass

    class Cut(PostgresParkedStreams):
        async def retry(self, projection: str, stream_id: str) -> Retried:
            raise PowerCutError(projection, stream_id)

    whole, operator.parked = (
        operator.parked,
        Cut(connector(conninfo, "operator"), log.reader, [follower]),
    )
    with pytest.raises(PowerCutError):
        await operator.skip("thing-1")
    operator.parked = whole
    assert (await operator.skip("thing-1")).parked is None

    assert len(await log.reader.stream("projection-things")) == 2
    assert await shown(sql) == [("thing-1", None, 4), ("thing-2", None, 1)]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
async def test_a_skip_needs_a_reason(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    conninfo: str,
    reason: str,
) -> None:
    follower = thing_projection(at_a_loss_with=BAD)
    await parked_at(log, projecting, sql, follower)

    with pytest.raises(InvalidFieldError):
        await Operator(conninfo, log, follower).skip("thing-1", reason=reason)
    assert await rows(sql, PARKED) == [("thing-1", 3)]


async def test_a_subscription_makes_the_jobs_of_what_waited_once(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await projecting.start(thing_subscription(at_a_loss_with=BAD))
    await note(log, 1, "good", "bad", "behind it")
    await caught_up(sql, "echoes")
    operator = Operator(conninfo, log, thing_subscription())

    assert (await operator.parked.retry("echoes", "thing-1")).events_applied == 2
    with pytest.raises(NotFoundError, match="thing-1 is not parked in echoes"):
        await operator.parked.retry("echoes", "thing-1")

    assert await echoed(sql) == [2, 3, 4]


async def test_what_is_not_there_is_named(log: EventStoreParts, conninfo: str) -> None:
    operator = Operator(conninfo, log, thing_projection())

    with pytest.raises(NotFoundError, match="Projection nobody not found"):
        await operator.parked.of("nobody")
    with pytest.raises(NotFoundError, match="Stream thing-1 is not parked in things"):
        await operator.skip("thing-1")


async def test_an_erasure_reaches_the_rows_of_a_stream_that_is_parked(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    """Its events wait as before; what they bring later is redacted."""
    thing = Thing.make(1, owner="Ann Example")
    thing.note("good")
    thing.note("bad")
    thing.give("Ann Example's heir")
    await log.store.save(thing, metadata=BY_TEST)
    await log.store.save(Thing.make(2, owner="Bob Example"), metadata=BY_TEST)
    await projecting.start(thing_projection(at_a_loss_with=BAD))
    await caught_up(sql, "things")
    assert await shown(sql) == [("thing-1", "Ann Example", 1), ("thing-2", "Bob Example", 0)]

    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)
    await caught_up(sql, "things")

    assert await rows(sql, PARKED) == [("thing-1", 3)]
    assert await shown(sql) == [("thing-1", "[REDACTED]", 1), ("thing-2", "Bob Example", 0)]

    await Operator(conninfo, log, thing_projection()).parked.retry("things", "thing-1")
    assert await shown(sql) == [("thing-1", None, 2), ("thing-2", "Bob Example", 0)]


async def test_a_stream_that_is_parked_at_its_erasure_shows_nothing_of_what_was_erased(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_projection(at_a_loss_with=frozenset({"forgetting"})))
    thing = Thing.make(1, owner="Ann Example")
    await log.store.save(thing, metadata=BY_TEST)
    await caught_up(sql, "things")
    assert await shown(sql) == [("thing-1", "Ann Example", 0)]

    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)
    await caught_up(sql, "things")

    assert await rows(sql, PARKED) == [("thing-1", 2)]
    assert await shown(sql) == [("thing-1", "[REDACTED]", 0)]


async def test_an_erasure_that_cannot_be_shown_leaves_the_stream_parked_where_it_is(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """Or the events between the two places would be lost."""
    await projecting.start(thing_projection(at_a_loss_with=frozenset({"bad", "[REDACTED]"})))
    thing = Thing.make(1, owner="Ann Example")
    thing.note("bad")
    thing.note("behind it")
    await log.store.save(thing, metadata=BY_TEST)
    await caught_up(sql, "things")

    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)
    await note(log, 2, "good")
    await caught_up(sql, "things")

    assert await rows(sql, PARKED) == [("thing-1", 2)]


def vars_of(event: object) -> tuple[object, ...]:
    names = ("stream_id", "version", "position", "type", "reason")
    return tuple(getattr(event, name) for name in names)
