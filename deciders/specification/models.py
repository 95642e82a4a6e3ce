"""The models of a checked workflow file: the notebooks of each workflow, and the workflows that run for which dates.

`load_specification` is the only way from YAML to these models. They are frozen, and every one of them survives
``model_validate(model_dump(mode="json"))`` unchanged, because a run gets its workflow by value, as JSON.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from simpleflow_nb.exceptions import DefinitionError

from ..dates.written_dates import with_dates
from ..problems import UnknownWorkflowError, did_you_mean
from ..steps.graph import Graph
from ..steps.step import DEFAULT_LIMIT
from ..values.report_format import ReportFormat
from .cache_setting import is_shared
from .retention_rules import KEPT_ATTEMPTS, KEPT_HISTORY_SECONDS
from .scenarios.scenario_set import ScenarioSetSpecification
from .sources import FlowApiSource, Source
from .wanted_names import wanted_names
from .workflow_file import MISSING_DATES, OF_THE_DATE, OWN_PARAMETERS
from .written_steps import STEP_KEYS, read_steps


class _Model(BaseModel):
    # Infinities are YAML values like any other, and must not turn into null on the way through JSON.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class OutputSpecification(_Model):
    """A report made of an executed notebook."""

    format: ReportFormat
    name: str | None = None  #: of its file, with placeholders (`deciders.specification.report_names`); None means the label
    template: str | None = None  #: relative to the inputs folder; None means the built-in one
    code: bool = False  #: whether it shows the code of the cells
    streams: bool = False  #: whether it shows what the cells printed
    parameters: bool = False  #: whether it shows the parameters of the run under its title


#: Of a notebook: what the decider goes by, or hands on in another form. All else are arguments of the worker.
OF_THE_DECIDER = ("label", "filename", "parameters", "output", "retries", "cache", "reads", "needs", *STEP_KEYS)


class NotebookSpecification(_Model):
    """One notebook of a workflow."""

    label: str
    filename: str  #: relative to the inputs folder
    #: the notebook's parameter: name of the value, or one of the forms of `deciders.specification.parameter_values`
    parameters: dict[str, str | dict[str, Any]] = {}
    output: tuple[OutputSpecification, ...] = ()  #: no two of the same format
    timeout_seconds: float | None = None  #: of an attempt
    cell_timeout_seconds: float | None = None  #: of each cell
    memory_limit_bytes: int | None = None  #: resident, of the kernel and all that descends from it
    printed_limit_bytes: int | None = None  #: what it may print; None means the worker's default
    displayed_limit_bytes: int | None = None  #: what it may display; None means the worker's default
    retries: int = 0  #: further attempts after a failure
    kernel: str | None = None  #: None means the notebook's own
    kernel_fallback: bool = True  #: whether it may run in the worker's Python when its own kernel is not installed
    warnings: Literal["own", "all", "none"] = "own"  #: which of Python's warnings turn it orange
    #: what is kept instead of being run: what a retried run had, or with ``shared`` the result of equal work in any run, of any
    #: age or of at most so many seconds
    cache: Literal["run", "shared", "never"] | dict[Literal["shared"], int] = "run"
    reads: tuple[str, ...] | None = None  #: patterns of files in the inputs folder that count for what is shared
    environment: dict[str, str] = {}  #: added to that of the worker
    needs: tuple[str, ...] = ()  #: labels that must have ended before it can run, in order of first mention
    for_each: str | dict[str, Any] | None = None  #: the fan that it follows, or the sources of its axes, as the file has them
    zip: bool = False  #: the axes go in step
    repeat: int | None = None  #: one axis more, the fastest
    max_parallel: int | None = None  #: of its items at once; None means no bound of its own
    limit: int = DEFAULT_LIMIT  #: more items than this are refused
    when: Any = None  #: a condition as the file has it, or ``always``
    when_skipped: Literal["skip", "null"] = "skip"  #: what it takes from what was skipped
    after: tuple[str, ...] = ()  #: labels that must have ended before, whose values it does not take
    on_failure: Literal["stop", "continue"] | dict[str, str] = "stop"  #: or ``{run: label}``
    on_item_failure: Literal["continue", "stop"] = "continue"

    @property
    def is_shared(self) -> bool:
        """True if it takes over the results of equal work in any run."""
        return is_shared(self.cache)

    @property
    def shared_seconds(self) -> int | None:
        """The age in seconds up to which a result is taken over; None means any age."""
        return self.cache["shared"] if isinstance(self.cache, dict) else None

    @field_validator("output", mode="before")
    @classmethod
    def _several(cls, output: Any) -> Any:
        # runs started by version 0.1 have None, or the one output itself
        return () if output is None else output if isinstance(output, list | tuple) else (output,)


class WorkflowSpecification(_Model):
    """Notebooks that run together."""

    name: str
    notebooks: tuple[NotebookSpecification, ...]  #: each after those that it needs; else as in the file
    parameters: tuple[str, ...] = ()  #: names that need a value at the start, sorted
    attempts: int | None = None  #: failures in a row after which the sensor gives up a date; None means never
    retry_wait_seconds: int = 0  #: after a failure, before the sensor tries again
    rerun_when: tuple[str, ...] = ("parameters_changed",)  #: of `deciders.specification.workflow_file.RERUN_CAUSES`
    skip_again_seconds: int | None = None  #: after a date was skipped, before it is retried whatever its data
    priority: int = 0  #: runs with a higher priority start first, and workers take their tasks first
    max_parallel_runs: int | None = None  #: of this workflow, open at once; None means no limit of its own
    keep_attempts: int | None = KEPT_ATTEMPTS  #: earlier ones at each notebook; None means all

    def stages(self) -> list[list[str]]:
        """Return the labels in stages: each in the first stage after those that it needs, so that labels of one stage do not
        need each other.
        """
        depths: dict[str, int] = {}
        for notebook in self.notebooks:
            depths[notebook.label] = max((depths[label] + 1 for label in notebook.needs), default=0)
        stages: list[list[str]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
        for label, depth in depths.items():
            stages[depth].append(label)
        return stages

    @cached_property
    def graph(self) -> Graph:
        """The graph of its steps; labels in the order of `notebooks`."""
        return self._graph_of(self.notebooks)

    def graph_of(self, labels: Collection[str]) -> Graph:
        """Return the graph of these labels and all that they need, as if the file had no others."""
        wanted = {notebook.label for label in labels for notebook in self.with_needs_of(label)}
        if len(wanted) == len(self.notebooks):
            return self.graph
        return self._graph_of([notebook for notebook in self.notebooks if notebook.label in wanted])

    @cached_property
    def known_by_key(self) -> frozenset[str]:
        """Labels whose items a later attempt knows again by a key, not by their label: fans, what takes values or fans, and
        what is shared with other runs."""
        found = set[str]()
        for notebook in self.notebooks:  # each after those that it needs
            has_forms = any(not isinstance(source, str) for source in notebook.parameters.values())
            if (
                self.graph.steps[notebook.label].is_fan
                or has_forms
                or notebook.is_shared
                or found.intersection(self.graph.steps[notebook.label].takes)
            ):
                found.add(notebook.label)
        return frozenset(found)

    @cached_property
    def _wanted_names(self) -> frozenset[str]:
        written = {notebook.label: notebook.__dict__ for notebook in self.notebooks}
        return frozenset(name for names in wanted_names(written).values() for name, _ in names)

    @staticmethod
    def _graph_of(notebooks: Collection[NotebookSpecification]) -> Graph:
        written = {notebook.label: dict(notebook.__dict__) for notebook in notebooks}
        for settings in written.values():
            handled = settings["on_failure"]
            if isinstance(handled, dict) and handled.get("run") not in written:
                settings["on_failure"] = "stop"  # whoever runs a part of the workflow runs no handler of it
        return Graph(read_steps(written))

    def own_automatic_parameters(self) -> set[str]:
        """Automatic parameters that its notebooks take and that a start may override, such as ``inputs_dir``."""
        return set(self._wanted_names & set(OWN_PARAMETERS))

    def takes_date(self, given: Collection[str] = ()) -> bool:
        """Return True if a notebook takes a parameter that only a run with a date has: ``reference_date``, ``date_ranges``, or
        ``missing_dates`` unless that is among the parameters ``given``.
        """
        takes_missing_dates = MISSING_DATES in self.own_automatic_parameters() and MISSING_DATES not in given
        return bool(self._wanted_names.intersection(OF_THE_DATE)) or takes_missing_dates

    def with_needs_of(self, label: str) -> tuple[NotebookSpecification, ...]:
        """Return the notebook of that label after all those that it needs, directly or not, in the order of the workflow.

        Raises:
            KeyError: the workflow has no such label.
        """
        by_label = {notebook.label: notebook for notebook in self.notebooks}
        wanted, left = set[str](), [label]
        while left:
            found = by_label[left.pop()]
            if found.label not in wanted:
                wanted.add(found.label)
                left.extend(found.needs)
        return tuple(notebook for notebook in self.notebooks if notebook.label in wanted)


_StencilBound = int | date | str
_StencilElement = _StencilBound | list[_StencilBound] | dict[str, Any]


class ConfiguredWorkflow(_Model):
    """An entry of the sensor: a workflow with the parameters that it gets for every date."""

    workflow_name: str
    parameters: dict[str, Any] = {}  #: JSON values; dates of the file are ISO text here
    earliest_date: date | None = None  #: no reference date before this one
    #: a rule of `deciders.dates.reference_dates`, its dates as ISO text; None means that every date is one
    reference_dates: dict[str, Any] | None = None
    date_stencil: list[_StencilElement] | None = None  #: for `deciders.dates.date_stencil`; None means [0]

    @field_validator("date_stencil", mode="before")
    @classmethod
    def _with_dates(cls, elements: Any) -> Any:
        return with_dates(elements)


#: Consequence of a file without a sensor; the beginning of a sentence.
NO_SENSOR = "available_dates_sensor is null, so nothing runs by itself"


class SensorSpecification(_Model):
    """The schedule of checks for new dates, their source, and the workflows to run for them."""

    schedule: str | None  #: cron string; None means a single check
    timezone: str = "UTC"  #: of the schedule
    cdr_types: tuple[str, ...] | None = None  #: None means all; an empty tuple means that nothing is ever due
    require: Literal["any", "all"] = "any"  #: whether a date must be there for one of the types or for all
    max_parallel_runs: int | None = None  #: of this file's runs, open at once; None means no limit
    source: Source = Field(FlowApiSource(), discriminator="kind")
    workflows: tuple[ConfiguredWorkflow, ...]


class Specification(_Model):
    """A whole workflow file."""

    path: Path  #: as given to `load_specification`
    inputs_dir: Path  #: absolute: the folder of the file, to which all its file names are relative
    workflows: tuple[WorkflowSpecification, ...]
    sensor: SensorSpecification | None  #: None: no workflow runs by itself
    keep_history_seconds: int | None = KEPT_HISTORY_SECONDS  #: after the end of a local run; None means for ever
    scenarios: tuple[ScenarioSetSpecification, ...] = ()

    @property
    def file(self) -> Path:
        """The absolute path of the file, whatever the machine or the working directory."""
        return self.inputs_dir / self.path.name

    @property
    def entries(self) -> tuple[ConfiguredWorkflow, ...]:
        """The entries of the sensor, in the order of the file; none without a sensor."""
        return self.sensor.workflows if self.sensor is not None else ()

    def workflow(self, name: str) -> WorkflowSpecification:
        """Return the workflow of that name.

        Raises:
            UnknownWorkflowError: the file has no such workflow.
        """
        for workflow in self.workflows:
            if workflow.name == name:
                return workflow
        names = [workflow.name for workflow in self.workflows]
        raise UnknownWorkflowError(f"{self.path.name} has no workflow {name!r}{did_you_mean(name, names)}")

    def scenario_set(self, name: str) -> ScenarioSetSpecification:
        """Return the set of scenarios of that name.

        Raises:
            DefinitionError: the file has no such set.
        """
        for one in self.scenarios:
            if one.name == name:
                return one
        names = [one.name for one in self.scenarios]
        rest = did_you_mean(name, names) if names else "; it has no scenarios"
        raise DefinitionError(f"{self.path.name} has no scenario set {name!r}{rest}")
