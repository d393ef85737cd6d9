"""The templates that there are, and defining one's own (contract section 9)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from application.errors import AlreadyExistsError, NotFoundError
from application.ports import EventStore
from application.retries import retrying
from application.workflows.ports import TemplateDirectory
from application.workflows.refusals import Attempt, Refusals
from domain.events import Metadata
from domain.workflows.custom_template import CustomTemplate
from domain.workflows.errors import (
    BuiltInTemplateError,
    InsufficientPermissionsError,
    TemplateExistsError,
    TemplateNotFoundError,
)
from domain.workflows.participants import Actor
from domain.workflows.template import WorkflowTemplate
from domain.workflows.validation import is_id
from domain.workflows.vocabulary import MANAGING_ROLES

# Of the templates that there are, so many are named to somebody who asks for one there is not.
MOST_NAMED = 100


class FoundTemplate(NamedTuple):
    """A template, and the stream that must not have moved when it is applied."""

    template: WorkflowTemplate
    unmoved: Mapping[str, int]


class Templates:
    """All templates: those that come with Annals, and those that were defined."""

    def __init__(
        self,
        store: EventStore,
        built_in: Mapping[str, WorkflowTemplate],
        directory: TemplateDirectory,
    ) -> None:
        self._store = store
        self._directory = directory
        self.built_in = built_in

    async def find(self, template_id: str) -> FoundTemplate:
        """Give a template in its newest version.

        Raises TemplateNotFoundError for one that is unknown or retired.
        """
        if template_id in self.built_in:
            return FoundTemplate(self.built_in[template_id], {})
        custom = await self._custom(template_id, self._store.peek)
        return FoundTemplate(custom.state.template, {custom.id: custom.version})

    async def custom(self, template_id: str) -> CustomTemplate:
        """Give a custom template to be changed.

        Raises TemplateNotFoundError if it is unknown or retired.
        """
        return await self._custom(template_id, self._store.load)

    async def _custom(
        self,
        template_id: str,
        read: Callable[[type[CustomTemplate], str], Awaitable[CustomTemplate]],
    ) -> CustomTemplate:
        if not is_id(template_id):
            raise await self.not_found(template_id)
        try:
            custom = await read(CustomTemplate, template_id)
        except NotFoundError:
            raise await self.not_found(template_id) from None
        if custom.state.is_retired:
            raise await self.not_found(template_id)
        return custom

    async def not_found(self, template_id: str) -> TemplateNotFoundError:
        """Say that there is no such template, and name those that there are."""
        known = [*self.built_in, *await self._directory.ids(MOST_NAMED)]
        others = [each for each in known if each != template_id]  # which lists may still have
        return TemplateNotFoundError(template_id, others)


class TemplateHandlers:
    """Carries out what is wanted of custom templates.

    Whatever is refused is recorded as such, and raises a WorkflowRefusedError.
    """

    def __init__(self, store: EventStore, templates: Templates, refusals: Refusals) -> None:
        self._store = store
        self._templates = templates
        self._refusals = refusals

    async def define(
        self, template: WorkflowTemplate, actor: Actor, metadata: Metadata
    ) -> tuple[CustomTemplate, int]:
        """Define a template; give it with the position of its event."""

        async def carry_out() -> tuple[CustomTemplate, int]:
            check_may_manage(actor)
            custom = CustomTemplate.define(template, actor.user_id)
            if template.id in self._templates.built_in:
                raise TemplateExistsError(template.id)
            try:
                return custom, await self._store.save(custom, metadata=metadata)
            except AlreadyExistsError:
                raise TemplateExistsError(template.id) from None

        attempt = Attempt(operation="define_template", template_id=template.id)
        return await self._refusals.recording(attempt, actor, metadata, carry_out)

    async def revise(
        self, template: WorkflowTemplate, actor: Actor, metadata: Metadata
    ) -> tuple[CustomTemplate, int]:
        """Give a custom template a new version; give it with the position of its event."""

        def change(custom: CustomTemplate) -> None:
            custom.revise(template)

        return await self._change("revise_template", template.id, change, actor, metadata)

    async def retire(
        self, template_id: str, actor: Actor, metadata: Metadata
    ) -> tuple[CustomTemplate, int]:
        """Let a custom template be applied no more; give it with the position of its event."""
        change = CustomTemplate.retire
        return await self._change("retire_template", template_id, change, actor, metadata)

    async def _change(
        self,
        operation: str,
        template_id: str,
        change: Callable[[CustomTemplate], None],
        actor: Actor,
        metadata: Metadata,
    ) -> tuple[CustomTemplate, int]:
        async def carry_out() -> tuple[CustomTemplate, int]:
            check_may_manage(actor)
            if template_id in self._templates.built_in:
                raise BuiltInTemplateError(template_id)
            return await retrying(attempt)

        async def attempt() -> tuple[CustomTemplate, int]:
            custom = await self._templates.custom(template_id)
            change(custom)
            return custom, await self._store.save(custom, metadata=metadata)

        wanted = Attempt(operation=operation, template_id=template_id)
        return await self._refusals.recording(wanted, actor, metadata, carry_out)


def check_may_manage(actor: Actor) -> None:
    """Check that somebody may manage workflows. Raises InsufficientPermissionsError."""
    if not actor.may_manage:
        raise InsufficientPermissionsError(
            "Insufficient permissions for workflow management", MANAGING_ROLES, actor.roles
        )
