"""Reading users and API keys."""

from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from projections.identity.api_keys import ApiKeyEntry, api_keys
from projections.identity.users import UserRow, users
from projections.paging import Slice

USERS = users.query("""
SELECT username, email, roles, is_active, created_at, updated_at, version
FROM {schema}.users
ORDER BY username
""")

USER = users.query("""
SELECT username, email, roles, is_active, created_at, updated_at, version
FROM {schema}.users
WHERE username = %s
""")

API_KEYS = api_keys.query("""
SELECT id, name, description, role, key_prefix, created_at, created_by,
       expires_at, is_active, revoked_at, version
FROM {schema}.api_keys
ORDER BY id DESC
LIMIT %s OFFSET %s
""")

API_KEY_COUNT = api_keys.query("SELECT count(*) FROM {schema}.api_keys")

API_KEY = api_keys.query("""
SELECT id, name, description, role, key_prefix, created_at, created_by,
       expires_at, is_active, revoked_at, version
FROM {schema}.api_keys
WHERE id = %s
""")

KEY_ID_BY_DIGEST = api_keys.query("SELECT id FROM {schema}.api_keys WHERE digest = %s")


class IdentityQueries:
    """Reads the read models of users and API keys."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def list_users(self) -> list[UserRow]:
        """Give all users by name."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(UserRow))
            await cursor.execute(USERS)
            return await cursor.fetchall()

    async def get_user(self, username: str) -> UserRow | None:
        """Give a user."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(UserRow))
            await cursor.execute(USER, (username,))
            return await cursor.fetchone()

    async def address_of(self, username: str) -> str | None:
        """Give the e-mail address of an active user; None without one, or without such a user."""
        user = await self.get_user(username)
        return user.email if user is not None and user.is_active else None

    async def list_api_keys(self, page: int, size: int) -> Slice[ApiKeyEntry]:
        """Give a page of API keys, newest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(ApiKeyEntry))
            await cursor.execute(API_KEYS, (size, (page - 1) * size))
            items = await cursor.fetchall()
            total = await (await connection.execute(API_KEY_COUNT)).fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def get_api_key(self, key_id: int) -> ApiKeyEntry | None:
        """Give an API key."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(ApiKeyEntry))
            await cursor.execute(API_KEY, (key_id,))
            return await cursor.fetchone()

    async def key_id_by_digest(self, digest: str) -> int | None:
        """Give the id of the API key with that SHA-256 digest."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(KEY_ID_BY_DIGEST, (digest,))
            row = await cursor.fetchone()
        return row[0] if row is not None else None
