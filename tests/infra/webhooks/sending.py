"""What tests of deliveries do, in words."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

from application.metadata import by_system
from application.webhooks.deliveries import DeliveryFilter, DeliveryStatus, QueuedDelivery
from domain.processes.process import Process
from domain.webhooks.webhook import Webhook
from interfaces.services import Services
from tests.infra.webhooks.receiver import Received, Receiver

BY_TEST = by_system("test")
PATIENCE_SECONDS = 15
SECRET = "a secret of tests"


class Sending:
    """Annals, a receiver, and webhooks from the one to the other."""

    def __init__(self, services: Services, receiver: Receiver) -> None:
        self.services = services
        self.receiver = receiver
        self._ids = count(1)

    async def register(self, *patterns: str, path: str = "/hook") -> int:
        """Register a webhook, by default for everything about processes."""
        webhook_id = next(self._ids)
        webhook = Webhook.register(
            webhook_id,
            url=self.receiver.url(path),
            patterns=patterns or ("process.*",),
            secret=SECRET,
        )
        await self.services.store.save(webhook, metadata=BY_TEST)
        return webhook_id

    async def change(self, webhook_id: int, change: Callable[[Webhook], None]) -> None:
        webhook = await self.services.store.load(Webhook, webhook_id)
        change(webhook)
        await self.services.store.save(webhook, metadata=BY_TEST)

    async def create(self, process_id: int) -> None:
        process = Process.create(process_id, name=f"process {process_id}", meta={})
        await self.services.store.save(process, metadata=BY_TEST)

    async def keep(self, process_id: int, *months: int) -> None:
        """Record one event of the process's stream for each number of months."""
        for number in months:
            process = await self.services.store.load(Process, process_id)
            process.keep_for(number)
            await self.services.store.save(process, metadata=BY_TEST)

    async def deliveries(
        self, webhook_id: int | None = None, status: DeliveryStatus | None = None
    ) -> Sequence[QueuedDelivery]:
        """Give the deliveries, oldest event first."""
        wanted = DeliveryFilter(webhook_id=webhook_id, status=status)
        found = await self.services.deliveries.newest(wanted, page=1, size=100)
        return found.items[::-1]

    async def ended(self, count: int, status: DeliveryStatus) -> Sequence[QueuedDelivery]:
        """Wait until so many deliveries have ended so."""

        async def enough() -> bool:
            return len(await self.deliveries(status=status)) >= count

        await eventually(enough)
        return await self.deliveries(status=status)

    async def received(self, count: int, path: str = "/hook") -> Sequence[Received]:
        """Wait until so many requests have come."""

        async def enough() -> bool:
            return len(self.receiver.at(path)) >= count

        await eventually(enough)
        return self.receiver.at(path)


async def eventually(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await question():  # noqa: ASYNC110 - nobody signals what is waited for
            await asyncio.sleep(0.01)


def months(received: Sequence[Received]) -> list[int]:
    return [one.message["data"]["retention_months"] for one in received]
