"""A seal proves where the log stood to whoever trusts the key that signed it."""

import json
import os
from typing import Any

import msgspec
import pytest

from application.seals import SealError, make_seal, read_seal
from application.verification import LogMark
from infra.signing import Ed25519Signer

MARK = LogMark(42, bytes(range(32)))
HERE = Ed25519Signer(os.urandom(32))
ELSEWHERE = Ed25519Signer(os.urandom(32))


def sealed(**changes: Any) -> bytes:
    """A seal as it is kept, with some of it changed."""
    seal = json.loads(msgspec.json.encode(make_seal(MARK, HERE)))
    return json.dumps(seal | changes).encode()


def test_a_seal_that_comes_back_tells_where_the_log_stood() -> None:
    assert read_seal(sealed(), HERE).mark == MARK


def test_a_seal_of_another_installation_is_refused() -> None:
    with pytest.raises(SealError, match="another key than this installation's"):
        read_seal(sealed(), ELSEWHERE)


def test_a_seal_of_another_installation_is_read_with_its_public_key() -> None:
    assert read_seal(sealed(), ELSEWHERE, public_key=HERE.public_key).mark == MARK
    with pytest.raises(SealError, match="another key than the given public key"):
        read_seal(sealed(), HERE, public_key=ELSEWHERE.public_key)


@pytest.mark.parametrize(
    "changes",
    [
        {"position": 41},
        {"hash": "00" * 32},
        {"sealed_at": "2020-01-01T00:00:00Z"},
        {"signature": ""},
        {"signature": "no base64!"},
        {"signature": "AAAA"},
        {"signature": "A" * 88},
        {"signature": "ø"},
    ],
)
def test_a_seal_that_was_changed_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SealError, match="signature does not fit"):
        read_seal(sealed(**changes), HERE)


def test_a_signature_for_something_else_seals_nothing() -> None:
    seal = make_seal(MARK, HERE)
    content = {name: getattr(seal, name) for name in ("format", "position", "hash", "sealed_at")}
    for purpose, is_read in (("seal", True), ("certificate", False)):
        signed = HERE.sign(purpose, msgspec.json.encode(content)).signature
        signed_so = msgspec.json.encode(msgspec.structs.replace(seal, signature=signed))
        if is_read:
            assert read_seal(signed_so, HERE) == seal
        else:
            with pytest.raises(SealError, match="signature does not fit"):
                read_seal(signed_so, HERE)


def test_a_seal_by_a_forged_key_of_the_right_name_is_refused() -> None:
    forged = json.loads(msgspec.json.encode(make_seal(MARK, ELSEWHERE)))
    content = json.dumps(forged | {"public_key": HERE.public_key}).encode()
    with pytest.raises(SealError, match="signature does not fit"):
        read_seal(content, HERE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no seal"),
        (b"not JSON", "no seal"),
        (b"\xff\xfe", "no seal"),
        (b"[]", "no seal"),
        (b"null", "no seal"),
        (b"{}", "missing required field"),
        pytest.param(b"[" * 4000, "no seal", id="deep"),
        pytest.param(b" " * 4097, "larger than 4096 bytes", id="large"),
    ],
)
def test_what_is_no_seal_is_refused_and_told_why(content: bytes, said: str) -> None:
    with pytest.raises(SealError, match=said):
        read_seal(content, HERE)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "annals-seal-2"},
        {"position": -1},
        {"position": 2**63},
        {"position": "42"},
        {"position": 1.5},
        {"hash": "00"},
        {"hash": None},
        {"hash": "00" * 32 + "\n"},
        {"sealed_at": "2020-01-01T00:00:00"},
        {"sealed_at": 0},
        {"signature": []},
        {"signature": "A" * 129},
        {"more": 1},
    ],
)
def test_a_seal_with_a_field_of_the_wrong_form_is_refused_by_its_name(
    changes: dict[str, Any],
) -> None:
    [field] = changes
    with pytest.raises(SealError, match=rf"The file is no seal: .*{field}"):
        read_seal(sealed(**changes), HERE)
