"""Webhooks tell of a transition as the seed shows (seed: Webhook Payload Example)."""

import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest

from application.workflows.handlers import ApplyTemplate, ExecuteTransition
from domain.identity.roles import Role
from domain.workflows.participants import Actor
from tests.infra.webhooks.sending import BY_TEST, SECRET, Sending

pytestmark = pytest.mark.anyio

SEED = Path(__file__).parents[4] / "shared" / "seeds" / "workflow-management-api.md"
MANAGER = Actor(user_id="admin", roles=frozenset({Role.WORKFLOW_MANAGER}))
AUTHOR = Actor(user_id="user1", roles=frozenset({Role.USER}))


async def test_a_transition_is_told_of_as_the_seed_shows(sending: Sending) -> None:
    section = SEED.read_text().partition("### Webhook Payload Example")[2]
    [block] = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    shown = json.loads(block)

    await sending.register("workflow.transition.executed")
    handlers = sending.services.workflows.handlers
    command = ApplyTemplate(
        template_id="simple_review",
        content_uid="content-123",
        role_assignments={"author": ["user1"], "editor": ["editor1"]},
    )
    await handlers.apply_template(command, MANAGER, BY_TEST)
    submit = ExecuteTransition(
        content_uid="content-123", transition_id="submit", comments="Ready for review"
    )
    content, _ = await handlers.execute_transition(submit, AUTHOR, BY_TEST)
    [received] = await sending.received(1)

    told = received.message
    assert told.keys() == shown.keys()
    assert told["event"] == shown["event"]
    assert told["data"] == shown["data"] | {"workflow_id": content.workflow.workflow_id}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", told["timestamp"])
    signature = told.pop("signature")
    signed = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert signature == f"sha256={expected}"
