import anyio
import pytest

from application.errors import NotAuthenticatedError, TooManyAttemptsError
from application.identity.commands import ChangeUser, LogIn, RegisterUser
from application.identity.handlers import change_user, log_in, register_user
from application.identity.ports import AccessToken
from application.metadata import by_system
from domain.identity.roles import Role
from infra.identity.passwords import Argon2Passwords
from interfaces.services import Services
from tests.hashing import IN_EARNEST

pytestmark = pytest.mark.anyio

METADATA = by_system("test")
PASSWORD = "correct horse"
WRONG = r"^Incorrect username or password$"


class CountingPasswords(Argon2Passwords):
    """The real thing, which also tells what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.verified: list[str | None] = []

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self.verified.append(password_hash)
        return await super().verify(password_hash, password)


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture(autouse=True)
async def ada(services: Services) -> None:
    command = RegisterUser(username="ada", password=PASSWORD, email=None, roles=[Role.USER])
    await register_user(services.store, services.passwords, command, METADATA, {})


async def attempt(
    services: Services,
    passwords: CountingPasswords,
    *,
    username: str = "ada",
    password: str = PASSWORD,
    address: str = "192.0.2.1",
) -> AccessToken:
    command = LogIn(username=username, password=password, address=address)
    return await log_in(services.store, passwords, services.throttle, services.tokens, command)


async def test_the_right_password_gives_a_token(
    services: Services, passwords: CountingPasswords
) -> None:
    given = await attempt(services, passwords)
    assert given.expires_in == 24 * 60 * 60
    principal = await services.authenticator.authenticate(given.token)
    assert principal.name == "ada"


async def test_whatever_is_wrong_the_answer_and_its_cost_are_the_same(
    services: Services, passwords: CountingPasswords
) -> None:
    for username, password in (
        ("ada", "wrong"),
        ("ada", ""),
        ("nobody", PASSWORD),
        ("a\x00b", PASSWORD),
        ("", ""),
    ):
        with pytest.raises(NotAuthenticatedError, match=WRONG):
            await attempt(services, passwords, username=username, password=password)
    known = [password_hash is not None for password_hash in passwords.verified]
    assert known == [True, True, False, False, False]


async def test_an_inactive_user_is_answered_as_an_unknown_one(
    services: Services, passwords: CountingPasswords
) -> None:
    command = ChangeUser(username="ada", is_active=False)
    await change_user(services.store, services.passwords, command, METADATA, {})
    with pytest.raises(NotAuthenticatedError, match=WRONG):
        await attempt(services, passwords)
    assert len(passwords.verified) == 1


async def test_of_fifty_wrong_logins_at_once_five_are_looked_at(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.identity.passwords.PARAMETERS", IN_EARNEST)
    passwords = CountingPasswords()
    refusals: list[Exception] = []

    async def guess(number: int) -> None:
        try:
            await attempt(services, passwords, password=f"guess {number}")
        except (NotAuthenticatedError, TooManyAttemptsError) as error:
            refusals.append(error)

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(guess, number)
    assert len(passwords.verified) == 5
    throttled = [error for error in refusals if isinstance(error, TooManyAttemptsError)]
    assert len(throttled) == 45
    assert len(refusals) == 50
    assert all(1 <= error.retry_after <= 60 for error in throttled)
    with pytest.raises(TooManyAttemptsError):
        await attempt(services, passwords)


async def test_failures_of_another_user_or_address_do_not_count(
    services: Services, passwords: CountingPasswords
) -> None:
    for _ in range(5):
        with pytest.raises(NotAuthenticatedError):
            await attempt(services, passwords, password="wrong")
        with pytest.raises(NotAuthenticatedError):
            await attempt(services, passwords, username="nobody", address="192.0.2.2")
    with pytest.raises(TooManyAttemptsError):
        await attempt(services, passwords)
    await attempt(services, passwords, address="192.0.2.2")


async def test_a_login_that_succeeds_clears_the_failures(
    services: Services, passwords: CountingPasswords
) -> None:
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(NotAuthenticatedError):
                await attempt(services, passwords, password="wrong")
        await attempt(services, passwords)


async def test_right_logins_at_once_are_all_let_in(
    services: Services, passwords: CountingPasswords
) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(attempt, services, passwords)
    assert len(passwords.verified) == 20
