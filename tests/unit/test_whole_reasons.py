"""Reasons of failures that a service has cut."""

from __future__ import annotations

import json

import pytest

from simpleflow_nb.application.states.execution_ends import whole_reason

LONG = f"WorkflowTaken: workflow 'study' belongs to {'/a' * 200}; give it another name"
IN_FRONT = "Workflow execution error in activity-begin-1: "


@pytest.mark.parametrize(
    ("reason", "details", "whole"),
    [
        (None, None, None),
        ("ValueError: no", json.dumps({"error": "ValueError: no, and more"}), "ValueError: no"),
        ((IN_FRONT + LONG)[:256], json.dumps({"error": LONG}), IN_FRONT + LONG),
        (LONG[:256], json.dumps({"error": LONG}), LONG),
        (LONG[:256], json.dumps({"error": "another one"}), LONG[:256]),
        (LONG[:256], json.dumps({"error": LONG[:20] + "goes on otherwise"}), LONG[:256]),
        (LONG[:256], json.dumps({"error": 5}), LONG[:256]),
        (LONG[:256], json.dumps(["error"]), LONG[:256]),
        (LONG[:256], "no JSON", LONG[:256]),
        (LONG[:256], None, LONG[:256]),
    ],
)
def test_what_was_cut_off_is_told_where_the_details_have_it(reason: str | None, details: str | None, whole: str | None) -> None:
    assert whole_reason(reason, details) == whole
