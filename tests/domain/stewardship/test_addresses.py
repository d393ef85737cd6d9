"""E-mail addresses among the options are personal data of whom they reach, and can be erased."""

from typing import Any

import pytest

from domain.errors import InvalidFieldError
from domain.personal import REDACTED
from domain.stewardship.address_events import StewardshipAddressGiven
from domain.stewardship.definition import (
    ApprovalDefinition,
    EscalationDefinition,
    OptionsDefinition,
)
from domain.stewardship.events import StewardshipCreated
from domain.stewardship.job import StewardshipJob
from domain.stewardship.job_events import StewardshipJobRequested
from domain.stewardship.kinds import ChangeStatus, Decision, StewardshipStatus
from domain.stewardship.stewardship import Stewardship
from tests.domain.stewardship.definitions import (
    ANN,
    CONTACT,
    START,
    a_definition,
    a_steward,
    happened,
    some_options,
)

BOSS = "boss@company.com"
WHY: dict[str, Any] = {"reason": "asked to", "policy": "manual", "now": START}


def options(approvers: list[str], recipients: list[str], threshold: int = 1) -> OptionsDefinition:
    return some_options(
        approval=ApprovalDefinition(required=True, approvers=approvers, threshold=threshold),
        escalation=EscalationDefinition(recipients=recipients),
    )


def created(given: OptionsDefinition, **fields: Any) -> Stewardship:
    return Stewardship.create(7, a_definition(options=given, **fields), now=START)


GIVEN = options(["ann", BOSS, "b@x.org", "user:carl"], ["b@x.org", "dora", "Boss@Company.com"])


def test_what_is_recorded_with_the_options_has_none() -> None:
    begun, *others = created(GIVEN).pending()

    assert isinstance(begun, StewardshipCreated)
    assert begun.options == options(["ann", "user:carl"], ["dora"])
    given = [each for each in others if isinstance(each, StewardshipAddressGiven)]
    assert [(each.subject, each.address) for each in given] == [
        ("stewardship-7-address-1", BOSS),
        ("stewardship-7-address-2", "b@x.org"),
        ("stewardship-7-address-2", "b@x.org"),
        ("stewardship-7-address-1", "Boss@Company.com"),
    ]


def test_the_options_are_as_they_were_sent() -> None:
    assert created(GIVEN).state.options == GIVEN


def test_an_address_is_erased_wherever_it_stands_in_whatever_case_and_once() -> None:
    stewardship = created(GIVEN)
    stewardship.pending()

    for _ in range(2):
        stewardship.neutralize("BOSS@company.com", **WHY)

    assert happened(stewardship) == ["StewardshipAddressNeutralized"]
    assert stewardship.state.options == options(
        ["ann", REDACTED, "b@x.org", "user:carl"], ["b@x.org", "dora", REDACTED]
    )
    assert stewardship.state.reachable() == [ANN, CONTACT["email"], "b@x.org"]


def test_with_a_steward_goes_their_address_among_the_options() -> None:
    email = CONTACT["email"]
    stewardship = created(options([email], []))

    stewardship.neutralize_steward(ANN, **WHY)

    assert stewardship.state.options.approval.approvers == [REDACTED]


@pytest.mark.parametrize("name", [ANN, "Steward@Example.com"])
def test_a_steward_is_found_by_user_id_and_by_address(name: str) -> None:
    stewardship = created(options([], []))
    stewardship.pending()

    stewardship.neutralize(name, **WHY)

    assert happened(stewardship) == ["StewardNeutralized"]


def test_who_is_not_there_changes_nothing() -> None:
    stewardship = created(GIVEN)
    stewardship.pending()

    stewardship.neutralize("nobody@company.com", **WHY)

    assert happened(stewardship) == []


def test_an_approver_whose_address_was_erased_is_not_waited_for() -> None:
    stewardship = created(options([BOSS, "bob"], [], threshold=2))
    change = stewardship.change_status(
        StewardshipStatus.SUSPENDED, reason="", by="user:ann", now=START
    )
    assert change is not None

    stewardship.neutralize(BOSS, **WHY)
    stewardship.decide(change.id, Decision.APPROVE, comment="", by="user:bob", now=START)

    assert change.status == ChangeStatus.APPROVED
    assert stewardship.state.status == StewardshipStatus.SUSPENDED


def test_a_job_keeps_them_for_the_stewardship_and_can_forget_them() -> None:
    asked_for = a_definition(options=GIVEN, stewards=[a_steward(contact_info={})])
    job = StewardshipJob.request(3, stewardship_id=7, definition=asked_for, now=START)
    begun = job.pending()[0]

    assert isinstance(begun, StewardshipJobRequested)
    assert begun.definition.options == options(["ann", "user:carl"], ["dora"])
    assert job.definition == asked_for
    job.neutralize("b@X.org", **WHY)
    assert job.definition.options == options(
        ["ann", BOSS, REDACTED, "user:carl"], [REDACTED, "dora", "Boss@Company.com"]
    )
    assert [each.subject for each in job.pending()] == ["stewardship-7-address-2"]


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_no_address_is_kept_of_a_stewardship_that_will_never_be(end: str) -> None:
    asked_for = a_definition(options=GIVEN)
    job = StewardshipJob.request(3, stewardship_id=7, definition=asked_for, now=START)

    if end == "cancel":
        job.cancel(now=START)
    else:
        job.fail("it cannot be", now=START)

    assert job.definition.options == options(
        ["ann", REDACTED, REDACTED, "user:carl"], [REDACTED, "dora", REDACTED]
    )


def test_there_may_be_no_more_of_them_than_anybody_needs() -> None:
    many = [f"a{number}@x.org" for number in range(101)]
    for given in (options(many, []), options([], many)):
        with pytest.raises(InvalidFieldError, match="at most 100"):
            created(given)
