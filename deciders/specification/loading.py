"""Loading of a workflow file: from YAML through every rule to the models."""

from __future__ import annotations

from pathlib import Path

from ..problems import Problem, Problems
from .models import Specification
from .report_name_rules import check_report_names
from .scenarios.scenario_rules import checked_scenarios
from .sensor_rules import checked_sensor
from .shape_problems import checked_shape
from .step_rules import with_notebooks
from .surprise_rules import note_surprises
from .twin_entries import note_twins
from .workflow_rules import check_parameters, checked_workflows
from .yaml_lines import read_yaml


def load_specification(path: str | Path) -> Specification:
    """Read and check a workflow file, and look at the notebooks that it names.

    The format is AutoFlow's, with more settings, all of them optional (``docs/workflows_yml.rst``). Unknown ones are refused
    except at the top level.

    Raises:
        SpecificationError: the file cannot be read or is wrong somewhere; it names every problem with its line.
    """
    return load_with_warnings(path)[0]


def load_with_warnings(path: str | Path) -> tuple[Specification, tuple[Problem, ...]]:
    """Load the file, and return warnings as well, in line order: settings that are allowed, but may not be intended.

    Raises:
        SpecificationError: as :func:`load_specification` does.
    """
    path = Path(path)
    problems = Problems(path)
    root = read_yaml(path, problems)
    if root is None:
        problems.raise_if_any()
    assert root is not None
    root = with_notebooks(root, problems)
    inputs_dir = path.absolute().parent
    settings = checked_shape(root, problems)
    workflows = checked_workflows(root, inputs_dir, problems)
    sensor = checked_sensor(root, [workflow.name for workflow in workflows], problems)
    scenarios, given_by_scenarios = checked_scenarios(root, workflows, inputs_dir, problems)
    check_parameters(root, workflows, problems, given_by_scenarios)
    check_report_names(root, workflows, problems)
    note_surprises(root, problems)
    problems.raise_if_any()
    of_sensor = settings.pop("available_dates_sensor")
    if sensor is not None:
        given = zip(of_sensor["workflows"], sensor["workflows"], strict=True)
        sensor = {**of_sensor, **sensor, "workflows": [{**entry, **checked} for entry, checked in given]}
        note_twins(root, sensor["workflows"], problems)
    values = {
        **settings,
        "path": path,
        "inputs_dir": inputs_dir,
        "workflows": [one.as_dict(own) for one, own in zip(workflows, settings["workflows"], strict=True)],
        "sensor": sensor,
        "scenarios": scenarios,
    }
    return Specification.model_validate(values), problems.warnings
