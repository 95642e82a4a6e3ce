"""What ``status`` says of a run that failed."""

from __future__ import annotations

import pytest

from simpleflow_nb.cli.status import plain_error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("stats failed: notebook 'stats' failed in cell 2: ValueError: no", "stats failed in cell 2: ValueError: no"),
        (
            "a, b failed: notebook 'a' failed in cell 1: E: x; notebook 'b' ran longer than 1 s; not run: c, d",
            "a failed in cell 1: E: x; b ran longer than 1 s; not run: c, d",
        ),
        ("it's failed: notebook \"it's\" failed in cell 2: E", "it's failed in cell 2: E"),
        ("stats failed: the process that carried it out was killed or lost", None),
        ("stats.pdf failed: nothing could be typeset", None),
        ("a, b failed: notebook 'a' failed in cell 2: E; notebook 'c' failed", None),
        ("something else", None),
    ],
)
def test_a_label_is_said_once(error: str, said: str | None) -> None:
    assert plain_error(error) == (said or error)
