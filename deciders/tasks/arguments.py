"""Arguments of the two activities that do a label's work, as histories hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..values.artefact_key import ArtefactKey
from ..values.item import Item

_DEFAULT_FORMAT = "pdf"  #: of reports of version 0.1, which did not always say it


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Run whose folder a task works in."""

    workflow: str
    instance: str
    outputs: str

    def as_json(self) -> dict[str, Any]:
        return {"workflow": self.workflow, "instance": self.instance, "outputs": self.outputs}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> RunFolder:
        return cls(value["workflow"], value["instance"], value["outputs"])


_FOLDER = ("workflow", "instance", "outputs")
_OF_STEPS = (
    "index",
    "items",
    "item_folder",
    "files",
    "failures",
    "scraps",
    "key",
    "run_id",
    "shared",
    "forced",
    "never_kept",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSettings:
    """Everything that a worker has to know of an item which is shared with other runs, beside its task."""

    reads: Sequence[str] = ()  #: patterns of files in the inputs folder whose contents count
    named_files: Sequence[str] = ()  #: notebook files of the workflow file, which notebooks do not import
    inputs_dir_as: Sequence[str] = ()  #: parameters that are the inputs folder
    axes: Mapping[str, Any] = field(default_factory=dict)  #: of the item; the keys of items
    turn: int = 0  #: how many items of its label before it have the same axes
    stamps: Mapping[str, Any] = field(default_factory=dict)  #: of the data of its days, by name
    seconds: int | None = None  #: age up to which a result is taken over; None means any
    asks: bool = False  #: if there is nothing to take over, the answer is a `SharedWork`, and nothing is executed
    looks: bool = False  #: the answer is to say whether an execution of its own carries it out
    run_id: str | None = None  #: of the run that it is carried out for by another execution; None: the task's own

    def as_json(self) -> dict[str, Any]:
        """Return the settings as the history holds them, without other defaults than ``asks``."""
        found = {
            "reads": list(self.reads),
            "named_files": list(self.named_files),
            "inputs_dir_as": list(self.inputs_dir_as),
            "axes": dict(self.axes),
            "turn": self.turn,
            "stamps": dict(self.stamps),
            "seconds": self.seconds,
            "asks": self.asks,
            "looks": self.looks,
            "run_id": self.run_id,
        }
        return {name: value for name, value in found.items() if value or name == "asks"}  # never empty

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> SharedSettings:
        """Read the settings in a history.

        Raises:
            TypeError: ``value`` is no such mapping.
        """
        return cls(**value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookTask:
    """Arguments of ``execute_notebook``.

    In the decider the results among ``upstream`` may be futures, which the engine replaces by what they stand for.
    """

    label: str
    filename: str
    inputs_dir: str
    parameters: Mapping[str, Any]
    upstream: Mapping[str, Any]  #: the JSON of a `NotebookResult` by the name of the parameter that takes its path
    flowapi_url_as: Sequence[str]  #: parameters that take the URL which only the worker knows
    settings: Mapping[str, Any] = field(default_factory=dict)  #: those that the workflow file gives; the others are defaults
    folder: RunFolder
    index: int | None = None  #: of the item; None of a label without a list of items
    items: int | None = None  #: how many items of the label run in all, as far as it is known, for whoever watches
    item_folder: str | None = None  #: name of the item's folder in that of the label
    #: by parameter the file that it takes: ``{label, path, made}``, ``made`` being the JSON of a `NotebookResult`, or a list
    files: Mapping[str, Any] = field(default_factory=dict)
    failures: Mapping[str, Any] = field(default_factory=dict)  #: by parameter what failed: ``{label, index, state, error, ..}``
    scraps: Sequence[str] = ()  #: names of the scraps to be told with its end
    key: str | None = None  #: identifies its work for a later attempt
    run_id: str | None = None  #: of the run to whose records the item belongs; None: the one that the task belongs to
    shared: SharedSettings | None = None  #: of an item that other runs may have executed
    forced: bool = False  #: it is to run whatever there is
    never_kept: bool = False  #: it runs each time, as its ``cache`` is ``never``

    @property
    def name(self) -> str:
        """Name for people: the label, or the item of a fan such as ``day:3``."""
        return str(Item(self.label, self.index))

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "filename": self.filename,
            "inputs_dir": self.inputs_dir,
            "parameters": dict(self.parameters),
            "upstream": dict(self.upstream),
            "flowapi_url_as": list(self.flowapi_url_as),
            **self.settings,
            **self.folder.as_json(),
            **{name: value for name, value in self._of_steps() if value or (value == 0 and value is not False)},
        }

    def _of_steps(self) -> Sequence[tuple[str, Any]]:
        """Arguments of some tasks alone; all others stay as workers of version 0.2 know them."""
        return (
            ("index", self.index),
            ("items", self.items),
            ("item_folder", self.item_folder),
            ("files", dict(self.files)),
            ("failures", dict(self.failures)),
            ("scraps", list(self.scraps)),
            ("key", self.key),
            ("run_id", self.run_id),
            ("shared", self.shared.as_json() if self.shared is not None else None),
            ("forced", self.forced),
            ("never_kept", self.never_kept),
        )

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> NotebookTask:
        """Read the arguments in a history of any version.

        Raises:
            KeyError, TypeError: ``value`` is not the arguments of such a task.
        """
        own = ("label", "filename", "inputs_dir", "parameters", "upstream", "flowapi_url_as")
        settings = {name: one for name, one in value.items() if name not in (*own, *_OF_STEPS, *_FOLDER)}
        of_steps = {name: value[name] for name in _OF_STEPS if name in value}
        if "shared" in of_steps:
            of_steps["shared"] = SharedSettings.of_json(of_steps["shared"])
        return cls(**{name: value[name] for name in own}, **of_steps, settings=settings, folder=RunFolder.of_json(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTask:
    """Arguments of ``convert_report``. In the decider ``executed`` may be a future."""

    label: str
    executed: Any  #: the JSON of a `NotebookResult`
    inputs_dir: str | None
    reference_date: str | None
    options: Mapping[str, Any]  #: of the output, without its name, as the workflow file gives them
    file_name: str | None = None  #: None: ``<label>.<format>``
    folder: RunFolder
    index: int | None = None  #: of the item; None of a label without a list of items

    @property
    def format(self) -> str:
        """Format of the report."""
        return str(self.options.get("format", _DEFAULT_FORMAT))

    @property
    def name(self) -> str:
        """Name for people, such as ``count.pdf``, whatever the file is called."""
        return ArtefactKey(self.label, self.format, self.index).file_name

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "executed": self.executed,
            "inputs_dir": self.inputs_dir,
            "reference_date": self.reference_date,
            **self.options,
            **({"file_name": self.file_name} if self.file_name is not None else {}),
            **self.folder.as_json(),
            **({"index": self.index} if self.index is not None else {}),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> ReportTask:
        """Read the arguments in a history of any version.

        Raises:
            KeyError, TypeError: ``value`` is not the arguments of such a task.
        """
        own = ("label", "executed", "inputs_dir", "reference_date", "file_name", "index")
        return cls(
            label=value["label"],
            executed=value["executed"],
            inputs_dir=value.get("inputs_dir"),
            reference_date=value.get("reference_date"),
            options={name: one for name, one in value.items() if name not in (*own, *_FOLDER)},
            file_name=value.get("file_name"),
            index=value.get("index"),
            folder=RunFolder.of_json(value),
        )
