"""API keys by their digest, and whether there are users, as of the moment of the question."""

from application.projections.status import Freshness
from domain.identity.events import UserRegistered
from infra.event_store.reader import LogReader
from projections.identity.queries import IdentityQueries


class ProjectedApiKeys:
    """Implements the application's ApiKeyDirectory port over the read model."""

    def __init__(self, queries: IdentityQueries, freshness: Freshness) -> None:
        self._queries = queries
        self._freshness = freshness

    async def key_id(self, digest: str) -> int | None:
        """Give the id of the key with that digest, were it recorded a moment ago.

        Raises ReadModelBehindError if the read model does not catch up in time.
        """
        await self._freshness.reach_head(["api_keys"])
        return await self._queries.key_id_by_digest(digest)


class LoggedUsers:
    """Implements the application's UserRegister port over the log, before projections run."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    async def has_users(self) -> bool:
        """Tell whether any user was ever registered."""
        async for page in self._reader.after(0, types=[UserRegistered.TOPIC]):
            if page.events:
                return True
        return False
