"""A job is tried again after pauses that double, up to a longest one, and not for ever."""

import pytest

from application.jobs import JobKind, RetryPolicy


def test_each_pause_is_twice_as_long_as_the_last_up_to_the_longest() -> None:
    policy = RetryPolicy(attempts=6, first_pause_seconds=1, longest_pause_seconds=5)
    pauses = [policy.pause_after(attempts) for attempts in range(1, 8)]
    assert pauses == [1, 2, 4, 5, 5, None, None]


def test_a_policy_of_very_many_attempts_has_pauses_too() -> None:
    policy = RetryPolicy(attempts=100_000, first_pause_seconds=1, longest_pause_seconds=60)
    assert policy.pause_after(99_999) == 60


def test_a_job_has_the_name_and_the_priority_of_its_kind() -> None:
    kind = JobKind(name="sweep", timeout_seconds=1, priority=7)
    job = kind.job({"run_id": 1}, lock="run-1")
    assert (job.name, job.priority, job.arguments, job.lock) == ("sweep", 7, {"run_id": 1}, "run-1")


def test_a_name_that_is_too_long_to_listen_for_is_refused() -> None:
    with pytest.raises(AssertionError, match="too long"):
        JobKind(name="x" * 41, timeout_seconds=1)
