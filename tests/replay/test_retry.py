"""Retry policies: how long is waited, how often is tried."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_nb import RetryPolicy
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.retry import retry_policy

seconds = st.integers(0, 10_000).map(lambda s: timedelta(seconds=s / 10))
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 50),
    first_wait=seconds,
    factor=st.floats(1, 1_000),
    longest_wait=seconds,
)


@given(policies, st.integers(1, 60))
def test_waits_never_get_shorter_and_never_longer_than_the_longest(policy, failures):
    waits = [policy.wait_seconds(n, "seed") for n in range(1, failures + 1)]
    assert waits == sorted(waits)
    assert all(0 <= wait <= math.ceil(policy.longest_wait.total_seconds()) for wait in waits)


@given(policies, st.floats(0, 1), st.integers(1, 60), st.text())
def test_jitter_only_shortens_and_by_no_more_than_its_share(policy, jitter, failures, seed):
    jittery = RetryPolicy(**{**vars(policy), "jitter": jitter})
    whole, drawn = policy.wait_seconds(failures, seed), jittery.wait_seconds(failures, seed)
    assert math.floor((whole - 1) * (1 - jitter)) <= drawn <= whole
    assert drawn == jittery.wait_seconds(failures, seed), "the same seed is the same wait"


def test_waits_double_by_default_up_to_an_hour():
    policy = RetryPolicy(attempts=20)
    assert [policy.wait_seconds(n, "") for n in (1, 2, 3, 9, 10, 500)] == [10, 20, 40, 2560, 3600, 3600]


def test_a_wait_is_rounded_up_to_whole_seconds():
    assert RetryPolicy(first_wait=timedelta(milliseconds=1)).wait_seconds(1, "") == 1


@pytest.mark.parametrize(
    ("failures", "reason", "again"),
    [
        (1, "OSError: x", True),
        (2, "OSError: x", True),
        (3, "OSError: x", False),
        (1, "ValueError: x", False),
        (1, "ValueError", True),  # not in the form "Class: message": nobody said that it was a ValueError
        (1, None, True),
    ],
)
def test_a_try_follows_while_there_are_attempts_and_the_error_is_worth_it(failures, reason, again):
    policy = RetryPolicy(attempts=3, not_retried=("ValueError",))
    assert policy.allows(failures, TaskFailed("activity-a-1", reason)) is again


def test_a_number_of_retries_is_a_policy_without_waits():
    policy = retry_policy(2)
    assert (policy.attempts, policy.wait_seconds(1, ""), policy.wait_seconds(2, "")) == (3, 0, 0)
    assert retry_policy(policy) is policy
    assert retry_policy(2) is policy


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"attempts": 0}, "attempts is 0; there is always a first one"),
        ({"first_wait": timedelta(seconds=-1)}, "a wait cannot be negative"),
        ({"longest_wait": timedelta(seconds=-1)}, "a wait cannot be negative"),
        ({"factor": 0.5}, "factor is 0.5; waits do not get shorter, use 1 or more"),
        ({"jitter": 1.5}, "jitter is 1.5; it is a share from 0 to 1"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        RetryPolicy(**wrong)
    assert str(caught.value) == message
