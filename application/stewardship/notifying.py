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
from application.metadata import SYSTEM
from application.outward import OutwardCatalogue
from application.ports import EventStore
from application.retries import retrying
from application.stewardship.ports import Clock, UserAddresses
from application.webhooks.ports import WebhookAudience
from domain.events import DomainEvent, Metadata, Recorded
from domain.stewardship.execution_events import (
    NotificationEvent,
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

# How long a stewardship is gone by as it was seen; what a round records itself, it sees.
SEEN_FOR = timedelta(seconds=10)

NOTIFY = JobKind(name="notify_of_stewardship", timeout_seconds=900)


class NoticesToSend(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, counted from 1, to notify of the events of a stewardship from a version on.

    ``until`` is the last of them; 0 is the newest that there is then.
    """

    stewardship_id: int
    version: int
    until: int = 0
    attempt: int = 1


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

    async def notify(self, wanted: NoticesToSend) -> None:
        """Notify of the events on all channels that have not been tried; again where that helps.

        What goes wrong with one does not keep the others; the last of the errors is raised then.
        """
        events = await self._store.history(Stewardship.stream_id(wanted.stewardship_id))
        until, now = wanted.until or len(events), self._clock()
        told = [each.event for each in events if isinstance(each.event, NotificationEvent)]
        round_ = Round(
            stewardship=_folded(events),
            done={event.notification_id for event in told},
            began=now,
            seen_at=now,
            is_last=wanted.attempt >= MOST_ATTEMPTS,
        )
        if not round_.stewardship.state.options.notifications.channels:
            return
        then: Stewardship | None = None
        failure: Exception | None = None
        for recorded in events[:until]:
            then = recorded.event.mutate(then)
            assert then is not None
            if recorded.version < wanted.version:
                continue
            try:
                await self._notify_of(recorded, then, round_)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in the end
                failure = error
                await self._look_again(round_, at_once=True)
        if round_.is_to_be_repeated:
            again = msgspec.structs.replace(wanted, until=until, attempt=wanted.attempt + 1)
            at = self._clock() + FIRST_PAUSE * 4 ** (wanted.attempt - 1)
            await self._queue.enqueue(notices_job(again, at=at))
        if failure is not None:
            raise failure

    async def _notify_of(
        self, recorded: Recorded[DomainEvent], then: Stewardship, round_: "Round"
    ) -> None:
        """Notify of an event, and record what became of it: of a mail at once."""
        notice = notice_of(recorded.event, then.state)
        if notice is None:
            return
        results: list[NotificationToRecord] = []
        metadata = _following(recorded)
        for notification in _notifications(then, recorded.version, notice.recipients):
            if notification.id in round_.done:
                continue
            if self._clock() - round_.began > TIME_FOR_ALL:
                result = OUT_OF_TIME
            else:
                await self._look_again(round_)
                result = await self._try(notification, notice, recorded, round_.stewardship)
            if result.may_pass_later and not round_.is_last:
                round_.is_to_be_repeated = True
                continue
            results.append(NotificationToRecord(notification, recorded.topic, result))
            if notification.channel == Channel.EMAIL and result.kind is not NotificationSkipped:
                await self._record(round_, results, metadata)
        await self._record(round_, results, metadata)

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
        self, round_: "Round", results: list[NotificationToRecord], metadata: Metadata
    ) -> None:
        """Record results, none of which is left to be recorded then."""
        if not results:
            return
        stewardship: Stewardship | None = round_.stewardship

        async def attempt() -> Stewardship:
            nonlocal stewardship
            it = stewardship or await self._store.load(Stewardship, round_.stewardship.key)
            stewardship = None  # whoever was faster, is to be seen in another attempt
            for notification, about, result in results:
                if notification.id not in it.state.notified:
                    it.record(
                        result.kind,
                        self._clock(),
                        notification_id=notification.id,
                        channel=notification.channel,
                        about=about,
                        **result.fields,
                    )
            await self._store.save(it, metadata=metadata)
            return it

        round_.stewardship = await retrying(attempt)
        round_.seen_at = self._clock()
        results.clear()

    async def _look_again(self, round_: "Round", *, at_once: bool = False) -> None:
        """See the stewardship as it is now, lest mail go to addresses that have been erased."""
        now = self._clock()
        if at_once or now - round_.seen_at > SEEN_FOR:
            round_.stewardship = await self._store.load(Stewardship, round_.stewardship.key)
            round_.seen_at = now


class Round(msgspec.Struct, kw_only=True):
    """An attempt that is under way, with the stewardship as it was seen last."""

    stewardship: Stewardship
    done: set[str]
    began: datetime
    seen_at: datetime
    is_last: bool
    is_to_be_repeated: bool = False


def notices_job(wanted: NoticesToSend, *, at: datetime | None = None) -> Job:
    """Make the job of an attempt: one at a time for each stewardship.

    Of first attempts one waits, which takes the events in that happen meanwhile.
    """
    notices = f"{Stewardship.stream_id(wanted.stewardship_id)}-notices"
    which = f"-{wanted.version}-{wanted.attempt}" if wanted.attempt > 1 else ""
    return NOTIFY.job(
        msgspec.structs.asdict(wanted), at=at, lock=notices, queueing_lock=f"{notices}{which}"
    )


def _folded(events: Sequence[Recorded[DomainEvent]]) -> Stewardship:
    stewardship: Stewardship | None = None
    for recorded in events:
        stewardship = recorded.event.mutate(stewardship)
    assert stewardship is not None
    return stewardship


def _following(recorded: Recorded[DomainEvent]) -> Metadata:
    return Metadata(
        actor=SYSTEM,
        correlation_id=recorded.metadata.correlation_id,
        causation_id=recorded.event_id,
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
