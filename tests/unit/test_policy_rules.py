"""When a workflow's dates are run again, as the file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deciders.specification import SpecificationError, WorkflowSpecification, load_specification

FILES = "source: {files: {calls: '{date}.csv'}}"


def loaded(folder: Path, policy: str, source: str = FILES) -> WorkflowSpecification:
    """The one workflow of a file with that line of policy, which is line 3."""
    (folder / "only.py").write_text("x = 1\n")
    file = folder / "workflows.yml"
    file.write_text(
        f"workflows:\n- name: days\n  {policy}\n  notebooks: {{only: {{filename: only.py}}}}\n"
        f"available_dates_sensor:\n  schedule: null\n  {source}\n  workflows: [{{workflow_name: days}}]\n"
    )
    return load_specification(file).workflow("days")


def complaint(folder: Path, policy: str, source: str = FILES) -> str:
    with pytest.raises(SpecificationError) as refused:
        loaded(folder, policy, source)
    [problem] = (problem for problem in refused.value.problems if problem.line == 3)
    return f"{problem.line}: {problem.message}"


def test_without_a_policy_autoflows_rules_hold(tmp_path: Path) -> None:
    made = loaded(tmp_path, "# nothing")
    assert (made.attempts, made.retry_wait_seconds, made.rerun_when) == (None, 0, ("parameters_changed",))
    assert (made.priority, made.max_parallel_runs) == (0, None)


@pytest.mark.parametrize(
    ("policy", "field", "value"),
    [
        ("attempts: 3", "attempts", 3),
        ("priority: -100", "priority", -100),
        ("max_parallel_runs: 1", "max_parallel_runs", 1),
        ("retry_wait: 90", "retry_wait_seconds", 90),
        ("retry_wait: 10 min", "retry_wait_seconds", 600),
        ("retry_wait: 1.5h", "retry_wait_seconds", 5_400),
        ("rerun_when: []", "rerun_when", ()),
        ("rerun_when: [notebook_changed, notebook_changed]", "rerun_when", ("notebook_changed",)),
        ("rerun_when: [data_changed, parameters_changed]", "rerun_when", ("data_changed", "parameters_changed")),
    ],
)
def test_a_policy_is_kept(policy: str, field: str, value: object, tmp_path: Path) -> None:
    assert getattr(loaded(tmp_path, policy), field) == value


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("attempts: 0", "'attempts' of workflow 'days' must be at least 1, not 0"),
        ("attempts: many", "'attempts' of workflow 'days' must be a whole number, not 'many'"),
        ("priority: 101", "'priority' of workflow 'days' must be at most 100, not 101"),
        ("priority: high", "'priority' of workflow 'days' must be a whole number, not 'high'"),
        ("max_parallel_runs: 0", "'max_parallel_runs' of workflow 'days' must be at least 1, not 0"),
        ("retry_wait: soon", "retry_wait must be a length of time such as 90 s, 10 min, 2 h or 1 d, not 'soon'"),
        ("retry_wait: 366 d", "retry_wait must be between 0 s and 365 d, not '366 d'"),
        ("rerun_when: data_changed", "'rerun_when' of workflow 'days' must be a list, not 'data_changed'"),
        (
            "rerun_when: [notebook_chnged]",
            "item 1 of 'rerun_when' must be 'parameters_changed', 'notebook_changed' or 'data_changed', not 'notebook_chnged'",
        ),
    ],
)
def test_a_wrong_policy_is_refused_with_its_line(policy: str, sentence: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, policy) == f"3: {sentence}"


@pytest.mark.parametrize(
    ("source", "name"),
    [("# none is given", "flowapi"), ("source: flowapi", "flowapi"), ("source: {warehouse: {}}", "warehouse")],
)
def test_data_changed_is_refused_where_nobody_could_tell(source: str, name: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, "rerun_when: [data_changed]", source) == (
        f"3: rerun_when: 'data_changed' needs a source whose data can be told to have changed, which {name} cannot; "
        "'files' and 'sql' can"
    )


@pytest.mark.parametrize("source", [FILES, "source: {sql: {uri: 'sqlite:///x', query: SELECT 1}}"])
def test_data_changed_goes_with_files_and_queries(source: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, "rerun_when: [data_changed]", source).rerun_when == ("data_changed",)
