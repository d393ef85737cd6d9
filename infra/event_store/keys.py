"""Data keys of subjects, and the master keys that wrap them."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.event_store.errors import DamagedKeyError, MasterKeyError
from infra.secret_file import SecretFile
from infra.secret_key import KEY_BYTES, decode_key

NONCE_BYTES = 12


def seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Encrypt with AES-256-GCM, bound to its context; the nonce stands before the ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def unseal(key: bytes, ciphertext: bytes, context: bytes) -> bytes:
    """Undo ``seal``; raises InvalidTag if key, ciphertext or context differ."""
    if len(ciphertext) < NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], context)


class SubjectKey(msgspec.Struct, frozen=True):
    """The data key of a subject; ``is_new`` until the append that brings it is committed."""

    subject: str
    key: bytes
    is_new: bool

    @classmethod
    def generate(cls, subject: str) -> "SubjectKey":
        """Make a fresh random key for a subject that has none."""
        return cls(subject, secrets.token_bytes(KEY_BYTES), is_new=True)

    @property
    def fingerprint(self) -> bytes:
        """What identifies the key after its destruction, without revealing it."""
        return hashlib.sha256(b"annals data key" + self.key).digest()[:16]


def encode_master_key(key: bytes) -> str:
    """Write a master key as ``decode_key`` reads it."""
    return base64.urlsafe_b64encode(key).decode()


def master_key_id(key: bytes) -> str:
    """Name a master key without revealing it."""
    return hashlib.sha256(b"annals master key" + key).hexdigest()[:16]


class Keyring:
    """The master keys at hand: the current one first, then those that are being retired."""

    def __init__(self, source: Callable[[], list[bytes]]) -> None:
        self._source = source
        self._keys: dict[str, bytes] = {}
        self.reload()

    def reload(self) -> None:
        """Read the keys again from where they are kept, after a rotation elsewhere."""
        keys = self._source()
        self._keys = {master_key_id(key): key for key in keys}
        self.current_id = master_key_id(keys[0])

    def knows(self, key_id: str) -> bool:
        """Tell whether the named master key is at hand."""
        return key_id in self._keys

    def wrap(self, subject_key: SubjectKey, key_id: str) -> bytes:
        """Wrap a data key under the named master key."""
        return seal(self._master(key_id), subject_key.key, subject_key.subject.encode())

    def unwrap(self, subject: str, wrapped: bytes, key_id: str) -> SubjectKey:
        """Open a stored data key.

        Raises MasterKeyError if its master key is not at hand, DamagedKeyError if it does not fit.
        """
        try:
            key = unseal(self._master(key_id), wrapped, subject.encode())
        except InvalidTag as error:
            raise DamagedKeyError(f"the data key of {subject} is damaged") from error
        return SubjectKey(subject, key, is_new=False)

    def authenticate(self, purpose: str, content: bytes, key_id: str) -> bytes:
        """Give 32 bytes that only a holder of the named master key can give for this content.

        Raises MasterKeyError if the key is not at hand.
        """
        derived = hmac.digest(self._master(key_id), b"annals " + purpose.encode(), "sha256")
        return hmac.digest(derived, content, "sha256")

    def _master(self, key_id: str) -> bytes:
        if key_id not in self._keys:
            self.reload()
        try:
            return self._keys[key_id]
        except KeyError:
            raise MasterKeyError(f"master key {key_id} is not at hand") from None


class KeyFile:
    """The master keys in a file of mode 0600, one base64 line each, the current one first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = SecretFile(path)

    def exists(self) -> bool:
        """Tell whether the file is there."""
        return self._path.exists()

    def read(self) -> list[bytes]:
        """Read the keys; on first use makes the file with one random key.

        Raises MasterKeyError if there is something else in it.
        """
        text = self._file.read_or_create(lambda: _lines([secrets.token_bytes(KEY_BYTES)]))
        try:
            keys = [decode_key(line) for line in text.split()]
        except ValueError as error:
            raise MasterKeyError(f"{self._path}: each line {error}") from None
        if not keys:
            raise MasterKeyError(f"{self._path} holds no master key")
        return keys

    def write(self, keys: list[bytes]) -> None:
        """Replace the file as a whole; durable when this returns."""
        self._file.replace(_lines(keys))


def _lines(keys: list[bytes]) -> str:
    return "".join(encode_master_key(key) + "\n" for key in keys)
