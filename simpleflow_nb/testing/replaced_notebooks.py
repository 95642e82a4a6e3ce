"""Functions instead of notebooks and reports, with the same files in the outputs folder as from kernels."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from deciders.path_parts import path_part
from deciders.tasks.results import NotebookResult, ReportResult
from deciders.values.item import Item
from deciders.values.label_state import AttemptState
from deciders.values.light import Light
from workers.artefacts import Artefacts, write_atomically
from workers.kept_paths import RELATIVE, place_beside, portable_parameters
from workers.notebooks.notebook_errors import NotebookFailed, NotebookRefused, NotebookSkipped
from workers.notebooks.run_json import KEPT_WARNINGS, ItemOfRun, write_json
from workers.notebooks.scraps import scrap_output
from workers.runs.item_ends import ItemPlace, recorded_item
from workers.runs.item_values import told_scraps, values_of_item

from ..activity_context import context
from ..exceptions import DefinitionError
from ..notebooks import NotebookSkipped as Skip
from ..tracebacks import text_of
from .noted_output import CountedWarnings, NotedCall, noted

Function = Callable[[dict[str, Any]], Any]

_VALUE = "simpleflow_nb_testing"  #: key of the value in the metadata of an executed notebook


@dataclass(frozen=True)
class NotebookEnd:
    """The value of a replaced notebook with all else that it leaves; a function may return it instead of the value."""

    value: Any = None  #: a JSON value, for :func:`notebook_value`
    warnings: tuple[str, ...] = ()  #: they turn the run orange
    light: Literal["green", "orange"] = "green"  #: orange also if there are warnings
    scraps: Mapping[str, Any] = field(default_factory=dict)  #: JSON values by name, as if it had glued them
    files: Mapping[str, str | bytes] = field(default_factory=dict)  #: contents of files in its folder, by their paths there


def notebook_value(path: str | Path) -> Any:
    """Return the value of a replaced notebook by its path, which notebooks that need it get.

    Raises:
        DefinitionError: there is no such file, or it was not left by a function of :func:`run_project`.
    """
    if not isinstance(path, str | Path):
        raise DefinitionError(f"notebook_value takes the path of a notebook, not {path!r:.80}")
    try:
        return json.loads(Path(path).read_text("utf-8"))["metadata"][_VALUE]["value"]
    except OSError as error:
        raise DefinitionError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, KeyError, TypeError):
        raise DefinitionError(f"{path} was not left by a function of run_project, and has no value") from None


class ReplacedNotebooks:
    """Bodies for the activities that would run notebooks and make reports.

    Args:
        functions: by label, or by ``WORKFLOW/LABEL`` if several workflows of the file have it.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.labels: dict[tuple[str, str], str] = {}  #: of tasks begun, by run id and activity id

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
        flowapi_url_as: list[str],
        warnings: CountedWarnings = "own",
        index: int | None = None,
        item_folder: str | None = None,
        files: dict[str, dict[str, Any]] | None = None,
        failures: dict[str, list[dict[str, Any]]] | None = None,
        scraps: list[str] | None = None,
        key: str | None = None,
        run_id: str | None = None,
        **_: Any,
    ) -> dict[str, object]:
        """Call the function of a label with the parameters that its notebook would get."""
        task, item = context(), Item(label, index)
        self.labels[task.run_id, task.activity_id] = str(item)
        artefacts, source = Artefacts(Path(outputs)), Path(inputs_dir, filename)
        place = ItemPlace(artefacts, workflow, instance, label, index, item_folder)
        attempt = artefacts.begin_attempt(workflow, instance, label, item_folder)
        run_id = run_id or task.run_id  # of an item of a slice: the run, and not the execution of the slice
        with recorded_item(run_id, place, attempt, key):
            values = values_of_item(
                (artefacts, workflow, instance),
                parameters=parameters,
                upstream=upstream,
                files=files or {},
                failures=failures or {},
                flowapi_url_as=flowapi_url_as,
            )
            of_run = ItemOfRun(index, key, run_id) if key is not None or index is not None else None
            made = self._carried_out(place, values, source, inputs_dir, attempt, warnings, of_run)
            told = told_scraps(item, Path(made.path), scraps or ())
        return dataclasses.replace(made, scraps=told).as_json()

    def _carried_out(
        self,
        place: ItemPlace,
        values: dict[str, Any],
        source: Path,
        inputs_dir: str,
        attempt: int,
        warnings: CountedWarnings,
        of_run: ItemOfRun | None,
    ) -> NotebookResult:
        """Call the function, and leave what its notebook would."""
        label, outputs, folder = place.label, place.artefacts.outputs, place.folder
        notebook = folder / f"{path_part(label)}.ipynb"
        folder.mkdir(parents=True, exist_ok=True)
        beside, digest = place_beside(source, outputs), hashlib.sha256(source.read_bytes()).hexdigest()
        portable, names = portable_parameters(values, outputs, inputs_dir)
        config = {"label": label, "source": beside, "source_sha256": digest, "parameters": portable, RELATIVE: names}
        write_json(folder / "config.json", config, {})
        record: dict[str, Any] = {
            "label": label,
            "status": AttemptState.FAILED,
            "light": Light.RED,
            "attempt": attempt,
            "source": beside,
            **(of_run.as_json() if of_run is not None else {}),
        }
        record |= {"source_sha256": digest, "started": _now(), "warnings": [], "error": None, "skipped_for": None}
        function = self.functions.get(f"{place.workflow}/{label}") or self.functions[label]
        call = NotedCall([Path(inputs_dir), *_folder_of(function)], warnings)
        said: list[str] = []
        try:
            with noted(call):
                end = _called(function, label, values, notebook)
            _write_notebook(notebook, end)
            _write_files(folder, end.files)
            said, light = [*end.warnings, *call.warnings()][:KEPT_WARNINGS], Light(end.light)
            light = Light.ORANGE if said else light
            record |= {"status": AttemptState.SUCCEEDED, "light": light}
        except NotebookSkipped as skip:
            record |= {"status": AttemptState.SKIPPED, "light": Light.GREEN, "skipped_for": str(skip)}
            raise
        except NotebookFailed as failure:
            record["error"] = {"cell": failure.cell, "ename": failure.ename, "evalue": failure.evalue}
            raise
        finally:
            write_atomically(folder / "output.txt", call.output())
            record["warnings"] = said or call.warnings()[:KEPT_WARNINGS]
            write_json(folder / "run.json", {**record, "ended": _now()}, {})
        return NotebookResult(path=str(notebook), light=light, warnings=said)

    def convert_report(
        self,
        *,
        workflow: str,
        instance: str,
        outputs: str,
        label: str,
        format: str = "pdf",
        file_name: str | None = None,
        index: int | None = None,
        **_: Any,
    ) -> dict[str, object]:
        """Write a file of one line instead of the report."""
        path = Artefacts(Path(outputs)).reports_folder(workflow, instance) / (file_name or f"{path_part(label)}.{format}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"the report of {Item(label, index)} would be here\n")
        return ReportResult(path=str(path)).as_json()


def _called(function: Function, label: str, values: dict[str, Any], notebook: Path) -> NotebookEnd:
    try:
        found = function(dict(values))
    except Skip as skip:
        raise NotebookSkipped(str(skip)) from None
    except (NotebookFailed, NotebookRefused, NotebookSkipped):
        raise
    except BaseException as error:  # the outcomes of pytest, too: this thread belongs to a worker, which takes no signals
        if isinstance(error, SystemExit) and error.code in (None, 0):  # as in a kernel
            return NotebookEnd()
        trace = "".join(traceback.format_exception(error))
        raise NotebookFailed(label, 1, type(error).__name__, text_of(error), trace, notebook) from error
    return found if isinstance(found, NotebookEnd) else NotebookEnd(found)


def _folder_of(function: Function) -> list[Path]:
    """Return the folder of the function's source: it is code of the analyst, as a notebook is."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return [] if code is None else [Path(code.co_filename).parent]


def _write_notebook(path: Path, end: NotebookEnd) -> None:
    outputs = [scrap_output(name, value) for name, value in end.scraps.items()]
    cell = {"cell_type": "code", "execution_count": 1, "id": "1", "metadata": {}, "source": "", "outputs": outputs}
    metadata = {_VALUE: {"value": end.value}}
    whole = {"cells": [cell] if outputs else [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    try:
        text = json.dumps(whole)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"what the function of {path.stem} returned has no JSON form: {error}") from None
    write_atomically(path, text)


def _write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        if not Path(os.path.normpath(path)).is_relative_to(folder) or path == folder:
            raise DefinitionError(f"files of a NotebookEnd are in the folder of the notebook, and {name!r} is not")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)


def _now() -> str:
    """Return the time of the service whose task this thread carries out."""
    return datetime.fromtimestamp(context().service.clock.timestamp(), UTC).isoformat()
