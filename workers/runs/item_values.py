"""Values of an item's parameters that only a worker can give: paths on this machine, of what earlier items have left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from deciders.problems import listed, near_miss
from deciders.tasks.results import NotebookResult
from deciders.values.item import Item
from simpleflow_nb.environment import value_of
from simpleflow_nb.variables import FLOWAPI_URL

from ..artefacts import Artefacts
from ..notebooks.notebook_errors import NotebookRefused, ScrapMissing

AllScraps = Literal["all"]  #: in place of names

_MOST_NAMES = 20  #: of scraps or files that a message tells


def values_of_item(
    place: tuple[Artefacts, str, str],
    *,
    parameters: Mapping[str, Any],
    upstream: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    failures: Mapping[str, Sequence[Mapping[str, Any]]],
    flowapi_url_as: Sequence[str],
) -> dict[str, Any]:
    """Return the value of each parameter of an item; see `deciders.tasks.arguments.NotebookTask` for the arguments.

    ``place`` is the outputs folder with the names of the workflow and the instance.

    Raises:
        NotebookRefused: a file is not there that an earlier item should have written.
    """
    values: dict[str, Any] = {name: _paths(value) for name, value in upstream.items()}
    values |= {name: _files(name, wanted) for name, wanted in files.items()}
    values |= {name: [_failure(place, one) for one in failed] for name, failed in failures.items()}
    return values | dict(parameters) | {name: value_of(FLOWAPI_URL) or "" for name in flowapi_url_as}


def told_scraps(item: Item, notebook: Path, names: Sequence[str] | AllScraps) -> dict[str, Any]:
    """Return the scraps of an executed notebook that its task has asked for, by these names, or ``"all"`` that can be read.

    Raises:
        ScrapMissing: it lacks one; the sentence says which there are.
        OSError, ValueError: the notebook cannot be read.
    """
    if not names:
        return {}
    from ..notebooks.scraps import read_scraps

    found = read_scraps(notebook)
    if names == "all":
        return found
    for name in names:
        if name not in found:
            there = listed(list(found)[:_MOST_NAMES]) if found else "none"
            meant = near_miss(name, found)
            hint = f" (did you mean {meant!r}?)" if meant is not None else ""
            raise ScrapMissing(f"notebook {str(item)!r} has glued no scrap {name!r}{hint}; there is {there} (see {notebook})")
    return {name: found[name] for name in names}


def _paths(made: Any) -> Any:
    if isinstance(made, list):
        return [None if one is None else _paths(one) for one in made]
    return NotebookResult.of_json(made).path


def _files(name: str, wanted: Mapping[str, Any]) -> Any:
    made = wanted["made"]
    if isinstance(made, list):
        return [None if one is None else _file(name, wanted, one) for one in made]
    return _file(name, wanted, made)


def _file(name: str, wanted: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    notebook = Path(NotebookResult.of_json(made).path)
    path = notebook.parent / wanted["path"]
    if path.exists():
        return str(path)
    there = sorted(entry.name for entry in notebook.parent.iterdir()) if notebook.parent.is_dir() else []
    meant = near_miss(wanted["path"], there)
    hint = f" (did you mean {meant!r}?)" if meant is not None else ""
    raise NotebookRefused(
        f"parameter {name!r} takes the file {wanted['path']!r} of {wanted['label']!r}, which has not written it{hint}: "
        f"it is not in {notebook.parent}"
    )


def _failure(place: tuple[Artefacts, str, str], failure: Mapping[str, Any]) -> dict[str, Any]:
    artefacts, workflow, instance = place
    label, index = str(failure["label"]), failure["index"]
    notebook = artefacts.notebook(workflow, instance, label, failure.get("item_folder"))
    return {
        "index": index,
        "state": failure["state"],
        "error": failure["error"],
        "notebook": str(notebook) if notebook.is_file() else None,
    }
