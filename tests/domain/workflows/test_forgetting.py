"""Given a content with several people, when one is neutralized, then nothing tells who it was."""

import pytest

from domain.identity.roles import Role
from domain.personal import REDACTED
from domain.workflows.content_events import (
    ParticipantNeutralized,
    RoleAssigned,
    TransitionApproved,
)
from domain.workflows.errors import InvalidAssignmentsError
from domain.workflows.permissions import available_transitions
from tests.domain.workflows.making import (
    MANAGER,
    SIMPLE,
    act,
    content_under,
    held_roles,
    person,
    state_of,
)

ANN = person("ann")


def test_who_is_neutralized_leaves_name_and_roles() -> None:
    content = content_under("simple_review", SIMPLE)
    act(content, ANN, "submit")
    content.neutralize("ann", reason="asked to", policy="test")
    content.neutralize("ann", reason="asked to", policy="test")
    content.neutralize("nobody", reason="asked to", policy="test")
    [event] = content.pending()
    assert isinstance(event, ParticipantNeutralized)
    assert event.erased_subjects == [event.subject]
    assert event.operations == [2, 6]
    assert held_roles(content) == {"editor": ["ed"], "administrator": ["root"]}
    assert "ann" not in content.state.people.values()
    assert available_transitions(content.state, ANN) == []


def test_what_remains_of_somebody_neutralized_does_not_follow_from_who_it_was() -> None:
    """Were it made of the user id, whoever guesses ids could tell whose it was."""

    def remaining(user_id: str) -> set[str]:
        content = content_under("simple_review", {"author": [user_id], "editor": ["ed"]})
        content.neutralize(user_id, reason="asked to", policy="test")
        [event] = content.pending()
        return {event.subject, *content.state.neutralized}

    assert remaining("ann").isdisjoint(remaining("ann"))


def test_who_comes_back_after_being_neutralized_is_somebody_new() -> None:
    content = content_under("simple_review", SIMPLE)
    act(content, ANN, "submit")
    content.neutralize("ann", reason="asked to", policy="test")
    content.change_roles({"author": ["ann"]}, MANAGER)
    erased, *_, assigned, _, _ = content.pending()
    assert isinstance(assigned, RoleAssigned)
    assert assigned.subject not in erased.erased_subjects  # type: ignore[attr-defined]
    assert held_roles(content) == {"author": ["ann"]}
    content.neutralize("ann", reason="asked to", policy="test")
    assert "ann" not in content.state.people.values()


def test_the_word_that_somebody_neutralized_gave_as_an_administrator_does_not_count() -> None:
    content = content_under("extended_review", {"author": ["ann"], "peer_reviewer": ["ped"]})
    root = person("root", Role.ADMINISTRATOR)
    act(content, ANN, "submit_for_peer_review")
    assert act(content, root, "peer_review_to_editorial", "Good") == [TransitionApproved]
    content.neutralize("root", reason="asked to", policy="test")
    content.pending()
    assert act(content, root, "peer_review_to_editorial", "Good") == [TransitionApproved]
    assert state_of(content) == "peer_review"


def test_nobody_is_called_what_stands_for_those_who_were_neutralized() -> None:
    content = content_under("simple_review", SIMPLE)
    content.neutralize("ann", reason="asked to", policy="test")
    with pytest.raises(InvalidAssignmentsError):
        content.change_roles({"author": [REDACTED]}, MANAGER)
    assert available_transitions(content.state, person(REDACTED)) == []
