"""Reports that a run should have: of its labels, and of the items of those that have several."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from deciders.path_parts import path_part
from deciders.specification import NotebookSpecification, OutputSpecification, WorkflowSpecification
from deciders.specification.report_names import report_file_names
from deciders.values.artefact_key import ArtefactKey
from deciders.values.item import Item
from deciders.values.label_state import LabelState

from ..artefacts import Artefacts
from ..kept_paths import found_path
from ..records.run_items import ItemRecord
from .latest_links import NAME as LATEST
from .report_paths import report_place

_GOOD = ("succeeded", "cached")


@dataclass(frozen=True, slots=True)
class ReportedItem:
    """An item of a fan that has ended well."""

    index: int
    slug: str  #: name of its folder in that of its label, and of its report
    folder: str  #: absolute; of an item that was taken over, that of the run which executed it

    @classmethod
    def of_record(cls, record: ItemRecord, outputs: Path) -> ReportedItem | None:
        """Return the item of a record; None for one that has not ended well, or that is a label without a list of items."""
        if record.state not in _GOOD or record.slug is None or record.folder is None:
            return None
        return cls(record.index, record.slug, found_path(record.folder, outputs, "", ""))


class Report(NamedTuple):
    """A report that a workflow file asks for, of one run."""

    notebook: NotebookSpecification
    output: OutputSpecification
    item: ReportedItem | None = None  #: None of a label without a list of items

    @property
    def key(self) -> ArtefactKey:
        """Its name among the artefacts of its run."""
        return ArtefactKey(self.notebook.label, self.output.format, self.item.index if self.item is not None else None)


@dataclass(frozen=True, kw_only=True)
class ReportedRun:
    """The data of a run's record that its reports depend on."""

    workflow: WorkflowSpecification  #: as it is now
    instance: str
    run_id: str
    reference_date: str | None
    labels: Mapping[str, LabelState]  #: empty if an early version recorded the run
    artefacts: Mapping[str, str] = field(default_factory=dict)  #: paths of its reports, from its record
    parameters: Mapping[str, Any] = field(default_factory=dict)
    latest_links: Sequence[str] = (LATEST,)  #: those that lead to the newest run of its parameter set
    items: Mapping[str, Sequence[ReportedItem]] = field(default_factory=dict)  #: of its fans, by label

    @property
    def title(self) -> str:
        """``NAME/DATE_IDENTITY``."""
        return f"{self.workflow.name}/{self.instance}"

    @cached_property
    def file_names(self) -> Mapping[tuple[str, str], str]:
        """The file names of its reports now, by label and format; those of items are in a folder of that name."""
        parameters = {**self.parameters, "reference_date": self.reference_date}
        return report_file_names(self.workflow, self.instance, parameters)

    def file_name(self, report: Report) -> str:
        """Return the path that a report has now in the folder of the run's reports."""
        name = self.file_names[report.notebook.label, report.output.format]
        if report.item is None:
            return name
        folder = name.removesuffix(f".{report.output.format}")
        return os.path.join(folder, f"{path_part(report.item.slug)}.{report.output.format}")

    def executed(self, report: Report, artefacts: Artefacts) -> Path:
        """Return the path of the executed notebook of a report."""
        if report.item is not None:
            return Path(report.item.folder, f"{path_part(report.notebook.label)}.ipynb")
        return artefacts.notebook(self.workflow.name, self.instance, report.notebook.label)

    def place(self, report: Report, artefacts: Artefacts, recorded: Mapping[str, str] | None = None) -> str:
        """Return the path of a report as it is, see `report_place`; ``recorded`` are other artefacts than those of the run."""
        known = self.artefacts if recorded is None else recorded
        slug = report.item.slug if report.item is not None else None
        executed = self.executed(report, artefacts)
        return report_place(artefacts, self.workflow.name, self.instance, report.key, known, item=slug, executed=executed)

    def has_items(self, label: str) -> bool:
        """Return True if the label has a list of items, in this run or by the present file."""
        return label in self.items or self.workflow.graph.steps[label].is_fan


def asks_for_items(workflow: WorkflowSpecification) -> bool:
    """Return True if the file asks for reports of items."""
    return any(notebook.output and workflow.graph.steps[notebook.label].is_fan for notebook in workflow.notebooks)


def expected_reports(run: ReportedRun, label: str | None = None) -> Iterator[Report]:
    """Yield the reports that the workflow file asks for, of the labels and items that ended well in the run.

    ``label``: only those of this label, or of one item such as ``day:3``.
    """
    wanted = Item.parse(label) if label is not None else None
    for notebook in run.workflow.notebooks:
        if wanted is not None and notebook.label not in (wanted.label, label):
            continue
        if run.has_items(notebook.label):
            for item in run.items.get(notebook.label, ()):
                if wanted is None or wanted.index in (None, item.index):
                    yield from (Report(notebook, output, item) for output in notebook.output)
        elif (wanted is None or wanted.index is None) and ended_well(notebook, run.labels):
            yield from (Report(notebook, output) for output in notebook.output)


def ended_well(notebook: NotebookSpecification, labels: Mapping[str, LabelState]) -> bool:
    """Return True if a label has ended well, or an early version recorded the run, which says nothing of labels."""
    state = labels.get(notebook.label)
    return not labels or (state is not None and state.ended_well)
