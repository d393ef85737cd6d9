"""A command with If-Match is carried out on a version it names, or not (contract section 4)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.interfaces.api import Api, unique
from tests.interfaces.rest.problems import (
    FOOTBALL,
    STEWARDSHIP,
    WORKFLOWS,
    assert_dashboard_error,
    assert_football_error,
    assert_invalid,
    assert_stewardship_error,
    assert_workflows_error,
)
from tests.interfaces.rest.sendable import Prepare, Sendable
from tests.interfaces.rest.sent import COMMANDS, head, send, toggle_api_key, update_step_run
from tests.serving import Served

# What is processed in the background would be recorded between two looks at the log.
pytestmark = pytest.mark.usefixtures("nothing_processed")

every_command = pytest.mark.parametrize("prepare", COMMANDS.values(), ids=COMMANDS)


def version(api: Api, command: Sendable) -> int:
    """Give the version of what a command is about; 0 is what it is to begin."""
    return len(api.events(command.stream_id)) if command.stream_id is not None else 0


def assert_refused(api: Api, served: Served, command: Sendable, if_match: str) -> None:
    """Check that a command is refused with 412, and that nothing is recorded."""
    recorded = head(served)
    response = send(api, command, If_Match=if_match)
    if command.path.startswith(FOOTBALL):
        assert_football_error(response, 412, "If-Match")
    elif command.path.startswith(STEWARDSHIP):
        assert_stewardship_error(response, 412, "If-Match")
    elif command.path.startswith(WORKFLOWS):
        assert_workflows_error(response, 412, "PRECONDITION_FAILED", "If-Match")
    else:
        assert_dashboard_error(response, 412, "precondition_failed", "If-Match")
    assert head(served) == recorded


@every_command
def test_on_another_version_a_command_is_refused_and_nothing_recorded(
    api: Api, served: Served, prepare: Prepare
) -> None:
    command = prepare(api)
    current = version(api, command)
    assert_refused(api, served, command, f'"{current + 1}"')
    assert_refused(api, served, command, f'"{current + 1}", "{current + 2}"')
    assert_refused(api, served, command, f'W/"{current}"')
    assert_refused(api, served, command, '"no-version", "a,b", ""')
    assert send(api, command).is_success


@every_command
def test_on_the_version_that_it_names_a_command_is_carried_out(
    api: Api, served: Served, prepare: Prepare
) -> None:
    command = prepare(api)
    current = version(api, command)
    if current == 0:
        assert_refused(api, served, command, "*")
        return
    response = send(api, command, If_Match=f'"{current + 9}", "{current}"')
    assert response.is_success
    assert int(response.headers["ETag"].strip('"')) > current


@pytest.mark.parametrize(
    "if_match", ["*", '"{0}"', '"7","{0}"', ', ,"{0}",', 'W/"1", "{0}"', '"a,b", "{0}"']
)
def test_any_version_and_lists_of_versions_are_understood(api: Api, if_match: str) -> None:
    command = toggle_api_key(api)
    current = version(api, command)
    assert send(api, command, If_Match=if_match.format(current)).is_success


def test_several_lines_are_one_list(api: Api) -> None:
    command = toggle_api_key(api)
    lines = [("If-Match", '"99"'), ("If-Match", f'"{version(api, command)}"')]
    assert api.http.patch(command.path, headers=lines).status_code == 200


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "3",
        '"3',
        '"3" "4"',
        "'3'",
        '*, "3"',
        "w/",
        ",",
        '"3"x',
        '"\t"',
        '"3";"4"',
        "* *",
        '"a b"',
    ],
)
def test_a_malformed_condition_is_refused_by_the_headers_name(
    api: Api, served: Served, malformed: str
) -> None:
    command = update_step_run(api)
    recorded = head(served)
    assert_invalid(send(api, command, If_Match=malformed), "If-Match")
    assert head(served) == recorded


def test_a_long_condition_is_read_in_no_time(api: Api) -> None:
    command = toggle_api_key(api)
    response = send(api, command, If_Match=", \t" * 2000 + "x")
    assert response.status_code in (422, 431)


def test_a_condition_that_does_not_hold_refuses_what_would_change_nothing(
    api: Api, served: Served
) -> None:
    command = update_step_run(api)
    send(api, command)
    assert_refused(api, served, command, '"1"')
    assert send(api, command, If_Match=f'"{version(api, command)}"').is_success


def test_of_several_writers_on_one_version_one_wins(api: Api, served: Served) -> None:
    run = api.start_run(api.create_process("only"))
    path = f"/api/v1/step-runs/{run['steps'][0]['id']}"
    for _ in range(3):
        etag = api.http.get(path).headers["ETag"]
        before = head(served)

        def write(n: int, etag: str = etag) -> int:
            command = Sendable("PATCH", path, {"meta": {"writer": unique("w"), "n": n}})
            return send(api, command, If_Match=etag).status_code

        with ThreadPoolExecutor(12) as writers:
            statuses = sorted(writers.map(write, range(12)))

        assert statuses == [200] + [412] * 11
        assert head(served) == before + 1


def test_without_a_condition_commands_that_commute_all_succeed(api: Api) -> None:
    run = api.start_run(api.create_process(*(f"step {n}" for n in range(12))))

    def report(step: dict[str, int]) -> int:
        path = f"/api/v1/step-runs/{step['id']}"
        return api.http.patch(path, json={"status": "success"}).status_code

    with ThreadPoolExecutor(12) as reporters:
        assert set(reporters.map(report, run["steps"])) == {200}
    assert api.run(run["id"])["status"] == "completed"


def test_a_resource_shows_the_version_that_its_command_answered(api: Api) -> None:
    process = api.create_process("one", "two")
    run = api.start_run(process)
    first, second = (f"/api/v1/step-runs/{step['id']}" for step in run["steps"])
    shown = f"/api/v1/runs/{run['id']}"
    for path in (first, second, first):
        etag = api.http.patch(path, json={"meta": {"note": unique("n")}}).headers["ETag"]
        assert {api.http.get(of).headers["ETag"] for of in (first, second, shown)} == {etag}

    etag = api.http.post(f"{shown}/cancel").headers["ETag"]
    assert api.http.get(shown).headers["ETag"] == etag

    step = {"process_id": process, "index": 9, "name": "last"}
    etag = api.http.post("/api/v1/steps/", json=step).headers["ETag"]
    assert api.http.get(f"/api/v1/processes/{process}").headers["ETag"] == etag

    key = f"/api/v1/api-keys/{api.create_key()['id']}"
    etag = api.http.patch(f"{key}/toggle").headers["ETag"]
    assert api.http.get(key).headers["ETag"] == etag


def test_a_command_that_was_carried_out_is_answered_again_though_the_version_has_moved(
    api: Api,
) -> None:
    command, key = update_step_run(api), unique("key")
    etag = f'"{version(api, command)}"'
    first, again = (send(api, command, If_Match=etag, Idempotency_Key=key) for _ in range(2))
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_a_command_that_was_refused_may_be_sent_again_with_its_key(api: Api) -> None:
    command, key = update_step_run(api), unique("key")
    assert send(api, command, If_Match='"99"', Idempotency_Key=key).status_code == 412
    assert send(api, command, If_Match="*", Idempotency_Key=key).is_success
