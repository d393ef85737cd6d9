"""The configuration of the automation (seed football: Configuration Management Endpoints)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post, put
from msgspec import Meta

from application.configuration.handlers import Configure, configure, reload_configuration
from domain.configuration.sections import Sections
from domain.identity.roles import Role
from interfaces.configuration_views import configuration_view
from interfaces.rest.access import requires
from interfaces.rest.bodies import Body
from interfaces.rest.commands import SentCommand
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.services import Services

ConfigurationView = Sections


class ConfigureBody(Body, frozen=True, kw_only=True):
    """New values for settings of one section; the others stay.

    ``null`` gives a setting its first value back.
    """

    config_section: Annotated[str, Meta(min_length=1, max_length=255)]
    config_data: dict[str, Any]


class ConfiguredView(msgspec.Struct, frozen=True, kw_only=True):
    """That a section was set, and when."""

    message: str
    updated_section: str
    timestamp: datetime


class ReloadedView(msgspec.Struct, frozen=True, kw_only=True):
    """That the configuration was read again, and when."""

    message: str
    timestamp: datetime


class ConfigurationController(Controller):
    """The configuration, which is one."""

    path = "/config"
    tags = ("Configuration",)
    guards = (requires(Role.ADMIN),)

    @get(
        "/",
        operation_id="getConfiguration",
        response_headers=VERSION_HEADERS,
        summary="Get the configuration",
    )
    async def show(self, services: Services) -> Response[ConfigurationView]:
        """Show what holds now in every process; of secrets only that there are some."""
        current = await services.configuration.read()
        return versioned(configuration_view(current.sections), current.version)

    @put(
        "/",
        operation_id="configure",
        response_headers=COMMAND_HEADERS,
        summary="Set a section of the configuration",
    )
    async def configure(
        self, sent: SentCommand, services: Services, data: ConfigureBody
    ) -> Response[ConfiguredView]:
        """Set some settings of a section; they hold in every process from then on."""
        command = Configure(section=data.config_section, values=data.config_data)
        configured = await sent.carry_out(
            lambda metadata: configure(
                services.store,
                command,
                metadata,
                addresses=services.webhook_addresses,
                directories=services.directories,
            )
        )
        return configured.answer(
            ConfiguredView(
                message="Configuration updated successfully",
                updated_section=data.config_section,
                timestamp=configured.aggregate.modified_on,
            )
        )

    @post(
        "/reload",
        operation_id="reloadConfiguration",
        response_headers=COMMAND_HEADERS,
        summary="Reload the configuration",
        status_code=200,
    )
    async def reload(self, sent: SentCommand, services: Services) -> Response[ReloadedView]:
        """Have the watcher look through its directory and the downloader ask again, at once."""
        reloaded = await sent.carry_out(
            lambda metadata: reload_configuration(services.store, metadata)
        )
        return reloaded.answer(
            ReloadedView(
                message="Configuration reloaded successfully",
                timestamp=reloaded.aggregate.modified_on,
            )
        )
