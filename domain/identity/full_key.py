"""The API key itself, as its holder sends it; only its digest and prefix are ever kept."""

import base64
import hashlib
import hmac
import re
import secrets

BEGINNING = "pd_"
PREFIX_LENGTH = 8

_RANDOM_BYTES = 32
_SHAPE = re.compile(rf"{BEGINNING}[A-Za-z0-9_-]{{32,}}")


def is_full_key(text: str) -> bool:
    """Tell whether it is ``pd_`` and at least 32 URL-safe characters (contract section 1)."""
    return _SHAPE.fullmatch(text) is not None


def generate_full_key() -> str:
    """Make a key out of 256 random bits."""
    return BEGINNING + secrets.token_urlsafe(_RANDOM_BYTES)


def derive_full_key(seed: bytes, key_id: int) -> str:
    """Make a key out of a seed, as random as that is: the same key for the same seed and id."""
    derived = hmac.digest(seed, f"API key {key_id}".encode(), "sha256")
    return BEGINNING + base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def digest_of(full_key: str) -> str:
    """Give the SHA-256 digest, in hex, that a key is recognized by."""
    return hashlib.sha256(full_key.encode()).hexdigest()


def prefix_of(full_key: str) -> str:
    """Give the first 8 characters, ``pd_`` included, that a key is shown as."""
    return full_key[:PREFIX_LENGTH]
