"""Seals in the terminal: made, kept outside, and held against the log later."""

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

from application.seals import make_seal
from application.verification import LogMark
from infra.signing import Ed25519Signer
from tests.interfaces.api import Api
from tests.interfaces.cli.commands import Done, Terminal

FOREIGN = Ed25519Signer(os.urandom(32))


@pytest.fixture
def seal(terminal: Terminal, api: Api, tmp_path: Path) -> Path:
    """A seal, and an event after it."""
    path = tmp_path / "annals.seal"
    done = terminal.run("audit", "seal", "--output", str(path))
    assert (done.code, done.err) == (0, "")
    assert f"Sealed up to position {json.loads(path.read_text())['position']}" in done.out
    api.create_process("after the seal")
    return path


def verify(terminal: Terminal, seal: Path, *arguments: str) -> Done:
    return terminal.run("audit", "verify", "--seal", str(seal), *arguments)


def test_a_seal_is_for_its_owner_alone_and_nothing_is_left_beside_it(seal: Path) -> None:
    assert stat.S_IMODE(seal.stat().st_mode) == 0o600
    assert list(seal.parent.iterdir()) == [seal]


def test_a_log_that_grew_is_verified_against_its_seal(terminal: Terminal, seal: Path) -> None:
    done = verify(terminal, seal)
    assert (done.code, done.err) == (0, "")
    position = json.loads(seal.read_text())["position"]
    assert f"Nothing up to position {position} changed since it was sealed" in done.out


def test_a_seal_is_printed_as_one_line_that_names_the_installations_key(terminal: Terminal) -> None:
    done = terminal.run("audit", "seal")
    key = done.json["public_key"]
    assert terminal.json("audit", "public-key") == {"public_key": key}
    assert terminal.run("audit", "public-key").out == f"{key}\n"


def test_a_seal_of_another_log_fails_by_exit_code_and_reason(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Somebody else's log, whose key is trusted here."""
    path = tmp_path / "foreign.seal"
    for mark, said in (
        (LogMark(3, bytes(32)), "This is not the log that was sealed: at position 3"),
        (LogMark(2**62, bytes(32)), f"before the seal's {2**62}: its end was changed"),
    ):
        kept(path, mark)
        done = verify(terminal, path, "--public-key", FOREIGN.public_key)
        assert (done.code, done.out) == (1, "")
        assert said in done.err


def test_a_seal_that_proves_nothing_exits_1_and_says_so(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "annals.seal"
    kept(path, LogMark(3, bytes(32)))
    done = verify(terminal, path)
    assert (done.code, done.out) == (1, "")
    assert "signed with another key than this installation's" in done.err
    path.write_bytes(b'{"\\u001b[2J": 1}')
    done = verify(terminal, path)
    assert (done.code, done.out) == (1, "")
    assert "The file is no seal" in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--seal", "/nowhere/annals.seal"),
        ("verify", "--seal", "/"),
        ("verify", "--public-key", "AAAA"),
        ("seal", "--output", "/nowhere/annals.seal"),
        ("seal", "--output", "/dev/null"),
    ],
)
def test_a_file_that_cannot_be_used_is_wrong_usage(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    done = terminal.run("audit", *arguments)
    assert (done.code, done.out) == (2, "")
    assert arguments[1] in done.err


def kept(path: Path, mark: LogMark) -> None:
    path.write_bytes(msgspec.json.encode(make_seal(mark, FOREIGN)))
