"""Which reports of a run that is tried again need not be made again: those that would come out the same.

A report leaves beside its notebook what it was made from; that is compared with what it would be made from now. So a template
that was changed, other fonts or another version of this package make a report again, and nothing else does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deciders.report_templates import ASCIIDOC_TEMPLATES, TYPST_TEMPLATE
from deciders.runs.due_runs import Run
from deciders.specification import OutputSpecification, WorkflowSpecification
from deciders.specification.inputs_folder import folded_name
from deciders.specification.report_names import report_file_names
from deciders.values.artefact_key import ArtefactKey
from simpleflow_nb import __version__

from ..artefacts import Artefacts, read_record, write_atomically
from ..kept_paths import found_path
from ..secrets import masked_leaves

_FONTS = "fonts"  #: folder in that of the inputs
#: what a template can use of the files beside it; a notebook that changes there concerns no report but its own
_FOR_TEMPLATES = (TYPST_TEMPLATE, *ASCIIDOC_TEMPLATES, ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")


def report_origin(output: OutputSpecification, reference_date: str | None, inputs_dir: Path, executed: Path) -> dict[str, Any]:
    """What a report of ``executed`` is made from, ready for JSON: equal origins give equal reports.

    The template and the record of the notebook's execution count by content; fonts, and the files beside the template, which
    it may use, by name, size and time of their last change. What cannot be read is None.
    """
    template = inputs_dir / output.template if output.template is not None else None
    return {
        "version": __version__,
        "options": output.model_dump(mode="json", exclude={"name"}),
        "reference_date": reference_date,
        "executed": _digest(executed.with_name("run.json")),
        "template": _digest(template) if template is not None else None,
        "beside": _listing(template.parent, _FOR_TEMPLATES) if template is not None else None,
        "fonts": _listing(inputs_dir / _FONTS),
    }


def record_report(result: Mapping[str, Any], origin: Mapping[str, Any], format: str, executed: Path) -> None:
    """Leave beside the executed notebook what its report was made from, and what came of it.

    Raises:
        OSError: it cannot be written.
    """
    content = masked_leaves({"origin": origin, "result": result})
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
    write_atomically(_record_path(executed, format), text + "\n")


def kept_reports(
    workflow: WorkflowSpecification,
    run: Run,
    inputs_dir: Path,
    artefacts: Artefacts,
    kept: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """By label and format (``count.pdf``) what the activity of each report that stands returned then.

    A report stands if its notebook is one of the ``kept``, its file is there, and it would be made from the same things now. It
    stands where it is, also if it would have another name now, unless another report of the run is called so.
    """
    found: dict[str, dict[str, Any]] = {}
    names = report_file_names(workflow, run.instance, run.parameters)
    for notebook in workflow.notebooks:
        if notebook.label not in kept:
            continue
        executed = artefacts.notebook(workflow.name, run.instance, notebook.label)
        for output in notebook.output:
            record = report_record(executed, output.format)
            result = record.get("result")
            if not isinstance(result, dict) or not isinstance(result.get("path"), str):
                continue
            path = Path(found_path(result["path"], artefacts.outputs, workflow.name, run.instance))
            others = {folded_name(name) for key, name in names.items() if key != (notebook.label, output.format)}
            if not path.is_file() or folded_name(path.name) in others:
                continue
            if record.get("origin") == report_origin(output, run.iso_date, inputs_dir, executed):
                found[ArtefactKey(notebook.label, output.format).file_name] = {**result, "path": str(path)}
    return found


def report_record(executed: Path, format: str) -> dict[str, Any]:
    """What `record_report` left of the report of that format: its ``origin`` and its ``result``; empty without one."""
    return read_record(_record_path(executed, format))


def _record_path(executed: Path, format: str) -> Path:
    return executed.with_name(f"report-{format}.json")


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _listing(folder: Path, endings: tuple[str, ...] = ("",)) -> str | None:
    """A digest of the names, sizes and times of the files in a folder that end so."""
    try:
        files = [entry for entry in folder.iterdir() if entry.name.lower().endswith(endings) and entry.is_file()]
        entries = sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in files)
    except OSError:
        return None
    return hashlib.sha256(repr(entries).encode("utf-8", "surrogatepass")).hexdigest()
