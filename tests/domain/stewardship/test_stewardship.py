"""Given a stewardship, when it is changed, then these events follow, or it is refused."""

from typing import Any

import pytest

from domain.errors import InvalidFieldError, NeutralizedError, RuleViolatedError
from domain.stewardship.definition import ApprovalDefinition, MetricDefinition
from domain.stewardship.kinds import (
    ChangeStatus,
    Decision,
    MetricStatus,
    ResponsibilityStatus,
    StewardRole,
    StewardshipStatus,
    StewardStatus,
    Trend,
)
from domain.stewardship.reporting import ResponsibilityChange
from domain.stewardship.steward_events import StewardAssigned
from domain.stewardship.stewardship import StewardChange, Stewardship, UnknownPartError
from tests.domain.stewardship.definitions import (
    ANN,
    CONTACT,
    START,
    a_definition,
    a_responsibility,
    a_steward,
    a_stewardship,
    after,
    facts,
    happened,
    some_options,
)

NO_APPROVAL = some_options(approval=ApprovalDefinition())


def test_a_stewardship_is_created_active_with_its_stewards_and_responsibilities() -> None:
    stewardship = Stewardship.create(1, a_definition(), now=START)

    assert stewardship.id == "stewardship-1"
    assert stewardship.state.status == StewardshipStatus.ACTIVE
    assert happened(stewardship) == [
        "StewardshipCreated",
        "StewardshipAddressGiven",
        "StewardshipAddressGiven",
        "StewardAssigned",
        "ResponsibilityAdded",
    ]


def test_all_events_of_a_creation_are_of_the_same_moment() -> None:
    stewardship = Stewardship.create(1, a_definition(), now=START)

    assert {event.timestamp for event in stewardship.pending()} == {START}


def test_contact_details_have_the_person_in_this_stewardship_for_a_subject() -> None:
    stewards = [a_steward("ann", contact_info=CONTACT), a_steward("bob", contact_info=CONTACT)]
    stewardship = Stewardship.create(7, a_definition(stewards=stewards), now=START)

    assigned = [each for each in stewardship.pending() if isinstance(each, StewardAssigned)]

    subjects = [each.subject for each in assigned]
    assert subjects == ["stewardship-7-steward-1", "stewardship-7-steward-2"]


@pytest.mark.parametrize("primary", [True, False])
def test_what_is_assigned_to_nobody_falls_to_the_primary_steward_or_else_to_the_first(
    primary: bool,
) -> None:
    stewards = [a_steward("ann", is_primary=False), a_steward("bob", is_primary=primary)]
    stewardship = a_stewardship(
        stewards=stewards, responsibilities=[a_responsibility(assigned_to="")]
    )

    assert stewardship.responsibility("resp_001").assigned_to == ("bob" if primary else "ann")


def test_without_auto_assignment_it_stays_with_nobody() -> None:
    options = some_options(auto_assignment=False)
    stewardship = a_stewardship(
        options=options, responsibilities=[a_responsibility(assigned_to="")]
    )

    assert stewardship.responsibility("resp_001").assigned_to == ""


def test_a_status_that_needs_no_approval_changes_at_once() -> None:
    stewardship = a_stewardship(options=NO_APPROVAL)

    proposed = _suspend(stewardship)

    assert proposed is None
    assert stewardship.state.status == StewardshipStatus.SUSPENDED
    assert happened(stewardship) == ["StewardshipStatusChanged"]


def test_with_auto_approve_it_changes_at_once_too() -> None:
    approval = ApprovalDefinition(required=True, approvers=["a@b.org"], auto_approve=True)
    stewardship = a_stewardship(options=some_options(approval=approval))

    assert _suspend(stewardship) is None
    assert stewardship.state.status == StewardshipStatus.SUSPENDED


def test_one_that_is_there_already_records_nothing() -> None:
    stewardship = a_stewardship(options=NO_APPROVAL)

    stewardship.change_status(StewardshipStatus.ACTIVE, reason="", by="user:ann", now=START)

    assert happened(stewardship) == []


