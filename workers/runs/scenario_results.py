"""The results of a set of scenarios: a row for each instance, in ``<outputs>/scenarios/NAME/results.json`` and ``results.csv``.

The rows come from the run records and from what the service says is running; chosen scraps are read from executed notebooks,
once for each run.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.path_parts import path_part
from deciders.problems import did_you_mean, listed
from deciders.runs.scenario_runs import ScenarioSet
from deciders.specification import WorkflowSpecification
from deciders.steps.references import split_reference
from deciders.values.light import Light
from deciders.values.run_state import RunState

from ..artefacts import read_record, write_atomically, write_record
from ..notebooks.scraps import read_scraps
from ..records.run_records import RunRecord
from ..secrets import masked_leaves

PENDING = "pending"  #: the state of an instance that has not run with its present parameters
_FOLDER, _FILE = "scenarios", "results"
_CSV_COLUMNS = ("instance", "state", "light", "started", "duration", "error")
#: of a record, for `results_of`
VALUES = ("parameters", "state", "light", "started", "ended", "error", "artefacts", "run_id", "reason")


@dataclass(frozen=True, kw_only=True)
class ScenarioResult:
    """The latest run of a scenario, or that it has none."""

    instance: str  #: within the set
    run: str  #: NAME/INSTANCE, as commands take a RUN
    parameters: dict[str, Any]
    state: str = PENDING  #: a `RunState`, or `PENDING`
    light: str | None = None  #: None before it has ended
    started: datetime | None = None
    seconds: float | None = None  #: None before it has ended
    results: dict[str, Any] = field(default_factory=dict)  #: by ``label.name``; None where there is none
    error: str | None = None
    notes: tuple[str, ...] = ()  #: why there is no value where one was to be expected
    reason: str | None = None  #: why it was run
    run_id: str | None = None

    @property
    def is_red(self) -> bool:
        return self.light == Light.RED

    def as_json(self) -> dict[str, Any]:
        """Return the row of ``results.json``; ``duration`` is in seconds."""
        return {
            "instance": self.instance,
            "run": self.run,
            "parameters": self.parameters,
            "state": self.state,
            "light": self.light,
            "started": self.started.astimezone(UTC).isoformat() if self.started is not None else None,
            "duration": round(self.seconds, 3) if self.seconds is not None else None,
            "results": self.results,
            "error": self.error,
            "notes": list(self.notes),
            "reason": self.reason,
            "run_id": self.run_id,
        }


def results_file(outputs: Path, set_name: str) -> Path:
    """Return the path of the ``results.json`` of a set; ``results.csv`` is beside it."""
    return outputs / _FOLDER / path_part(set_name) / f"{_FILE}.json"


def results_of(
    wanted: ScenarioSet,
    workflow: WorkflowSpecification,
    latest: Iterable[RunRecord],
    running: Collection[tuple[str, str]],
    outputs: Path,
) -> list[ScenarioResult]:
    """Return a row for each scenario of the set, in its order.

    Args:
        latest: the newest record of each instance of the workflow, with `VALUES` at least.
        running: workflow name and identity of each open run.
        outputs: scraps of runs that the former results there have are not read again.
    """
    prefix = f"{wanted.name}."
    records = {record.instance: record for record in latest if record.instance.startswith(prefix)}
    former = {row.get("run_id"): row for row in read_record(results_file(outputs, wanted.name)).get("instances") or ()}
    labels = [notebook.label for notebook in workflow.notebooks]
    found = []
    for scenario in wanted.scenarios:
        run = wanted.run(scenario)
        own: dict[str, Any] = {"instance": scenario.name, "run": run.title, "parameters": scenario.parameters}
        record = records.get(run.instance)
        if (wanted.workflow, run.identity) in running:
            found.append(ScenarioResult(**own, state=RunState.RUNNING, results=dict.fromkeys(wanted.results)))
        elif record is None or record.identity != run.identity:
            found.append(ScenarioResult(**own, results=dict.fromkeys(wanted.results)))
        else:
            values, notes = _known(former.get(record.run_id), wanted.results) or _scraps(record, wanted.results, labels)
            found.append(
                ScenarioResult(
                    **own,
                    state=str(record.state),
                    light=str(record.light),
                    started=record.started,
                    seconds=(record.ended - record.started).total_seconds(),
                    results=values,
                    error=record.error,
                    notes=tuple(notes),
                    reason=record.reason,
                    run_id=record.run_id,
                )
            )
    return found


def _known(row: Mapping[str, Any] | None, wanted: Sequence[str]) -> tuple[dict[str, Any], list[str]] | None:
    """Return what the former results have of the same run, if they were asked for the same."""
    values = row.get("results") if row is not None else None
    if row is None or not isinstance(values, dict) or list(values) != list(wanted):
        return None
    return values, list(row.get("notes") or ())


def _scraps(record: RunRecord, wanted: Sequence[str], labels: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Read the chosen scraps of a run, with notes on those that lack though their label was executed."""
    values: dict[str, Any] = dict.fromkeys(wanted)
    notes: list[str] = []
    read: dict[str, Mapping[str, Any] | None] = {}  # None: the notebook cannot be read
    for reference in wanted:
        try:
            label, name = split_reference(reference, labels)
        except ValueError as error:  # the workflow has changed since the set was started
            notes.append(f"{reference}: {error}")
            continue
        path = record.artefacts.get(label)
        if path is None or name is None:
            continue  # it was skipped, failed or not run
        if label not in read:
            try:
                read[label] = read_scraps(path)
            except (OSError, ValueError) as error:
                notes.append(f"{label}: the executed notebook cannot be read: {error}")
                read[label] = None
        if (scraps := read[label]) is None:
            continue
        if name in scraps:
            values[reference] = value = _finite(scraps[name])
            if value is None and scraps[name] is not None:
                notes.append(f"{reference} is {scraps[name]}, which JSON does not have")
            elif value != scraps[name]:
                notes.append(f"{reference} holds numbers that JSON does not have, such as NaN; they are null here")
        else:
            there = did_you_mean(name, scraps) or (f", but {listed(scraps)}" if scraps else "")
            notes.append(f"{reference}: {label} has glued no {name!r}{there}")
    return values, notes


