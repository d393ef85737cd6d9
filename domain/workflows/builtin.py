"""The templates that come with Annals: data files under the same rules as all others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

import msgspec

from domain.workflows.template import WorkflowTemplate
from domain.workflows.validation import check_template

# In the order in which lists show them.
BUILT_IN = (
    "simple_review",
    "extended_review",
    "course_content",
    "policy_review",
    "research_publication",
)

# When their versions were written that these data files hold.
BUILT_IN_AT = datetime(2026, 11, 22, tzinfo=UTC)


def load_built_in() -> Mapping[str, WorkflowTemplate]:
    """Read and check the built-in templates, by their ids.

    Raises InvalidTemplateError, OSError or msgspec.MsgspecError for one that is damaged.
    """
    directory = files(__package__) / "templates"
    templates = {}
    for template_id in BUILT_IN:
        content = (directory / f"{template_id}.json").read_bytes()
        template = msgspec.json.decode(content, type=WorkflowTemplate)
        assert template.id == template_id, f"{template_id}.json holds {template.id}"
        check_template(template)
        templates[template_id] = template
    return templates
