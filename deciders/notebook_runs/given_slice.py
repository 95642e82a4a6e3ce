"""The input of the execution of a slice: the slice, and all that it may know of the run that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..steps.labels.slices import Slice
from ..steps.outcomes import Cause
from ..steps.slice_json import cause_json, read_cause, read_slice, slice_json
from ..tasks.results import NotebookResult
from ..values.item import Item

T = TypeVar("T")


@dataclass(frozen=True)
class GivenSlice:
    """A slice, and what its items may be given of others."""

    slice: Slice
    run_id: str  #: of the run, to which the records of its items belong
    results: Mapping[Item, NotebookResult]  #: of items beside it
    errors: Mapping[Item, str]  #: of items beside it that ended badly
    keys: Mapping[Item, str]  #: of those that ended well, where they have one
    turns: Mapping[Item, int]  #: of its own items that have the axis values of others: how many of these come before
    lengths: Mapping[str, int]  #: by member, how many items it has in the run
    stopped: Mapping[str, Cause]  #: members of which nothing is to start, and the failures for which

    def as_json(self, share: Callable[[Any], Any]) -> dict[str, Any]:
        """Return it as the input of an execution has it; ``share`` returns what stands there for what many slices get."""
        part = slice_json(self.slice)
        for name in ("ended", "joined"):
            part[name] = {label: share(ended) for label, ended in part[name].items()}
        return {
            "slice": part,
            "run_id": self.run_id,
            "results": {label: share(_by_index(label, self.results, _short)) for label in _labels(self.results)},
            "errors": {label: share(_by_index(label, self.errors, str)) for label in _labels(self.errors)},
            "keys": {label: share(_by_index(label, self.keys, str)) for label in _labels(self.keys)},
            "turns": [[one.label, one.index, turn] for one, turn in self.turns.items()],
            "lengths": dict(self.lengths),
            "stopped": {label: cause_json(root) for label, root in self.stopped.items()},
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> GivenSlice:
        """Read the input of an execution.

        Raises:
            KeyError, TypeError, ValueError: ``value`` is not the input of a slice.
        """
        roots = {label: read_cause(root) for label, root in value["stopped"].items()}
        return cls(
            read_slice(value["slice"]),
            value["run_id"],
            {
                Item(label, index): NotebookResult.of_json(result)
                for label, results in value["results"].items()
                for index, result in results
            },
            {Item(label, index): said for label, errors in value["errors"].items() for index, said in errors},
            {Item(label, index): key for label, keys in value["keys"].items() for index, key in keys},
            {Item(label, index): turn for label, index, turn in value["turns"]},
            value["lengths"],
            {label: root for label, root in roots.items() if root is not None},
        )


def _labels(by_item: Mapping[Item, Any]) -> list[str]:
    return list(dict.fromkeys(item.label for item in by_item))


def _by_index(label: str, by_item: Mapping[Item, T], told: Callable[[T], Any]) -> list[Any]:
    return [[item.index, told(value)] for item, value in by_item.items() if item.label == label]


def _short(result: NotebookResult) -> dict[str, Any]:
    """Return the path of an executed notebook, its scraps and its key: other items need nothing else of it."""
    own = {"scraps": dict(result.scraps), "key": result.key}
    return {"path": result.path, **{name: value for name, value in own.items() if value}}
