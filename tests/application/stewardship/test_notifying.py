"""People are notified of what happens, on each channel once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from application.identity.commands import RegisterUser
from application.identity.handlers import register_user
from application.jobs import Job
from application.mail import Mail, Mailer, MailOutcome, MailResult
from application.metadata import by_system
from application.stewardship.notifying import MOST_ATTEMPTS, Notifier
from application.stewardship.ports import Clock
from application.stewardship.running import notifying, stewardship_notices
from application.webhooks.handlers import RegisterWebhook, register_webhook
from domain.identity.roles import Role
from domain.stewardship.definition import ApprovalDefinition, NotificationsDefinition
from domain.stewardship.execution_events import NotificationEvent
from domain.stewardship.kinds import StewardshipStatus
from domain.stewardship.passing_time import pass_time
from domain.stewardship.stewardship import Stewardship
from infra.mail.server import MailServer
from infra.mail.smtp import SmtpMailer
from infra.postgres.connections import connection_pool
from infra.settings import Settings
from infra.webhooks.audience import RegisteredAudience
from interfaces.composition import OUTWARD
from interfaces.services import Services
from tests.application.stewardship.queue import Queue
from tests.domain.stewardship.definitions import (
    ANN,
    CONTACT,
    START,
    a_definition,
    a_responsibility,
    a_workflow,
    after,
    some_options,
)
from tests.infra.mail.servers import mail_server
from tests.infra.mail.test_smtp import content, parsed

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")
NOW = after(days=7, minutes=1)
BY_MAIL = some_options(notifications=NotificationsDefinition(email=True))
SENT = MailOutcome(MailResult.SENT, "handed over")
NOT_NOW = MailOutcome(MailResult.FAILED, "the mail server did not answer in time")


class Post:
    """A post office that has its moods."""

    def __init__(self, *moods: MailOutcome) -> None:
        self._moods = list(moods)
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> MailOutcome:
        self.mails.append(mail)
        return self._moods.pop(0) if self._moods else SENT


class Annals:
    """What notifies, with the jobs that follow from events and from each other."""

    def __init__(
        self,
        services: Services,
        pool: AsyncConnectionPool,
        mailer: Mailer | None,
        clock: Clock = lambda: NOW,
    ) -> None:
        self._services = services
        self.queue = Queue()
        self._duty = notifying(
            Notifier(
                services.store,
                self.queue,
                mailer=mailer,
                users=services.identity,
                audience=RegisteredAudience(pool),
                catalogue=OUTWARD,
                clock=clock,
            )
        )

    async def follow(self, stewardship: Stewardship) -> list[Job]:
        """Do the jobs that follow from what happened."""
        jobs = [
            job
            for recorded in await self._services.store.history(stewardship.id)
            for job in stewardship_notices.jobs(recorded)
        ]
        await self.do(*jobs)
        return jobs

    async def do(self, *jobs: Job) -> None:
        for job in jobs:
            await self._duty.function(job.arguments)

    async def told(self, stewardship: Stewardship) -> list[tuple[str, str, str, object]]:
        """Tell what became of each notification: about what, on which channel."""
        return [
            (
                event.about,
                event.channel.value,
                event.TOPIC.removeprefix("Notification"),
                getattr(event, "recipients", None) or getattr(event, "reason", None),
            )
            for recorded in await self._services.store.history(stewardship.id)
            if isinstance(event := recorded.event, NotificationEvent)
        ]


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[AsyncConnectionPool]:
    assert settings.database_url
    async with connection_pool(settings.database_url, 1) as opened:
        yield opened


async def overdue(services: Services, **fields: Any) -> Stewardship:
    """Given a stewardship whose one responsibility has just fallen overdue."""
    fields = {"workflows": []} | fields
    stewardship = Stewardship.create(1, a_definition(**fields), now=START)
    pass_time(stewardship, NOW)
    await services.store.save(stewardship, metadata=BY_TEST)
    return stewardship


async def test_everybody_is_told_on_each_channel_once(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = await overdue(services)
    async with mail_server() as box:
        server = MailServer(host="localhost", port=box.port, security="never")
        annals = Annals(services, pool, SmtpMailer(server, "annals@example.org"))
        jobs = await annals.follow(stewardship)
        await annals.do(*jobs)

    told = await annals.told(stewardship)
    assert told == [
        ("ResponsibilityFellOverdue", "email", "Sent", 1),
        ("ResponsibilityFellOverdue", "slack", "Skipped", "no slack service is configured"),
        (
            "ResponsibilityFellOverdue",
            "webhook",
            "Skipped",
            "no active webhook is registered for stewardship.responsibility.overdue",
        ),
    ]
    [envelope] = box.taken
    assert envelope.rcpt_tos == [CONTACT["email"]]
    assert parsed(envelope)["Subject"] == "Overdue: Data Quality Review (customer_data)"
    assert content(parsed(envelope)).splitlines() == [
        '"Data Quality Review" was due at 2024-12-26 10:30 UTC and is not completed.',
        f"It is assigned to {ANN}.",
        "",
        "Stewardship: stewardship_1, customer_data",
    ]


async def test_escalation_reaches_its_recipients_at_each_level(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = await overdue(services, options=BY_MAIL)
    pass_time(stewardship, after(days=7, hours=5))
    await services.store.save(stewardship, metadata=BY_TEST)
    post = Post()
    await Annals(services, pool, post).follow(stewardship)

    assert [(mail.to, mail.subject.partition(":")[0]) for mail in post.mails] == [
        (CONTACT["email"], "Overdue"),
        ("manager@company.com", "Escalation 1"),
        ("manager@company.com", "Escalation 2"),
    ]


async def test_approvers_are_asked_and_assignees_told_that_it_is_their_turn(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = Stewardship.create(
        1, a_definition(options=BY_MAIL, workflows=[a_workflow()]), now=START
    )
    pass_time(stewardship, after(days=1))
    stewardship.change_status(
        StewardshipStatus.SUSPENDED, reason="audit", by="user:ann", now=after(days=1)
    )
    await services.store.save(stewardship, metadata=BY_TEST)
    post = Post()
    await Annals(services, pool, post).follow(stewardship)

    assert [(mail.to, mail.subject) for mail in post.mails] == [
        (CONTACT["email"], "Your turn: Data Assessment (customer_data)"),
        ("approver@company.com", "Approval requested: suspended (customer_data)"),
    ]


async def test_webhooks_that_are_told_count_as_reached(
    services: Services, pool: AsyncConnectionPool
) -> None:
    for url, pattern in (("https://8.8.8.8/a", "stewardship.*"), ("https://8.8.8.8/b", "run.*")):
        await register_webhook(
            services.store,
            services.identifiers,
            RegisterWebhook(url=url, patterns=[pattern], secret="s"),
            BY_TEST,
            addresses=services.webhook_addresses,
            outward=OUTWARD,
        )
    await services.freshness.reach_head(["webhook_deliveries"])
    options = some_options(notifications=NotificationsDefinition(webhook=True))
    stewardship = await overdue(services, options=options)
    annals = Annals(services, pool, None)
    await annals.follow(stewardship)

    assert await annals.told(stewardship) == [("ResponsibilityFellOverdue", "webhook", "Sent", 1)]


async def test_without_a_server_mail_is_skipped(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = await overdue(services, options=BY_MAIL)
    annals = Annals(services, pool, None)
    await annals.follow(stewardship)

    reason = "no mail server is configured: SMTP_URL"
    assert await annals.told(stewardship) == [
        ("ResponsibilityFellOverdue", "email", "Skipped", reason)
    ]


async def test_what_may_pass_later_is_tried_again_and_given_up_at_last(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = await overdue(services, options=BY_MAIL)
    post = Post(*[NOT_NOW] * MOST_ATTEMPTS)
    annals = Annals(services, pool, post)
    await annals.follow(stewardship)
    for made in range(1, MOST_ATTEMPTS):
        assert await annals.told(stewardship) == []
        await annals.do(annals.queue.jobs[made - 1])

    assert [job.at - NOW for job in annals.queue.jobs if job.at] == [
        timedelta(minutes=minutes) for minutes in (1, 4, 16, 64, 256)
    ]
    assert len({mail.id for mail in post.mails}) == 1
    assert await annals.told(stewardship) == [
        ("ResponsibilityFellOverdue", "email", "Failed", NOT_NOW.detail)
    ]


async def test_who_was_reached_is_not_told_again_because_of_another(
    services: Services, pool: AsyncConnectionPool
) -> None:
    options = some_options(
        notifications=NotificationsDefinition(email=True),
        approval=ApprovalDefinition(
            required=True, approvers=["a@b.example", "c@d.example"], threshold=2
        ),
    )
    stewardship = Stewardship.create(1, a_definition(options=options), now=START)
    stewardship.change_status(StewardshipStatus.INACTIVE, reason="", by="user:ann", now=START)
    await services.store.save(stewardship, metadata=BY_TEST)
    post = Post(NOT_NOW)
    annals = Annals(services, pool, post)
    await annals.follow(stewardship)
    await annals.do(*annals.queue.jobs)

    assert [mail.to for mail in post.mails] == ["a@b.example", "c@d.example", "a@b.example"]
    assert [result for _, _, result, _ in await annals.told(stewardship)] == ["Sent", "Sent"]


async def test_a_process_killed_before_it_recorded_sends_the_same_mail_again(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = await overdue(services, options=BY_MAIL)
    post = Post()

    class KilledError(BaseException):
        pass

    class Killing(Post):
        async def send(self, mail: Mail) -> MailOutcome:
            await post.send(mail)
            raise KilledError

    with pytest.raises(KilledError):
        await Annals(services, pool, Killing()).follow(stewardship)
    annals = Annals(services, pool, post)
    await annals.follow(stewardship)

    first, second = post.mails
    assert first == second
    assert len(await annals.told(stewardship)) == 1


async def test_nobody_is_reached_through_contact_details_that_were_erased(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = await overdue(services, options=BY_MAIL)
    stewardship.neutralize_steward(ANN, reason="asked to", policy="manual", now=NOW)
    await services.store.save(stewardship, metadata=BY_TEST)
    post = Post()
    annals = Annals(services, pool, post)
    await annals.follow(stewardship)

    assert post.mails == []
    reason = "there is no e-mail address to send it to"
    assert await annals.told(stewardship) == [
        ("ResponsibilityFellOverdue", "email", "Skipped", reason)
    ]


async def test_who_is_named_as_a_user_is_reached_by_the_users_address(
    services: Services, pool: AsyncConnectionPool
) -> None:
    for name in ("carol", "dave"):
        command = RegisterUser(
            username=name, email=f"{name}@example.org", password="long enough", roles=[Role.USER]
        )
        await register_user(services.store, services.passwords, command, BY_TEST, {})
    await services.freshness.reach_head(["users"])
    options = some_options(
        notifications=NotificationsDefinition(email=True),
        approval=ApprovalDefinition(required=True, approvers=["carol", "user:dave", "nobody"]),
    )
    stewardship = Stewardship.create(1, a_definition(options=options, workflows=[]), now=START)
    stewardship.change_status(StewardshipStatus.INACTIVE, reason="", by="user:ann", now=START)
    await services.store.save(stewardship, metadata=BY_TEST)
    post = Post()
    annals = Annals(services, pool, post)
    await annals.follow(stewardship)

    assert [mail.to for mail in post.mails] == ["carol@example.org", "dave@example.org"]
    assert [result for _, _, result, _ in await annals.told(stewardship)] == [
        "Sent",
        "Sent",
        "Skipped",
    ]


def many_overdue(count: int) -> Stewardship:
    some = [a_responsibility(f"resp_{number}") for number in range(count)]
    stewardship = Stewardship.create(
        1, a_definition(options=BY_MAIL, workflows=[], responsibilities=some), now=START
    )
    pass_time(stewardship, NOW)
    return stewardship


async def test_of_many_events_at_once_one_job_tells_and_one_waits(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = many_overdue(20)
    await services.store.save(stewardship, metadata=BY_TEST)
    post = Post()
    annals = Annals(services, pool, post)
    events = await services.store.history(stewardship.id)
    jobs = [job for recorded in events for job in stewardship_notices.jobs(recorded)]

    await annals.do(jobs[0])

    assert len({job.queueing_lock for job in jobs}) == 1
    assert len(post.mails) == len(jobs) == 20
    await annals.do(jobs[-1])
    assert len(post.mails) == 20
    told = [
        (each.metadata.causation_id, each.event.notification_id)
        for each in await services.store.history(stewardship.id)
        if isinstance(each.event, NotificationEvent)
    ]
    overdue_events = [each for each in events if each.topic == "ResponsibilityFellOverdue"]
    assert told == [(each.event_id, f"{each.version}/email/1") for each in overdue_events]


async def test_what_goes_wrong_with_one_does_not_keep_the_others(
    services: Services, pool: AsyncConnectionPool
) -> None:
    stewardship = many_overdue(3)
    await services.store.save(stewardship, metadata=BY_TEST)

    class Failing(Post):
        async def send(self, mail: Mail) -> MailOutcome:
            outcome = await super().send(mail)
            if len(self.mails) == 2:
                raise ValueError("not this one")
            return outcome

    annals = Annals(services, pool, Failing())
    with pytest.raises(ValueError, match="not this one"):
        await annals.follow(stewardship)
    assert len(await annals.told(stewardship)) == 2

    await annals.follow(stewardship)
    assert [result for _, _, result, _ in await annals.told(stewardship)] == ["Sent"] * 3


async def test_a_server_that_hangs_lets_the_others_wait_for_the_next_time(
    services: Services, pool: AsyncConnectionPool
) -> None:
    options = some_options(
        notifications=NotificationsDefinition(email=True),
        approval=ApprovalDefinition(required=True, approvers=["a@b.example", "c@d.example"]),
    )
    stewardship = Stewardship.create(1, a_definition(options=options, workflows=[]), now=START)
    stewardship.change_status(StewardshipStatus.INACTIVE, reason="", by="user:ann", now=START)
    await services.store.save(stewardship, metadata=BY_TEST)
    now = NOW

    class Slow(Post):
        async def send(self, mail: Mail) -> MailOutcome:
            nonlocal now
            now += timedelta(minutes=11)
            return await super().send(mail)

    post = Slow()
    annals = Annals(services, pool, post, lambda: now)
    await annals.follow(stewardship)
    assert [mail.to for mail in post.mails] == ["a@b.example"]

    await annals.do(*annals.queue.jobs)
    assert [mail.to for mail in post.mails] == ["a@b.example", "c@d.example"]
    assert [result for _, _, result, _ in await annals.told(stewardship)] == ["Sent", "Sent"]
