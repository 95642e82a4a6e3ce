"""Workflow files with one label whose keys are tried, among two others."""

from __future__ import annotations

from pathlib import Path

import pytest

from deciders.specification import SpecificationError, WorkflowSpecification, load_specification

HEAD = """workflows:
  - name: w
    notebooks:
      days: {filename: days.py}
      day: {filename: days.py, for_each: {x: [1, 2, 3]}}
      b:
        filename: days.py
"""  # what is tried stands from line 8 on


def loaded(folder: Path, keys: str, more: str = "") -> WorkflowSpecification:
    """Load a file whose label ``b`` has these keys, and after it these labels; each notebook takes ``p`` and ``q``."""
    lines = [f"        {line}" for line in keys.splitlines()] + [f"      {line}" for line in more.splitlines()]
    (folder / "days.py").write_text('# %% tags=["parameters"]\np = q = 1\n', "utf-8")
    file = folder / "workflows.yml"
    file.write_text("\n".join([HEAD + "\n".join(lines), "available_dates_sensor: null", ""]), "utf-8")
    [workflow] = load_specification(file).workflows
    return workflow


def check_accepted(folder: Path, keys: str, more: str) -> None:
    """Check that it is accepted, and that a run that gets it by value has the same steps."""
    workflow = loaded(folder, keys, more)
    again = WorkflowSpecification.model_validate(workflow.model_dump(mode="json"))
    assert again == workflow
    assert again.graph.steps == workflow.graph.steps


def refusals(folder: Path, keys: str, more: str) -> list[str]:
    """Return the problems for which it is refused, each behind its line."""
    with pytest.raises(SpecificationError) as refusal:
        loaded(folder, keys, more)
    return [f"{problem.line}: {problem.message}" for problem in refusal.value.problems]
