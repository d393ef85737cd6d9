"""``annals audit diff``: the same as over HTTP, and readable."""

import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.cli.commands import Terminal


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    run = api.start_run(api.create_process("only"), meta={"region": "EMEA"})
    api.report(run["steps"][0]["id"], status="success")
    return run


def test_a_diff_is_the_same_as_over_http(terminal: Terminal, api: Api, run: Json) -> None:
    stream = f"run-{run['id']}"
    path = f"/api/v1/audit/streams/{stream}/diff"
    assert terminal.json("audit", "diff", stream) == api.get(path)
    moment = api.events(stream)[0]["recorded_at"]
    shown = terminal.json("audit", "diff", stream, "--from", "0", "--to", moment)
    assert shown == api.get(path, **{"from": 0, "to": moment})
    assert shown["to_version"] == 1


def test_a_diff_reads_as_text(terminal: Terminal, run: Json) -> None:
    done = terminal.run("audit", "diff", f"run-{run['id']}", "--from", "1", "--to", "3")
    assert (done.code, done.err) == (0, "")
    assert f"run-{run['id']} (Run) from version 1 to 3" in done.out
    assert "2 StepRunSucceeded" in done.out
    assert '~ /status: "pending" -> "completed"' in done.out
    assert "\x1b" not in done.out
    first = terminal.run("audit", "diff", f"run-{run['id']}", "--from", "0", "--to", "1")
    assert '+ /status: "pending"' in first.out


def test_redacted_values_are_marked_in_a_diff(terminal: Terminal, api: Api) -> None:
    run = api.start_run(api.create_process("only"), entity_name="Jane", meta={"\x1b[2J": "x"})
    api.report(run["steps"][0]["id"], status="success")
    api.neutralize(run["id"])
    done = terminal.run("audit", "diff", f"run-{run['id']}", "--from", "1", "--to", "2")
    assert "? /entity_name: [REDACTED] before and after" in done.out
    erasing = terminal.run("audit", "diff", f"run-{run['id']}")
    assert '~ /entity_name: "[REDACTED]" -> null' in erasing.out
    for shown in (done, erasing):
        assert "Jane" not in shown.out
        assert "\x1b" not in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run-987654321",), 1, "Stream run-987654321 not found"),
        (("user-admin", "--to", "99"), 1, "Stream user-admin has no version 99"),
        (
            ("user-admin", "--from", "1", "--to", "0"),
            1,
            "after version 0, which is before the first event",
        ),
        (("user-admin", "--from", "noon"), 2, "--from"),
        (("user-admin", "--to", "-1"), 2, "--to"),
    ],
)
def test_what_cannot_be_compared_is_told(
    terminal: Terminal, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = terminal.run("audit", "diff", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
