"""Reports of items: which there are, how their files are called, and which of them stand since a former run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from ..path_parts import path_part
from ..specification import OutputSpecification
from ..specification.report_names import report_file_names
from ..tasks.results import ReportResult
from ..values.artefact_key import ArtefactKey
from ..values.item import Item
from .item_tasks import ItemTasks
from .work import ReportKey


class ItemReport(NamedTuple):
    """A report that the workflow file asks for, of an item that has ended well."""

    key: ReportKey
    output: OutputSpecification
    file_name: str | None  #: in the folder of the run's reports; None: as that of a label is called anyway
    standing: ReportResult | None  #: it is not made again


class ItemReports:
    """The reports of one run, or of one slice of it."""

    def __init__(self, tasks: ItemTasks) -> None:
        self._tasks, self._run = tasks, tasks.run
        self._names = report_file_names(self._run.specification, self._run.folder.instance, self._run.parameters)

    def of(self, item: Item) -> Iterator[ItemReport]:
        """Yield the reports of an item that has ended well."""
        named, folder = self._tasks.named(item), self._tasks.folder(item)
        for output in self._run.notebooks[item.label].output:
            name = self._names[item.label, output.format]
            if folder is not None:
                name = f"{name.removesuffix(f'.{output.format}')}/{path_part(folder)}.{output.format}"
            is_told = folder is not None or output.name is not None
            standing = self._standing(item, output, name) if item not in self._tasks.work.began else None
            yield ItemReport((named, str(output.format)), output, name if is_told else None, standing)

    def _standing(self, item: Item, output: OutputSpecification, name: str) -> ReportResult | None:
        """Return the report of a kept item that stands. That of one known by its key stands under its present name alone: its
        number may be another one now, and another item may have the former."""
        if not self._tasks.is_known_by_key(item.label):
            return self._run.kept_reports.get(ArtefactKey(item.label, output.format).file_name)
        if not (items := self._run.kept_item_reports.get(item.label)):
            return None
        found = items.get(self._tasks.key(item) or "", {}).get(output.format)
        parts = PurePosixPath(name).parts
        return found if found is not None and PurePosixPath(found.path).parts[-len(parts) :] == parts else None
