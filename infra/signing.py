"""Ed25519 signatures under the installation's own key, to be checked by anyone outside."""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from application.verification import Signature
from infra.secret_file import SecretFile
from infra.secret_key import decode_key


class SigningKeyError(Exception):
    """The signing key cannot be used; the message tells the operator why."""


class Ed25519Signer:
    """Implements the application's Signer port."""

    def __init__(self, key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        public = self._key.public_key().public_bytes_raw()
        self.public_key = base64.b64encode(public).decode()
        self._key_id = hashlib.sha256(public).hexdigest()[:16]

    def sign(self, purpose: str, content: bytes) -> Signature:
        """Sign a content; the signature says nothing under another purpose."""
        signature = self._key.sign(_signed(purpose, content))
        return Signature(
            key_id=self._key_id,
            public_key=self.public_key,
            signature=base64.b64encode(signature).decode(),
        )

    def verify(
        self, purpose: str, content: bytes, signature: str, *, public_key: str | None = None
    ) -> bool:
        """Tell whether the key's owner signed this; without a key, whether this installation did.

        Both texts are base64, from whomever: one that cannot be read is no signature.
        """
        try:
            key = Ed25519PublicKey.from_public_bytes(
                base64.b64decode(
                    self.public_key if public_key is None else public_key, validate=True
                )
            )
            key.verify(base64.b64decode(signature, validate=True), _signed(purpose, content))
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def kept_signing_key(file: SecretFile) -> bytes:
    """Read the key from its file, made with a random one on first use. Raises SigningKeyError."""
    text = file.read_or_create(
        lambda: base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode() + "\n"
    )
    try:
        return decode_key(text)
    except ValueError as error:
        raise SigningKeyError(f"signing.key in ANNALS_HOME {error}") from None


def _signed(purpose: str, content: bytes) -> bytes:
    return b"annals " + purpose.encode() + b"\x00" + content
