"""Sends what is queued: several processes share the work, and take over from those that die.

What is to be sent is claimed for a time that is longer than an attempt takes, and settled with the
outcome. Whoever dies in between leaves the delivery to others: it arrives twice, under the same id.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import structlog

from application.metadata import by_system
from application.outward import OutwardCatalogue, OutwardMessage
from application.ports import EventStore
from application.webhooks.deliveries import (
    DeliveryError,
    DeliveryStatus,
    Outgoing,
    Sent,
    WebhookClient,
)
from application.webhooks.failing import disable_failing
from domain.webhooks.events import DisabledBecause
from domain.webhooks.webhook import Webhook
from infra.cancellation import cancelled_for_good
from infra.event_store.reader import LogReader, Unreadable
from infra.postgres.signals import Signals
from infra.webhooks.metering import DeliveryMeter
from infra.webhooks.outbox import NAME
from infra.webhooks.queue import REOPENED, Claimed, DeliveryQueue

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 2.0
EVER_SO_LONG_SECONDS = 60.0
CROWDED_SECONDS = 0.25
RETRY_SECONDS = 1.0
FINISH_SECONDS = 2.0

# How many deliveries are under way at a time: at one endpoint, and in this process. Those to
# endpoints that have been failing, which may take long, never get into the way of the others.
AT_AN_ENDPOINT = 4
AT_A_FAILING_ONE = 1
IN_ALL = 100

# Within this time an attempt has begun, or is left to others, who may have sent what comes next.
LEASE_MARGIN_SECONDS = 5.0
PAUSE_GROWTH = 6.0
LONGEST_PAUSE_SECONDS = 6 * 3600.0
# An endpoint that is down shall neither be stormed nor have all that comes meanwhile die at it.
FAILURES_BEFORE_A_PAUSE = 5
LONGEST_ENDPOINT_PAUSE_SECONDS = 600.0
JITTER = 0.2

GONE = 410


class SendingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long an attempt may take, and what follows when it fails."""

    timeout_seconds: float
    max_retries: int
    first_pause_seconds: float
    disable_after: timedelta

    def pause_after(self, failures: int) -> float:
        """Give the seconds to wait after so many failures, each time about six times as long."""
        return self._pause(failures, LONGEST_PAUSE_SECONDS)

    def endpoint_pause_after(self, failures: int) -> float:
        """Give the seconds for which nothing is sent to where so many attempts failed in a row."""
        if failures < FAILURES_BEFORE_A_PAUSE:
            return 0.0
        return self._pause(failures - FAILURES_BEFORE_A_PAUSE + 1, LONGEST_ENDPOINT_PAUSE_SECONDS)

    def _pause(self, failures: int, longest: float) -> float:
        grown = self.first_pause_seconds * PAUSE_GROWTH ** min(failures - 1, 20)
        return min(grown, longest) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311


