"""Webhooks in the terminal, beside a server and without one."""

import io
import re
import sys
from types import SimpleNamespace

import pytest

from tests.interfaces.api import Api, unique_url
from tests.interfaces.cli.commands import Terminal

SECRET = "optional_secret_for_verification"


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)


def test_what_is_registered_here_is_listed_over_http_and_the_other_way(
    terminal: Terminal, api: Api
) -> None:
    here = terminal.json("webhooks", "register", unique_url(), "system_error")
    there = api.register_webhook()

    assert here["secret"].startswith("whsec_")
    assert here["events"] == ["system_error"]
    listed = terminal.json("webhooks", "list")
    assert listed == api.get("/api/v1/webhooks")["webhooks"]
    assert {here["url"], there["url"]} <= {webhook["url"] for webhook in listed}
    assert here["secret"] not in str(listed)


def test_a_webhook_is_changed_as_over_http(lone_terminal: Terminal) -> None:
    url = unique_url()
    lone_terminal.json("webhooks", "register", url, "run.*")

    assert lone_terminal.json("webhooks", "change", url, "*")["events"] == ["*"]
    assert lone_terminal.json("webhooks", "disable", url)["is_active"] is False
    assert "disabled: asked_for" in lone_terminal.run("webhooks", "list").out
    assert lone_terminal.json("webhooks", "enable", url)["is_active"] is True
    rotated = lone_terminal.json("webhooks", "rotate-secret", url, "--overlap-hours", "0")
    assert rotated["secret"].startswith("whsec_")
    assert lone_terminal.json("webhooks", "unregister", url)["is_active"] is False
    assert lone_terminal.json("webhooks", "list") == []


def test_a_secret_that_is_made_up_is_shown_once(lone_terminal: Terminal) -> None:
    done = lone_terminal.run("webhooks", "register", unique_url(), "*")

    assert done.code == 0
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", done.out.splitlines()[-1])


def test_a_secret_that_is_given_is_not_shown(
    lone_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, SECRET.encode() + b"\n")
    done = lone_terminal.run("webhooks", "register", unique_url(), "*", "--secret-stdin")

    assert done.code == 0
    assert SECRET not in done.out
    assert "secret" not in done.out
    audited = lone_terminal.run("audit", "history", "webhook-1")
    assert SECRET not in audited.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("register", "ftp://example.org", "*"), "url must begin with http:// or https://"),
        (("register", "http://127.0.0.1/", "*"), "url leads into a private network"),
        (("register", "https://93.184.215.14/", "run.begun"), "fits no event type"),
        (("change", "https://93.184.215.14/", "*"), "No webhook is registered for this URL"),
        (("rotate-secret", "https://93.184.215.14/"), "No webhook is registered for this URL"),
        (("enable", "https://93.184.215.14/"), "No webhook is registered for this URL"),
        (("disable", "https://93.184.215.14/"), "No webhook is registered for this URL"),
        (("unregister", "https://93.184.215.14/"), "No webhook is registered for this URL"),
        (("unregister", "nonsense"), "url must begin with http:// or https://"),
    ],
)
def test_what_is_refused_is_said_in_a_line(
    lone_terminal: Terminal, arguments: tuple[str, ...], said: str
) -> None:
    done = lone_terminal.run("webhooks", *arguments)

    assert (done.code, done.out) == (1, "")
    [line] = done.err.splitlines()
    assert line.startswith("Error: ")
    assert said in line


def test_a_url_is_registered_once(lone_terminal: Terminal) -> None:
    url = unique_url()
    lone_terminal.json("webhooks", "register", url, "*")

    done = lone_terminal.run("webhooks", "register", url, "*")

    assert done.code == 1
    assert done.err == "Error: A webhook is registered for this URL already\n"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\n"])
def test_a_secret_that_is_none_is_wrong_usage(
    lone_terminal: Terminal, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    give(monkeypatch, content)
    done = lone_terminal.run("webhooks", "register", unique_url(), "*", "--secret-stdin")

    assert done.code == 2
    assert "--secret-stdin" in done.err
