"""``annals audit trace``: the same as over HTTP, and readable as a tree."""

from tests.interfaces.api import Api, unique
from tests.interfaces.cli.commands import Terminal


def test_a_chain_is_the_same_as_over_http_and_reads_as_a_tree(terminal: Terminal, api: Api) -> None:
    chain = unique("[bold]order")
    response = api.http.post(
        "/api/v1/processes/",
        json={"name": unique("process")},
        headers={"X-Correlation-ID": chain, "X-Request-ID": "request-8"},
    )
    stream = f"process-{response.json()['id']}"

    assert terminal.json("audit", "trace", chain) == api.get(f"/api/v1/audit/trace/{chain}")

    done = terminal.run("audit", "trace", chain)
    assert (done.code, done.err) == (0, "")
    head, request, event = done.out.splitlines()
    assert head == f"{chain}: 1 events"
    assert request == "└── request request-8 by api_key:1"
    assert f"{stream} 1 ProcessCreated" in event


def test_a_chain_that_is_not_there_exits_1_and_says_so(terminal: Terminal) -> None:
    done = terminal.run("audit", "trace", "nothing")
    assert (done.code, done.out) == (1, "")
    assert done.err == "Error: No event has the correlation id nothing\n"


def test_a_chain_is_complete_where_no_server_keeps_the_history_up_to_date(
    lone_terminal: Terminal,
) -> None:
    lone_terminal.json("users", "create", "ada", "--generate")
    [entry] = lone_terminal.json("audit", "history", "user-ada")
    shown = lone_terminal.json("audit", "trace", entry["correlation_id"])
    [origin] = shown["origins"]
    assert origin["actor"].startswith("operator:")
    assert [event["type"] for event in origin["events"]] == [entry["type"]]
