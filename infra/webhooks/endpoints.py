"""The webhooks that are registered at the moment of the question."""

from collections.abc import Sequence

from application.ports import Freshness
from application.webhooks.ports import Endpoint
from projections.webhooks.queries import WebhookQueries

READ_MODELS = ("webhooks",)


class ProjectedEndpoints:
    """Implements the application's Endpoints port over the read model."""

    def __init__(self, queries: WebhookQueries, freshness: Freshness) -> None:
        self._queries = queries
        self._freshness = freshness

    async def active(self) -> Sequence[Endpoint]:
        """Give those that are not disabled, by id.

        Raises ReadModelBehindError if the read model does not catch up in time.
        """
        await self._freshness.reach_head(READ_MODELS)
        return [
            Endpoint(
                id=row.id,
                url=row.url,
                patterns=row.patterns,
                is_active=row.is_active,
                registered_position=row.registered_position,
                version=row.version,
            )
            for row in await self._queries.all()
            if row.is_active
        ]
