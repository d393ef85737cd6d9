"""Everything that follows the log, and what outsiders are told of it."""

from application.documents.outward import document_events
from application.documents.queueing import processing
from application.downloads.checking import downloads
from application.downloads.outward import download_events
from application.outward import OutwardCatalogue
from application.processes.outward import process_events
from application.runs.outward import run_events
from application.runs.rerunning import reruns
from application.stewardship.outward import stewardship_events
from application.stewardship.passing import stewardship_wakings
from application.stewardship.running import stewardship_job_runs, stewardship_notices
from application.subscription import Subscription
from application.system.outward import system_events
from application.workflows.outward import workflow_events
from infra.projections.follower import Follower
from infra.webhooks.outbox import Outbox
from projections.documents.projection import documents
from projections.games.projection import games
from projections.history.projection import history
from projections.identity.api_keys import api_keys
from projections.identity.users import users
from projections.processes.projection import processes
from projections.runs.projection import runs
from projections.stewardship.projection import stewardships
from projections.webhooks.projection import webhooks
from projections.workflows.projection import workflows

PROJECTIONS = (
    processes,
    runs,
    stewardships,
    users,
    api_keys,
    webhooks,
    documents,
    games,
    history,
    workflows,
)

# All that outsiders can be told of.
OUTWARD = OutwardCatalogue(
    process_events,
    run_events,
    document_events,
    download_events,
    stewardship_events,
    system_events,
    workflow_events,
)

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    reruns,
    processing,
    downloads,
    stewardship_job_runs,
    stewardship_notices,
    stewardship_wakings,
    Outbox(OUTWARD),
)

FOLLOWERS: tuple[Follower, ...] = (*PROJECTIONS, *SUBSCRIPTIONS)
