"""Tasks of items: the values of their parameters, their folders, and the keys by which they are known again."""

from __future__ import annotations

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from ..specification.cache_setting import NEVER
from ..specification.models import OF_THE_DECIDER, NotebookSpecification, WorkflowSpecification
from ..specification.parameter_values import (
    FailureValue,
    FileValue,
    GivenValue,
    ParameterValue,
    PlainName,
    ScrapValue,
    read_value,
)
from ..specification.wanted_scraps import wanted_scraps
from ..specification.workflow_file import INPUTS_DIR, MISSING_DATES, OF_THE_DATE
from ..steps.labels.delegation import Delegate
from ..steps.labels.slices import Slice
from ..steps.outcomes import Cause, Outcome
from ..steps.step import REPEAT_INDEX, REPEAT_SEED
from ..steps.unfolding import Unfolding
from ..tasks.arguments import NotebookTask, SharedSettings
from ..tasks.results import NotebookResult
from ..values.item import Item
from ..values.item_state import GOOD, ItemState
from .given_slice import GivenSlice
from .notebook_run import NotebookRun
from .outcomes_of_items import outcome_of_result
from .slugs import folder_name
from .work import Work

_SEED_BITS = 31


class ItemTasks:
    """The items of one run, and what each is given."""

    def __init__(
        self,
        run: NotebookRun,
        *,
        share: Callable[[Any], Any],
        delegate: Delegate | None = None,
        part: GivenSlice | None = None,
    ) -> None:
        """``share`` returns what stands for a list that many items take; ``part``: only the items of a slice; ``delegate``: see
        `Unfolding`.
        """
        self.run, self.work, self.part, self.share = run, Work(), part, share
        self._lists: dict[tuple[int, str | None], tuple[Any, Any]] = {}  # of fans that are taken whole, made once
        self.settled: MutableMapping[str, int] = {}  #: by label, how many of its items have ended without having been started
        labels = run.graph.steps
        self._values: Mapping[str, Mapping[str, ParameterValue]] = {
            label: {name: read_value(one, labels) for name, one in notebook.parameters.items()}
            for label, notebook in run.notebooks.items()
        }
        self.scraps = wanted_scraps(run.specification)  #: names of the scraps that each label's items must tell
        self._keys: dict[Item, str | None] = {}
        self._turns: dict[str, list[int]] = {}  # of each item of a label: how many before it have the same axis values
        known = {INPUTS_DIR: run.inputs_dir, MISSING_DATES: list(run.missing_dates)} | dict(run.parameters)
        self._results: MutableMapping[Item, NotebookResult] = self.work.results
        self._errors: MutableMapping[Item, str] = self.work.errors
        if part is None:
            self._unfolding = Unfolding(run.graph, known, kept=self.kept, delegate=delegate)
        else:
            self._unfolding = Unfolding.of_slice(run.graph, part.slice, known, kept=self.kept, stopped=part.stopped)
            self._keys |= part.keys
            self._results = ChainMap(self.work.results, dict(part.results))
            self._errors = ChainMap(self.work.errors, dict(part.errors))

    def unfold(self) -> Unfolding:
        """Return the unfolding of the run, or of the slice."""
        return self._unfolding

    def is_fanned(self, label: str) -> bool:
        """Tell whether the label has a list of items."""
        return self.run.graph.steps[label].is_fan

    def named(self, item: Item) -> Item:
        """Return the item as people know it: by its label alone where that has no list of items."""
        return item if self.is_fanned(item.label) else Item(item.label)

    def folder(self, item: Item) -> str | None:
        """Return the name of an item's folder within that of its label; None of a label without a list of items."""
        if item.index is None or not self.is_fanned(item.label):
            return None
        return folder_name(item.index, self.unfold().axes(item))

    def task(self, item: Item) -> NotebookTask:
        """Return the task of an item that is to start."""
        notebook = self.run.notebooks[item.label]
        values: dict[str, Any] = {}
        upstream: dict[str, Any] = {}
        files: dict[str, dict[str, Any]] = {}
        failed: dict[str, list[dict[str, Any]]] = {}
        automatic: list[str] = []
        for name, wanted in self._values[item.label].items():
            match self._resolved(item, wanted):
                case _Automatic():
                    automatic.append(name)
                case _Made(label, made, None):
                    upstream[name] = made
                case _Made(label, made, path):
                    files[name] = {"label": label, "path": path, "made": made}
                case _Failures(failures):
                    failed[name] = failures
                case value:
                    values[name] = value
        return NotebookTask(
            label=item.label,
            filename=notebook.filename,
            inputs_dir=self.run.inputs_dir,
            parameters=values,
            upstream=upstream,
            flowapi_url_as=automatic,
            settings={**_limits(notebook), **_kept_attempts(self.run.specification)},
            folder=self.run.folder,
            index=item.index if self.is_fanned(item.label) else None,
            items=self._running_items(item.label) if self.is_fanned(item.label) else None,
            item_folder=self.folder(item),
            files=files,
            failures=failed,
            scraps=self.scraps[item.label],
            key=self.key(item) if self.is_known_by_key(item.label) and not notebook.is_shared else None,
            run_id=self.part.run_id if self.part is not None else None,
            shared=self._shared(item) if notebook.is_shared else None,
            forced=self.run.is_forced or (notebook.is_shared and self.run.forces(item.label)),
            never_kept=notebook.cache == NEVER,
        )

    def _shared(self, item: Item) -> SharedSettings:
        """Return what a worker has to know to find out whether another run has executed the item."""
        notebook, sharing = self.run.notebooks[item.label], self.run.sharing
        names = {name: wanted.name for name, wanted in self._values[item.label].items() if isinstance(wanted, PlainName)}
        axes = self.unfold().axes(item)
        is_hidden = {*axes, *self.run.graph.steps, *self.run.parameters}  # by a parameter of the workflow's own, say
        takes_days = any(name in (*OF_THE_DATE, MISSING_DATES) for name in names.values())
        return SharedSettings(
            reads=notebook.reads or (),
            named_files=sharing.named_files,
            inputs_dir_as=[name for name, wanted in names.items() if wanted == INPUTS_DIR and INPUTS_DIR not in is_hidden],
            axes={name: self._key_of(value) for name, value in axes.items()},
            turn=self._turn(item) if axes else 0,
            stamps=sharing.stamps if takes_days else {},
            seconds=notebook.shared_seconds,
        )

    def _running_items(self, label: str) -> int:
        length = self.unfold().length(label) if self.part is None else self.part.lengths[label]
        return (length or 0) - self.settled.get(label, 0)

    # ---- what is kept ------------------------------------------------------------------------------------------------------

    def kept(self, item: Item) -> Outcome | None:
        """Return what is known of an item from a former run, None if it has to run."""
        result = self._kept_result(item)
        if result is None:
            return None
        self.work.results[item] = result
        return outcome_of_result(result, self.run.graph.wanted[item.label], ItemState.CACHED)

    def _kept_result(self, item: Item) -> NotebookResult | None:
        if self.run.is_forced or self.run.notebooks[item.label].is_shared:
            return None  # what is shared, its worker finds
        if not self.is_known_by_key(item.label):
            return self.run.kept.get(item.label)
        items = self.run.kept_items.get(item.label)
        if not items or not self._all_taken_are_kept(item):
            return None
        key = self.key(item)
        return items.get(key) if key is not None else None

    def is_known_by_key(self, label: str) -> bool:
        """Tell whether a later attempt knows the items of a label by their keys; it knows others by their labels."""
        return label in self.run.specification.known_by_key

    def _all_taken_are_kept(self, item: Item) -> bool:
        unfolding = self.unfold()
        for taken in unfolding.arguments(item).values():
            for one in taken if isinstance(taken, list) else [taken]:
                if isinstance(one, Item) and not self._is_kept(one):
                    return False
        return all(self._is_kept(one) for one in unfolding.axes(item).values() if isinstance(one, Item))

    def _is_kept(self, item: Item) -> bool:
        return self.unfold().item_state(item) is ItemState.CACHED

    def key(self, item: Item) -> str | None:
        """Return what identifies the work of an item: equal keys, equal work. None if its file could not be read.

        It does not depend on the item's number, so that an item is known again after the list has changed.
        """
        if item not in self._keys:
            self._keys[item] = self._made_key(item)
        return self._keys[item]

    def _made_key(self, item: Item) -> str | None:
        notebook = self.run.notebooks[item.label]
        source = self.run.sources.get(notebook.filename)
        if source is None:
            return None
        parameters = {
            name: self._in_key(item, wanted)
            for name, wanted in self._values[item.label].items()
            if wanted != PlainName(INPUTS_DIR)
        }
        axes = {name: self._key_of(value) for name, value in self.unfold().axes(item).items()}
        material = {
            "source": source,
            "kernel": notebook.kernel,
            "environment": notebook.environment,
            "parameters": parameters,
            "axes": axes,
            "turn": self._turn(item) if axes else 0,
        }
        text = json.dumps(material, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _in_key(self, item: Item, wanted: ParameterValue) -> Any:
        label = getattr(wanted, "label", None) or (wanted.name if isinstance(wanted, PlainName) else None)
        axes = self.unfold().axes(item)
        if isinstance(wanted, PlainName) and wanted.name in axes:
            return self._key_of(axes[wanted.name])
        if isinstance(wanted, ScrapValue):
            return self._scraps(self.unfold().arguments(item)[wanted.label], wanted.name)
        if isinstance(wanted, FailureValue):
            below = f"{self.run.folder.outputs}/"  # outputs may be moved, and what is in a sentence moves with them
            failures = self._failures(item, wanted.label)
            return [{**one, "error": one["error"].replace(below, "")} for one in failures]
        if label not in self.run.graph.shapes[item.label].needs:
            found = self._resolved(item, wanted)
            return None if isinstance(found, _Automatic) else found
        made = self._key_of(self.unfold().arguments(item)[str(label)])
        return {"made": made, "path": wanted.path} if isinstance(wanted, FileValue) else {"made": made}

    def _key_of(self, value: Any) -> Any:
        if isinstance(value, Item) and value in self._results and self._results[value].key is not None:
            return self._results[value].key
        if isinstance(value, list) and any(isinstance(one, Item) for one in value):
            return [self._key_of(one) for one in value]
        return self.key(value) or str(value) if isinstance(value, Item) else value

    def _turn(self, item: Item) -> int:
        if self.part is not None:
            return self.part.turns.get(item, 0)
        turns = self._turns.get(item.label)
        if turns is None:
            turns, seen = [], dict[str, int]()
            for index in range(self.unfold().length(item.label) or 0):
                row = json.dumps(dict(self.unfold().axes(Item(item.label, index))), sort_keys=True, default=str)
                turns.append(seen.get(row, 0))
                seen[row] = turns[-1] + 1
            self._turns[item.label] = turns
        return turns[item.index or 0]

    def given_to(self, part: Slice, stopped: Mapping[str, Cause]) -> GivenSlice:
        """Return what the execution of a slice is to know of this run."""
        beside = [item for items in self.unfold().items_beside(part).values() for item in items]
        inside = [item for items in self.unfold().items_of(part).values() for item in items]
        return GivenSlice(
            part,
            self.run.run_id,
            {item: self._results[item] for item in beside if item in self._results},
            {item: self._errors[item] for item in beside if item in self._errors},
            {item: key for item in beside if self.unfold().item_state(item) in GOOD and (key := self.key(item)) is not None},
            {item: turn for item in inside if (turn := self._turn(item))},
            {label: self.unfold().length(label) or 0 for label in part.members},
            {label: root for label, root in stopped.items() if label in part.members},
        )

    # ---- values ------------------------------------------------------------------------------------------------------------

    def _resolved(self, item: Item, wanted: ParameterValue) -> Any:
        """Return the value of a parameter, `_Made` of what the worker finds the path of, or `_Automatic`."""
        if isinstance(wanted, GivenValue):
            return wanted.value
        if isinstance(wanted, FailureValue):
            return _Failures(self._failures(item, wanted.label))
        if isinstance(wanted, PlainName):
            return self._named_value(item, wanted.name)
        taken = self.unfold().arguments(item)[wanted.label]
        if isinstance(wanted, FileValue):
            return None if taken is None else _Made(wanted.label, self._paths(taken), wanted.path)
        if isinstance(taken, list):
            return self._shared_list(taken, wanted.name, lambda one: self._scraps(one, wanted.name))
        return self._scraps(taken, wanted.name)

    def _scraps(self, taken: Any, name: str) -> Any:
        """Return a scrap of an item, or the list of those of several; null stands for what there is not."""
        if isinstance(taken, list):
            return [self._scraps(one, name) for one in taken]
        return None if taken is None else self._results[taken].scraps.get(name)

    def _named_value(self, item: Item, name: str) -> Any:
        axes = self.unfold().axes(item)
        if name in axes:
            value = axes[name]
            return _Made(value.label, self._paths(value), None) if isinstance(value, Item) else value
        if name == REPEAT_SEED and REPEAT_INDEX in axes:
            return self._seed(item, axes)
        if name in self.run.graph.steps:
            taken = self.unfold().arguments(item)[name]
            return None if taken is None else _Made(name, self._paths(taken), None)
        if name in self.run.parameters:
            return self.run.parameters[name]
        if name == INPUTS_DIR:
            return self.run.inputs_dir
        if name == MISSING_DATES:
            return list(self.run.missing_dates)
        return _Automatic()  # flowapi_url: known to the worker that runs the notebook

    def _paths(self, taken: Any) -> Any:
        if isinstance(taken, list):
            return self._shared_list(taken, None, lambda one: None if one is None else self._paths(one))
        made = self._results[taken]
        return {"path": made.path} if made.key is None else {"path": made.path, "key": made.key}

    def _shared_list(self, taken: list[Any], name: str | None, value_of: Callable[[Any], Any]) -> Any:
        """Return the values of a fan's items, which all items that take them share as they share the list of the items."""
        known = self._lists.get((id(taken), name))
        if known is None or known[0] is not taken:
            known = self._lists[id(taken), name] = (taken, self.share([value_of(one) for one in taken]))
        return known[1]

    def _seed(self, item: Item, axes: Mapping[str, Any]) -> int:
        material: list[Any] = [self.run.identity, item.label]
        material.append({name: str(v) if isinstance(v, Item) else v for name, v in axes.items()})
        if turn := self._turn(item):  # of a fan within a repeated one, say, which has no other values
            material.append(turn)
        digest = hashlib.sha256(json.dumps(material, sort_keys=True).encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:4], "big") >> (32 - _SEED_BITS)

    def _failures(self, item: Item, label: str) -> list[dict[str, Any]]:
        """Return the items of a label that ended badly, or the label if it did so as a whole; of its own family that one item.

        The worker that is given them knows the paths of what they have left.
        """
        found = []
        for one, state, cause, row in self.unfold().failures(item, label):
            folder = folder_name(one.index, row) if one.index is not None and self.is_fanned(label) else None
            found.append(_failure(one, state, self._errors.get(one) or str(cause), folder))
        return found


class _Automatic:
    """A value that only the worker knows."""


class _Made:
    """The path of an executed notebook, of a file beside it, or a list of them."""

    __match_args__ = ("label", "made", "path")

    def __init__(self, label: str, made: Any, path: str | None) -> None:
        self.label, self.made, self.path = label, made, path


class _Failures:
    """Failures of a label, for a worker that adds what they have left."""

    __match_args__ = ("failures",)

    def __init__(self, failures: list[dict[str, Any]]) -> None:
        self.failures = failures


def _failure(item: Item, state: ItemState, error: str, folder: str | None) -> dict[str, Any]:
    return {"label": item.label, "index": item.index, "state": str(state), "error": error, "item_folder": folder}


def _limits(notebook: NotebookSpecification) -> dict[str, Any]:
    """The settings that the file gives: what it does not mention stays out of the history."""
    return notebook.model_dump(exclude=set(OF_THE_DECIDER), exclude_defaults=True)


def _kept_attempts(workflow: WorkflowSpecification) -> dict[str, Any]:
    return workflow.model_dump(include={"keep_attempts"}, exclude_defaults=True)
