"""Functions in the place of notebooks and reports: what they leave in the outputs folder looks as if kernels had run."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from deciders.path_parts import path_part
from workers.artefacts import Artefacts, write_atomically
from workers.kept_paths import RELATIVE, place_beside, portable_parameters
from workers.notebooks.notebook_errors import NotebookFailed, NotebookRefused, NotebookSkipped
from workers.notebooks.run_json import write_json

from ..activity_context import context
from ..exceptions import DefinitionError
from ..notebooks import NotebookSkipped as Skip

Function = Callable[[dict[str, Any]], Any]

_VALUE = "simpleflow_nb_testing"  #: key of the metadata of an executed notebook under which its value is kept


@dataclass(frozen=True)
class NotebookEnd:
    """What the function in the place of a notebook may return instead of its value alone."""

    value: Any = None  #: a JSON value, for :func:`notebook_value`
    warnings: tuple[str, ...] = ()  #: they turn the run orange
    light: Literal["green", "orange"] = field(default="green")  #: orange as well where there are warnings


def notebook_value(path: str | Path) -> Any:
    """What the function returned in whose place this executed notebook is: a notebook that needs another gets its path.

    Raises:
        DefinitionError: it is no such notebook.
    """
    try:
        return json.loads(Path(path).read_text("utf-8"))["metadata"][_VALUE]["value"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DefinitionError(f"{path} was not left by a function of run_project: {type(error).__name__}: {error}") from None


class ReplacedNotebooks:
    """The bodies of the activities that would run notebooks and make reports.

    Args:
        functions: by label, or by ``WORKFLOW/LABEL`` where workflows of the file have the same.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions

    def execute_notebook(
        self,
        *,
        workflow: str,
        instance: str,
        outputs: str,
        label: str,
        filename: str,
        inputs_dir: str,
        parameters: dict[str, Any],
        upstream: dict[str, dict[str, Any]],
        **_: Any,
    ) -> dict[str, object]:
        """Call the function of a label with the parameters that its notebook would get."""
        artefacts, source = Artefacts(Path(outputs)), Path(inputs_dir, filename)
        attempt = artefacts.begin_attempt(workflow, instance, label)
        folder, notebook = artefacts.notebook_folder(workflow, instance, label), artefacts.notebook(workflow, instance, label)
        folder.mkdir(parents=True, exist_ok=True)
        values = {name: value["path"] for name, value in upstream.items()} | parameters
        place, digest = place_beside(source, Path(outputs)), hashlib.sha256(source.read_bytes()).hexdigest()
        portable, names = portable_parameters(values, Path(outputs), inputs_dir)
        config = {"label": label, "source": place, "source_sha256": digest, "parameters": portable, RELATIVE: names}
        write_json(folder / "config.json", config, {})
        record: dict[str, Any] = {"label": label, "status": "failed", "light": "red", "attempt": attempt, "source": place}
        record |= {"source_sha256": digest, "started": _now(), "warnings": [], "error": None, "skipped_for": None}
        try:
            end = self._called(workflow, label, values, notebook)
            _write_notebook(notebook, end.value)
            record |= {"status": "succeeded", "light": end.light, "warnings": list(end.warnings)}
        except NotebookSkipped as skip:
            record |= {"status": "skipped", "light": "green", "skipped_for": str(skip)}
            raise
        except NotebookFailed as failure:
            record["error"] = {"cell": failure.cell, "ename": failure.ename, "evalue": failure.evalue}
            raise
        finally:
            write_json(folder / "run.json", {**record, "ended": _now()}, {})
        return {"path": str(notebook), "light": end.light, "warnings": list(end.warnings)}

    def _called(self, workflow: str, label: str, values: dict[str, Any], notebook: Path) -> NotebookEnd:
        function = self.functions.get(f"{workflow}/{label}") or self.functions[label]
        try:
            found = function(dict(values))
        except Skip as skip:
            raise NotebookSkipped(str(skip)) from None
        except (NotebookFailed, NotebookRefused, NotebookSkipped):
            raise
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            raise NotebookFailed(label, 1, type(error).__name__, str(error), trace, notebook) from error
        end = found if isinstance(found, NotebookEnd) else NotebookEnd(found)
        return NotebookEnd(end.value, tuple(end.warnings), "orange" if end.warnings else end.light)

    def convert_report(
        self,
        *,
        workflow: str,
        instance: str,
        outputs: str,
        label: str,
        format: str = "pdf",
        file_name: str | None = None,
        **_: Any,
    ) -> dict[str, object]:
        """Leave a file of one line where the report would be."""
        path = Artefacts(Path(outputs)).reports_folder(workflow, instance) / (file_name or f"{path_part(label)}.{format}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"the report of {label} would be here\n")
        return {"path": str(path), "light": "green", "warnings": []}


def _write_notebook(path: Path, value: Any) -> None:
    whole = {"cells": [], "metadata": {_VALUE: {"value": value}}, "nbformat": 4, "nbformat_minor": 5}
    try:
        text = json.dumps(whole)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"what the function of {path.stem} returned has no JSON form: {error}") from None
    write_atomically(path, text)


def _now() -> str:
    """The moment of the service whose task this thread carries out."""
    return datetime.fromtimestamp(context().service.clock.timestamp(), UTC).isoformat()
