"""A server under load is killed again and again: nothing is lost, doubled, or left over."""

import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from application.verification import Verification
from domain.events import DomainEvent, Recorded
from domain.runs.events import RunNeutralized, RunStarted, StepRunEvent
from infra.postgres.embedded import EmbeddedPostgres
from infra.settings import Settings
from interfaces.composition import FOLLOWERS, PROJECTIONS, keyring
from projections.projection import Projection
from tests.faults.conftest import NewHome
from tests.faults.homes import Home, wait_until
from tests.faults.load import Ledger, Load, load
from tests.faults.replay import ReadModel, replayed, stored, whole_log
from tests.serving import NO_AUTHORITIES, Served, free_port, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

CHANCE = random.SystemRandom()

KILLS = (
    ["all of its processes"] * 2
    + ["all of its processes, and again while it starts"] * 1
    + ["supervisor"] * 1
    + ["worker"] * 2
    + ["PostgreSQL"] * 2
)
COMMANDS_IN_A_LIFE = 25
LONGEST_LIFE_AFTER_THEM_SECONDS = 0.4
LONGEST_START_SECONDS = 0.8


@dataclass(frozen=True)
class Aftermath:
    """What is found when the server that was killed so often has been stopped in the end."""

    ledger: Ledger
    log: list[Recorded[DomainEvent]]
    stored: dict[str, ReadModel]
    verification: Verification
    exit_code: int
    deserted: bool
    port_is_free: bool


@pytest.fixture(scope="module")
def aftermath(new_home: NewHome) -> Iterator[Aftermath]:
    home = new_home("home")
    port = free_port()
    served = home.start(port=port)
    wait_until_healthy(served)
    with load(served.url, make_process(served)) as under_load:
        for kill in CHANCE.sample(KILLS, len(KILLS)):
            wait_until_more_is_acknowledged(under_load)
            time.sleep(CHANCE.uniform(0, LONGEST_LIFE_AFTER_THEM_SECONDS))
            served = revive(home, served, port, kill)
        wait_until_more_is_acknowledged(under_load)
    wait_until(lambda: projections_are_at_the_head(served), "projections at the head of the log")
    served.process.terminate()
    exit_code = served.process.wait(30)
    deserted, port_is_free = home.is_deserted(), is_free(served)
    verified = served.run("audit", "verify", "--json")
    with EmbeddedPostgres(home.path) as server:
        yield Aftermath(
            ledger=under_load.ledger,
            log=whole_log(server.url, keyring(Settings(annals_home=home.path))),
            stored={projection.name: stored(projection, server.url) for projection in PROJECTIONS},
            verification=msgspec.json.decode(verified.stdout, type=Verification),
            exit_code=exit_code,
            deserted=deserted,
            port_is_free=port_is_free,
        )


def wait_until_more_is_acknowledged(under_load: Load) -> None:
    enough = under_load.acknowledged() + COMMANDS_IN_A_LIFE
    wait_until(lambda: under_load.acknowledged() >= enough, f"{enough} commands acknowledged")


def revive(home: Home, served: Served, port: int, kill: str) -> Served:
    """Kill a part of the server, and start it again unless it comes back by itself."""
    match kill:
        case "PostgreSQL":
            home.kill_postgres()
        case "worker":
            [worker] = home.workers(served)
            worker.kill()
            worker.wait()
            # The supervisor replaces it, but gives up where workers die one after the other.
            wait_until(lambda: is_healthy(served) or has_ended(served), "another worker")
        case "supervisor":
            served.process.kill()
        case _:
            os.killpg(served.process.pid, signal.SIGKILL)
    if kill.endswith("while it starts"):
        served = restart(home, served, port)
        time.sleep(CHANCE.uniform(0, LONGEST_START_SECONDS))
        os.killpg(served.process.pid, signal.SIGKILL)
    if kill not in ("PostgreSQL", "worker") or has_ended(served):
        served = restart(home, served, port)
    wait_until_healthy(served)
    return served


def restart(home: Home, served: Served, port: int) -> Served:
    served.process.wait()
    wait_until(lambda: not home.annals(), "no worker outlives its supervisor")
    return home.start(port=port)


def has_ended(served: Served) -> bool:
    return served.process.poll() is not None


