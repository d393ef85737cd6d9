"""Read your writes: a query waits until its read model has come to where the log stood."""

import asyncio
from collections.abc import Iterable, Sequence

from application.errors import ReadModelBehindError
from infra.event_store.observer import LogObserver
from infra.postgres.signals import Signals
from infra.projections.follower import Follower

# A signal wakes the waiter at once; looking again is for a signal that was lost.
LOOK_AGAIN_SECONDS = 0.25


class LogFreshness:
    """Implements the application's Freshness port.

    Only the checkpoint itself is believed: what a dying server told of a step may not have lasted.
    """

    def __init__(
        self,
        observer: LogObserver,
        signals: Signals,
        followers: Iterable[Follower],
        patience: float = 5.0,
    ) -> None:
        self._observer = observer
        self._signals = signals
        self._followers = {follower.name: follower for follower in followers}
        self._patience = patience

    async def reach_head(self, projections: Sequence[str]) -> int:
        """Wait until the projections show all that is recorded now; give that position.

        Raises ReadModelBehindError if that takes too long.
        """
        observed = await self._observer.ask(None)
        head = observed.head
        try:
            async with asyncio.timeout(self._patience):
                for name in projections:
                    at, id_ = self._place(name)
                    while observed.checkpoints.get(at, 0) < head:
                        await self._signals.wait_beyond(id_, head - 1, LOOK_AGAIN_SECONDS)
                        told = self._signals.position(id_)
                        observed = await self._observer.ask(None)
                        if observed.checkpoints.get(at, 0) < head <= told:
                            self._signals.forget(id_)
        except TimeoutError:
            raise ReadModelBehindError("the read model has not caught up yet, try again") from None
        return head

    def _place(self, name: str) -> tuple[tuple[str, int], str]:
        """Tell where the version's checkpoint is found, and under which id it is signalled."""
        follower = self._followers[name]
        return (follower.name, follower.version), follower.id
