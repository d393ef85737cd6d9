"""Hashes under a secret that all server processes share."""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
CONTEXT = b"annals keyed hash"


class HmacSha256:
    """Implements the application's KeyedHash port, under a key of its own out of the secret."""

    def __init__(self, secret: str) -> None:
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=CONTEXT)
        self._key = derivation.derive(secret.encode())

    def digest(self, purpose: str, *parts: bytes) -> bytes:
        """Give 32 bytes; each part goes in with its length, so that none runs into the next."""
        code = hmac.new(self._key, digestmod="sha256")
        for part in (purpose.encode(), *parts):
            code.update(len(part).to_bytes(8, "big"))
            code.update(part)
        return code.digest()