def test_a_status_that_needs_approval_changes_with_the_approval_that_reaches_the_threshold() -> (
    None
):
    stewardship = _with_approvers(3, threshold=2)
    proposed = _suspend(stewardship)
    assert proposed is not None

    _decide(stewardship, proposed.id, Decision.APPROVE, "user:b")
    assert stewardship.is_active
    _decide(stewardship, proposed.id, Decision.APPROVE, "user:c")

    assert stewardship.state.status == StewardshipStatus.SUSPENDED
    assert happened(stewardship) == [
        "StatusChangeProposed",
        "StatusChangeApproved",
        "StatusChangeApproved",
        "StewardshipStatusChanged",
    ]


def test_a_change_is_rejected_once_too_few_are_left_to_approve_it() -> None:
    stewardship = _with_approvers(3, threshold=2)
    proposed = _suspend(stewardship)
    assert proposed is not None

    _decide(stewardship, proposed.id, Decision.REJECT, "user:b")
    assert proposed.status == ChangeStatus.PENDING
    _decide(stewardship, proposed.id, Decision.REJECT, "user:c")

    assert stewardship.state.status == StewardshipStatus.ACTIVE
    assert proposed.status == ChangeStatus.REJECTED
    assert happened(stewardship)[-1] == "StatusChangeRejected"


def test_an_approver_who_says_the_same_again_is_counted_once() -> None:
    stewardship = _with_approvers(3, threshold=2)
    proposed = _suspend(stewardship)
    assert proposed is not None

    for _ in range(2):
        _decide(stewardship, proposed.id, Decision.APPROVE, "user:b")

    assert happened(stewardship) == ["StatusChangeProposed", "StatusChangeApproved"]


def test_an_approver_does_not_change_their_mind() -> None:
    stewardship = _with_approvers(3, threshold=2)
    proposed = _suspend(stewardship)
    assert proposed is not None
    _decide(stewardship, proposed.id, Decision.APPROVE, "user:b")

    with pytest.raises(RuleViolatedError, match="decided on the change change_1 already"):
        _decide(stewardship, proposed.id, Decision.REJECT, "user:b")


def test_a_change_that_is_settled_takes_no_decision() -> None:
    stewardship = _with_approvers(2, threshold=1)
    proposed = _suspend(stewardship)
    assert proposed is not None
    _decide(stewardship, proposed.id, Decision.APPROVE, "user:b")

    with pytest.raises(RuleViolatedError, match="has been approved already"):
        _decide(stewardship, proposed.id, Decision.REJECT, "user:c")


def test_while_a_change_waits_no_other_is_proposed() -> None:
    stewardship = _with_approvers(1, threshold=1)
    _suspend(stewardship)

    with pytest.raises(RuleViolatedError, match="change_1 waits for approval"):
        stewardship.change_status(
            StewardshipStatus.ARCHIVED, reason="", by="user:ann", now=after(hours=1)
        )


def test_an_archived_stewardship_changes_no_more_but_its_status() -> None:
    stewardship = a_stewardship(options=NO_APPROVAL)
    stewardship.change_status(StewardshipStatus.ARCHIVED, reason="", by="a", now=START)

    with pytest.raises(RuleViolatedError, match="archived"):
        stewardship.add_responsibility(a_responsibility("resp_002"), now=START)
    stewardship.change_status(StewardshipStatus.ACTIVE, reason="", by="a", now=START)
    stewardship.add_responsibility(a_responsibility("resp_002"), now=START)


def test_a_steward_is_changed_in_what_is_given() -> None:
    stewardship = a_stewardship()

    stewardship.change_steward(
        ANN, StewardChange(role=StewardRole.CURATOR, is_primary=True), now=START
    )

    [fact] = facts(stewardship)
    assert fact == {
        "type": "StewardChanged",
        "user_id": ANN,
        "number": 1,
        "role": StewardRole.CURATOR,
        "permissions": None,
        "start_date": None,
        "end_date": None,
        "is_primary": None,
    }


