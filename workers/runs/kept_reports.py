"""Reports that a retried run can skip: those that would come out the same.

The origin of each report is recorded beside its notebook and compared with the present one. So a changed template, other fonts
or another version of this package cause a report to be made again, and nothing else does.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deciders.report_templates import ASCIIDOC_TEMPLATES, TYPST_TEMPLATE
from deciders.runs.planned_run import PlannedRun
from deciders.specification import OutputSpecification, WorkflowSpecification
from deciders.specification.inputs_folder import folded_name
from deciders.specification.report_names import report_file_names
from deciders.tasks.results import NotebookResult, ReportResult
from deciders.values.artefact_key import ArtefactKey
from simpleflow_nb import __version__

from ..artefacts import Artefacts, read_record, write_record
from ..kept_paths import found_path
from ..secrets import masked_leaves

_FONTS = "fonts"  #: folder within the inputs folder
#: files that a template can use from its folder; a changed notebook there affects no report but its own
_FOR_TEMPLATES = (TYPST_TEMPLATE, *ASCIIDOC_TEMPLATES, ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")


def report_origin(output: OutputSpecification, reference_date: str | None, inputs_dir: Path, executed: Path) -> dict[str, Any]:
    """Return the origin of a report of ``executed``, ready for JSON: equal origins give equal reports.

    The template and the record of the notebook's execution count by content; fonts and the files beside the template by name,
    size and modification time. Whatever cannot be read is None.
    """
    return {**_surroundings(output, reference_date, inputs_dir), "executed": _digest(executed.with_name("run.json"))}


def _surroundings(output: OutputSpecification, reference_date: str | None, inputs_dir: Path) -> dict[str, Any]:
    """Return the part of an origin that all items of a label have in common."""
    template = inputs_dir / output.template if output.template is not None else None
    return {
        "version": __version__,
        "options": output.model_dump(mode="json", exclude={"name"}),
        "reference_date": reference_date,
        "template": _digest(template) if template is not None else None,
        "beside": _listing(template.parent, _FOR_TEMPLATES) if template is not None else None,
        "fonts": _listing(inputs_dir / _FONTS),
    }


def record_report(result: ReportResult, origin: Mapping[str, Any], format: str, executed: Path) -> None:
    """Leave beside the executed notebook what its report was made from, and what came of it.

    Raises:
        OSError: it cannot be written.
    """
    write_record(_record_path(executed, format), masked_leaves({"origin": origin, "result": result.as_json()}))


def kept_reports(
    workflow: WorkflowSpecification,
    run: PlannedRun,
    inputs_dir: Path,
    artefacts: Artefacts,
    kept: Mapping[str, NotebookResult],
) -> dict[str, ReportResult]:
    """By label and format (``count.pdf``) what the activity of each report that stands returned then.

    A report is kept if its notebook is one of the ``kept``, its file exists, and its origin would be the same now. It keeps its
    path, even if it would have another name now, unless another report of the run has that path.
    """
    found: dict[str, ReportResult] = {}
    names = report_file_names(workflow, run.instance, run.parameters)
    for notebook in workflow.notebooks:
        if notebook.label not in kept:
            continue
        executed = artefacts.notebook(workflow.name, run.instance, notebook.label)
        for output in notebook.output:
            record = report_record(executed, output.format)
            result = recorded_result(record)
            if result is None:
                continue
            path = Path(found_path(result.path, artefacts.outputs, workflow.name, run.instance))
            others = {folded_name(name) for key, name in names.items() if key != (notebook.label, output.format)}
            if not path.is_file() or folded_name(path.name) in others:
                continue
            if record.get("origin") == report_origin(output, run.iso_date, inputs_dir, executed):
                found[ArtefactKey(notebook.label, output.format).file_name] = dataclasses.replace(result, path=str(path))
    return found


def kept_item_reports(
    workflow: WorkflowSpecification,
    run: PlannedRun,
    inputs_dir: Path,
    artefacts: Artefacts,
    kept: Mapping[str, Mapping[str, NotebookResult]],
) -> dict[str, dict[str, dict[str, ReportResult]]]:
    """By label, key and format what the activity of each report of the ``kept`` items returned then, if its file exists and its
    origin would be the same now.

    Whether it would have the same name now is known to the run alone, which knows the numbers of its items.
    """
    found: dict[str, dict[str, dict[str, ReportResult]]] = {}
    for notebook in workflow.notebooks:
        for output in notebook.output if notebook.label in kept else ():
            surroundings = _surroundings(output, run.iso_date, inputs_dir)
            for key, item in kept[notebook.label].items():
                executed = Path(item.path)
                record = report_record(executed, output.format)
                result = recorded_result(record)
                if result is None:
                    continue
                path = found_path(result.path, artefacts.outputs, workflow.name, run.instance)
                now = {**surroundings, "executed": _digest(executed.with_name("run.json"))}
                if Path(path).is_file() and record.get("origin") == now:
                    of_item = found.setdefault(notebook.label, {}).setdefault(key, {})
                    of_item[output.format] = dataclasses.replace(result, path=path)
    return found


def report_record(executed: Path, format: str) -> dict[str, Any]:
    """Return the ``origin`` and the ``result`` that `record_report` wrote for the report of that format; empty if there are
    none.
    """
    return read_record(_record_path(executed, format))


def recorded_result(record: Mapping[str, Any]) -> ReportResult | None:
    """Read the result in a `report_record`; None where there is none, or none that can be read."""
    try:
        return ReportResult.of_json(record["result"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _record_path(executed: Path, format: str) -> Path:
    return executed.with_name(f"report-{format}.json")


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _listing(folder: Path, endings: tuple[str, ...] = ("",)) -> str | None:
    """Return a digest of the names, sizes and times of the files in a folder with these endings."""
    try:
        files = [entry for entry in folder.iterdir() if entry.name.lower().endswith(endings) and entry.is_file()]
        entries = sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in files)
    except OSError:
        return None
    return hashlib.sha256(repr(entries).encode("utf-8", "surrogatepass")).hexdigest()
