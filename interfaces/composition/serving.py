"""A serving process: ports meet what implements them, and its tasks run."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal

from application.identity.authentication import Authenticator
from application.live import LiveLog, Seats
from infra.audit_log.log import PostgresAuditLog
from infra.clock import wall_clock
from infra.documents.reader import PdfSheetReader
from infra.erasures.ledger import PostgresErasureLedger
from infra.erasures.scan import PostgresErasureScanner
from infra.event_store.archive import PostgresEventArchive
from infra.event_store.claims import PostgresClaimRegister
from infra.event_store.tail import PostgresEventTail, live_log_failed
from infra.event_store.verification import PostgresChainVerifier
from infra.identity.directory import ProjectedApiKeys
from infra.identity.passwords import Argon2Passwords
from infra.identity.throttle import MovingWindowThrottle
from infra.identity.tokens import JwtTokens, kept_secret
from infra.identity.usage import PostgresUsageCounter
from infra.jobs.queue import PostgresJobQueue
from infra.keyed_hash import HmacSha256
from infra.postgres.connections import connector
from infra.projections.projector import Projector
from infra.rate_limits.counters import open_counters
from infra.rate_limits.limiter import MovingWindowRateLimits
from infra.secret_file import SecretFile
from infra.secret_key import decode_key
from infra.settings import Settings
from infra.signing import Ed25519Signer, kept_signing_key
from infra.vitals import MachineVitals
from infra.webhooks.addresses import CheckedAddresses
from infra.webhooks.client import HttpWebhookClient
from infra.webhooks.deliveries import PostgresDeliveries
from infra.webhooks.queue import DeliveryQueue
from infra.webhooks.sender import SendingPolicy, WebhookSender
from interfaces.composition.background import job_worker
from interfaces.composition.catalogue import FOLLOWERS, OUTWARD, PROJECTIONS
from interfaces.composition.documents import document_storage
from interfaces.composition.foundation import foundation
from interfaces.composition.intake import configured_directories, file_watching, intake
from interfaces.composition.workflows import open_workflows
from interfaces.services import Services
from interfaces.telling import Telling
from projections.documents.queries import DocumentQueries
from projections.documents.reports import ReportQueries
from projections.games.queries import GameQueries
from projections.history.queries import HistoryQueries
from projections.identity.queries import IdentityQueries
from projections.processes.queries import ProcessQueries
from projections.runs.queries import RunQueries
from projections.runs.retention import RetentionQueries
from projections.stewardship.queries import StewardshipQueries
from projections.webhooks.queries import WebhookQueries

Part = Literal["api", "projections", "jobs", "webhooks"]

PARTS: tuple[Part, ...] = ("api", "projections", "jobs", "webhooks")


@contextlib.asynccontextmanager
async def compose(
    settings: Settings, conninfo: str, parts: frozenset[Part] = frozenset(PARTS)
) -> AsyncIterator[Services]:
    """Put everything together and keep its tasks running."""
    async with contextlib.AsyncExitStack() as stack:
        base = await stack.enter_async_context(foundation(settings, conninfo, lasting=bool(parts)))
        pool, event_store = base.pool, base.event_store
        usage = PostgresUsageCounter(pool)
        await stack.enter_async_context(usage.running())
        audit_log = PostgresAuditLog(pool)
        await stack.enter_async_context(audit_log.running())
        vitals = MachineVitals(pool, settings.redis_url, settings.annals_home)
        stack.push_async_callback(vitals.close)
        if "projections" in parts:
            projector = Projector(
                connector(conninfo, "projector"), event_store.reader, base.signals, FOLLOWERS
            )
            await stack.enter_async_context(projector.running())
        addresses = CheckedAddresses(
            allow_private=settings.webhook_allow_private, ports=settings.webhook_allowed_ports
        )
        stack.callback(addresses.close)
        if "jobs" in parts:
            reader = await stack.enter_async_context(PdfSheetReader())
            await stack.enter_async_context(job_worker(base, addresses, reader).running())
            await stack.enter_async_context(file_watching(base).running())
        tail = PostgresEventTail(event_store.reader, event_store.observer, base.signals)
        live = await stack.enter_async_context(
            LiveLog(tail, lambda entry: Telling(entry, OUTWARD), live_log_failed).running()
        )
        webhook_client = HttpWebhookClient(
            addresses,
            timeout_seconds=settings.webhook_timeout_seconds,
            user_agent=base.user_agent,
        )
        if "webhooks" in parts:
            sender = WebhookSender(
                DeliveryQueue(pool),
                store=event_store.store,
                reader=event_store.reader,
                catalogue=OUTWARD,
                client=webhook_client,
                signals=base.signals,
                meter=base.meter,
                policy=_sending_policy(settings),
            )
            await stack.enter_async_context(sender.running())
        identity = IdentityQueries(pool)
        counters = await stack.enter_async_context(open_counters(settings.redis_url))
        secret = _jwt_secret(settings)
        tokens = JwtTokens(secret, timedelta(hours=settings.jwt_expiration_hours))
        yield Services(
            store=event_store.store,
            clock=wall_clock,
            claims=PostgresClaimRegister(pool),
            identifiers=base.identifiers,
            tail=tail,
            live=live,
            seats=Seats(),
            archive=PostgresEventArchive(pool, event_store.reader),
            verifier=PostgresChainVerifier(pool),
            erasures=PostgresErasureLedger(pool),
            erasure_scanner=PostgresErasureScanner(
                pool,
                base.ring,
                base.freshness,
                PROJECTIONS,
                home=settings.annals_home if settings.database_url is None else None,
            ),
            freshness=base.freshness,
            projection_statuses=base.statuses,
            parked_streams=base.parked_streams,
            vitals=vitals,
            meter=base.meter,
            metrics=base.metrics,
            keyed_hash=HmacSha256(secret),
            signer=Ed25519Signer(_signing_key(settings)),
            jobs=PostgresJobQueue(pool),
            webhook_client=webhook_client,
            deliveries=PostgresDeliveries(pool),
            outward=OUTWARD,
            webhook_addresses=addresses,
            configuration=base.configuration,
            directories=configured_directories(settings),
            aliases=base.aliases,
            document_storage=document_storage(settings),
            intake=intake(base),
            authenticator=Authenticator(
                event_store.store, tokens, ProjectedApiKeys(identity, base.freshness)
            ),
            passwords=Argon2Passwords(),
            tokens=tokens,
            throttle=MovingWindowThrottle(counters),
            usage=usage,
            audit_log=audit_log,
            rate_limiter=MovingWindowRateLimits(counters),
            processes=ProcessQueries(pool),
            runs=RunQueries(pool),
            stewardships=StewardshipQueries(pool),
            retention=RetentionQueries(pool),
            history=HistoryQueries(pool),
            identity=identity,
            webhooks=WebhookQueries(pool),
            documents=DocumentQueries(pool),
            reports=ReportQueries(pool),
            games=GameQueries(pool),
            workflows=await stack.enter_async_context(open_workflows(base)),
        )


def _sending_policy(settings: Settings) -> SendingPolicy:
    return SendingPolicy(
        timeout_seconds=settings.webhook_timeout_seconds,
        max_retries=settings.webhook_max_retries,
        first_pause_seconds=settings.webhook_retry_seconds,
        disable_after=timedelta(hours=settings.webhook_disable_after_hours),
    )


def _jwt_secret(settings: Settings) -> str:
    return settings.jwt_secret_key or kept_secret(settings.annals_home / "jwt.key")


def _signing_key(settings: Settings) -> bytes:
    if settings.annals_signing_key is not None:
        return decode_key(settings.annals_signing_key)
    return kept_signing_key(SecretFile(settings.annals_home / "signing.key"))
