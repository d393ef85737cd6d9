"""The tokens of users: JWTs signed with HS256 (contract section 1)."""

import secrets
import time
from datetime import timedelta
from pathlib import Path

import jwt
from jwt.types import Options

from application.errors import NotAuthenticatedError
from application.identity.ports import AccessToken, Claims
from domain.identity.roles import Role
from infra.secret_file import SecretFile

ALGORITHM = "HS256"
# A token may come to a server whose clock is a little behind the one that issued it.
OPTIONS: Options = {"require": ["exp", "sub", "jti"], "verify_iat": False}
SECRET_BYTES = 48
RANDOM_BYTES = 16


def kept_secret(path: Path) -> str:
    """Read the secret that tokens are signed with; on first use make the file, mode 0600."""
    return SecretFile(path).read_or_create(lambda: secrets.token_urlsafe(SECRET_BYTES))


class JwtTokens:
    """Implements the application's Tokens port.

    The ``jti`` is ``<credential generation>-<random>``, so that a token tells which generation of
    its user's credentials it was issued for.
    """

    def __init__(self, secret: str, lifetime: timedelta) -> None:
        self._secret = secret
        self._lifetime = int(lifetime.total_seconds())

    def issue(
        self, username: str, *, roles: frozenset[Role], credential_generation: int
    ) -> AccessToken:
        """Make a token that says who may act, in which roles, from now until it expires."""
        now = int(time.time())
        claims = {
            "sub": username,
            "roles": sorted(roles),
            "iat": now,
            "exp": now + self._lifetime,
            "jti": f"{credential_generation}-{secrets.token_urlsafe(RANDOM_BYTES)}",
        }
        token = jwt.encode(claims, self._secret, algorithm=ALGORITHM)
        return AccessToken(token=token, expires_in=self._lifetime)

    def read(self, token: str) -> Claims:
        """Read a token that was issued here. Raises NotAuthenticatedError if it does not hold."""
        try:
            claims = jwt.decode(token, self._secret, algorithms=[ALGORITHM], options=OPTIONS)
            generation, _, _ = claims["jti"].partition("-")
            return Claims(username=claims["sub"], credential_generation=int(generation))
        except jwt.ExpiredSignatureError:
            raise NotAuthenticatedError("Token expired") from None
        except (jwt.InvalidTokenError, ValueError):
            raise NotAuthenticatedError("Invalid token") from None