def test_what_is_the_same_as_before_records_nothing() -> None:
    stewardship = a_stewardship()

    stewardship.change_steward(
        ANN, StewardChange(role=StewardRole.OWNER, contact_info=CONTACT), now=START
    )

    assert happened(stewardship) == []


def test_a_suspended_steward_is_reinstated() -> None:
    stewardship = a_stewardship()

    stewardship.change_steward(ANN, StewardChange(status=StewardStatus.SUSPENDED), now=START)
    assert stewardship.steward(ANN).status_at(START) == StewardStatus.SUSPENDED
    stewardship.change_steward(ANN, StewardChange(status=StewardStatus.ACTIVE), now=START)

    assert stewardship.steward(ANN).status_at(START) == StewardStatus.ACTIVE


def test_a_steward_is_pending_before_the_start_and_inactive_from_the_end_on() -> None:
    steward = a_steward(start_date=after(days=1), end_date=after(days=3))
    stewardship = a_stewardship(stewards=[steward])

    statuses = [stewardship.steward(ANN).status_at(after(days=days)) for days in range(4)]

    assert statuses == ["pending", "active", "active", "inactive"]


def test_the_end_comes_after_the_start() -> None:
    stewardship = a_stewardship(stewards=[a_steward(start_date=after(days=3))])

    with pytest.raises(InvalidFieldError, match="end_date must be after start_date"):
        stewardship.change_steward(ANN, StewardChange(end_date=after(days=3)), now=START)


def test_the_last_steward_stays() -> None:
    with pytest.raises(RuleViolatedError, match="At least one steward is required"):
        a_stewardship().remove_steward(ANN, now=START)


def test_nobody_is_a_steward_twice() -> None:
    with pytest.raises(RuleViolatedError, match="user_123 is a steward already"):
        a_stewardship().assign_steward(a_steward(ANN), now=START)


def test_the_contact_details_of_a_neutralized_steward_are_gone_and_do_not_come_back() -> None:
    stewardship = a_stewardship()

    stewardship.neutralize_steward(ANN, reason="asked to", policy="manual", now=START)

    assert stewardship.steward(ANN).definition.contact_info == {}
    [fact] = facts(stewardship)
    assert fact["redacted_fields"] == ["contact_info.email", "contact_info.phone"]
    with pytest.raises(NeutralizedError):
        stewardship.change_steward(ANN, StewardChange(contact_info={"phone": "+45"}), now=START)


def test_who_joins_later_has_a_number_that_nobody_had_before_a_restore() -> None:
    numbers = {a_stewardship().assign_steward(a_steward("bob"), now=START).number for _ in range(3)}

    assert len(numbers) == 3
    assert all(2 < number < 2**53 for number in numbers)


def test_neutralizing_twice_is_neutralizing_once() -> None:
    stewardship = a_stewardship()
    for _ in range(2):
        stewardship.neutralize_steward(ANN, reason="asked to", policy="manual", now=START)

    assert happened(stewardship) == ["StewardNeutralized"]


def test_who_is_a_steward_no_longer_can_be_neutralized_and_stays_so_when_they_return() -> None:
    stewardship = a_stewardship(stewards=[a_steward(), a_steward("bob", contact_info=CONTACT)])
    stewardship.remove_steward("bob", now=START)

    stewardship.neutralize_steward("bob", reason="asked to", policy="manual", now=START)

    with pytest.raises(NeutralizedError):
        stewardship.assign_steward(a_steward("bob", contact_info=CONTACT), now=START)
    assert stewardship.assign_steward(a_steward("bob"), now=START).number == 2


