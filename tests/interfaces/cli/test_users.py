"""Users, API keys and master keys in the terminal, beside a server and without one."""

import io
import re
import sys
from types import SimpleNamespace

import pytest

from tests.interfaces.api import PASSWORD, Api, unique
from tests.interfaces.cli.commands import Terminal
from tests.serving import ADMIN_KEY, Served


@pytest.fixture
def password_given(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, PASSWORD.encode() + b"\n")


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)


@pytest.mark.usefixtures("password_given")
def test_a_user_who_is_let_in_here_can_log_in_at_once(
    terminal: Terminal, stranger: Api, api: Api
) -> None:
    name = unique("ada")
    created = terminal.json("users", "create", name, "--email", "a@b.org", "--password-stdin")
    assert created == {
        "username": name,
        "email": "a@b.org",
        "roles": ["user"],
        "is_active": True,
    }
    assert stranger.log_in(name, PASSWORD).status_code == 200
    assert terminal.json("users", "show", name) == created
    assert created in terminal.json("users", "list")
    assert created in api.get("/auth/users")


def test_a_generated_password_is_shown_once_and_holds(terminal: Terminal, stranger: Api) -> None:
    name = unique("grace")
    done = terminal.run("users", "create", name, "--generate")
    password = done.out.splitlines()[-1]
    assert done.code == 0
    assert stranger.log_in(name, password).status_code == 200
    assert password not in str(terminal.run("audit", "history", f"user-{name}"))

    changed = terminal.json("users", "set-password", name, "--generate")["password"]
    assert stranger.log_in(name, password).status_code == 401
    assert stranger.log_in(name, changed).status_code == 200


def test_a_user_is_changed_as_over_http(terminal: Terminal, api: Api, stranger: Api) -> None:
    name = api.register()["username"]
    assert terminal.json("users", "set-role", name, "editor", "author")["roles"] == [
        "author",
        "editor",
    ]
    assert terminal.json("users", "set-email", name, "new@b.org")["email"] == "new@b.org"
    assert terminal.json("users", "deactivate", name)["is_active"] is False
    assert stranger.log_in(name, PASSWORD).status_code == 401
    assert terminal.json("users", "reactivate", name)["is_active"] is True
    assert stranger.log_in(name, PASSWORD).status_code == 200


def test_an_auditor_sees_that_it_was_done_in_the_terminal(terminal: Terminal, api: Api) -> None:
    name = api.register()["username"]
    terminal.json("users", "deactivate", name)
    by_http, here = api.events(f"user-{name}")
    assert by_http["actor"] == "api_key:1"
    assert re.fullmatch(r"operator:\S+", here["actor"])
    assert here["correlation_id"].startswith("terminal-")


