"""What operators do about streams that a projection cannot follow (contract section 12)."""

from application.errors import NotFoundError
from application.ports import EventStore
from application.projections.ports import ParkedStreams, Retried
from domain.events import Metadata
from domain.projections.oversight import Oversight


async def skip_parked_event(
    store: EventStore,
    parked: ParkedStreams,
    *,
    projection: str,
    stream_id: str,
    reason: str,
    metadata: Metadata,
) -> Retried:
    """Record that the event at which a stream is parked is passed over, and go on behind it.

    Raises NotFoundError if the stream is not parked, InvalidFieldError for no or too long a reason.
    """
    found = await parked.find(projection, stream_id)
    try:
        oversight = await store.load(Oversight, projection)
    except NotFoundError:
        oversight = Oversight.begin(projection)
    oversight.skip(
        stream_id=found.stream_id,
        version=found.version,
        position=found.position,
        type=found.type,
        reason=reason,
    )
    await store.save(oversight, metadata=metadata)
    return await parked.retry(projection, stream_id)