@pytest.mark.parametrize(
    ("change", "events", "status", "progress"),
    [
        ({"progress": 0.4}, ["ResponsibilityProgressed"], "in_progress", 0.4),
        ({"progress": 1.0}, ["ResponsibilityCompleted"], "completed", 1.0),
        ({"status": "completed"}, ["ResponsibilityCompleted"], "completed", 1.0),
        ({"status": "in_progress"}, ["ResponsibilityProgressed"], "in_progress", 0.0),
        ({"status": "in_progress", "progress": 0.2}, ["ResponsibilityProgressed"],
         "in_progress", 0.2),
        ({"status": "pending"}, [], "pending", 0.0),
        ({}, [], "pending", 0.0),
    ],
)  # fmt: skip
def test_a_report_on_a_pending_responsibility(
    change: dict[str, Any], events: list[str], status: str, progress: float
) -> None:
    stewardship = a_stewardship()

    responsibility = _report(stewardship, **change)

    assert happened(stewardship) == events
    assert (responsibility.status, responsibility.progress) == (status, progress)


@pytest.mark.parametrize(
    ("change", "status", "progress"),
    [
        ({"status": "pending"}, "pending", 0.0),
        ({"status": "in_progress"}, "in_progress", 0.0),
        ({"status": "in_progress", "progress": 0.8}, "in_progress", 0.8),
    ],
)
def test_a_completed_responsibility_is_reopened_by_the_status_of_an_open_one(
    change: dict[str, Any], status: str, progress: float
) -> None:
    stewardship = a_stewardship()
    _report(stewardship, progress=1.0)
    happened(stewardship)

    responsibility = _report(stewardship, **change)

    assert happened(stewardship) == ["ResponsibilityReopened"]
    assert (responsibility.status, responsibility.progress) == (status, progress)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (0.5, {"progress": 0.4}),
        (1.0, {"progress": 0.9}),
        (0.5, {"status": "completed", "progress": 0.9}),
        (0.5, {"status": "pending", "progress": 0.9}),
        (0.5, {"status": "in_progress", "progress": 1.0}),
        (0.5, {"status": "overdue"}),
    ],
)
def test_a_report_that_contradicts_itself_or_what_was_reported_is_refused(
    before: float, change: dict[str, Any]
) -> None:
    stewardship = a_stewardship()
    _report(stewardship, progress=before)

    with pytest.raises(RuleViolatedError):
        _report(stewardship, **change)


def test_a_responsibility_changes_hands_and_dates() -> None:
    stewardship = a_stewardship()

    _report(stewardship, assigned_to="bob", due_date=after(days=9))

    assert happened(stewardship) == ["ResponsibilityReassigned", "ResponsibilityRescheduled"]


def test_it_is_overdue_from_the_moment_after_its_due_date_until_it_is_completed() -> None:
    stewardship = a_stewardship()
    responsibility = stewardship.responsibility("resp_001")

    assert not responsibility.is_overdue(after(days=7))
    assert responsibility.is_overdue(after(days=7, microseconds=1))
    assert responsibility.status_at(after(days=8)) == ResponsibilityStatus.OVERDUE
    _report(stewardship, progress=1.0)
    assert not responsibility.is_overdue(after(days=8))


@pytest.mark.parametrize(
    ("values", "status", "trend"),
    [
        ([], MetricStatus.PENDING, Trend.STABLE),
        ([95.0], MetricStatus.MET, Trend.STABLE),
        ([94.9], MetricStatus.BREACHED, Trend.STABLE),
        ([90.0, 90.9], MetricStatus.BREACHED, Trend.STABLE),
        ([90.0, 91.0], MetricStatus.BREACHED, Trend.IMPROVING),
        ([98.0, 96.0], MetricStatus.MET, Trend.DECLINING),
        ([50.0, 98.0, 98.0], MetricStatus.MET, Trend.STABLE),
        ([0.0, 0.1], MetricStatus.BREACHED, Trend.IMPROVING),
    ],
)
def test_a_metric_is_held_against_its_threshold_and_its_last_two_measurements_compared(
    values: list[float], status: MetricStatus, trend: Trend
) -> None:
    stewardship = a_stewardship()

    for minutes, value in enumerate(values):
        stewardship.measure("metric_001", value, measured_at=None, now=after(minutes=minutes))

    metric = stewardship.metric("metric_001")
    assert (metric.status, metric.trend) == (status, trend)
    assert metric.current_value == (values[-1] if values else 0.0)


