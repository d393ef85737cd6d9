"""Custom templates, contents and refusals to which everything happened that can happen."""

from collections.abc import Iterator

import msgspec

from domain.aggregate import Aggregate
from domain.identity.roles import Role
from domain.workflows.builtin import load_built_in
from domain.workflows.content import Content
from domain.workflows.custom_template import CustomTemplate
from domain.workflows.participants import Actor
from domain.workflows.refusal import Refusal


def workflow_samples() -> Iterator[Aggregate]:
    """Give them."""
    yield _custom_template()
    yield _content()
    yield _refusal()


def _custom_template() -> Aggregate:
    template = load_built_in()["simple_review"]
    custom = CustomTemplate.define(msgspec.structs.replace(template, id="our_review"), "manager")
    custom.revise(msgspec.structs.replace(template, id="our_review", version="1.1.0"))
    custom.retire()
    return custom


def _content() -> Aggregate:
    built_in = load_built_in()
    manager = Actor(user_id="manager", roles=frozenset({Role.WORKFLOW_MANAGER}))
    author, peer = (Actor(user_id=name, roles=frozenset()) for name in ("ann", "bob"))
    roles = {"author": ["ann"], "peer_reviewer": ["bob", "cid"]}
    content = Content.register("page-1")
    content.apply_template(
        "workflow_1",
        built_in["extended_review"],
        roles,
        manager,
        force=False,
        backup_existing=True,
    )
    content.change_roles(roles | {"author": ["ann", "dan"], "peer_reviewer": ["bob"]}, manager)
    for actor, transition in (
        (author, "submit_for_peer_review"),
        (peer, "peer_review_to_editorial"),
    ):
        checked = content.check_transition(transition, "It is fit", actor)
        content.execute_transition(checked, "It is fit", actor, notify=True)
    content.apply_template(
        "workflow_2",
        built_in["simple_review"],
        {"author": ["ann"]},
        manager,
        force=True,
        backup_existing=True,
    )
    content.remove_template(manager, restore_backup=True)
    content.neutralize("bob", reason="asked to", policy="test")
    return content


def _refusal() -> Aggregate:
    refusal = Refusal.record(
        7,
        operation="execute_transition",
        content_uid="page-1",
        template_id=None,
        transition_id="approve",
        user_id="bob",
        error_code="INSUFFICIENT_PERMISSIONS",
        error="Insufficient permissions for transition 'approve'",
    )
    refusal.neutralize(reason="asked to", policy="test")
    return refusal