@pytest.mark.usefixtures("password_given")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "admin", "--password-stdin"), "user-admin already exists"),
        (("create", "a b", "--password-stdin"), "username must be 1 to 255 letters"),
        (("create", "x", "--email", "none", "--password-stdin"), "email must be an e-mail"),
        (("show", "nobody"), "User nobody not found"),
        (("show", "no/body"), "User no/body not found"),
        (("set-role", "nobody", "user"), "User nobody not found"),
        (("set-email", "admin", "none"), "email must be an e-mail"),
        (("deactivate", "[/red]"), "User not found"),
    ],
)
def test_what_is_refused_exits_1_and_names_it(
    terminal: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    done = terminal.run("users", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"Error: {said}")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (b"short\n", 1, "password must be 8 to 1024 characters long"),
        (b"x" * 9000, 1, "password must be 8 to 1024 characters long"),
        (b"", 1, "password must be 8 to 1024 characters long"),
        (b"\xff" * 10, 2, "is not valid UTF-8"),
    ],
)
def test_a_password_that_cannot_be_is_refused_and_not_repeated(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, given: bytes, code: int, said: str
) -> None:
    give(monkeypatch, given)
    done = terminal.run("users", "create", unique("eve"), "--password-stdin")
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "short" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "create", "eve"),
        ("users", "create", "eve", "--generate", "--password-stdin"),
        ("users", "create", "eve", "--role", "emperor"),
        ("users", "create", "eve", "--password", "secret"),
        ("users", "set-role", "admin"),
        ("api-keys", "show", "0"),
        ("api-keys", "show", "x"),
        ("api-keys", "show", str(2**63)),
        ("api-keys", "create", "k", "--expires-at", "noon"),
    ],
)
def test_wrong_usage_exits_2(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    give(monkeypatch, b"")
    done = terminal.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage: annals" in done.err


def test_an_api_key_is_shown_once_holds_and_is_taken_back(
    terminal: Terminal, served: Served, api: Api
) -> None:
    created = terminal.json("api-keys", "create", "of the terminal", "--role", "admin")
    with served.client(created["key"]) as client:
        assert client.get("/auth/users").status_code == 200
        shown = terminal.json("api-keys", "show", str(created["id"]))
        assert "key" not in shown
        assert shown["key_prefix"] == created["key"][:8]

        assert terminal.json("api-keys", "toggle", str(created["id"]))["is_active"] is False
        assert client.get("/auth/users").status_code == 401
        assert terminal.json("api-keys", "toggle", str(created["id"]))["is_active"] is True
        assert client.get("/auth/users").status_code == 200
        assert terminal.json("api-keys", "revoke", str(created["id"]))["revoked_at"]
        assert client.get("/auth/users").status_code == 401

    done = terminal.run("api-keys", "toggle", str(created["id"]))
    assert (done.code, done.err) == (
        1,
        f"Error: API key {created['id']} has been revoked for good\n",
    )
    listed = {key["id"]: key for key in terminal.json("api-keys", "list")}
    assert listed[created["id"]] == api.get(f"/api/v1/api-keys/{created['id']}")
    assert created["key"] not in terminal.run("api-keys", "list").out


def test_an_unknown_or_refused_api_key_exits_1(terminal: Terminal) -> None:
    for arguments in (("show", "987654"), ("revoke", "987654"), ("toggle", "987654")):
        done = terminal.run("api-keys", *arguments)
        assert (done.code, done.err) == (1, "Error: ApiKey 987654 not found\n")
    done = terminal.run("api-keys", "create", "old", "--expires-at", "2001-01-01")
    assert (done.code, done.err) == (1, "Error: expires_at must be in the future\n")


def test_the_master_key_is_shown_by_its_id_alone(terminal: Terminal) -> None:
    inventory = terminal.json("keys", "list")
    [current] = inventory["master_keys"]
    assert current["is_current"]
    assert current["at_hand"]
    assert current["data_keys"] > 0
    assert inventory["erased_subjects"] >= 0
    assert terminal.json("keys", "show") == current
    assert terminal.json("keys", "show", current["master_key_id"]) == current
    assert terminal.run("keys", "show", "other").err == "Error: Master key other is not in use\n"
    assert ADMIN_KEY not in terminal.run("keys", "list").out


def test_without_a_server_the_terminal_reads_what_it_wrote(lone_terminal: Terminal) -> None:
    created = lone_terminal.json("users", "create", "ada", "--generate")
    assert [user["username"] for user in lone_terminal.json("users", "list")] == ["ada"]
    key = lone_terminal.json("api-keys", "create", "first")
    assert [listed["id"] for listed in lone_terminal.json("api-keys", "list")] == [key["id"]]
    lone_terminal.json("users", "deactivate", created["username"])
    [ada] = lone_terminal.json("users", "list")
    assert ada["is_active"] is False


def test_an_argument_that_is_no_text_is_refused(terminal: Terminal) -> None:
    done = terminal.run("users", "show", "\udcff")
    assert (done.code, done.err) == (2, "Error: An argument is not valid UTF-8\n")
