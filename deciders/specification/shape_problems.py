"""Errors in the shape of a workflow file: pydantic's errors as sentences, each with its line."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..problems import Problems, kind_of, near_miss, shown
from .file_types import OF_A_SETTING, OF_AN_OWNER, OutputLimitEntry
from .scenarios.scenario_file import ScenarioSetEntry
from .scenarios.scenario_rules import set_named
from .sources import BUILT_IN
from .workflow_file import ConfiguredEntry, NotebookEntry, OutputEntry, SensorEntry, WorkflowEntry, WorkflowFile
from .yaml_lines import BROKEN, YamlNode


def checked_shape(root: YamlNode, problems: Problems) -> dict[str, Any]:
    """Note everything that is missing, unknown or of the wrong kind; the settings that the file has, if nothing was noted.

    They are named and counted as in `deciders.specification.models`: ``timeout: 10m`` is ``timeout_seconds`` of 600.
    """
    if root.value is None:
        problems.add(root.line, "the file is empty; it needs 'workflows' and 'available_dates_sensor'")
    elif isinstance(root.value, list):
        problems.add(root.line, "the file is a list; it needs 'workflows' and 'available_dates_sensor' at the top")
    elif not isinstance(root.value, dict):
        problems.add(root.line, f"the file is just {shown(root.value)}; it needs 'workflows' and 'available_dates_sensor'")
    else:
        try:
            return _settings(WorkflowFile.model_validate(root.plain()))
        except ValidationError as error:
            places = _YamlPaths(root)
            for detail in error.errors(include_url=False):
                _note(detail, places.path(detail["loc"]), root, problems)
    return {}


def _settings(file: WorkflowFile) -> dict[str, Any]:
    # the source is made by its rules, which know what is installed
    settings = file.model_dump(by_alias=True, exclude_unset=True, exclude={"available_dates_sensor": {"source"}})
    of_each = {"keep_attempts": settings.pop("keep_attempts")} if "keep_attempts" in settings else {}
    for workflow in settings["workflows"]:
        workflow |= of_each
        for notebook in workflow["notebooks"].values():
            notebook |= notebook.pop("output_limit", {})
    return settings


class _YamlPaths:
    """Finds in the file what pydantic names."""

    def __init__(self, root: YamlNode) -> None:
        self._root = root
        self._spelled: dict[int, dict[int | str, Any]] = {}  #: of mappings by id: their keys that are no text

    def path(self, place: tuple[int | str, ...]) -> list[Any]:
        """The keys and numbers that lead there from the top: without the form of a union, which is ours, and with keys that are
        no text as they are, not as pydantic spells them.
        """
        path: list[Any] = []
        node = self._root
        for number, step in enumerate(place):
            if number == len(path) and _has_forms(path) and str(step).startswith("/"):
                continue
            path.append(self._key(node, step))
            node = node.at(path[-1:])
        return path

    def _key(self, node: YamlNode, step: int | str) -> Any:
        if not isinstance(node.value, dict) or (isinstance(step, str) and step in node.value):
            return step
        if id(node) not in self._spelled:
            others = [key for key in node.value if not isinstance(key, str)]
            spelled: dict[int | str, Any] = {repr(key): key for key in others}
            self._spelled[id(node)] = spelled | {key: key for key in others if isinstance(key, int)}
        return self._spelled[id(node)].get(step, step)


def _has_forms(path: list[Any]) -> bool:
    """Tell whether the value is that of a union, of whose members its form chooses one."""
    match path:
        case ["available_dates_sensor", "source"] | ["workflows", int(), "notebooks", _, "output"]:
            return True
    return False


def _note(detail: ErrorDetails, path: list[Any], root: YamlNode, problems: Problems) -> None:
    kind = detail["type"]
    if path[-1:] == ["[key]"] and root.at(path[:-1]).get("[key]") is None:
        key = detail["input"]
        problems.add(root.at(path[:-1]).line, f"the key {shown(key)} of {_named(root, path[:-2])[0]} is not text; quote it")
        return
    owner, model = _named(root, path[:-1])
    last = path[-1] if path else ""
    node = root.at(path)
    line = node.line
    if kind == "missing":
        # The top of a file may hold other keys (anchors, say), so a misspelled one is no problem of its own there.
        near = near_miss(str(last), [str(key) for key in root.entries()]) if len(path) == 1 else None
        if near is not None:
            problems.add(root.at([near]).line, f"the file lacks {last!r}; did you mean it by {near!r}?")
        elif path == ["available_dates_sensor"]:
            problems.add(line, f"{owner} lacks {last!r}; write 'available_dates_sensor: null' if nothing runs by itself")
        else:
            of_more = " of the source" if path[:-2] == ["available_dates_sensor", "source"] else ""
            problems.add(line, f"{owner}{of_more} lacks {last!r}")
    elif kind in ("extra_forbidden", "invalid_key"):
        hint = problems.did_you_mean(str(last), list(model.model_fields) if model else [])
        if model is OutputLimitEntry:
            problems.add(line, f"{owner} has {' and '.join(map(repr, model.model_fields))}, and no {shown(last)}{hint}")
        else:
            problems.add(line, f"{shown(last)} is not a setting of {owner}{hint}")
    elif kind == "too_short":
        problems.add(line, f"{last!r} of {owner} is an empty list; leave it out")
    elif kind == OF_A_SETTING:
        setting = next(step for step in reversed(path) if isinstance(step, str))
        problems.add(line, f"{setting}{detail['msg']}")
    elif kind == OF_AN_OWNER:
        problems.add(line, f"{_called(root, path)}{detail['msg']}")
    elif node.value is not BROKEN:
        or_else = " or a list" if last == "output" else " or null" if path == ["available_dates_sensor"] else ""
        found = f"{kind_of(node.value)}{_because(node, detail)}"
        problems.add(line, f"{_called(root, path)} must be {_wanted(detail)}{or_else}, not {found}")


def _called(root: YamlNode, path: list[Any]) -> str:
    """Name the value at ``path`` as messages do."""
    last = path[-1] if path else ""
    if _is_entry(path):
        return _named(root, path)[0]
    match path:
        case ["workflows", int(), "notebooks", _, "output_limit", _]:
            return _named(root, path[:-1])[0]
        case ["available_dates_sensor", "source", "files", type_of_data]:
            return f"the files of {shown(type_of_data)}"
    if isinstance(last, str):
        return f"{last!r} of {_named(root, path[:-1])[0]}"
    return f"item {last + 1} of {path[-2]!r}" if isinstance(last, int) else _named(root, path)[0]


def _because(node: YamlNode, detail: ErrorDetails) -> str:
    """Explain what YAML made of a word, if that may be why it has the wrong type."""
    if node.surprise is None or node.value is None:
        return ""
    mend = f"; write {node.surprise.instead}" if node.surprise.is_text else "; put it in quotes"
    return f" ({node.surprise.told}{mend if node.surprise.is_text or detail['type'] == 'string_type' else ''})"


def _wanted(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return str(detail.get("ctx", {}).get("expected"))
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = "at least" if kind == "greater_than_equal" else "at most"
        return f"{bound} {next(iter(detail['ctx'].values()))}"
    return {
        "string_type": "text",
        "int_type": "a whole number",
        "string_too_short": "a name",
        "bool_type": "true or false",
        "list_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "model_attributes_type": "a mapping",
    }.get(kind, detail["msg"])


def _is_entry(path: list[int | str]) -> bool:
    """Tell whether the path leads to something that messages call by name (a workflow, a notebook, the sensor, ...)."""
    shape = tuple("*" if isinstance(step, int) else step for step in path)
    return shape in (("workflows", "*"), ("scenarios", "*"), ("available_dates_sensor", "workflows", "*")) or (
        len(shape) == 4 and shape[:3] == ("workflows", "*", "notebooks")
    )


def _named(root: YamlNode, path: list[int | str]) -> tuple[str, type[BaseModel] | None]:
    """Name the part of the file at ``path`` as messages do, with the model of its settings if it has any."""
    match path:
        case []:
            return "the file", WorkflowFile
        case ["workflows", int(place)]:
            name = root.at(path).get("name")
            known = name is not None and name.text
            return f"workflow {shown(known)}" if known else f"workflow {place + 1}", WorkflowEntry
        case ["workflows", int(), "notebooks", str(label)]:
            return f"notebook {shown(label)}", NotebookEntry
        case ["workflows", int(), "notebooks", str(label), "output"]:
            return f"the output of notebook {shown(label)}", OutputEntry
        case ["workflows", int(), "notebooks", str(label), "output", int(place)]:
            return f"output {place + 1} of notebook {shown(label)}", OutputEntry
        case ["workflows", int(), "notebooks", str(label), "output_limit"]:
            return f"'output_limit' of notebook {shown(label)}", OutputLimitEntry
        case ["workflows", int(), "notebooks", str(label), "parameters"]:
            return f"the parameters of notebook {shown(label)}", None
        case ["workflows", int(), "notebooks", str(label), "env"]:
            return f"'env' of notebook {shown(label)}", None
        case ["scenarios", int(place)]:
            return set_named(root, place), ScenarioSetEntry
        case ["scenarios", int(place), str(key), *_]:
            return f"{key!r} of {set_named(root, place)}", None
        case ["available_dates_sensor"]:
            return "available_dates_sensor", SensorEntry
        case ["available_dates_sensor", "source"]:
            return "the source", None
        case ["available_dates_sensor", "source", str(kind)] if kind in BUILT_IN:
            return repr(kind), BUILT_IN[kind].settings
        case ["available_dates_sensor", "workflows", int(place)]:
            return entry_named(root, place), ConfiguredEntry
        case [*_, last]:
            return repr(last) if isinstance(last, str) else shown(last), None
    return "the file", None


def entry_named(root: YamlNode, place: int) -> str:
    """Name the sensor's entry at index ``place`` as messages do."""
    name = root.at(["available_dates_sensor", "workflows", place]).get("workflow_name")
    return f"entry {place + 1} of the sensor" + (f" ({shown(name.text)})" if name is not None and name.text else "")
