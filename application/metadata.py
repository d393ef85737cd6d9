"""Who sends a command, through which request, and under which conditions."""

import msgspec

from domain.events import Metadata

SYSTEM = "system"


class Claim(msgspec.Struct, frozen=True):
    """What makes a command that is sent twice take effect once.

    ``id`` stands for the sender and the idempotency key, ``fingerprint`` for what was sent. The
    event store records the claim with the command's events, and refuses a second one.
    """

    id: bytes
    fingerprint: bytes


class IfMatch(msgspec.Struct, frozen=True):
    """The versions of which the aggregate must have one; None stands for any."""

    versions: frozenset[int] | None

    def holds_for(self, version: int) -> bool:
        """Tell whether an aggregate of this version fits; 0 is one that does not exist."""
        return version > 0 if self.versions is None else version in self.versions


class SentMetadata(Metadata, frozen=True, kw_only=True):
    """Metadata of a command with its conditions, which are not stored with its events.

    They are about the aggregate that the command saves first. A command with a claim saves once.
    """

    claim: Claim | None = None
    if_match: IfMatch | None = None


def by_operator(name: str, correlation_id: str) -> Metadata:
    """Metadata for what somebody does in the terminal, by the name of their account there."""
    return Metadata(actor=f"operator:{name}", correlation_id=correlation_id)


def by_system(correlation_id: str) -> Metadata:
    """Metadata for what Annals does by itself."""
    return Metadata(actor=SYSTEM, correlation_id=correlation_id)
