"""What all commands have in common, checked on the whole tree: nobody who adds one can forget."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from infra.event_store.keys import encode_master_key
from interfaces.cli.main import app
from tests.interfaces.cli.commands import Terminal
from tests.starting import ANNALS

# A server and a story have nothing to say to machines.
NOT_FOR_MACHINES = {("serve",), ("demo",)}

# They bring one of their own, tell of it among other findings, or look at a file first.
WITHOUT_DATABASE = {("demo",), ("doctor",), ("restore",)}

ANSI = "\x1b["
NOBODY_LISTENS = "postgresql://annals:not-to-be-shown@127.0.0.1:1/annals"

# What fits where "1" does not.
FITTING = {"roles": "user", "email": "ada@example.org", "role": "user"}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield path, command


# Parameters that are files to be read; here an empty one.
FILES = {"file", "files"}

ROOT = typer.main.get_command(app)
COMMANDS = dict(leaves(ROOT))

each_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


def arguments_of(command: Any, scratch: Path) -> list[str]:
    """Give each argument and option that the command needs something that fits its type."""
    given: list[str] = []
    for parameter in command.params:
        if not parameter.required:
            continue
        value = FITTING.get(parameter.name, "1")
        if parameter.name in FILES:
            value = str(scratch / "given")
            Path(value).touch()
        given += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    for choice in ("--generate", "--all"):
        if any(choice in parameter.opts for parameter in command.params):
            given.append(choice)
    return given


@pytest.fixture
def cut_off_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """A terminal whose database cannot be reached."""
    settings = {
        "ANNALS_HOME": str(tmp_path),
        "DATABASE_URL": NOBODY_LISTENS,
        "ANNALS_MASTER_KEY": encode_master_key(bytes(32)),
    }
    return Terminal(settings, monkeypatch, capsys)


def test_the_tree_is_walked() -> None:
    assert {("serve",), ("audit", "verify"), ("users", "create"), ("events", "tail")} <= set(
        COMMANDS
    )


@each_command
def test_it_can_answer_machines(path: tuple[str, ...]) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert ("--json" in options) is (path not in NOT_FOR_MACHINES)


@each_command
def test_its_help_says_what_it_exits_with_and_shows_an_example(
    path: tuple[str, ...], cut_off_terminal: Terminal
) -> None:
    done = cut_off_terminal.run(*path, "--help")
    said = " ".join(done.out.split())
    assert (done.code, done.err) == (0, "")
    assert re.search(r"\b[Ee]xits (0|1)\b", said), said
    assert f"Example: annals {' '.join(path)}" in said
    assert ANSI not in done.out


@each_command
def test_every_option_and_argument_is_explained(path: tuple[str, ...]) -> None:
    unexplained = [
        parameter.name
        for parameter in COMMANDS[path].params
        if parameter.name != "help" and not getattr(parameter, "help", None)
    ]
    assert unexplained == []


@pytest.mark.parametrize("path", sorted(COMMANDS.keys() - WITHOUT_DATABASE), ids=" ".join)
def test_without_its_database_it_exits_1_and_says_so_in_one_line(
    path: tuple[str, ...], cut_off_terminal: Terminal, tmp_path: Path
) -> None:
    done = cut_off_terminal.run(*path, *arguments_of(COMMANDS[path], tmp_path))
    assert (done.code, done.out) == (1, ""), done
    [line] = done.err.splitlines()
    assert line.startswith("Error: The database cannot be reached:")
    assert "not-to-be-shown" not in line
    assert ANSI not in line


@pytest.mark.parametrize("path", sorted(COMMANDS.keys() - WITHOUT_DATABASE), ids=" ".join)
def test_a_wrong_setting_is_named_in_one_line(
    path: tuple[str, ...],
    cut_off_terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "secret@nonsense")
    done = cut_off_terminal.run(*path, *arguments_of(COMMANDS[path], tmp_path))
    assert (done.code, done.out) == (1, ""), done
    assert done.err == "Error: DATABASE_URL: expected a postgresql:// URL\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "verify"),
        ("projections", "status"),
        ("users", "list"),
        ("users", "show", "admin"),
        ("api-keys", "list"),
        ("keys", "list"),
        ("webhooks", "list"),
        ("events", "tail", "--no-follow"),
        ("audit", "history", "user-admin"),
        ("audit", "state", "user-admin"),
    ],
    ids=" ".join,
)
def test_what_goes_to_a_pipe_has_no_colours(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    done = terminal.run(*arguments)
    assert done.code == 0
    assert done.out
    assert ANSI not in done.out + done.err


def test_output_that_cannot_be_written_is_no_success_and_leaves_no_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [ANNALS, "keys", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: Nothing can be written: No space left on device\n"