class WebhookSender:
    """Keeps sending what is due."""

    def __init__(
        self,
        queue: DeliveryQueue,
        *,
        store: EventStore,
        reader: LogReader,
        catalogue: OutwardCatalogue,
        client: WebhookClient,
        signals: Signals,
        meter: DeliveryMeter,
        policy: SendingPolicy,
    ) -> None:
        self._queue = queue
        self._store = store
        self._reader = reader
        self._catalogue = catalogue
        self._client = client
        self._signals = signals
        self._meter = meter
        self._policy = policy
        self._under_way: dict[asyncio.Task[None], bool] = {}
        self._woken = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the sender's tasks; on leaving, what is under way gets a moment to finish."""
        tasks = [
            asyncio.create_task(self._run(), name="webhook sender"),
            *(
                asyncio.create_task(self._listen(name), name=f"ear for {name}")
                for name in (NAME, REOPENED)
            ),
        ]
        try:
            yield
        finally:
            for task in tasks:
                await cancelled_for_good(task)
            await self._finish()

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 - whatever it is, the sender tries again
                log.warning("webhook_sender_interrupted", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, name: str) -> None:
        """Wake the sender when deliveries may have been queued or reopened."""
        while True:
            heard = self._signals.position(name)
            await self._signals.wait_beyond(name, heard, EVER_SO_LONG_SECONDS)
            if self._signals.position(name) > heard:
                self._woken.set()

    async def _serve(self) -> None:
        while True:
            self._woken.clear()
            due = await self._queue.next_due()
            patience = LOOK_AGAIN_SECONDS
            if due is not None and due > 0:
                patience = min(patience, due)
            elif due is not None:
                if await self._begin():
                    continue
                patience = CROWDED_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._woken.wait()

    async def _begin(self) -> bool:
        """Begin attempts at what is due; tell whether any could be begun."""
        lease = self._policy.timeout_seconds + LEASE_MARGIN_SECONDS
        begun = False
        for failing, each in ((False, AT_AN_ENDPOINT), (True, AT_A_FAILING_ONE)):
            free = IN_ALL - sum(kind is failing for kind in self._under_way.values())
            begin_by = time.monotonic() + LEASE_MARGIN_SECONDS
            for claimed in await self._queue.claim(
                failing=failing, each=each, most=free, seconds=lease
            ):
                task = asyncio.create_task(
                    self._attempt(claimed, begin_by), name="webhook delivery"
                )
                self._under_way[task] = failing
                task.add_done_callback(self._ended)
                begun = True
        return begun

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._woken.set()

    async def _finish(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FINISH_SECONDS)
        for task in list(self._under_way):
            await cancelled_for_good(task)

    async def _attempt(self, claimed: Claimed, begin_by: float) -> None:
        """Make an attempt, and note how it ended."""
        try:
            webhook = await self._store.peek(Webhook, claimed.webhook_id)
            if not webhook.state.is_active:
                await self._queue.give_back(claimed, pause=LOOK_AGAIN_SECONDS)
                return
            message = await self._message(claimed)
            if time.monotonic() > begin_by:
                await self._queue.give_back(claimed)
                return
            await self._settle(claimed, await self._send(claimed, webhook, message))
        except asyncio.CancelledError:
            await self._queue.give_back(claimed)
            raise
        except Exception as error:  # noqa: BLE001 - it falls due again when the claim has lapsed
            log.warning("webhook_attempt_interrupted", error=type(error).__name__)

    async def _send(
        self, claimed: Claimed, webhook: Webhook, message: OutwardMessage | None
    ) -> Sent:
        now = datetime.now(UTC)
        if message is None:
            return Sent(began_at=now, duration_ms=0.0, error=DeliveryError.UNREADABLE_EVENT)
        outgoing = Outgoing(
            delivery_id=str(claimed.delivery_id),
            event=message.name,
            timestamp=message.timestamp,
            data=message.data,
            redelivery=claimed.redelivery,
        )
        return await self._client.send(webhook.state.url, outgoing, webhook.secrets_at(now))

    async def _message(self, claimed: Claimed) -> OutwardMessage | None:
        """Render what is sent from the event as it can be read now; None if that cannot be."""
        page = await self._reader.page(claimed.position - 1, 1)
        [entry] = page.entries
        if isinstance(entry, Unreadable):
            return None
        try:
            messages = self._catalogue.render(entry)
        except Exception as error:  # noqa: BLE001 - a rendering's fault holds up no stream
            fault = type(error).__name__
            log.warning("webhook_event_not_rendered", event_type=entry.topic, error=fault)
            return None
        return next((message for message in messages if message.name == claimed.event), None)

    async def _settle(self, claimed: Claimed, sent: Sent) -> None:
        self._meter.attempted(sent.error or DeliveryStatus.DELIVERED)
        if sent.error is None:
            await self._queue.settle(claimed, sent, DeliveryStatus.DELIVERED)
            return
        failures = claimed.failures + 1
        retry_after = float(sent.retry_after or 0)
        pause = max(self._policy.pause_after(failures), retry_after)
        in_a_row = claimed.endpoint_failures + 1
        endpoint_pause = max(self._policy.endpoint_pause_after(in_a_row), retry_after)
        given_up = await self._give_up_on_endpoint(claimed, sent)
        may_retry = given_up or failures <= self._policy.max_retries
        if sent.error is DeliveryError.UNREADABLE_EVENT or not may_retry:
            await self._queue.settle(
                claimed, sent, DeliveryStatus.DEAD, endpoint_pause=endpoint_pause
            )
            log.error("webhook_delivery_dead", delivery=str(claimed.delivery_id), error=sent.error)
        else:
            await self._queue.settle(
                claimed, sent, DeliveryStatus.PENDING, pause=pause, endpoint_pause=endpoint_pause
            )

    async def _give_up_on_endpoint(self, claimed: Claimed, sent: Sent) -> bool:
        """Disable an endpoint that is gone, or has been failing for too long; tell whether it is.

        What is pending then waits until it is enabled, this delivery among it.
        """
        since = claimed.failing_since
        if sent.status_code == GONE:
            reason = DisabledBecause.GONE
        elif (
            since is not None
            and sent.error is not DeliveryError.UNREADABLE_EVENT
            and sent.began_at - since >= self._policy.disable_after
        ):
            reason = DisabledBecause.FAILING
        else:
            return False
        metadata = by_system(f"webhook-delivery-{uuid4()}")
        await disable_failing(self._store, claimed.webhook_id, reason, since, metadata)
        log.error("webhook_disabled", webhook=claimed.webhook_id, reason=reason)
        return True
