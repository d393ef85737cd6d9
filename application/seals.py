"""Seals: signed marks of where the log stood, kept outside of it.

Whoever rewrites the log can recompute its hash chain. A seal made before shows it all the same, as
long as the signing key was not theirs.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from application.verification import LogMark, Signer
from domain.errors import RuleViolatedError

PURPOSE = "seal"
LARGEST_SEAL_BYTES = 4096

Text = Annotated[str, Meta(max_length=128)]


class SealError(RuleViolatedError):
    """A seal is none, or proves nothing; the message says why."""


class Seal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the log stood: its last position, and the hash of the chain there in hex.

    ``signature`` is Ed25519 in base64 over ``annals seal``, a zero byte and the first four fields
    as compact JSON in this order. ``key_id`` only helps to find the key.
    """

    format: Literal["annals-seal-1"] = "annals-seal-1"
    position: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    sealed_at: Annotated[datetime, Meta(tz=True)]
    key_id: Text
    public_key: Text
    signature: Text

    @property
    def mark(self) -> LogMark:
        """The place in the log that is sealed."""
        return LogMark(self.position, bytes.fromhex(self.hash))


def make_seal(mark: LogMark, signer: Signer) -> Seal:
    """Seal the log up to a mark."""
    unsigned = Seal(
        position=mark.position,
        hash=mark.hash.hex(),
        sealed_at=datetime.now(UTC),
        key_id="",
        public_key=signer.public_key,
        signature="",
    )
    signed = signer.sign(PURPOSE, _content(unsigned))
    return msgspec.structs.replace(unsigned, key_id=signed.key_id, signature=signed.signature)


def read_seal(content: bytes, signer: Signer, *, public_key: str | None = None) -> Seal:
    """Read a seal and check its signature, by default against this installation's own key.

    Raises SealError.
    """
    if len(content) > LARGEST_SEAL_BYTES:
        raise SealError(f"The seal is larger than {LARGEST_SEAL_BYTES} bytes, and so is none")
    try:
        seal = msgspec.json.decode(content, type=Seal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SealError(f"The file is no seal: {error}") from None
    trusted = public_key or signer.public_key
    if seal.public_key != trusted:
        owner = "this installation's" if public_key is None else "the given public key"
        raise SealError(f"The seal was signed with another key than {owner}, and proves nothing")
    if not signer.verify(PURPOSE, _content(seal), seal.signature, public_key=trusted):
        raise SealError("The seal's signature does not fit: it was changed after it was made")
    return seal


def _content(seal: Seal) -> bytes:
    return msgspec.json.encode(
        {name: getattr(seal, name) for name in ("format", "position", "hash", "sealed_at")}
    )
