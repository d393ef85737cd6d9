"""What is configured holds in every process, from the answer to the command on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from application.configuration.handlers import Configure, configure
from application.metadata import by_system
from domain.configuration.configuration import Configuration
from domain.errors import InvalidFieldError
from infra.settings import Settings
from interfaces.composition import compose
from interfaces.services import Services

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")


@pytest.fixture
async def elsewhere(settings: Settings) -> AsyncIterator[Services]:
    """Annals composed a second time on the same database, as another process has it."""
    assert settings.database_url is not None
    async with compose(settings, settings.database_url, frozenset()) as composed:
        yield composed


async def set_timeout(services: Services, seconds: int) -> None:
    command = Configure(section="processing", values={"timeout": seconds})
    await set_up(services, command)


async def set_up(services: Services, command: Configure) -> None:
    await configure(
        services.store,
        command,
        BY_TEST,
        addresses=services.webhook_addresses,
        directories=services.directories,
    )


async def test_first_values_come_from_the_environment(services: Services) -> None:
    current = await services.configuration.read()

    assert current.version == 0
    assert current.sections.security.max_file_size_mb == 100


async def test_a_change_holds_at_once_in_another_process(
    services: Services, elsewhere: Services
) -> None:
    for seconds in (600, 900):
        await set_timeout(services, seconds)
        assert (await elsewhere.configuration.sections()).processing.timeout == seconds


async def test_nothing_is_fetched_within_a_private_network(services: Services) -> None:
    command = Configure(section="web_downloader", values={"url": "http://127.0.0.1/x"})
    with pytest.raises(InvalidFieldError) as refusal:
        await set_up(services, command)

    assert refusal.value.field == "config_data.url"
    assert (await services.configuration.sections()).web_downloader.url is None


async def test_of_many_changes_at_once_none_is_lost(
    services: Services, elsewhere: Services
) -> None:
    sections = ("processing", "web_downloader")
    await asyncio.gather(
        *(
            set_up(where, Configure(section=section, values={"timeout": 100 + number}))
            for where in (services, elsewhere)
            for section in sections
            for number in range(3)
        )
    )

    configuration = await services.store.load(Configuration, "")
    assert configuration.values.keys() == set(sections)
    now = await elsewhere.configuration.sections()
    assert now.processing.timeout == configuration.state.values["processing"]["timeout"]
