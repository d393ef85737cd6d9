"""The custom template: a workflow that an installation defines, version by version."""

from typing import TYPE_CHECKING

import msgspec

from domain.aggregate import Aggregate
from domain.errors import RuleViolatedError
from domain.events import CreatedEvent, DomainEvent
from domain.workflows.errors import InvalidValueError
from domain.workflows.template import WorkflowTemplate
from domain.workflows.validation import check_template, version_key


class CustomTemplateState(msgspec.Struct, kw_only=True):
    """A custom template as its events have made it: its newest version."""

    template: WorkflowTemplate
    defined_by: str
    is_retired: bool = False


class TemplateDefined(CreatedEvent, frozen=True, kw_only=True):
    """A workflow template was defined; ``defined_by`` is no more than the actor in its metadata."""

    TOPIC = "WorkflowTemplateDefined"

    template: WorkflowTemplate
    defined_by: str

    def apply(self, aggregate: "CustomTemplate") -> None:
        """Begin with the first version."""
        aggregate.state = CustomTemplateState(template=self.template, defined_by=self.defined_by)


class TemplateRevised(DomainEvent, frozen=True, kw_only=True):
    """A workflow template got a new version; contents keep the one that was applied to them."""

    TOPIC = "WorkflowTemplateRevised"

    template: WorkflowTemplate

    def apply(self, aggregate: "CustomTemplate") -> None:
        """Go by the new version."""
        aggregate.state.template = self.template


class TemplateRetired(DomainEvent, frozen=True, kw_only=True):
    """A workflow template is applied to nothing any more; contents that have it keep it."""

    TOPIC = "WorkflowTemplateRetired"

    def apply(self, aggregate: "CustomTemplate") -> None:
        """Be listed no longer."""
        aggregate.state.is_retired = True


class CustomTemplate(Aggregate):
    """A template with all its versions."""

    TOPIC = "WorkflowTemplate"
    CATEGORY = "template"
    STATE = CustomTemplateState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: CustomTemplateState

    @classmethod
    def define(cls, template: WorkflowTemplate, user_id: str) -> "CustomTemplate":
        """Define a template. Raises InvalidTemplateError if it does not hold together."""
        check_template(template)
        return cls._create(
            TemplateDefined,
            id=cls.stream_id(template.id),
            template=template,
            defined_by=user_id,
        )

    def revise(self, template: WorkflowTemplate) -> None:
        """Give it a new version.

        Raises InvalidTemplateError if that does not hold together, InvalidValueError if it is not
        higher than the one before, RuleViolatedError for a retired template.
        """
        check_template(template)
        if self.state.is_retired:
            raise RuleViolatedError(f"Template '{self.key}' has been retired")
        newest = self.state.template.version
        if version_key(template.version) <= version_key(newest):
            raise InvalidValueError("metadata.version", f"must be higher than {newest}")
        self.trigger_event(TemplateRevised, template=template)

    def retire(self) -> None:
        """Apply it to nothing any more; of no effect the second time."""
        if not self.state.is_retired:
            self.trigger_event(TemplateRetired)
