"""What the interfaces work with: commands' ports and queries, put together by the composition."""

from dataclasses import dataclass

from application.configuration.current import CurrentConfiguration
from application.erasures.ports import ErasureLedger, ErasureScanner
from application.exporting import EventArchive
from application.identity.authentication import Authenticator
from application.identity.ports import LoginThrottle, PasswordHasher, Tokens
from application.jobs import JobQueue
from application.live import LiveLog, Seats
from application.metrics import Meter, Metrics
from application.outward import OutwardCatalogue
from application.ports import (
    AuditLog,
    ChainVerifier,
    ClaimRegister,
    EventStore,
    Freshness,
    Identifiers,
    KeyedHash,
    ProjectionStatuses,
    RateLimiter,
    Signer,
    UsageCounter,
    Vitals,
)
from application.projections.ports import ParkedStreams
from application.tailing import EventTail
from application.webhooks.deliveries import Deliveries, WebhookClient
from application.webhooks.ports import WebhookAddresses
from application.workflows.bulk import BulkHandlers
from application.workflows.handlers import WorkflowHandlers
from application.workflows.ports import ContentManagement
from application.workflows.templates import TemplateHandlers, Templates
from interfaces.telling import Telling
from projections.history.queries import HistoryQueries
from projections.identity.queries import IdentityQueries
from projections.processes.queries import ProcessQueries
from projections.runs.queries import RunQueries
from projections.runs.retention import RetentionQueries
from projections.webhooks.queries import WebhookQueries
from projections.workflows.audit import WorkflowAuditQueries
from projections.workflows.contents import ContentQueries
from projections.workflows.templates import TemplateQueries


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a route or a terminal command may call."""

    store: EventStore
    claims: ClaimRegister
    identifiers: Identifiers
    tail: EventTail
    live: LiveLog[Telling]
    seats: Seats
    archive: EventArchive
    verifier: ChainVerifier
    erasures: ErasureLedger
    erasure_scanner: ErasureScanner
    freshness: Freshness
    projection_statuses: ProjectionStatuses
    parked_streams: ParkedStreams
    vitals: Vitals
    meter: Meter
    metrics: Metrics
    keyed_hash: KeyedHash
    signer: Signer
    jobs: JobQueue
    webhook_client: WebhookClient
    deliveries: Deliveries
    outward: OutwardCatalogue
    webhook_addresses: WebhookAddresses
    configuration: CurrentConfiguration

    authenticator: Authenticator
    passwords: PasswordHasher
    tokens: Tokens
    throttle: LoginThrottle
    usage: UsageCounter
    rate_limiter: RateLimiter
    audit_log: AuditLog

    processes: ProcessQueries
    runs: RunQueries
    retention: RetentionQueries
    history: HistoryQueries
    identity: IdentityQueries
    webhooks: WebhookQueries
    workflows: "Workflows"


@dataclass(frozen=True, kw_only=True)
class Workflows:
    """What the routes of workflows work with."""

    contents: ContentManagement
    templates: Templates
    template_handlers: TemplateHandlers
    handlers: WorkflowHandlers
    bulk_handlers: BulkHandlers
    template_queries: TemplateQueries
    content_queries: ContentQueries
    audit_queries: WorkflowAuditQueries
