"""Passwords as Argon2id hashes."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

# What RFC 9106 recommends where memory is limited, and argon2-cffi by default: 64 MiB, 3 passes.
PARAMETERS = argon2.profiles.RFC_9106_LOW_MEMORY

# Each takes a core for some 50 ms and 64 MiB; logins queue rather than take up the machine.
AT_ONCE = 2


class Argon2Passwords:
    """Implements the application's PasswordHasher port, away from the event loop."""

    def __init__(self) -> None:
        self._argon2 = argon2.PasswordHasher.from_parameters(PARAMETERS)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")

    @cached_property
    def _nobody(self) -> str:
        """The hash of a password that nobody has; made when it is first needed."""
        return self._argon2.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Hash a password with a fresh salt."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._argon2.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is the hashed one; without a hash it is not, as slowly."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._verify, password_hash, password)

    def _verify(self, password_hash: str | None, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):  # the latter if the hash has been erased
            return False
