"""What brings files by itself: the watcher and the downloader."""

from application.downloads.checking import Downloading
from infra.downloads.fetcher import HttpFetcher
from infra.intake.directories import ConfiguredDirectories
from infra.intake.status import PostgresIntake
from infra.intake.watcher import FileWatching
from infra.jobs.queue import PostgresJobQueue
from infra.postgres.connections import connector
from infra.settings import Settings
from infra.webhooks.addresses import CheckedAddresses
from interfaces.composition.documents import document_storage
from interfaces.composition.foundation import Foundation


def file_watching(base: Foundation) -> FileWatching:
    """Give the watcher."""
    return FileWatching(
        connector(base.conninfo, "file watcher"),
        base.signals,
        base.configuration,
        store=base.event_store.store,
        storage=document_storage(base.settings),
        directories=configured_directories(base.settings),
    )


def downloading(base: Foundation, addresses: CheckedAddresses) -> Downloading:
    """Give the downloader."""
    return Downloading(
        store=base.event_store.store,
        storage=document_storage(base.settings),
        configuration=base.configuration,
        jobs=PostgresJobQueue(base.pool),
        fetcher=HttpFetcher(
            addresses, configured_directories(base.settings).of, user_agent=base.user_agent
        ),
    )


def intake(base: Foundation) -> PostgresIntake:
    """Give what knows how both fare."""
    return PostgresIntake(
        base.pool,
        base.event_store.store,
        base.configuration,
        configured_directories(base.settings).of,
    )


def configured_directories(settings: Settings) -> ConfiguredDirectories:
    """Tell where configured paths lead."""
    return ConfiguredDirectories(settings.annals_home, settings.backups)
