"""Results of activities and of notebook runs, as histories hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ..values.artefact_key import ArtefactKey
from ..values.item_state import ItemState
from ..values.light import Light
from ..values.run_state import RunState

#: State in the result of a run whose instance had succeeded before, so that it ran nothing.
_ALREADY_DONE = "already done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """File that a task has made."""

    path: str
    light: Light = Light.GREEN
    warnings: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the result as the history holds it."""
        return {"path": self.path, "light": str(self.light), "warnings": list(self.warnings)}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the result of a task of any version; without a light it is green.

        Raises:
            KeyError, TypeError, ValueError: ``value`` is not the result of such a task.
        """
        return cls(**cls._fields(value))

    @property
    def remarks(self) -> Sequence[str]:
        """Sentences about how the file came about, beside the warnings."""
        return ()

    @staticmethod
    def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
        warnings = tuple(str(warning) for warning in value.get("warnings") or ())
        return {"path": str(value["path"]), "light": Light(value.get("light") or Light.GREEN), "warnings": warnings}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookResult(FileResult):
    """Executed notebook: the result of ``execute_notebook``, and what a later run is given of a label that it keeps."""

    ended_in_cell: int | None = None  #: cell in which the notebook ended itself, counted from 1; None: it ran to its last cell
    scraps: Mapping[str, Any] = field(default_factory=dict)  #: those that its task has asked for, by name
    key: str | None = None  #: of its work, if it is shared with other runs
    taken_from: str | None = None  #: NAME/INSTANCE of the run that has executed it, if it was taken over

    def as_json(self) -> dict[str, Any]:
        found = FileResult.as_json(self)
        if self.ended_in_cell is not None:
            found["ended_in_cell"] = self.ended_in_cell
        if self.scraps:
            found["scraps"] = dict(self.scraps)
        return found | {name: value for name in ("key", "taken_from") if (value := getattr(self, name)) is not None}

    @staticmethod
    def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
        own = {"ended_in_cell": value.get("ended_in_cell") or None, "scraps": value.get("scraps") or {}}
        return {**FileResult._fields(value), **own, "key": value.get("key"), "taken_from": value.get("taken_from")}

    @property
    def is_taken(self) -> bool:
        """True if it was taken over, and not executed."""
        return self.taken_from is not None

    @property
    def remarks(self) -> Sequence[str]:
        """Note where the notebook ended itself, if it did."""
        return (f"ended by the notebook in cell {self.ended_in_cell}",) if self.ended_in_cell is not None else ()


@dataclass(frozen=True, slots=True)
class SharedWork:
    """The answer of a worker that was asked for a shared item: nobody has executed it yet, so it is to run."""

    key: str
    is_open: bool = False  #: an execution of its own carries it out, as far as the service's lists say

    def as_json(self) -> dict[str, Any]:
        return {"to_run": self.key, **({"is_open": True} if self.is_open else {})}

    @classmethod
    def of_json(cls, value: Any) -> SharedWork | None:
        """Read the answer; None if it is that of an item which has ended."""
        if not isinstance(value, Mapping) or "to_run" not in value:
            return None
        return cls(str(value["to_run"]), bool(value.get("is_open")))


@dataclass(frozen=True, slots=True)
class SharedEnd:
    """End of an item that was carried out in an execution of its own."""

    state: ItemState
    result: Mapping[str, Any] | None = None  #: the JSON of a `NotebookResult`, if it ended well
    said: str | None = None  #: why it ended otherwise
    details: str | None = None  #: of the failure, such as its traceback

    def as_json(self) -> dict[str, Any]:
        found = {"state": str(self.state), "result": self.result, "said": self.said, "details": self.details}
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> SharedEnd:
        """Read the end in a history.

        Raises:
            KeyError, TypeError, ValueError: ``value`` is not such an end.
        """
        return cls(ItemState.read(value["state"]), value.get("result"), value.get("said"), value.get("details"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult(FileResult):
    """Report of a notebook: the result of ``convert_report``, and what a later run is given of a report that it keeps."""

    pages: int | None = None  #: None: the format has none, or an early version did not count them

    def as_json(self) -> dict[str, Any]:
        return {**FileResult.as_json(self), "pages": self.pages}

    @staticmethod
    def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
        return {**FileResult._fields(value), "pages": value.get("pages")}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRuns:
    """Result of ``start_runs``."""

    started: Sequence[str] = ()  #: workflow ids
    held_back: int = 0  #: runs for which there was no room

    def as_json(self) -> dict[str, Any]:
        return {"started": list(self.started), "held_back": self.held_back}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> StartedRuns:
        """Read the result of any version.

        Raises:
            KeyError, TypeError: ``value`` is not the result of such a task.
        """
        return cls(started=tuple(value["started"]), held_back=value.get("held_back") or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Result of ``feed_new_dates``: one check of the sensor."""

    started: Sequence[str] = ()  #: workflow ids
    not_due: int = 0  #: pairs of an entry and a date that are not due
    held_back: int = 0  #: due runs for which ``max_parallel_runs`` left no room
    warnings: Sequence[str] = ()
    #: seconds after which a failed or skipped run is to be tried again; None when no workflow with a ``retry_wait`` or
    #: ``skip_again`` has anything open, failed or skipped
    retry_seconds: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "started": list(self.started),
            "not_due": self.not_due,
            "held_back": self.held_back,
            "warnings": list(self.warnings),
            "retry_seconds": self.retry_seconds,
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> CheckResult:
        """Read the result of any version.

        Raises:
            KeyError, TypeError: ``value`` is not the result of such a task.
        """
        return cls(
            started=tuple(value["started"]),
            not_due=value.get("not_due") or 0,
            held_back=value.get("held_back") or 0,
            warnings=tuple(value.get("warnings") or ()),
            retry_seconds=value.get("retry_seconds"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Result of a notebook run that completed."""

    state: RunState  #: succeeded or skipped
    light: Light = Light.GREEN
    artefacts: Mapping[str, str] = field(default_factory=dict)  #: paths by `ArtefactKey`
    cached: Sequence[str] = ()  #: labels, and reports such as ``count.pdf``, that were kept from a former run
    was_done: bool = False  #: the instance had succeeded before, so that the run did nothing

    @property
    def was_skipped(self) -> bool:
        """Tell whether its notebooks said that there was nothing to do."""
        return self.state == RunState.SKIPPED

    @property
    def reports(self) -> list[str]:
        """Paths of the reports."""
        found = [(ArtefactKey.parse(name), path) for name, path in self.artefacts.items()]
        # JSON has them in the order of their names, where item 10 comes before item 2
        in_order = sorted(found, key=lambda one: (one[0].label, one[0].index or 0))
        return [path for key, path in in_order if key.is_report]

    def as_json(self) -> dict[str, Any]:
        state = _ALREADY_DONE if self.was_done else str(self.state)
        found = {"state": state, "light": str(self.light), "artefacts": dict(self.artefacts)}
        return found | ({"cached": list(self.cached)} if self.cached else {})

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> RunResult:
        """Read the result of any version.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: ``value`` is not the result of a notebook run.
        """
        return cls(
            state=RunState.read(value["state"]),
            light=Light(value.get("light") or Light.GREEN),
            artefacts={name: str(path) for name, path in (value.get("artefacts") or {}).items()},
            cached=tuple(value.get("cached") or ()),
            was_done=value["state"] == _ALREADY_DONE,
        )
