"""Changing the configuration."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from application.configuration.ports import Directories
from application.errors import AlreadyExistsError, ConflictError, NotFoundError
from application.ports import EventStore
from application.retries import retrying
from application.webhooks.ports import WebhookAddresses
from domain.configuration.configuration import Configuration
from domain.configuration.sections import DATA, DIRECTORIES, checked
from domain.errors import InvalidFieldError
from domain.events import Metadata

URL = "url"


class Configure(msgspec.Struct, frozen=True, kw_only=True):
    """Set some settings of a section."""

    section: str
    values: Mapping[str, Any]


async def configure(
    store: EventStore,
    command: Configure,
    metadata: Metadata,
    *,
    addresses: WebhookAddresses,
    directories: Directories,
) -> tuple[Configuration, int]:
    """Set settings; give the configuration with the position of the log.

    Raises InvalidFieldError that names the section or the setting: also for a URL at which nothing
    may be fetched, and a directory that is Annals' own.
    """
    given = checked(command.section, command.values)
    if given.get(URL) is not None:
        await _check_url(addresses, given[URL])
    for name in DIRECTORIES & given.keys():
        if given[name] is not None:
            directories.check(f"{DATA}.{name}", given[name])
    return await _change(
        store, lambda configuration: configuration.configure(command.section, given), metadata
    )


async def reload_configuration(store: EventStore, metadata: Metadata) -> tuple[Configuration, int]:
    """Have the watcher and the downloader begin anew."""
    return await _change(store, Configuration.reload, metadata)


async def _change(
    store: EventStore, change: Callable[[Configuration], None], metadata: Metadata
) -> tuple[Configuration, int]:
    async def attempt() -> tuple[Configuration, int]:
        try:
            configuration = await store.load(Configuration, "")
        except NotFoundError:
            configuration = Configuration.begin()
        change(configuration)
        try:
            return configuration, await store.save(configuration, metadata=metadata)
        except AlreadyExistsError as error:  # somebody else began it, and it can be changed now
            raise ConflictError(error.stream_id) from None

    return await retrying(attempt)


async def _check_url(addresses: WebhookAddresses, url: str) -> None:
    try:
        await addresses.check(url)
    except InvalidFieldError as error:
        raise InvalidFieldError(f"{DATA}.{error.field}", error.message) from None
