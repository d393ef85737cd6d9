"""Notifying people of what happens, each on each channel once (contract section 8).

What became of a notification is recorded right after it was tried, one by one: a process that dies
in between repeats at most the one that it was at. A mail that is repeated bears the same id.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from application.jobs import Job, JobKind, JobQueue
from application.mail import Mail, Mailer, MailResult
from application.outward import OutwardCatalogue
from application.ports import EventStore
from application.retries import retrying
from application.stewardship.ports import Clock, UserAddresses
from application.webhooks.ports import WebhookAudience
from domain.events import DomainEvent, Metadata, Recorded
from domain.stewardship.execution_events import (
    NotificationFailed,
    NotificationSent,
    NotificationSkipped,
)
from domain.stewardship.kinds import Channel
from domain.stewardship.notices import Notice, address_of, notice_of
from domain.stewardship.stewardship import Stewardship

MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=1)

# How the actor of a user begins, by which an approver may be named.
USER = "user:"

# For a mail server that hangs, however many there are to be told: then some wait for the next time.
TIME_FOR_ALL = timedelta(minutes=10)

NOTIFY = JobKind(name="notify_of_stewardship", timeout_seconds=900)


class NoticeToSend(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, counted from 1, to notify of the event that is a stewardship's version."""

    stewardship_id: int
    version: int
    attempt: int


class Notification(NamedTuple):
    """A notice on a channel; to somebody, if the channel reaches people one by one."""

    id: str
    channel: Channel
    recipient: str | None


class Result(NamedTuple):
    """What became of a notification: ``recipients`` were reached, or a reason why not."""

    kind: type[NotificationSent | NotificationSkipped | NotificationFailed]
    recipients: int = 0
    reason: str = ""
    may_pass_later: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """What its event has to say."""
        if self.kind is NotificationSent:
            return {"recipients": self.recipients}
        return {"reason": self.reason}


OUT_OF_TIME = Result(NotificationFailed, reason="others took too long", may_pass_later=True)


class NotificationToRecord(NamedTuple):
    """What became of a notification about an event of some type."""

    notification: Notification
    about: str
    result: Result


