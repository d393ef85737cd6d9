import stat
import time
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from application.errors import NotAuthenticatedError
from domain.identity.roles import Role
from infra.identity.tokens import JwtTokens, kept_secret

SECRET = "a secret of tests only, long enough"


@pytest.fixture
def tokens() -> JwtTokens:
    return JwtTokens(SECRET, timedelta(hours=24))


def test_a_token_has_the_documented_claims(tokens: JwtTokens) -> None:
    roles = frozenset({Role.USER, Role.AUTHOR})
    issued = tokens.issue("ada", roles=roles, credential_generation=3)
    assert issued.expires_in == 86400
    assert jwt.get_unverified_header(issued.token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(issued.token, SECRET, algorithms=["HS256"])
    assert claims.keys() == {"sub", "roles", "iat", "exp", "jti"}
    assert claims["sub"] == "ada"
    assert claims["roles"] == ["author", "user"]
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["jti"].startswith("3-")


def test_a_token_tells_its_user_and_generation(tokens: JwtTokens) -> None:
    issued = tokens.issue("ada", roles=frozenset({Role.USER}), credential_generation=3)
    claims = tokens.read(issued.token)
    assert (claims.username, claims.credential_generation) == ("ada", 3)


def test_no_two_tokens_are_alike(tokens: JwtTokens) -> None:
    made = {
        tokens.issue("ada", roles=frozenset(), credential_generation=1).token for _ in range(10)
    }
    assert len(made) == 10


def test_a_token_expires() -> None:
    tokens = JwtTokens(SECRET, timedelta(seconds=1))
    issued = tokens.issue("ada", roles=frozenset(), credential_generation=1)
    tokens.read(issued.token)
    time.sleep(1.1)
    with pytest.raises(NotAuthenticatedError, match="Token expired"):
        tokens.read(issued.token)


def test_a_token_from_a_server_whose_clock_is_ahead_holds(tokens: JwtTokens) -> None:
    now = int(time.time())
    claims = {"sub": "ada", "iat": now + 5, "exp": now + 60, "jti": "1-x"}
    assert tokens.read(jwt.encode(claims, SECRET, algorithm="HS256")).username == "ada"


@pytest.mark.parametrize("position", [0, 20, 60, -10])
def test_a_token_with_a_changed_character_does_not_hold(tokens: JwtTokens, position: int) -> None:
    token = tokens.issue("ada", roles=frozenset(), credential_generation=1).token
    characters = list(token)
    characters[position] = "A" if characters[position] != "A" else "Q"
    with pytest.raises(NotAuthenticatedError, match="Invalid token"):
        tokens.read("".join(characters))


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "jwt.key"
    secret = kept_secret(path)
    assert len(secret) >= 32
    assert kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
