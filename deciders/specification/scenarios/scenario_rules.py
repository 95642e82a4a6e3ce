"""Rules for ``scenarios`` beyond their shape: names, tables, combinations, and the parameters of their workflows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ...problems import Problems, shown
from ..inputs_folder import checked_file, folded_name
from ..yaml_lines import BROKEN, YamlNode, holds_broken, json_value
from .expansion import Takes, expanded
from .instance_names import LABEL, set_name_fault
from .result_references import result_fault
from .scenario_set import ScenarioSetSpecification
from .table_files import CSV, PARQUET, Table, TableError, read_table

_JSON_KEYS = ("grid", "parameters")  #: of an entry: what becomes parameters
_OTHER_KEYS = ("table", "instance", "results", "only", "max_parallel", "stop_on_failure")


class Checked(Protocol):
    """A workflow of the file, as far as it could be read."""

    name: str
    is_complete: bool

    @property
    def labels(self) -> list[str]: ...
    @property
    def fans(self) -> Collection[str]: ...
    def references(self) -> Mapping[str, Any]: ...
    def own_automatic_parameters(self) -> set[str]: ...
    def takes_date(self) -> bool: ...


def checked_scenarios(
    root: YamlNode, workflows: Sequence[Checked], inputs_dir: Path, problems: Problems
) -> tuple[list[dict[str, Any]], dict[str, set[str]]]:
    """Check the sets of scenarios.

    Returns:
        The values of a `ScenarioSetSpecification` for each, usable if nothing was added to ``problems``; and the names of the
        parameters that they give, by workflow.
    """
    found: list[dict[str, Any]] = []
    given: dict[str, set[str]] = {}
    first: dict[str, tuple[str, int]] = {}
    by_name = {workflow.name: workflow for workflow in workflows}
    for place, entry in enumerate((root.get("scenarios") or _NOTHING).items()):
        called = set_named(root, place)
        _check_name(entry.get("name"), first, problems)
        workflow = _workflow_of(entry, by_name, called, problems)
        if entry.get("grid") is not None and (table := entry.get("table")) is not None:
            problems.add(table.line, f"{called} has both a grid and a table; give one of them")
            continue
        values = _values(entry, problems)
        table_found = _table_of(entry, inputs_dir, called, problems)
        if workflow is not None:
            given.setdefault(workflow.name, set()).update(_given(values, table_found))
        has_table = entry.get("table") is not None
        if has_table and entry.get("instance") is None:
            problems.add(entry.line, f"{called} lacks 'instance', which names the instance of each row, as {{client}}")
        elif not (has_table and table_found is None) and _has_shape(entry, values):
            _check_scenarios(entry, values, table_found, workflow, called, problems)
        if workflow is not None:
            _check_results(entry, workflow, called, problems)
        found.append(values)
    return found, given


def set_named(root: YamlNode, place: int) -> str:
    """Name the set of scenarios at index ``place`` as messages do."""
    name = root.at(["scenarios", place]).get("name")
    return f"scenario set {shown(name.text)}" if name is not None and name.text else f"scenario set {place + 1}"


def _check_name(name: YamlNode | None, first: dict[str, tuple[str, int]], problems: Problems) -> None:
    if name is None or name.text is None:
        return
    if fault := set_name_fault(name.text):
        problems.add(name.line, f"the name of scenario set {shown(name.text)} {fault}")
    other, line = first.setdefault(folded_name(name.text), (name.text, name.line))
    if line != name.line:
        how = "is defined twice" if other == name.text else f"differs from {shown(other)} only in case"
        problems.add(name.line, f"scenario set {shown(name.text)} {how} (first in line {line})")


def _workflow_of(entry: YamlNode, by_name: Mapping[str, Checked], called: str, problems: Problems) -> Checked | None:
    name = entry.get("workflow")
    if name is None or name.text is None:
        return None
    workflow = by_name.get(name.text)
    if workflow is None:
        if by_name:
            hint = problems.did_you_mean(name.text, by_name)
            problems.add(name.line, f"there is no workflow {shown(name.text)} in this file{hint}")
        return None
    if workflow.takes_date() and not {"reference_date", "date_ranges"} & set((entry.get("parameters") or _NOTHING).entries()):
        problems.add(name.line, f"workflow {shown(name.text)} of {called} takes a reference date, which no scenario has")
    return workflow


def _values(entry: YamlNode, problems: Problems) -> dict[str, Any]:
    """Return the settings as JSON values, as far as they have the right shape."""
    values: dict[str, Any] = {}
    for key in ("name", "workflow", *_OTHER_KEYS):
        if (node := entry.get(key)) is not None and not holds_broken(plain := node.plain()):
            values[key] = plain
    for key in _JSON_KEYS:
        if (node := entry.get(key)) is not None:
            values[key] = json_value(node, problems)
    return values


def _has_shape(entry: YamlNode, values: Mapping[str, Any]) -> bool:
    """Tell whether the settings have the kinds that they should have; where not, `shape_problems` has said so."""
    grid, parameters = values.get("grid", {}), values.get("parameters", {})
    is_grid = isinstance(grid, dict) and all(isinstance(one, list) and one for one in grid.values())
    is_broken = any(holds_broken(node.plain()) for key in _JSON_KEYS if (node := entry.get(key)) is not None)
    only = values.get("only", [])
    are_axes = isinstance(only, list) and all(isinstance(axis, str) for axis in only)
    return is_grid and are_axes and isinstance(parameters, dict) and not is_broken


def _table_of(entry: YamlNode, inputs_dir: Path, called: str, problems: Problems) -> Table | None:
    node = entry.get("table")
    if node is None or not node.text:
        return None
    path = checked_file(inputs_dir, node.text, (CSV, PARQUET), node.line, problems)
    if path is None:
        return None
    try:
        found = read_table(path)
    except TableError as error:
        problems.add(node.line, f"{node.text} {error}")
        return None
    for doubt in found.doubts:
        problems.warn(node.line, f"{node.text} {doubt}")
    return found


def _given(values: Mapping[str, Any], table: Table | None) -> set[str]:
    found = set(table.columns) if table is not None else set()
    found |= {name for name in values.get("parameters") or () if isinstance(name, str)}
    grid = values.get("grid")
    for axis, items in grid.items() if isinstance(grid, dict) else ():
        found.add(axis)
        for item in items if isinstance(items, list) else ():
            found |= set(item) - {LABEL} if isinstance(item, dict) else set()
    return found


def _check_scenarios(
    entry: YamlNode, values: Mapping[str, Any], table: Table | None, workflow: Checked | None, called: str, problems: Problems
) -> None:
    text = {key: values[key] for key in ("table", "instance") if isinstance(values.get(key), str)}
    lists = {key: values[key] for key in ("grid", "parameters", "only") if key in values}
    name = values.get("name")
    wanted = ScenarioSetSpecification(name=name if isinstance(name, str) else "", workflow="", **text, **lists)
    for fault in expanded(wanted, table, takes_of(workflow)).faults:
        problems.add(entry.at(fault.path).line, f"{called}: {fault.text}")


def takes_of(workflow: Checked | None) -> Takes:
    """Return the parameters that a workflow takes; None is one that is not known."""
    if workflow is None:
        return Takes("", (), (), is_known=False)
    wanted = set(workflow.references())
    return Takes(workflow.name, wanted, wanted | workflow.own_automatic_parameters(), is_known=workflow.is_complete)


def _check_results(entry: YamlNode, workflow: Checked, called: str, problems: Problems) -> None:
    seen: list[str] = []
    for node in (entry.get("results") or _NOTHING).items():
        if node.text is None or node.value is BROKEN or not workflow.is_complete:
            continue
        if (fault := result_fault(node.text, workflow.labels, workflow.fans)) is not None:
            problems.add(node.line, f"results of {called}: {fault}")
        elif node.text in seen:
            problems.add(node.line, f"results of {called}: {shown(node.text)} is there twice")
        seen.append(node.text)


_NOTHING = YamlNode(None, 0)
