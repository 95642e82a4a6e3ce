"""The policies for the children of an execution that is terminated."""

from __future__ import annotations

from typing import NamedTuple


class CHILD_POLICY(NamedTuple):
    """The policies for the children of an execution that is terminated."""

    TERMINATE: str = "TERMINATE"
    REQUEST_CANCEL: str = "REQUEST_CANCEL"
    ABANDON: str = "ABANDON"


CHILD_POLICIES = CHILD_POLICY()


def check_policy(policy: str) -> None:
    """Check that a text is one of :data:`CHILD_POLICIES`.

    Raises:
        ValueError: it is not.
    """
    if policy not in CHILD_POLICIES:
        raise ValueError(f"{policy!r} is no child policy; it is one of {', '.join(CHILD_POLICIES)}")
