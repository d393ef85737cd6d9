"""A signature is of one key, one purpose and one content."""

import base64
import stat
from pathlib import Path

import pytest

from infra.secret_file import SecretFile
from infra.signing import Ed25519Signer, SigningKeyError, kept_signing_key

OURS = Ed25519Signer(bytes(range(32)))
THEIRS = Ed25519Signer(bytes(32))


def test_anyone_with_the_public_key_can_tell_what_was_signed() -> None:
    made = OURS.sign("seal", b"content")

    assert OURS.verify("seal", b"content", made.signature)
    assert THEIRS.verify("seal", b"content", made.signature, public_key=OURS.public_key)
    assert made.public_key == OURS.public_key
    assert made.key_id != THEIRS.sign("seal", b"content").key_id


def test_another_key_purpose_or_content_is_not_what_was_signed() -> None:
    made = OURS.sign("seal", b"content")

    assert not THEIRS.verify("seal", b"content", made.signature)
    assert not OURS.verify("certificate", b"content", made.signature)
    assert not OURS.verify("seal", b"Content", made.signature)


@pytest.mark.parametrize("text", ["", "ö", "====", base64.b64encode(b"short").decode()])
def test_what_cannot_be_read_is_no_signature(text: str) -> None:
    assert not OURS.verify("seal", b"content", text)
    made = OURS.sign("seal", b"content").signature
    assert not OURS.verify("seal", b"content", made, public_key=text)


def test_the_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "signing.key"

    assert kept_signing_key(SecretFile(file)) == kept_signing_key(SecretFile(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_key_is_named_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "signing.key"
    file.write_text("c2VjcmV0")

    with pytest.raises(SigningKeyError, match=r"signing.key .* must be 32 bytes") as raised:
        kept_signing_key(SecretFile(file))
    assert "c2Vj" not in str(raised.value)
