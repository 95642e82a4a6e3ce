"""The error of a run as a value: one printer, one parser, and how it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.values.run_error import LabelError, RunError
from deciders.values.run_state import RunState

TWO = RunError.of(
    [LabelError("a", "notebook 'a' failed in cell 1: E: x; y"), LabelError("b", "notebook 'b' ran longer than 1 s")], ["c", "d"]
)


def test_it_is_printed_with_the_labels_first_and_read_again() -> None:
    text = "a, b failed: notebook 'a' failed in cell 1: E: x; y; notebook 'b' ran longer than 1 s; not run: c, d"
    assert str(TWO) == text
    assert RunError.parse(text) == TWO


@pytest.mark.parametrize(
    ("error", "head", "lines"),
    [
        (str(TWO), "a, b failed", [*TWO.causes, "not run: c, d"]),
        (
            "a failed: the process that carried it out was killed or lost",
            "a failed",
            ["the process that carried it out was killed or lost"],
        ),
        ("terminated by hand\nwith more below", "terminated by hand", []),
        ("a failed: E: first\nsecond", "a failed", ["E: first\nsecond"]),
        ("a failed: E; not run: really; not run: b", "a failed", ["E; not run: really", "not run: b"]),
    ],
)
def test_it_has_a_head_and_a_line_for_each_cause(error: str, head: str, lines: list[str]) -> None:
    found = RunError.parse(error)
    assert (found.head, found.lines) == (head, lines)


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
        ("stats.pdf failed: nothing could be typeset; not run: c", None),
        ("a, b failed: notebook 'a' failed in cell 2: E; notebook 'c' failed", None),
        ("something else", None),
    ],
)
def test_a_label_is_said_once(error: str, said: str | None) -> None:
    found = RunError.parse(error)
    assert found.short == (said or error)
    assert found.short_cause == (said or error).partition("; not run: ")[0]


@given(st.text(min_size=1) | st.from_regex(r"[ab, ]+ failed: (notebook 'a' |; |not run: |[ab,] ?)*", fullmatch=True))
def test_whatever_is_stored_is_printed_as_it_was(text: str) -> None:
    assert str(RunError.parse(text)) == text


def test_a_cause_has_the_name_in_front_of_it_unless_it_begins_with_the_notebook() -> None:
    assert LabelError("a", "notebook 'a' failed").text == "notebook 'a' failed"
    assert LabelError("a.pdf", "nothing could be typeset").text == "a.pdf: nothing could be typeset"


@pytest.mark.parametrize(
    ("state", "reason", "error", "failed"),
    [
        (RunState.TERMINATED, "node 7 failed: no power", "the run was terminated: node 7 failed: no power", ()),
        (RunState.TERMINATED, None, "the run was terminated", ()),
        (RunState.CANCELLED, "b failed: x; not run: c", "the run was cancelled: b failed: x; not run: c", ()),
        (RunState.TIMED_OUT, None, "the run timed out", ()),
        (RunState.FAILED, None, "the run failed", ()),
        (RunState.FAILED, "the run records were away", "the run records were away", ()),
        (RunState.FAILED, str(TWO), str(TWO), ("a", "b")),
    ],
)
def test_an_end_from_outside_names_no_label(state: RunState, reason: str | None, error: str, failed: tuple[str, ...]) -> None:
    found = RunError.of_end(state, reason)
    assert (str(found), found.failed) == (error, failed)
    assert RunError.parse(error) == found


def test_a_failure_that_version_0_1_recovered_is_read_by_its_reason() -> None:
    assert RunError.parse(f"the run failed: {TWO}") == TWO


@pytest.mark.parametrize("label", ["the run was terminated", "the run was"])
def test_a_label_may_be_named_like_an_end(label: str) -> None:
    error = RunError.of([LabelError(label, "E: x")])
    assert RunError.parse(str(error)) == error
