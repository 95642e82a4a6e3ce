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
from ..records.run_rows import RunRow, found_row, run_rows

if TYPE_CHECKING:
    from deciders.specification import Specification

    from ..services import Service


@dataclass(frozen=True)
class LogLine:
    """A line that a notebook printed."""

    label: str
    text: str  #: without its line break


@dataclass(frozen=True)
class RunLog:
    """The lines that the notebooks of a run printed, of one after the other; read each time it is iterated over."""

    run: RunRow
    labels: Sequence[str]  #: in the order of the workflow file
    outputs: Path
    attempt: int | None = None  #: at the labels; None is the latest
    pattern: re.Pattern[str] | None = None

    def __iter__(self) -> Iterator[LogLine]:
        """Yield the lines that fit the pattern.

        Raises:
            DefinitionError: a label has no such attempt, or it was cleaned away.
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
            "lines": [{"label": line.label, "text": line.text} for line in self],
        }

    def _lines(self) -> Iterator[LogLine]:
        for label in self.labels:
            for text in _lines_of(self.outputs, self.run, label, self.attempt):
                yield LogLine(label, text)


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
        attempt: the number of an earlier attempt at the labels, from 1.
        pattern: a regular expression that a line is to match somewhere.

    Raises:
        DefinitionError: there is no such run or label, or several runs fit, or the pattern is none.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
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
    labels = [notebook.label for notebook in specification.workflow(row.workflow).notebooks]
    if label is not None and label not in labels:
        from deciders.problems import did_you_mean

        raise DefinitionError(f"{row.workflow} has no notebook {label!r}{did_you_mean(label, labels)}")
    return RunLog(row, [label] if label is not None else labels, outputs, attempt, wanted)


def _lines_of(outputs: Path, row: RunRow, label: str, attempt: int | None) -> Iterator[str]:
    from workers.artefacts import Artefacts
    from workers.sharing.taken_items import made_folder

    artefacts, instance = Artefacts(outputs), row.instance or ""
    folder = artefacts.notebook_folder(row.workflow, instance, label)
    if attempt is not None:
        kept = artefacts.attempt_folder(row.workflow, instance, label, attempt)
        folder = kept if kept.is_dir() else folder
        if not kept.is_dir() and attempt != artefacts.attempts(row.workflow, instance, label):
            kept_ones = artefacts.kept_attempts(row.workflow, instance, label)
            gone = f" any more; the oldest that is kept is {kept_ones[0]}" if kept_ones and 0 < attempt < kept_ones[0] else ""
            raise DefinitionError(f"{row.title} has no attempt {attempt} of {label}{gone}")
    try:
        with open(made_folder(folder, outputs) / "output.txt", encoding="utf-8", errors="replace") as file:
            yield from (line.rstrip("\n") for line in file)
    except FileNotFoundError:
        return
