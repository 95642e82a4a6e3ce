"""Workflow files, read and checked; none that would put a secret into what histories keep."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...masking import keep_secret, known_secrets, secret_in
from .packages import require_application
from .workflow_files import specification_path

if TYPE_CHECKING:
    from deciders.problems import Problem
    from deciders.specification import Specification


def read_specification(file: Path | None) -> Specification:
    """Read and check a workflow file; None finds the one of the working directory, see `specification_path`.

    Raises:
        SpecificationError: every problem, with the path as it was given.
        DefinitionError: there is no file, or a folder of the working directory hides our packages.
    """
    return read_with_warnings(file)[0]


def read_with_warnings(file: Path | None) -> tuple[Specification, list[Problem]]:
    """Read a file as `read_specification` does; the warnings tell what is allowed and yet may be a mistake.

    Raises:
        SpecificationError, DefinitionError: as :func:`read_specification` does.
    """
    require_application()
    from deciders.specification import load_with_warnings

    specification, warnings = load_with_warnings(specification_path(file))
    _keep_secrets_out(specification)
    return specification, list(warnings)


def read_files(files: Sequence[Path]) -> Iterator[tuple[Specification, list[Problem]]]:
    """Read several files with sensors. A file that is named twice is read once; no file is the one `read_specification` finds.

    Raises:
        SpecificationError, DefinitionError: as :func:`read_specification` does, or one has no sensor, or two of them name the
            same workflow.
    """
    found: list[Specification] = []
    owners: dict[str, Path] = {}
    for file in files or (None,):
        specification, warnings = read_with_warnings(file)
        if any(specification.path.samefile(known.path) for known in found):
            continue
        check_sensor(specification)
        yield specification, warnings
        for workflow in specification.workflows:
            if workflow.name in owners:
                raise DefinitionError(
                    f"{owners[workflow.name]} and {specification.file} both name workflow {workflow.name!r}; "
                    "files that share an outputs folder need different names"
                )
        owners |= {workflow.name: specification.file for workflow in specification.workflows}
        found.append(specification)


def check_sensor(specification: Specification) -> None:
    """Refuse a file without a sensor.

    Raises:
        DefinitionError: the file has no sensor to start.
    """
    if specification.sensor is None:
        from deciders.specification import NO_SENSOR

        started = f"workflow.start {shlex.quote(str(specification.path))}:NAME"
        raise DefinitionError(f"{specification.path} has no sensor to start: {NO_SENSOR}; {started} runs a workflow")


def _keep_secrets_out(specification: Specification) -> None:
    """Refuse a file with a known secret in it.

    Raises:
        SpecificationError: a secret stands where histories and records would keep it.
    """
    from deciders.problems import Problem, SpecificationError

    source = specification.sensor.source if specification.sensor is not None else None
    if (password := getattr(source, "password", None)) is not None:
        keep_secret(password)
    secrets = known_secrets()
    places: list[tuple[str, Any]] = [
        (f"the parameters of {entry.workflow_name!r}", entry.parameters) for entry in specification.entries
    ]
    places += [
        (f"the environment of {notebook.label!r}", notebook.environment)
        for workflow in specification.workflows
        for notebook in workflow.notebooks
    ]
    places.append(("the options of the source", getattr(source, "options", None)))
    problems = [
        Problem(
            specification.path,
            _line(specification.path, secrets[name]),
            f"the secret {name} is in {where}, and histories would keep it; let the notebook read it itself",
        )
        for where, values in places
        if (name := secret_in(values, secrets)) is not None
    ]
    if problems:
        raise SpecificationError(problems)


def _line(file: Path, text: str) -> int:
    """Return the number of the first line with the text, from 1; 0 when it stands in none as it is."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 0)
