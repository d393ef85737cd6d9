"""A command sent for one version of an aggregate is recorded on no other."""

import asyncio

import pytest

from application.errors import ConflictError, PreconditionFailedError
from application.metadata import Claim, IfMatch, SentMetadata
from infra.event_store.assembly import EventStoreParts
from tests.infra.event_store.opening import recorded
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

ANY = IfMatch(None)


def sent_for(*versions: int) -> SentMetadata:
    return conditional(IfMatch(frozenset(versions)))


def conditional(if_match: IfMatch, claim: Claim | None = None) -> SentMetadata:
    return SentMetadata(actor="tester", correlation_id="test", if_match=if_match, claim=claim)


@pytest.fixture
async def thing(log: EventStoreParts) -> Thing:
    """A thing of version 2."""
    made = Thing.make(1)
    made.note("second")
    await log.store.save(made, metadata=BY_TEST)
    return await log.store.load(Thing, 1)


@pytest.mark.parametrize(
    "if_match",
    [IfMatch(frozenset({2})), IfMatch(frozenset({1, 2, 7})), ANY],
    ids=["its own", "one of several", "any"],
)
async def test_a_command_for_the_version_that_there_is_is_recorded(
    log: EventStoreParts, thing: Thing, if_match: IfMatch
) -> None:
    thing.note("third")
    thing.note("fourth")

    assert await log.store.save(thing, metadata=conditional(if_match)) == 4


@pytest.mark.parametrize("versions", [(), (1,), (3,), (1, 3)])
async def test_a_command_for_another_version_records_nothing(
    log: EventStoreParts, thing: Thing, versions: tuple[int, ...]
) -> None:
    thing.note("third")

    with pytest.raises(PreconditionFailedError):
        await log.store.save(thing, metadata=sent_for(*versions))

    assert len(await recorded(log)) == 2


async def test_a_command_for_another_version_is_refused_though_it_would_change_nothing(
    log: EventStoreParts, thing: Thing
) -> None:
    with pytest.raises(PreconditionFailedError):
        await log.store.save(thing, metadata=sent_for(1))

    assert await log.store.save(thing, metadata=sent_for(2)) == 2


@pytest.mark.parametrize("if_match", [ANY, IfMatch(frozenset({1}))], ids=["any", "first"])
async def test_what_does_not_exist_has_no_version(log: EventStoreParts, if_match: IfMatch) -> None:
    with pytest.raises(PreconditionFailedError):
        await log.store.save(Thing.make(1), metadata=conditional(if_match))

    assert await recorded(log) == []


async def test_the_condition_is_about_the_first_aggregate(
    log: EventStoreParts, thing: Thing
) -> None:
    thing.note("third")

    assert await log.store.save(thing, Thing.make(2), metadata=sent_for(2)) == 4


async def test_of_several_commands_for_one_version_one_is_recorded(
    log: EventStoreParts, elsewhere: EventStoreParts, thing: Thing
) -> None:
    async def command(parts: EventStoreParts, note: str) -> int:
        loaded = await parts.store.load(Thing, 1)
        loaded.note(note)
        return await parts.store.save(loaded, metadata=sent_for(thing.version))

    outcomes = await asyncio.gather(
        *(command((log, elsewhere)[n % 2], f"rival {n}") for n in range(20)),
        return_exceptions=True,
    )

    refused = [o for o in outcomes if isinstance(o, ConflictError | PreconditionFailedError)]
    assert len(refused) == 19
    assert len((await log.store.load(Thing, 1)).state.notes) == 2


async def test_the_first_aggregate_must_not_move_though_only_others_change(
    log: EventStoreParts, thing: Thing
) -> None:
    mover = await log.store.load(Thing, 1)
    mover.note("moved")
    await log.store.save(mover, metadata=BY_TEST)

    with pytest.raises(ConflictError):
        await log.store.save(thing, Thing.make(2), metadata=sent_for(2))


async def test_a_claim_is_not_recorded_where_the_version_is_another(
    log: EventStoreParts, thing: Thing
) -> None:
    claim = Claim(id=b"key", fingerprint=b"sent")
    thing.note("third")
    with pytest.raises(PreconditionFailedError):
        await log.store.save(thing, metadata=conditional(IfMatch(frozenset({1})), claim))

    again = await log.store.load(Thing, 1)
    again.note("third")
    assert await log.store.save(again, metadata=conditional(ANY, claim)) == 3
