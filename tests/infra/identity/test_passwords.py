import asyncio
import time

import pytest

from infra.identity.passwords import AT_ONCE, Argon2Passwords
from tests.hashing import IN_EARNEST

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def passwords() -> Argon2Passwords:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.identity.passwords.PARAMETERS", IN_EARNEST)
        return Argon2Passwords()


async def test_a_hash_is_argon2id_and_fits_its_password_only(passwords: Argon2Passwords) -> None:
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.verify(hashed, "correct horse")
    assert not await passwords.verify(hashed, "correct horsf")
    assert not await passwords.verify(hashed, "")


async def test_a_password_is_hashed_differently_every_time(passwords: Argon2Passwords) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


@pytest.mark.parametrize("password_hash", [None, "", "[REDACTED]", "$argon2id$v=19$nonsense"])
async def test_nothing_fits_what_is_no_hash(
    passwords: Argon2Passwords, password_hash: str | None
) -> None:
    assert not await passwords.verify(password_hash, "correct horse")


async def test_the_event_loop_goes_on_meanwhile(passwords: Argon2Passwords) -> None:
    hashing = asyncio.gather(*(passwords.hash("correct horse") for _ in range(2 * AT_ONCE)))
    began = time.perf_counter()
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    await hashing
    assert turns / (time.perf_counter() - began) > 100
