"""The audit trail in the terminal: as text for people, as JSON for machines, by exit code."""

import json
from typing import Any

import pytest

from tests.interfaces.api import Api, Json
from tests.serving import ADMIN_PASSWORD, Served


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    run = api.start_run(
        api.create_process("only"), entity_name="Acme [bold]Ltd[/bold]", meta={"region": "EMEA"}
    )
    api.report(run["steps"][0]["id"], status="success")
    return run


def as_json(served: Served, *arguments: str) -> Any:
    done = served.run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    [line] = done.stdout.splitlines()
    return json.loads(line)


def test_the_history_of_a_stream_is_the_same_as_over_http(
    served: Served, api: Api, run: Json
) -> None:
    stream = f"run-{run['id']}"
    assert as_json(served, "audit", "history", stream) == api.events(stream)


def test_the_history_of_a_stream_reads_as_text(served: Served, api: Api, run: Json) -> None:
    done = served.run("audit", "history", f"run-{run['id']}")
    assert done.returncode == 0
    for word in ("RunStarted", "StepRunSucceeded", "RunCompleted", "api_key:1"):
        assert word in done.stdout
    [started, *_] = api.events(f"run-{run['id']}")
    assert f"of chain {started['correlation_id']}" in done.stdout
    assert "Acme [bold]Ltd[/bold]" in done.stdout  # no markup of ours
    assert "\x1b" not in done.stdout  # no colours where there is no terminal


def test_the_state_of_a_stream_is_the_same_as_over_http(
    served: Served, api: Api, run: Json
) -> None:
    stream = f"run-{run['id']}"
    path = f"/api/v1/audit/streams/{stream}/state"
    first = as_json(served, "audit", "state", stream, "--version", "1")
    assert first == api.get(path, version=1)
    recorded_at = api.events(stream)[0]["recorded_at"]
    assert as_json(served, "audit", "state", stream, "--at", recorded_at) == first


def test_the_state_of_a_stream_reads_as_text(served: Served, run: Json) -> None:
    done = served.run("audit", "state", f"run-{run['id']}")
    assert done.returncode == 0
    assert f"run-{run['id']} (Run) at version 3" in done.stdout
    assert '"region": "EMEA"' in done.stdout


def test_secrets_are_not_shown_in_the_terminal_either(served: Served) -> None:
    for command in ("history", "state"):
        done = served.run("audit", command, "user-admin", "--json")
        assert done.returncode == 0
        assert '"password_hash":"[REDACTED]"' in done.stdout
        assert "argon2" not in done.stdout
        assert ADMIN_PASSWORD not in done.stdout


def test_a_neutralized_run_is_redacted_in_the_terminal(served: Served, api: Api) -> None:
    run = api.start_run(api.create_process(), entity_name="Jane Doe", meta={"mail": "j@d.org"})
    api.neutralize(run["id"])
    for arguments in (
        ("history", f"run-{run['id']}"),
        ("state", f"run-{run['id']}", "--version", "1"),
    ):
        done = served.run("audit", *arguments)
        assert done.returncode == 0
        assert "[REDACTED]" in done.stdout
        assert "Jane" not in done.stdout
        assert "j@d.org" not in done.stdout


def test_the_chain_is_verified(served: Served, api: Api) -> None:
    verified = as_json(served, "audit", "verify")
    assert verified["valid"] is True
    assert verified == api.get("/api/v1/audit/verify")
    done = served.run("audit", "verify")
    assert done.returncode == 0
    assert f"The chain holds: {verified['events_verified']} events verified" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("history", "run-987654321"), "Stream run-987654321 not found"),
        (("history", "[/red]"), "Stream [/red] not found"),
        (("state", "user-admin", "--version", "99"), "Stream user-admin has no version 99"),
    ],
)
def test_what_does_not_exist_exits_1_and_says_so(
    served: Served, arguments: tuple[str, ...], said: str
) -> None:
    done = served.run("audit", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {said}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("history",),
        ("state", "run-1", "--version", "0"),
        ("state", "run-1", "--at", "noon"),
        ("state", "run-1", "--at", "0001-01-01T00:00:00+14:00"),
        ("state", "run-1", "--version", "1", "--at", "2030-01-01"),
        ("nothing",),
    ],
)
def test_wrong_usage_exits_2_and_says_how_it_is_done(
    served: Served, arguments: tuple[str, ...]
) -> None:
    done = served.run("audit", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: annals audit" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_read_models_are_shown_with_how_far_they_are(served: Served) -> None:
    shown = as_json(served, "projections", "status")
    assert {projection["state"] for projection in shown} == {"live"}
    done = served.run("projections", "status")
    assert done.returncode == 0
    for projection in shown:
        assert projection["name"] in done.stdout