def is_healthy(served: Served) -> bool:
    try:
        return httpx.get(f"{served.url}/health", verify=NO_AUTHORITIES).status_code == 200
    except httpx.TransportError:
        return False


def make_process(served: Served) -> int:
    with served.client() as client:
        created = client.post("/api/v1/processes/", json={"name": "Onboarding"})
        process: int = created.raise_for_status().json()["id"]
        for index, name in enumerate(("collect", "check")):
            step = {"process_id": process, "index": index, "name": name}
            client.post("/api/v1/steps/", json=step).raise_for_status()
    return process


def projections_are_at_the_head(served: Served) -> bool:
    with served.client() as client:
        statuses = client.get("/api/v1/projections/").raise_for_status().json()
    return {status["name"] for status in statuses if status["lag"] == 0} == {
        follower.name for follower in FOLLOWERS
    }


def is_free(served: Served) -> bool:
    address = urlsplit(served.url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) != 0


def marker(recorded: Recorded[DomainEvent]) -> str | None:
    """Give the marker of the command that an event came from, where the event carries it."""
    match recorded.event:
        case RunNeutralized(reason=reason):
            return reason
        case RunStarted(meta=meta) | StepRunEvent(meta=dict(meta)):
            return str(meta["source"])
    return None


def times_recorded(aftermath: Aftermath) -> Counter[str]:
    return Counter(found for recorded in aftermath.log if (found := marker(recorded)) is not None)


def test_the_load_was_a_load(aftermath: Aftermath) -> None:
    assert len(aftermath.ledger.acknowledged) >= (len(KILLS) + 1) * COMMANDS_IN_A_LIFE
    assert aftermath.ledger.unknown


def test_every_acknowledged_command_is_in_the_log_exactly_once(aftermath: Aftermath) -> None:
    times = times_recorded(aftermath)
    acknowledged = aftermath.ledger.acknowledged
    assert {mark: times[mark] for mark in acknowledged if times[mark] != 1} == {}


def test_a_command_without_an_answer_is_in_the_log_once_or_not_at_all(
    aftermath: Aftermath,
) -> None:
    times = times_recorded(aftermath)
    assert {mark: times[mark] for mark in aftermath.ledger.unknown if times[mark] > 1} == {}


def test_nothing_is_in_the_log_that_nobody_sent(aftermath: Aftermath) -> None:
    sent = aftermath.ledger.acknowledged.keys() | aftermath.ledger.unknown
    assert times_recorded(aftermath).keys() <= sent


def test_a_command_is_in_the_log_at_the_position_that_was_acknowledged(
    aftermath: Aftermath,
) -> None:
    """The position is that of the command's last event; its first carries the marker."""
    places = {marker(recorded): recorded for recorded in aftermath.log}
    for mark, acknowledged in aftermath.ledger.acknowledged.items():
        first, last = places[mark], aftermath.log[acknowledged.position - 1]
        assert first.stream_id == last.stream_id == acknowledged.stream
        assert first.metadata.request_id == last.metadata.request_id
        assert 0 <= last.position - first.position <= 1


def test_positions_have_no_gap(aftermath: Aftermath) -> None:
    positions = [recorded.position for recorded in aftermath.log]
    assert positions == list(range(1, len(positions) + 1))


def test_the_versions_of_each_stream_have_no_gap(aftermath: Aftermath) -> None:
    versions: dict[str, list[int]] = {}
    for recorded in aftermath.log:
        versions.setdefault(recorded.stream_id, []).append(recorded.version)
    assert [s for s, found in versions.items() if found != list(range(1, len(found) + 1))] == []


def test_the_hash_chain_verifies(aftermath: Aftermath) -> None:
    length = len(aftermath.log)
    assert aftermath.verification == Verification(valid=True, events_verified=length, head=length)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_read_models_equal_a_fresh_replay(aftermath: Aftermath, projection: Projection) -> None:
    assert aftermath.stored[projection.name] == replayed(projection, aftermath.log)


def test_clients_saw_no_failure_but_absence_and_could_read_what_they_wrote(
    aftermath: Aftermath,
) -> None:
    assert aftermath.ledger.wrong == []


def test_the_server_ends_in_good_order_and_leaves_nothing_running(aftermath: Aftermath) -> None:
    assert aftermath.exit_code == 0
    assert aftermath.deserted
    assert aftermath.port_is_free
