"""Validation of a workflow file and of the notebooks that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA
from .packages import require_application
from .specifications import read_with_warnings
from .workflow_files import specification_path

if TYPE_CHECKING:
    from deciders.problems import Problem
    from deciders.specification import Specification


@dataclass(frozen=True)
class Validation:
    """Findings of a look at a workflow file and its notebooks."""

    file: Path  #: as it was given
    specification: Specification | None  #: None where the file has problems
    problems: tuple[Problem, ...] = ()  #: in line order; with any of them the file is refused
    doubts: tuple[Problem, ...] = ()  #: what is allowed in the file and yet may not be what was meant
    notes: tuple[str, ...] = ()  #: of notebooks, kernels and programs for reports: what will warn or fail when they run

    @property
    def is_good(self) -> bool:
        return not self.problems

    @property
    def warnings(self) -> list[str]:
        """A sentence each, of the file's with their lines."""
        return [*(doubt.located for doubt in self.doubts), *self.notes]

    def check(self) -> Specification:
        """Give the specification of a good file.

        Raises:
            SpecificationError: the problems.
        """
        if self.specification is None:
            from deciders.problems import SpecificationError

            raise SpecificationError(self.problems)
        return self.specification

    def to_dict(self) -> dict[str, Any]:
        workflows = self.specification.workflows if self.specification is not None else ()
        return {
            "schema": SCHEMA,
            "file": str(self.file),
            "is_good": self.is_good,
            "workflows": [
                {"name": workflow.name, "notebooks": [notebook.label for notebook in workflow.notebooks]}
                for workflow in workflows
            ],
            "has_sensor": self.specification is not None and self.specification.sensor is not None,
            "sensor_entries": len(self.specification.entries) if self.specification is not None else None,
            "problems": [_located(problem) for problem in self.problems],
            "warnings": [
                *(_located(doubt) for doubt in self.doubts),
                *({"file": None, "line": None, "message": note} for note in self.notes),
            ],
        }


def _located(problem: Problem) -> dict[str, Any]:
    return {"file": str(problem.path), "line": problem.line or None, "message": problem.message}


def validate(file: Path | None) -> Validation:
    """Look at the workflow file that is meant, see `specification_path`, and at its notebooks: every problem in one go.

    Raises:
        DefinitionError: no file is meant, or something hides our packages.
    """
    require_application()
    path = specification_path(file)
    from deciders.problems import SpecificationError

    try:
        specification, doubts = read_with_warnings(file)
    except SpecificationError as error:
        from workers.notebooks.notebook_checks import unreadable_notebooks

        return Validation(path, None, (*error.problems, *unreadable_notebooks(path)))
    from workers.notebooks.notebook_checks import notebook_findings, unreadable_notebooks

    found = notebook_findings(specification)
    if problems := unreadable_notebooks(path, found):
        return Validation(path, None, tuple(problems), tuple(doubts))
    missing = _missing_for_templates(specification)
    notes = (*found.outdated, *missing, *found.missing_kernels, *found.substituted_kernels)
    return Validation(path, specification, (), tuple(doubts), notes)


def _missing_for_templates(specification: Specification) -> list[str]:
    notebooks = [notebook for workflow in specification.workflows for notebook in workflow.notebooks]
    if not any(output.template for notebook in notebooks for output in notebook.output):
        return []  # the code that makes reports need not be imported
    from workers.reports.asciidoc import missing_for_templates

    return missing_for_templates(specification)
