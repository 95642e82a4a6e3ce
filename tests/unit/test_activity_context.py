"""The context that an activity is given."""

from __future__ import annotations

import pytest

from simpleflow_nb.activity_context import ActivityContext


def test_a_context_is_a_mapping_with_the_keys_of_simpleflow():
    context = ActivityContext(
        domain="d", workflow_id="w", run_id="r", activity_id="a", name="n", version="1", task_list="l", input={"args": []}
    )
    assert dict(context) == context.described()
    assert list(context) == list(context.keys())
    assert (context["workflow_id"], context.get("activity_task_list"), context.get("nothing", 3)) == ("w", "l", 3)
    assert ("run_id" in context, "nothing" in context) == (True, False)
    with pytest.raises(KeyError):
        context["nothing"]
