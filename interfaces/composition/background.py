"""What is done outside of requests: the jobs of each feature, and who does them."""

import sys
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

from application.jobs import Duty
from application.metadata import by_system
from application.projections.rebuilding import rebuilding
from application.runs.neutralization import sweep
from application.runs.rerunning import rerunning
from application.runs.sweeping import retention_sweep
from application.system.reporting import REPORT_FAULTS, fault_reporting
from infra.documents.reader import PdfSheetReader
from infra.jobs.housekeeping import housekeeping
from infra.jobs.worker import JobWorker
from infra.projections.leftovers import remove_leftovers
from infra.projections.rebuild_process import RebuildProcess
from infra.reruns.endpoint import HttpRerunEndpoint
from infra.system.faults import PostgresFaults
from infra.webhooks.addresses import CheckedAddresses
from interfaces.composition.catalogue import PROJECTIONS
from interfaces.composition.documents import document_duties
from interfaces.composition.foundation import Foundation
from interfaces.composition.intake import downloading
from interfaces.composition.stewardship import stewardship_duties
from projections.runs.retention import RetentionQueries

REBUILD = (sys.executable, "-m", "interfaces.cli.main", "projections", "rebuild", "--json")


def job_worker(base: Foundation, addresses: CheckedAddresses, reader: PdfSheetReader) -> JobWorker:
    """Give the worker that does the jobs of all features; the reader is for those of documents."""
    return JobWorker(
        base.conninfo,
        [
            *_system_duties(base),
            *_run_duties(base),
            *document_duties(base, reader),
            *stewardship_duties(base),
            *downloading(base, addresses).duties(),
        ],
        concurrency=base.settings.job_concurrency,
    )


def _system_duties(base: Foundation) -> Iterator[Duty]:
    yield from housekeeping(
        base.pool,
        partial(remove_leftovers, base.conninfo, PROJECTIONS),
        audit_log_days=base.settings.audit_log_days,
    )
    yield rebuilding(RebuildProcess(REBUILD))
    faults = PostgresFaults(base.pool, unless=REPORT_FAULTS.name)
    yield fault_reporting(base.event_store.store, faults)


def _run_duties(base: Foundation) -> Iterator[Duty]:
    retention = RetentionQueries(base.pool)

    async def sweep_retention() -> None:
        by_sweep = by_system(f"retention-sweep-{uuid4()}")
        store = base.event_store.store
        await sweep(store, base.freshness, retention, base.parked_streams, by_sweep)

    yield retention_sweep(sweep_retention, base.settings.retention_sweep_cron)
    yield rerunning(base.event_store.store, HttpRerunEndpoint(base.user_agent))
