"""What an event store is, without a database: the plain model that the real one is held against."""

from collections.abc import Sequence

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What a command wants: events for streams, each seen at a version, and nothing moved besides.

    ``appends`` gives for each stream the version it was seen at and the number of events.
    ``claim`` lets only one command through.
    """

    appends: dict[str, tuple[int, int]]
    unmoved: dict[str, int]
    erases: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    claim: str | None = None

    @property
    def seen(self) -> dict[str, int]:
        """Every stream that the command rests on, with the version it was seen at."""
        return self.unmoved | {stream: version for stream, (version, _) in self.appends.items()}

    @property
    def size(self) -> int:
        """How many events it wants to record."""
        return sum(count for _, count in self.appends.values())


class Accepted(msgspec.Struct, frozen=True):
    """A command was recorded, and its last event stands at this position."""

    command: Command
    position: int


class Refused(msgspec.Struct, frozen=True):
    """A command was refused: as a conflict, or because a subject is erased or its claim taken."""

    command: Command
    stream_exists: bool
    subject_erased: bool
    claim_taken: bool


class Model:
    """Streams as counters, and the log as a list of who stands where."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int]] = []
        self.versions: dict[str, int] = {}
        self.erased: set[str] = set()
        self.claims: dict[str, int] = {}

    def version(self, stream: str) -> int:
        """Give the version of a stream; 0 if it does not exist."""
        return self.versions.get(stream, 0)

    def follow(self, accepted: Sequence[Accepted], refused: Sequence[Refused]) -> None:
        """Take in what a store did with commands that came at the same time.

        Raises AssertionError if no order of the commands explains it.
        """
        for outcome in sorted(accepted, key=lambda outcome: outcome.position):
            command = outcome.command
            for stream, seen in command.seen.items():
                assert self.version(stream) == seen, f"{stream} had moved before {outcome}"
            assert not command.personal & self.erased, f"{outcome} came after an erasure"
            assert command.claim not in self.claims, f"{outcome} has a claim that was taken"
            self._append(command)
            assert outcome.position == len(self.log), f"{outcome} is not where it says"
            if command.claim is not None:
                self.claims[command.claim] = outcome.position
        for refusal in refused:
            self._justify(refusal)

    def _append(self, command: Command) -> None:
        for stream, (seen, count) in command.appends.items():
            self.log.extend((stream, seen + n) for n in range(1, count + 1))
            self.versions[stream] = seen + count
        self.erased |= command.erases

    def _justify(self, refusal: Refused) -> None:
        command = refusal.command
        if refusal.subject_erased:
            assert command.personal & self.erased, f"nobody erased a subject of {refusal}"
            return
        if refusal.claim_taken:
            assert command.claim in self.claims, f"nobody took the claim of {refusal}"
            return
        moved = {s for s, seen in command.seen.items() if self.version(s) != seen}
        assert moved, f"nothing moved under {refusal}"
        if refusal.stream_exists:
            assert any(command.seen[stream] == 0 for stream in moved & command.appends.keys())
