"""The status of a run follows from those of its steps: first match wins (contract section 7)."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.runs.status import RunStatus, StepRunStatus, derive_run_status

PENDING, RUNNING, SUCCESS, FAILED, CANCELLED, OPTIONAL = StepRunStatus


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], RunStatus.PENDING),
        ([PENDING, PENDING], RunStatus.PENDING),
        ([OPTIONAL, OPTIONAL], RunStatus.PENDING),
        ([RUNNING, PENDING], RunStatus.RUNNING),
        ([SUCCESS, PENDING], RunStatus.RUNNING),
        ([OPTIONAL, PENDING], RunStatus.RUNNING),
        ([SUCCESS, RUNNING], RunStatus.RUNNING),
        ([SUCCESS], RunStatus.COMPLETED),
        ([SUCCESS, OPTIONAL], RunStatus.COMPLETED),
        ([SUCCESS, FAILED, RUNNING, CANCELLED], RunStatus.FAILED),
        ([SUCCESS, CANCELLED, RUNNING, PENDING], RunStatus.CANCELLED),
    ],
)
def test_the_first_rule_that_fits_wins(steps: list[StepRunStatus], expected: RunStatus) -> None:
    for order in permutations(steps):
        assert derive_run_status(list(order)) == expected


@given(st.sets(st.sampled_from(StepRunStatus)), st.sampled_from(StepRunStatus))
def test_a_failed_step_fails_the_run_whatever_the_others_do(
    others: set[StepRunStatus], other: StepRunStatus
) -> None:
    assert derive_run_status({*others, other, FAILED}) == RunStatus.FAILED
