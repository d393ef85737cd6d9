import pytest
from interfaces.services import Services
from application.identity.handlers import *
from application.identity.commands import *
from application.metadata import by_system
from domain.identity.roles import Role

@pytest.mark.anyio
async def test_x(annals: Services) -> None:
    u, p = await register_user(annals.store, annals.passwords, RegisterUser(username="ada", password="12345678", email="a@b.de", roles=[Role.USER]), by_system("x"), {})
    k = await create_api_key(annals.store, annals.identifiers, CreateApiKey(name="x"), by_system("x"), {})
    print(await annals.authenticator.authenticate(k.full_key))
    t = await log_in(annals.store, annals.passwords, annals.throttle, annals.tokens, LogIn(username="ada", password="12345678", address="1"))
    print(t)
    print(await annals.authenticator.authenticate(t.token))
    print(await annals.identity.list_users(), await annals.identity.list_api_keys(1, 10))
    annals.usage.note(1, "/x"); print(await annals.usage.usage(1))
