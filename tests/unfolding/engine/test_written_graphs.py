"""Steps that are written into the forms of a file and read again are the same steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deciders.specification import WorkflowSpecification, load_specification
from deciders.specification.written_steps import read_steps
from deciders.steps.condition_parsing import parse_condition
from tests.settings import count

from .written_graphs import workflow_of, writable_graph, written_condition, written_step

_AT_A_TIME = 100


@pytest.mark.parametrize("first", range(0, count(300, 5_000), _AT_A_TIME))
def test_steps_that_are_written_and_read_again_are_the_same(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        steps = writable_graph(seed).steps
        assert read_steps({label: written_step(step) for label, step in steps.items()}) == list(steps.values()), seed


@pytest.mark.parametrize("first", range(0, count(200, 2_000), _AT_A_TIME))
def test_a_workflow_by_value_has_the_graph_that_it_was_made_of(first: int) -> None:
    """Through the JSON in which a run is given it."""
    for seed in range(first, first + _AT_A_TIME):
        graph = writable_graph(seed)
        workflow = WorkflowSpecification.model_validate(workflow_of(graph, seed).model_dump(mode="json"))
        assert workflow.graph.steps == graph.steps, seed
        assert workflow.graph.shapes == graph.shapes, seed


@pytest.mark.parametrize(
    "written",
    [
        True,
        "mode",
        {"scrap": "a.n"},
        {"equals": ["mode", {"value": {"a": 1}}]},
        {"less": [{"scrap": "a.n"}, 2]},
        {"in": ["mode", [1, "b", None]]},
        {"in": ["mode", {"scrap": "a.n"}]},
        {"equals": ["mode", {"parameter": "how"}]},
        {"state": "a", "is": "failed"},
        {"light": "a", "is": ["orange", "red"]},
        {"not": {"all": [{"any": []}, "mode"]}},
        {"any": {"scrap": "a.n"}},
        {"all": "sizes"},
    ],
    ids=str,
)
def test_a_condition_is_written_as_it_was_read(written: object) -> None:
    assert written_condition(parse_condition(written, ["a"])) == written


def test_a_file_with_these_forms_is_accepted_and_has_the_same_steps(tmp_path: Path) -> None:
    for seed in range(count(40, 400)):
        graph = writable_graph(seed)
        notebooks = {}
        for label, step in graph.steps.items():
            parameters = {f"from_{taken}": taken for taken in step.takes}
            cell = "".join(f"{name} = None\n" for name in parameters)
            (tmp_path / f"{label}.py").write_text(f'# %% tags=["parameters"]\n{cell}', "utf-8")
            notebooks[label] = {"filename": f"{label}.py", **written_step(step, parameters)}
        file = tmp_path / "workflows.yml"
        written = {"workflows": [{"name": "graphs", "notebooks": notebooks}], "available_dates_sensor": None}
        file.write_text(yaml.safe_dump(written, sort_keys=False), "utf-8")
        [workflow] = load_specification(file).workflows
        assert workflow.graph.steps == graph.steps, seed
