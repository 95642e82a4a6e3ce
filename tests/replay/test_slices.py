"""A fan in slices, one of which is lost."""

from __future__ import annotations

import pytest

from simpleflow_nb.exceptions import WorkflowException

from .scenarios import load
from .steps import played

FIRST, SECOND = (f"workflow-simpleflow_nb.slice-played--5e801b4--{n}" for n in (1, 2))


@pytest.mark.parametrize("how", ["Failed", "Terminated"])
def test_a_slice_that_is_lost_leaves_its_items_without_results_and_moves_no_others(how):
    found = []

    def run(w):
        future = w.for_each(load, range(4), slice_size=2)
        try:
            future.wait()
        except WorkflowException:
            future.wait()
        found.append((future.result, [type(error).__name__ for error in future.exception.exceptions]))

    def starts(checker):
        checker.start_child(FIRST)
        checker.start_child(SECOND)

    def ends(checker):
        checker.end_child(FIRST, how, **({"reason": "no"} if how == "Failed" else {}))
        checker.complete_child(SECOND, {"results": [2, 3], "failures": {}})

    played(run, starts, ends)
    lost = f"Workflow{how}"
    assert found
    assert set(map(repr, found)) == {repr(([None, None, 2, 3], [lost, lost, "NoneType", "NoneType"]))}
