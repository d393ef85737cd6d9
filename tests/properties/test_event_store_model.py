"""Whatever several writers do at once, the event store does what the plain model does."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from application.errors import NotFoundError
from domain.events import DomainEvent, Recorded
from infra.event_store.rotation import establish_master_key
from infra.settings import Settings
from interfaces.composition import keyring
from tests.infra.event_store.opening import verified
from tests.infra.event_store.thing import Thing, ThingGiven, ThingMade, ThingNoted
from tests.properties.model import Command, Model
from tests.properties.world import World, opened_world

PROFILE = settings(
    max_examples=80,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

CLAIMS = st.sampled_from(["one", "other"])
STREAMS = st.sampled_from([f"thing-{n}" for n in range(4)])


class Intention(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do, whatever the state of the log.

    ``behind`` is by how many versions their view of the streams is out of date.
    """

    writer: int
    counts: dict[str, int]
    behind: int
    guards: frozenset[str]
    personal: bool
    erases: bool
    claim: str | None

    def command(self, model: Model) -> Command:
        """Tell what that comes to where the log stands now."""
        appends = {
            stream: (max(0, model.version(stream) - self.behind), count)
            for stream, count in self.counts.items()
        }
        begun = frozenset(stream for stream, (seen, _) in appends.items() if seen)
        erases = begun if self.erases else frozenset()
        return Command(
            appends=appends,
            unmoved={guard: model.version(guard) for guard in self.guards - appends.keys()},
            erases=erases,
            personal=frozenset(appends.keys() - erases) if self.personal else frozenset(),
            claim=self.claim,
        )


INTENTIONS = st.builds(
    Intention,
    writer=st.integers(0, 1),
    counts=st.dictionaries(STREAMS, st.integers(1, 3), min_size=1, max_size=2),
    behind=st.sampled_from([0, 0, 0, 0, 1, 2, 99]),
    guards=st.frozensets(STREAMS, max_size=1),
    personal=st.booleans(),
    erases=st.sampled_from([False] * 7 + [True]),
    claim=st.none() | st.none() | CLAIMS,
)


class EventStoreMachine(RuleBasedStateMachine):
    """Two stores, any commands, one model."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.follower = self.world.begin_anew()

    @rule(intentions=st.lists(INTENTIONS, min_size=1, max_size=10))
    def commands_at_the_same_time(self, intentions: Sequence[Intention]) -> None:
        commands = [(each.writer, each.command(self.model)) for each in intentions]
        accepted, refused = self.world.run(self.world.send(commands, self.follower))
        self.model.follow(accepted, refused)

    @rule(writer=st.integers(0, 1), stream=STREAMS)
    def a_stream_is_read(self, writer: int, stream: str) -> None:
        store = self.world.store(writer).store
        if not self.model.version(stream):
            with pytest.raises(NotFoundError):
                self.world.run(store.history(stream))
            return
        history = self.world.run(store.history(stream))
        assert [event.version for event in history] == self._versions(stream)
        for event in history:
            self._check(event)
        thing = self.world.run(store.load(Thing, stream.removeprefix("thing-")))
        assert thing.version == self.model.version(stream)

    @rule(writer=st.integers(0, 1), stream=STREAMS, version=st.integers(1, 12))
    def a_stream_is_read_as_it_was(self, writer: int, stream: str, version: int) -> None:
        if self.model.version(stream):
            store = self.world.store(writer).store
            then = self.world.run(store.load_as_of(stream, version=version))
            assert then.version == min(version, self.model.version(stream))

    @rule(claim=CLAIMS)
    def a_claim_is_looked_up(self, claim: str) -> None:
        found = self.world.run(self.world.claimed(claim))
        assert (found.position if found is not None else None) == self.model.claims.get(claim)

    @invariant()
    def who_follows_the_log_saw_every_event_once_and_in_order(self) -> None:
        seen = self.follower.seen
        assert [event.position for event in seen] == list(range(1, len(seen) + 1))
        assert [(event.stream_id, event.version) for event in seen] == self.model.log
        times = [event.recorded_at for event in seen]
        assert times == sorted(times)

    def teardown(self) -> None:
        outcome = self.world.run(verified(self.world.conninfo))
        assert (outcome.valid, outcome.head) == (True, len(self.model.log))

    def _versions(self, stream: str) -> list[int]:
        return [version for name, version in self.model.log if name == stream]

    def _check(self, recorded: Recorded[DomainEvent]) -> None:
        """Every event tells itself where it belongs."""
        place = f"{recorded.stream_id}@{recorded.version}"
        erased = recorded.stream_id in self.model.erased
        match recorded.event:
            case ThingMade(label=told) | ThingNoted(note=told):
                assert told == place
            case ThingGiven(owner=told):
                assert told == ("[REDACTED]" if erased else place)


def test_the_event_store_does_what_its_model_does(database: str, settings: Settings) -> None:
    ring = keyring(settings)
    establish_master_key(database, ring)
    with opened_world(database, ring) as opened:

        class OverThisLog(EventStoreMachine):
            world = opened

        run_state_machine_as_test(OverThisLog, settings=PROFILE)