def _finite(value: Any) -> Any:
    """Return a scrap as JSON has it: a number that is not finite becomes null, also inside of lists and mappings."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return {key: _finite(one) for key, one in value.items()} if isinstance(value, dict) else value


def results_document(wanted: ScenarioSet, rows: Sequence[ScenarioResult]) -> dict[str, Any]:
    """Return the results as a JSON object; known secrets are masked."""
    document: dict[str, Any] = {
        "name": wanted.name,
        "workflow": wanted.workflow,
        "instances": [row.as_json() for row in rows],
    }
    masked: dict[str, Any] = masked_leaves(document)
    return masked


def write_results(wanted: ScenarioSet, rows: Sequence[ScenarioResult], outputs: Path) -> Path:
    """Write both files, each whole or not at all; return the path of ``results.json``.

    Raises:
        OSError: they cannot be written.
    """
    path = results_file(outputs, wanted.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    document = results_document(wanted, rows)
    write_record(path, document)
    write_atomically(path.with_suffix(".csv"), results_csv(document))
    return path


def results_csv(document: Mapping[str, Any]) -> str:
    """Return the rows as CSV: a column for each parameter and each scrap; null is empty, lists and mappings are JSON.

    A parameter called like another column is ``parameters.NAME``.
    """
    rows = document["instances"]
    scraps = list(dict.fromkeys(name for row in rows for name in row["results"]))
    names = list(dict.fromkeys(name for row in rows for name in row["parameters"]))
    taken = {*_CSV_COLUMNS, *scraps}
    columns = ["instance", *(f"parameters.{name}" if name in taken else name for name in names), *_CSV_COLUMNS[1:-1]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *scraps, "error"])
    for row in rows:
        cells = [row["instance"], *(row["parameters"].get(name) for name in names)]
        cells += [row[name] for name in _CSV_COLUMNS[1:-1]]
        cells += [*(row["results"].get(name) for name in scraps), row["error"]]
        writer.writerow([_cell(value) for value in cells])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