class Notifier:
    """Notifies people, on whichever channels there are. Without a mailer, no e-mail is sent."""

    def __init__(
        self,
        store: EventStore,
        queue: JobQueue,
        *,
        mailer: Mailer | None,
        users: UserAddresses,
        audience: WebhookAudience,
        catalogue: OutwardCatalogue,
        clock: Clock,
    ) -> None:
        self._store = store
        self._queue = queue
        self._mailer = mailer
        self._users = users
        self._audience = audience
        self._catalogue = catalogue
        self._clock = clock

    async def notify(self, wanted: NoticeToSend, metadata: Metadata) -> None:
        """Notify of an event on all channels that have not been tried; again where that helps."""
        stewardship = await self._store.load(Stewardship, wanted.stewardship_id)
        if not stewardship.state.options.notifications.channels:
            return
        recorded = (await self._store.history(stewardship.id))[wanted.version - 1]
        then = await self._store.load_as_of(stewardship.id, version=wanted.version)
        assert isinstance(then, Stewardship)
        notice = notice_of(recorded.event, then.state)
        if notice is None:
            return
        began, is_to_be_repeated = self._clock(), False
        for notification in _notifications(then, wanted.version, notice.recipients):
            if notification.id in stewardship.state.notified:
                continue
            if self._clock() - began > TIME_FOR_ALL:
                result = OUT_OF_TIME
            else:
                result = await self._try(notification, notice, recorded, stewardship)
            if result.may_pass_later and wanted.attempt < MOST_ATTEMPTS:
                is_to_be_repeated = True
            else:
                event = NotificationToRecord(notification, recorded.topic, result)
                await self._record(wanted.stewardship_id, event, metadata)
        if is_to_be_repeated:
            again = msgspec.structs.replace(wanted, attempt=wanted.attempt + 1)
            at = self._clock() + FIRST_PAUSE * 4 ** (wanted.attempt - 1)
            await self._queue.enqueue(notice_job(again, metadata, at=at))

    async def _try(
        self,
        notification: Notification,
        notice: Notice,
        recorded: Recorded[DomainEvent],
        stewardship: Stewardship,
    ) -> Result:
        match notification.channel:
            case Channel.EMAIL:
                return await self._mail(notification, notice, stewardship)
            case Channel.WEBHOOK:
                return await self._tell_webhooks(recorded)
            case channel:
                return Result(NotificationSkipped, reason=f"no {channel} service is configured")

    async def _mail(
        self, notification: Notification, notice: Notice, stewardship: Stewardship
    ) -> Result:
        recipient = notification.recipient
        if self._mailer is None:
            return Result(NotificationSkipped, reason="no mail server is configured: SMTP_URL")
        if recipient is None:
            return Result(NotificationSkipped, reason="there is nobody to notify")
        address = await self._address_of(recipient, stewardship)
        if not address:
            return Result(NotificationSkipped, reason="there is no e-mail address to send it to")
        outcome = await self._mailer.send(_mail(notification, notice, stewardship, address))
        match outcome.result:
            case MailResult.SENT:
                return Result(NotificationSent, recipients=1)
            case MailResult.REFUSED:
                return Result(NotificationFailed, reason=outcome.detail)
            case MailResult.FAILED:
                return Result(NotificationFailed, reason=outcome.detail, may_pass_later=True)

    async def _address_of(self, recipient: str, stewardship: Stewardship) -> str | None:
        """Give where mail goes: to a steward by their contact details alone, else to a user."""
        address = address_of(recipient, stewardship.state)
        if address is None and stewardship.state.known_steward(recipient) is None:
            address = await self._users.address_of(recipient.removeprefix(USER))
        return address

    async def _tell_webhooks(self, recorded: Recorded[DomainEvent]) -> Result:
        """Tell how many deliveries follow from the event; what becomes of each, its own log has."""
        names = [message.name for message in self._catalogue.render(recorded)]
        if not names:
            return Result(NotificationSkipped, reason="webhooks are not told of this event")
        reached = await self._audience.count(names[0])
        if not reached:
            reason = f"no active webhook is registered for {names[0]}"
            return Result(NotificationSkipped, reason=reason)
        return Result(NotificationSent, recipients=reached)

    async def _record(
        self, stewardship_id: int, event: NotificationToRecord, metadata: Metadata
    ) -> None:
        async def attempt() -> None:
            stewardship = await self._store.load(Stewardship, stewardship_id)
            if event.notification.id not in stewardship.state.notified:
                stewardship.record(
                    event.result.kind,
                    self._clock(),
                    notification_id=event.notification.id,
                    channel=event.notification.channel,
                    about=event.about,
                    **event.result.fields,
                )
                await self._store.save(stewardship, metadata=metadata)

        await retrying(attempt)


def notice_job(wanted: NoticeToSend, metadata: Metadata, *, at: datetime | None = None) -> Job:
    """Make the job of an attempt: one at a time for each notice, and none waits twice."""
    notice = f"{Stewardship.stream_id(wanted.stewardship_id)}-notice-{wanted.version}"
    arguments: dict[str, str | int] = msgspec.structs.asdict(wanted) | {
        "correlation_id": metadata.correlation_id,
        "causation_id": metadata.causation_id or "",
    }
    return NOTIFY.job(
        arguments,
        at=at,
        lock=notice,
        queueing_lock=f"{notice}-{wanted.attempt}",
    )


def _notifications(
    stewardship: Stewardship, version: int, recipients: Sequence[str]
) -> Iterator[Notification]:
    for channel in stewardship.state.options.notifications.channels:
        to: Sequence[str | None] = [None]
        if channel == Channel.EMAIL and recipients:
            to = list(dict.fromkeys(recipients))
        for number, recipient in enumerate(to, start=1):
            yield Notification(f"{version}/{channel}/{number}", channel, recipient)


def _mail(
    notification: Notification, notice: Notice, stewardship: Stewardship, address: str
) -> Mail:
    domain = stewardship.state.domain
    lines = [*notice.lines, "", f"Stewardship: stewardship_{stewardship.key}, {domain}", ""]
    return Mail(
        id=f"{stewardship.id}.{notification.id.replace('/', '.')}",
        to=address,
        subject=f"{notice.subject} ({domain})",
        text="\n".join(lines),
    )
