"""Two server processes on one database are one Annals (contract sections 1 and 4)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.interfaces.api import PASSWORD, Api, unique
from tests.interfaces.rest.problems import assert_dashboard_error, assert_football_error
from tests.interfaces.rest.sendable import Prepare
from tests.interfaces.rest.sent import WITH_KEY, send
from tests.interfaces.websocket.talking import known
from tests.serving import ADMIN_KEY, Served, serving

pytestmark = [
    pytest.mark.xdist_group("two-servers"),
    pytest.mark.usefixtures("nothing_processed"),
]

ROUNDS = 30


@pytest.fixture(scope="module")
def second(served: Served) -> Iterator[Served]:
    home = Path(served.environment["ANNALS_HOME"])
    with serving(home, database_url=served.environment["DATABASE_URL"]) as server:
        yield server


@pytest.fixture(scope="module")
def other(second: Served) -> Iterator[Api]:
    """The API of the second server, as the admin's key reaches it."""
    with second.client() as client:
        yield Api(client)


def test_what_one_server_wrote_the_other_shows(api: Api, other: Api) -> None:
    process = api.create_process("only")
    for number in range(ROUNDS):
        writer, reader = (api, other) if number % 2 else (other, api)
        run = writer.start_run(process, entity_id=f"entity-{number}")
        assert reader.run(run["id"]) == run
        assert reader.found(process_id=process)[0] == f"entity-{number}"
        writer.report(run["steps"][0]["id"], status="success")
        assert reader.run(run["id"])["status"] == "completed"
        counted = reader.get(f"/api/v1/dashboard/process/{process}")["statistics"]
        assert (counted["total_runs"], counted["completed_runs"]) == (number + 1, number + 1)


def test_a_run_started_by_one_server_is_reported_on_by_the_other(api: Api, other: Api) -> None:
    run = api.start_run(api.create_process(*(f"step {number}" for number in range(10))))
    for number, step in enumerate(run["steps"]):
        reporter = api if number % 2 else other
        assert reporter.report(step["id"], status="success")["status"] == "success"
    assert other.run(run["id"])["status"] == "completed"


def test_what_one_server_records_those_at_the_other_hear_of_at_once(
    served: Served, second: Served, api: Api, other: Api
) -> None:
    with known(served, ADMIN_KEY) as here, known(second, ADMIN_KEY) as there:
        for number in range(10):
            (api if number % 2 else other).create_process()
        heard = [here.hear() for _ in range(10)]
        assert heard == [there.hear() for _ in range(10)]
        assert {message["type"] for message in heard} == {"process.created"}


def test_a_step_added_by_one_server_is_in_the_next_run_of_the_other(api: Api, other: Api) -> None:
    process = api.create_process()
    for number in range(5):
        adder, starter = (api, other) if number % 2 else (other, api)
        adder.add_step(process, number, f"step {number}")
        assert len(starter.start_run(process)["steps"]) == number + 1


def test_a_neutralized_run_is_neutralized_everywhere(api: Api, other: Api) -> None:
    run = api.start_run(api.create_process("only"), entity_name="Jane Doe", meta={"mail": "a@b.c"})
    for reader in (api, other):
        assert reader.events(f"run-{run['id']}")[0]["data"]["entity_name"] == "Jane Doe"
    api.neutralize(run["id"])
    for reader in (other, api):
        assert reader.events(f"run-{run['id']}")[0]["data"]["entity_name"] == "[REDACTED]"
        assert reader.run(run["id"])["entity_name"] is None
    response = other.http.patch(
        f"/api/v1/step-runs/{run['steps'][0]['id']}", json={"meta": {"mail": "a@b.c"}}
    )
    assert_dashboard_error(response, 400, "business_rule_violation", "neutralized")


def test_a_new_key_holds_in_the_other_server_at_once(api: Api, second: Served) -> None:
    for _ in range(5):
        with second.client(api.create_key()["key"]) as client:
            assert client.get("/api/v1/auth/verify").status_code == 200


def test_a_revoked_key_is_refused_in_both_servers_at_once(
    api: Api, other: Api, served: Served, second: Served
) -> None:
    for revoker in (api, other):
        key = revoker.create_key()
        with served.client(key["key"]) as here, second.client(key["key"]) as there:
            for client in (here, there):
                assert client.get("/api/v1/processes/").status_code == 200
            revoker.http.delete(f"/api/v1/api-keys/{key['id']}")
            for client in (there, here):
                response = client.get("/api/v1/processes/")
                assert_dashboard_error(response, 401, "authentication_error", "Invalid or expired")


def test_a_key_switched_off_is_refused_in_the_other_server_at_once(
    api: Api, second: Served
) -> None:
    key = api.create_key()
    with second.client(key["key"]) as client:
        for status in (401, 200, 401):
            api.patch(f"/api/v1/api-keys/{key['id']}/toggle", {})
            assert client.get("/api/v1/processes/").status_code == status


def test_a_token_of_one_server_holds_in_the_other_until_the_user_changes(
    api: Api, other: Api, stranger: Api
) -> None:
    username = api.register(username=unique("traveller"))["username"]
    token = stranger.log_in(username, PASSWORD).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-API-Key": ""}
    assert other.http.get("/auth/me", headers=headers).json()["username"] == username
    api.patch(f"/auth/users/{username}", {"roles": ["viewer"]})
    assert_football_error(other.http.get("/auth/me", headers=headers), 401, "Invalid token")


def test_the_uses_of_a_key_add_up_over_both_servers(
    api: Api, served: Served, second: Served
) -> None:
    key = api.create_key()
    with served.client(key["key"]) as here, second.client(key["key"]) as there:
        for client in (here, there):
            client.get("/api/v1/processes/")
            client.get("/api/v1/auth/usage-stats")
        used = here.get("/api/v1/auth/usage-stats").json()
    assert used["usage_count"] == 5


@pytest.mark.parametrize("prepare", WITH_KEY.values(), ids=WITH_KEY)
def test_a_command_sent_to_both_servers_with_one_key_is_carried_out_once(
    api: Api, other: Api, prepare: Prepare
) -> None:
    command, key = prepare(api), unique("key")
    with ThreadPoolExecutor(8) as senders:
        responses = list(
            senders.map(lambda to: send(to, command, Idempotency_Key=key), [api, other] * 4)
        )
    assert {response.is_success for response in responses} == {True}
    assert len({(r.content, r.headers["X-Event-Position"]) for r in responses}) == 1
    replayed = [response.headers.get("Idempotent-Replayed") for response in responses]
    assert sorted(replayed, key=str) == [None] + ["true"] * 7
