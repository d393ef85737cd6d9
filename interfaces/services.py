"""What the interfaces work with: commands' ports and queries, put together by the composition."""

from dataclasses import dataclass

from application.audit_log import AuditLog
from application.configuration.current import CurrentConfiguration
from application.configuration.ports import Directories
from application.documents.storage import DocumentStorage
from application.erasures.ports import ErasureLedger, ErasureScanner
from application.exporting import EventArchive
from application.games.aliases import CurrentAliases
from application.identity.authentication import Authenticator
from application.identity.ports import LoginThrottle, PasswordHasher, Tokens
from application.identity.usage import UsageCounter
from application.intake.ports import Intake
from application.jobs import JobQueue
from application.live import LiveLog, Seats
from application.metrics import Meter, Metrics
from application.outward import OutwardCatalogue
from application.ports import ClaimRegister, EventStore, Identifiers, KeyedHash
from application.projections.ports import ParkedStreams
from application.projections.status import Freshness, ProjectionStatuses
from application.rate_limits import RateLimiter
from application.stewardship.ports import Clock
from application.tailing import EventTail
from application.verification import ChainVerifier, Signer
from application.vitals import Vitals
from application.webhooks.deliveries import Deliveries, WebhookClient
from application.webhooks.ports import WebhookAddresses
from interfaces.telling import Telling
from interfaces.workflow_services import Workflows
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


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a route or a terminal command may call."""

    store: EventStore
    clock: Clock
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
    directories: Directories
    aliases: CurrentAliases
    document_storage: DocumentStorage
    intake: Intake

    authenticator: Authenticator
    passwords: PasswordHasher
    tokens: Tokens
    throttle: LoginThrottle
    usage: UsageCounter
    rate_limiter: RateLimiter
    audit_log: AuditLog

    processes: ProcessQueries
    runs: RunQueries
    stewardships: StewardshipQueries
    retention: RetentionQueries
    history: HistoryQueries
    identity: IdentityQueries
    webhooks: WebhookQueries
    documents: DocumentQueries
    reports: ReportQueries
    games: GameQueries
    workflows: Workflows
