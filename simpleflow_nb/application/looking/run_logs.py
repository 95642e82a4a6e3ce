"""Texts that the notebooks of a run printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ..arguments import check_number, check_text
from ..records.item_rows import ItemRow
from ..records.named_items import items_of_run
from ..records.run_rows import RunRow, found_row, run_rows

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.artefacts import Artefacts

    from ..services import Service


@dataclass(frozen=True)
class LogLine:
    """A line that a notebook printed."""

    label: str
    text: str  #: without its line break
    index: int | None = None  #: of the item; None of a label without a list of items

    @property
    def name(self) -> str:
        """The label, or ``day:3``."""
        return self.label if self.index is None else f"{self.label}:{self.index}"


@dataclass(frozen=True)
class LogSource:
    """A notebook of a run whose lines are wanted."""

    label: str
    item: ItemRow | None = None  #: None of a label without a list of items

    @property
    def name(self) -> str:
        """The label, or ``day:3``."""
        return self.label if self.item is None else str(self.item.item)


@dataclass(frozen=True)
class RunLog:
    """The lines that the notebooks of a run printed, of one after the other; read each time it is iterated over."""

    run: RunRow
    sources: Sequence[LogSource]  #: in the order of the workflow file, items by index
    outputs: Path
    attempt: int | None = None  #: at the notebooks; None is the latest
    pattern: re.Pattern[str] | None = None

    @property
    def labels(self) -> list[str]:
        """The labels whose lines are wanted, in the order of the workflow file."""
        return list(dict.fromkeys(source.label for source in self.sources))

    def __iter__(self) -> Iterator[LogLine]:
        """Yield the lines that fit the pattern.

        Raises:
            DefinitionError: a label, or every item of one, has no such attempt, or it was cleaned away.
        """
        return (line for line in self._lines() if self.pattern is None or self.pattern.search(line.text))

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all was printed, whatever the pattern, or the files were cleaned away."""
        return next(self._lines(), None) is None

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "run": self.run.title,
            "run_id": self.run.run_id,
            "attempt": self.attempt,
            "lines": [{"label": line.label, "index": line.index, "text": line.text} for line in self],
        }

    def _lines(self) -> Iterator[LogLine]:
        from workers.artefacts import Artefacts

        artefacts = Artefacts(self.outputs)
        folders = [(source, self._folder(artefacts, source)) for source in self.sources]
        for label in self.labels:
            of_label = [(source, folder) for source, folder in folders if source.label == label]
            if of_label and all(folder is None for _, folder in of_label) and self.attempt is not None:
                raise DefinitionError(self._without_attempt(artefacts, of_label[0][0]))
            for source, folder in of_label:
                for text in _texts_in(folder, self.outputs) if folder is not None else ():
                    yield LogLine(label, text, source.item.index if source.item is not None else None)

    def _folder(self, artefacts: Artefacts, source: LogSource) -> Path | None:
        """Return the folder of the wanted attempt; None if there is no such attempt, or it has not begun."""
        place, item = self._place(source), source.item
        if self.attempt is None or (item is not None and item.folder is None):
            return self._latest(artefacts, source)
        latest = self._latest(artefacts, source)
        if item is not None and latest is not None and latest.parent != artefacts.notebook_folder(*place[:3]):
            return latest if self.attempt == item.attempt else None  # of another run, whose item this one has taken over
        kept = artefacts.attempt_folder(*place[:3], self.attempt, place[3])
        if kept.is_dir():
            return kept
        return latest if self.attempt == artefacts.attempts(*place) else None

    def _latest(self, artefacts: Artefacts, source: LogSource) -> Path | None:
        if source.item is None:
            return artefacts.notebook_folder(*self._place(source))
        return Path(source.item.folder) if source.item.folder is not None else None

    def _place(self, source: LogSource) -> tuple[str, str, str, str | None]:
        folder = source.item.folder if source.item is not None else None
        return (self.run.workflow, self.run.instance or "", source.label, Path(folder).name if folder is not None else None)

    def _without_attempt(self, artefacts: Artefacts, source: LogSource) -> str:
        several = sum(one.label == source.label for one in self.sources) > 1
        if several:
            return f"no item of {source.label!r} of {self.run.title} has an attempt {self.attempt}"
        kept_ones = artefacts.kept_attempts(*self._place(source))
        is_gone = kept_ones and 0 < (self.attempt or 0) < kept_ones[0]
        gone = f" any more; the oldest that is kept is {kept_ones[0]}" if is_gone else ""
        return f"{self.run.title} has no attempt {self.attempt} of {source.name}{gone}"


def run_log(
    specification: Specification,
    outputs: Path,
    service: Service,
    reference: str,
    label: str | None = None,
    *,
    attempt: int | None = None,
    pattern: str | None = None,
) -> RunLog:
    """Find what the notebooks of a run printed, or that of ``label``.

    Args:
        reference: see `deciders.runs.run_reference`.
        label: of one label alone, or of one of its items, such as ``day:3``.
        attempt: the number of an earlier attempt at the labels, from 1. Items without one are left out, unless none has one.
        pattern: a regular expression that a line is to match somewhere.

    Raises:
        DefinitionError: there is no such run, label or item, or several runs fit, or the pattern is none.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
        PayloadError: what an open run was started with is not to be had here, and its labels have items.
    """
    check_text("label", label, is_optional=True)
    check_text("pattern", pattern, is_optional=True)
    check_number("attempt", attempt)
    try:
        wanted = re.compile(pattern) if pattern is not None else None
    except re.error as error:
        raise DefinitionError(f"--grep {pattern!r} is not a regular expression: {error}") from None
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place), reference)
        items = items_of_run(specification, outputs, row, place)
    sources = list[LogSource]()
    for name in (
        [label] if label is not None else [notebook.label for notebook in specification.workflow(row.workflow).notebooks]
    ):
        item, rows = items.meant(name)
        if item.label in items.fans:
            sources += [LogSource(item.label, one) for one in rows]
        else:
            sources.append(LogSource(item.label))
    return RunLog(row, sources, outputs, attempt, wanted)


def _texts_in(folder: Path, outputs: Path) -> Iterator[str]:
    from workers.sharing.taken_items import made_folder

    try:
        with open(made_folder(folder, outputs) / "output.txt", encoding="utf-8", errors="replace") as file:
            yield from (line.rstrip("\n") for line in file)
    except FileNotFoundError:
        return
