"""Who is behind a credential, in every server process at once (contract section 1)."""

from datetime import UTC, datetime

from application.errors import NotAuthenticatedError, NotFoundError
from application.identity.ports import ApiKeyDirectory, Tokens
from application.identity.principal import Principal
from application.ports import EventStore
from domain.identity.api_key import ApiKey
from domain.identity.fields import is_username
from domain.identity.full_key import BEGINNING, digest_of, is_full_key
from domain.identity.user import User

INVALID_KEY = "Invalid or expired API key"
INVALID_TOKEN = "Invalid token"  # noqa: S105 - a message


class Authenticator:
    """Tells who sends a credential, by the newest events of the API key or the user.

    Which key a digest belongs to never changes, so that is kept; whether the key or the token
    still holds is asked anew every time.
    """

    def __init__(self, store: EventStore, tokens: Tokens, directory: ApiKeyDirectory) -> None:
        self._store = store
        self._tokens = tokens
        self._directory = directory
        self._key_ids: dict[str, int] = {}

    async def authenticate(self, credential: str) -> Principal:
        """Authenticate an API key or a JWT. Raises NotAuthenticatedError if it does not hold."""
        if credential.startswith(BEGINNING):
            return await self._by_api_key(credential)
        return await self._by_token(credential)

    async def _by_api_key(self, full_key: str) -> Principal:
        if not is_full_key(full_key):
            raise NotAuthenticatedError(INVALID_KEY)
        key_id = await self._key_id(digest_of(full_key))
        api_key = await self._store.peek(ApiKey, key_id)
        if not api_key.holds_at(datetime.now(UTC)):
            raise NotAuthenticatedError(INVALID_KEY)
        return Principal(
            kind="api_key",
            name=api_key.state.name,
            key_id=key_id,
            roles=frozenset({api_key.state.role}),
            stream_id=api_key.id,
            stream_version=api_key.version,
        )

    async def _key_id(self, digest: str) -> int:
        key_id = self._key_ids.get(digest)
        if key_id is None:
            key_id = await self._directory.key_id(digest)
            if key_id is None:
                raise NotAuthenticatedError(INVALID_KEY)
            self._key_ids[digest] = key_id
        return key_id

    async def _by_token(self, token: str) -> Principal:
        claims = self._tokens.read(token)
        user = await self._user(claims.username)
        state = user.state
        if not state.is_active or state.credential_generation != claims.credential_generation:
            raise NotAuthenticatedError(INVALID_TOKEN)
        return Principal(
            kind="user",
            name=user.key,
            key_id=None,
            roles=state.roles,
            stream_id=user.id,
            stream_version=user.version,
        )

    async def _user(self, username: str) -> User:
        if not is_username(username):
            raise NotAuthenticatedError(INVALID_TOKEN)
        try:
            return await self._store.peek(User, username)
        except NotFoundError:
            raise NotAuthenticatedError(INVALID_TOKEN) from None
