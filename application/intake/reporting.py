"""A directory that cannot be watched becomes an event, so that somebody outside is told of it."""

import hashlib
from datetime import UTC, datetime
from uuid import uuid4

from application.errors import AlreadyExistsError
from application.metadata import by_system
from application.ports import EventStore
from domain.system.incident import Incident


async def report_unwatched(store: EventStore, path: str, error: str) -> None:
    """Record that a directory cannot be watched, once a day for each; not its path."""
    today = datetime.now(UTC).date()
    directory = hashlib.sha256(path.encode()).hexdigest()[:12]
    incident = Incident.occur(
        f"file_watcher-{directory}-{today}",
        component="file_watcher",
        error="The configured directory cannot be watched",
        details={"error": error},
    )
    try:
        await store.save(incident, metadata=by_system(f"file-watcher-{uuid4()}"))
    except AlreadyExistsError:
        return
