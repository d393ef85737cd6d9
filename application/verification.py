"""What proves that the log is as it was, and who vouches for it."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature with the key that checks it, both in base64."""

    key_id: str
    public_key: str
    signature: str


class Signer(Protocol):
    """Signs what is kept outside, so that it can be told from what others made up."""

    public_key: str

    def sign(self, purpose: str, content: bytes) -> Signature:
        """Sign a content; the signature says nothing under another purpose."""
        ...

    def verify(
        self, purpose: str, content: bytes, signature: str, *, public_key: str | None = None
    ) -> bool:
        """Tell whether the key's owner signed this; without a key, whether this installation did.

        What cannot be read is no signature.
        """
        ...


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of recomputing the hash chain.

    ``first_bad_position`` names the first position whose stored bytes do not fit the chain, and
    ``problem`` says how; both are None where the chain holds. Where it holds and is not the one
    that was sealed, there is a problem without a position.
    """

    valid: bool
    events_verified: int
    head: int
    first_bad_position: int | None = None
    problem: str | None = None


class LogMark(msgspec.Struct, frozen=True):
    """A place in the log, with the hash that the chain has there; 0 is before the first event."""

    position: int
    hash: bytes


class ChainVerifier(Protocol):
    """Recomputes the hash chain over the stored log."""

    async def head(self) -> LogMark:
        """Give where the log ends, as its head says; nothing is recomputed."""
        ...

    def progress(self, sealed: LogMark | None = None) -> AsyncIterator[Verification]:
        """Verify from the first position on; the last item is the outcome.

        With a mark, the log must be at least as long, and have the mark's hash at its position.
        """
        ...
