"""A run of notebooks as it was started, read from its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..specification import NotebookSpecification, WorkflowSpecification
from ..steps.graph import Graph
from ..tasks.arguments import RunFolder
from ..tasks.results import NotebookResult, ReportResult

_PRIORITIES_OF_A_RUN = 1_000  #: task priorities between two priorities of workflows: notebooks have those of their depth


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Everything that a run has to know to share items with others."""

    named_files: Sequence[str] = ()  #: the notebook files of the workflow file
    stamps: Mapping[str, Any] = field(default_factory=dict)  #: of the data of its days, by name, where its source has any
    has_children: bool = True  #: the service has child executions

    @classmethod
    def of_json(cls, value: Mapping[str, Any] | None) -> Sharing:
        """Read what a start has given; of runs of former versions nothing."""
        return cls(**(value or {}))


@dataclass(frozen=True, kw_only=True)
class NotebookRun:
    """One instance, as it was when its run was started."""

    specification: WorkflowSpecification
    run_id: str
    folder: RunFolder
    identity: str
    parameters: Mapping[str, Any]
    inputs_dir: str
    only: str | None  #: the one label that was asked for
    missing_dates: Sequence[str]
    sources: Mapping[str, str]  #: SHA-256 of the notebook files at the start, by their names in the workflow file
    kept: Mapping[str, NotebookResult]  #: of labels without items
    kept_items: Mapping[str, Mapping[str, NotebookResult]]  #: by label and key
    kept_reports: Mapping[str, ReportResult]  #: by label and format, such as ``count.pdf``
    #: by label, key and format: of items that are known by keys
    kept_item_reports: Mapping[str, Mapping[str, Mapping[str, ReportResult]]] = field(default_factory=dict)
    sharing: Sharing = field(default_factory=Sharing)
    is_forced: bool = False  #: nothing is kept, or taken over from other runs

    @classmethod
    def of_arguments(
        cls,
        *,
        run_id: str = "",
        workflow: Mapping[str, Any],
        instance: str,
        identity: str,
        parameters: Mapping[str, Any],
        inputs_dir: str,
        outputs: str,
        kept: Mapping[str, Any] | None = None,
        kept_items: Mapping[str, Mapping[str, Any]] | None = None,
        kept_reports: Mapping[str, Any] | None = None,
        kept_item_reports: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
        sources: Mapping[str, str] | None = None,
        only: str | None = None,
        missing_dates: Sequence[str] | None = None,
        sharing: Mapping[str, Any] | None = None,
        forced: bool = False,
        **others: Any,
    ) -> NotebookRun:
        """Read a run from the arguments of `deciders.notebook_workflow.NotebookWorkflow`; ``run_id`` is its own.

        Raises:
            ValidationError, KeyError, TypeError, ValueError: they are not those of such a run.
        """
        specification = WorkflowSpecification.model_validate(workflow)
        return cls(
            specification=specification,
            run_id=run_id,
            folder=RunFolder(specification.name, instance, outputs),
            identity=identity,
            parameters=parameters,
            inputs_dir=inputs_dir,
            only=only,
            missing_dates=missing_dates or [],
            sources=sources or {},
            kept={label: NotebookResult.of_json(result) for label, result in (kept or {}).items()},
            kept_items={
                label: {key: NotebookResult.of_json(result) for key, result in items.items()}
                for label, items in (kept_items or {}).items()
            },
            kept_reports={name: ReportResult.of_json(result) for name, result in (kept_reports or {}).items()},
            kept_item_reports={
                label: {
                    key: {format: ReportResult.of_json(result) for format, result in reports.items()}
                    for key, reports in items.items()
                }
                for label, items in (kept_item_reports or {}).items()
            },
            sharing=Sharing.of_json(sharing),
            is_forced=forced,
        )

    def forces(self, label: str) -> bool:
        """Tell whether a label is to be executed whatever there is of it."""
        return self.is_forced or label == self.only

    @cached_property
    def asked_for(self) -> tuple[NotebookSpecification, ...]:
        """The notebooks of the run, in the order of its specification."""
        if self.only is None:
            return self.specification.notebooks
        return self.specification.with_needs_of(self.only)

    @cached_property
    def notebooks(self) -> Mapping[str, NotebookSpecification]:
        """The notebooks of the run by label."""
        return {notebook.label: notebook for notebook in self.asked_for}

    @cached_property
    def graph(self) -> Graph:
        """The graph of what was asked for."""
        return self.specification.graph if self.only is None else self.specification.graph_of([self.only])

    @cached_property
    def depths(self) -> Mapping[str, int]:
        """The length of the longest way to each label."""
        found: dict[str, int] = {}
        for notebook in self.asked_for:
            found[notebook.label] = 1 + max((found[label] for label in notebook.needs), default=-1)
        return found

    @property
    def urgency(self) -> int | None:
        """The priority of the run's own tasks."""
        return self._base or None

    def urgency_of(self, label: str) -> int:
        """Return the priority of a notebook: with many runs under way, those that have begun are finished first."""
        return self._base + min(self.depths[label], _PRIORITIES_OF_A_RUN - 1)

    @property
    def _base(self) -> int:
        return self.specification.priority * _PRIORITIES_OF_A_RUN
