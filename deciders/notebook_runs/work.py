"""Work of a run: what its items and its reports have come to so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..tasks.results import NotebookResult, ReportResult
from ..values.item import Item

ReportKey = tuple[Item, str]  #: with the format; the item as people name it


@dataclass
class Work:
    """Results and failures. Items are those of the graph, also of a label that has only one."""

    results: dict[Item, NotebookResult] = field(default_factory=dict)  #: of items that ended well, kept ones among them
    began: dict[Item, None] = field(default_factory=dict)  #: items that were started, in this order
    errors: dict[Item, str] = field(default_factory=dict)  #: sentences, of items that were started and did not end well
    details: dict[Item, str] = field(default_factory=dict)  #: of those that failed: tracebacks, as JSON
    reports: dict[ReportKey, ReportResult] = field(default_factory=dict)
    unreported: dict[ReportKey, str] = field(default_factory=dict)  #: why a report could not be made
    standing: dict[ReportKey, ReportResult] = field(default_factory=dict)  #: reports that are not made again

    def as_json(self) -> dict[str, Any]:
        """Return the work of a slice for the run that it belongs to."""
        return {
            "results": [[one.label, one.index, result.as_json()] for one, result in self.results.items()],
            "began": [[one.label, one.index] for one in self.began],
            "errors": [[one.label, one.index, text] for one, text in self.errors.items()],
            "details": [[one.label, one.index, text] for one, text in list(self.details.items())[:1]],
            "reports": [[one.label, one.index, name, made.as_json()] for (one, name), made in self.reports.items()],
            "unreported": [[one.label, one.index, name, why] for (one, name), why in self.unreported.items()],
            "standing": [[one.label, one.index, name, made.as_json()] for (one, name), made in self.standing.items()],
        }

    def add(self, given: dict[str, Any]) -> None:
        """Take in the work of a slice.

        Raises:
            KeyError, TypeError, ValueError: ``given`` is not the JSON of such work.
        """
        self.results |= {Item(label, n): NotebookResult.of_json(result) for label, n, result in given["results"]}
        self.began |= {Item(label, n): None for label, n in given["began"]}
        self.errors |= {Item(label, n): text for label, n, text in given["errors"]}
        self.details |= {Item(label, n): text for label, n, text in given["details"]}
        self.reports |= {(Item(label, n), name): ReportResult.of_json(made) for label, n, name, made in given["reports"]}
        self.unreported |= {(Item(label, n), name): why for label, n, name, why in given["unreported"]}
        self.standing |= {(Item(label, n), name): ReportResult.of_json(made) for label, n, name, made in given["standing"]}