def test_of_a_metric_with_the_tag_direction_lower_less_is_better() -> None:
    metric = MetricDefinition(id="errors", name="Errors", threshold=5, tags={"direction": "lower"})
    stewardship = a_stewardship(metrics=[metric])

    for minutes, value in enumerate([9.0, 4.0]):
        stewardship.measure("errors", value, measured_at=None, now=after(minutes=minutes))

    assert stewardship.metric("errors").status == MetricStatus.MET
    assert stewardship.metric("errors").trend == Trend.IMPROVING


def test_a_measurement_that_comes_late_takes_its_place_in_time() -> None:
    stewardship = a_stewardship()
    stewardship.measure("metric_001", 97, measured_at=after(hours=2), now=after(hours=3))

    stewardship.measure("metric_001", 90, measured_at=after(hours=1), now=after(hours=3))

    metric = stewardship.metric("metric_001")
    assert (metric.current_value, metric.trend) == (97, Trend.IMPROVING)


def test_a_measurement_of_the_future_is_refused() -> None:
    with pytest.raises(RuleViolatedError, match="measured_at must not be in the future"):
        a_stewardship().measure("metric_001", 97, measured_at=after(hours=1), now=START)


def test_a_breach_is_told_by_the_statuses_before_and_after() -> None:
    stewardship = a_stewardship()
    for value in (96.0, 90.0):
        stewardship.measure("metric_001", value, measured_at=None, now=START)

    statuses = [(fact["previous_status"], fact["status"]) for fact in facts(stewardship)]

    assert statuses == [("pending", "met"), ("met", "breached")]


def test_an_audit_gives_the_rate_of_compliance() -> None:
    stewardship = a_stewardship()
    assert stewardship.policy("policy_001").compliance_rate == 1.0

    stewardship.audit("policy_001", checks=40, violations=2, now=after(days=1))

    assert stewardship.policy("policy_001").compliance_rate == 0.95
    assert stewardship.policy("policy_001").last_audit == after(days=1)


@pytest.mark.parametrize(("checks", "violations"), [(0, 0), (5, 6), (5, -1), (-1, 0)])
def test_numbers_that_no_audit_can_have_are_refused(checks: int, violations: int) -> None:
    with pytest.raises(RuleViolatedError):
        a_stewardship().audit("policy_001", checks=checks, violations=violations, now=START)


def test_what_a_stewardship_has_not_is_unknown() -> None:
    stewardship = a_stewardship()

    for attempt in (
        lambda: stewardship.measure("none", 1, measured_at=None, now=START),
        lambda: stewardship.audit("none", checks=1, violations=0, now=START),
        lambda: stewardship.remove_steward("none", now=START),
        lambda: stewardship.neutralize_steward("none", reason="", policy="", now=START),
        lambda: _decide(stewardship, "none", Decision.APPROVE, "user:b"),
    ):
        with pytest.raises(UnknownPartError):
            attempt()


def _with_approvers(count: int, *, threshold: int) -> Stewardship:
    approvers = [f"approver{number}@company.com" for number in range(count)]
    approval = ApprovalDefinition(required=True, approvers=approvers, threshold=threshold)
    return a_stewardship(options=some_options(approval=approval))


def _suspend(stewardship: Stewardship) -> Any:
    return stewardship.change_status(
        StewardshipStatus.SUSPENDED, reason="a break", by="user:ann", now=after(hours=1)
    )


def _decide(stewardship: Stewardship, change_id: str, decision: Decision, by: str) -> None:
    stewardship.decide(change_id, decision, comment="", by=by, now=after(hours=2))


def _report(stewardship: Stewardship, **change: Any) -> Any:
    if "status" in change:
        change["status"] = ResponsibilityStatus(change["status"])
    return stewardship.change_responsibility(
        "resp_001", ResponsibilityChange(**change), now=after(days=1)
    )
