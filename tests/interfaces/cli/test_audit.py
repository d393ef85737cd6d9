"""The audit trail in the terminal: as text for people, as JSON for machines, by exit code."""

import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.cli.commands import Terminal
from tests.serving import ADMIN_PASSWORD


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    run = api.start_run(
        api.create_process("only"), entity_name="Acme [bold]Ltd[/bold]", meta={"region": "EMEA"}
    )
    api.report(run["steps"][0]["id"], status="success")
    return run


def test_the_history_of_a_stream_is_the_same_as_over_http(
    terminal: Terminal, api: Api, run: Json
) -> None:
    stream = f"run-{run['id']}"
    assert terminal.json("audit", "history", stream) == api.events(stream)


def test_the_history_of_a_stream_reads_as_text(terminal: Terminal, api: Api, run: Json) -> None:
    done = terminal.run("audit", "history", f"run-{run['id']}")
    assert done.code == 0
    for word in ("RunStarted", "StepRunSucceeded", "RunCompleted", "api_key:1"):
        assert word in done.out
    [started, *_] = api.events(f"run-{run['id']}")
    assert f"of chain {started['correlation_id']}" in done.out
    assert "Acme [bold]Ltd[/bold]" in done.out  # no markup of ours
    assert "\x1b" not in done.out  # no colours where there is no terminal


def test_the_state_of_a_stream_is_the_same_as_over_http(
    terminal: Terminal, api: Api, run: Json
) -> None:
    stream = f"run-{run['id']}"
    path = f"/api/v1/audit/streams/{stream}/state"
    first = terminal.json("audit", "state", stream, "--version", "1")
    assert first == api.get(path, version=1)
    recorded_at = api.events(stream)[0]["recorded_at"]
    assert terminal.json("audit", "state", stream, "--at", recorded_at) == first


def test_the_state_of_a_stream_reads_as_text(terminal: Terminal, run: Json) -> None:
    done = terminal.run("audit", "state", f"run-{run['id']}")
    assert done.code == 0
    assert f"run-{run['id']} (Run) at version 3" in done.out
    assert '"region": "EMEA"' in done.out


def test_secrets_are_not_shown_in_the_terminal_either(terminal: Terminal) -> None:
    for command in ("history", "state"):
        done = terminal.run("audit", command, "user-admin", "--json")
        assert done.code == 0
        assert '"password_hash":"[REDACTED]"' in done.out
        assert "argon2" not in done.out
        assert ADMIN_PASSWORD not in done.out


def test_a_neutralized_run_is_redacted_in_the_terminal(terminal: Terminal, api: Api) -> None:
    run = api.start_run(api.create_process(), entity_name="Jane Doe", meta={"mail": "j@d.org"})
    api.neutralize(run["id"])
    for arguments in (
        ("history", f"run-{run['id']}"),
        ("state", f"run-{run['id']}", "--version", "1"),
    ):
        done = terminal.run("audit", *arguments)
        assert done.code == 0
        assert "[REDACTED]" in done.out
        assert "Jane" not in done.out
        assert "j@d.org" not in done.out


def test_the_chain_is_verified(terminal: Terminal, api: Api) -> None:
    verified = terminal.json("audit", "verify")
    assert verified["valid"] is True
    assert verified == api.get("/api/v1/audit/verify")
    done = terminal.run("audit", "verify")
    assert done.code == 0
    assert f"The chain holds: {verified['events_verified']} events verified" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("history", "run-987654321"), "Stream run-987654321 not found"),
        (("history", "[/red]"), "Stream [/red] not found"),
        (("state", "user-admin", "--version", "99"), "Stream user-admin has no version 99"),
    ],
)
def test_what_does_not_exist_exits_1_and_says_so(
    terminal: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    done = terminal.run("audit", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"Error: {said}")
    assert "Traceback" not in done.err


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
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    done = terminal.run("audit", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage: annals audit" in done.err
    assert "Traceback" not in done.err


def test_the_read_models_are_shown_with_how_far_they_are(terminal: Terminal) -> None:
    shown = terminal.json("projections", "status")
    assert {projection["state"] for projection in shown} == {"live"}
    done = terminal.run("projections", "status")
    assert done.code == 0
    for projection in shown:
        assert projection["name"] in done.out
