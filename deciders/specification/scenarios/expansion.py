"""The scenarios that a set makes: combinations of its axes or rows of its table, checked against its workflow.

Pure: what a table holds comes in. Faults have the path of the setting that they are about, so that `scenario_rules` finds the
line, and commands can tell them too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ...problems import did_you_mean, listed, shown
from ..inputs_folder import folded_name, name_fault
from .instance_names import LABEL, default_template, filled, full_instance, has_loose_brace, placeholders, word_of
from .scenario_set import MOST_SCENARIOS, ScenarioSetSpecification
from .table_files import Table, TableRow

_MOST_CLASHES = 5  #: that are told one by one
_OF_THE_DATE = ("reference_date", "date_ranges")
INSTANCE = "instance"  #: beside axes and columns, what a choice may name


@dataclass(frozen=True, slots=True)
class Scenario:
    """One set of parameters of a set of scenarios."""

    name: str  #: of the instance within the set
    parameters: dict[str, Any]
    words: dict[str, str] = field(default_factory=dict)  #: its values by axis or column, as names have them
    where: str = ""  #: for messages: ``line 3 of clients.csv``, or ``mode=standard, threshold=30``


class Fault(NamedTuple):
    """A sentence about the setting at ``path`` within the entry of the set."""

    path: tuple[str | int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Takes:
    """The parameters that the workflow of a set takes."""

    name: str
    wanted: Collection[str]  #: need a value
    may_be_given: Collection[str]
    is_known: bool = True  #: False: something in it could not be read


class Expansion(NamedTuple):
    """The scenarios of a set, usable if there are no faults."""

    scenarios: list[Scenario]
    faults: list[Fault]


def expanded(wanted: ScenarioSetSpecification, table: Table | None, takes: Takes) -> Expansion:
    """Return the scenarios in the order of the file: the last axis varies fastest."""
    faults = [*_axis_faults(wanted), *_name_faults(wanted, table)]
    if not faults:
        number = math.prod(len(values) for values in wanted.grid.values()) if table is None else len(table.rows)
        if table is None and wanted.only is not None:
            number = math.prod(len(wanted.grid[axis]) for axis in wanted.only)
        if number > MOST_SCENARIOS:
            faults.append(Fault(*_too_many(wanted, table, number)))
    if faults:
        return Expansion([], faults)
    scenarios = list(_scenarios(wanted, table))
    faults += _instance_faults(wanted, scenarios)
    if takes.is_known:
        faults += _parameter_faults(wanted, table, scenarios, takes)
        # others only stand in its name
        scenarios = [replace(one, parameters=_taken(one.parameters, takes)) for one in scenarios]
    return Expansion(scenarios, faults)


def template_of(wanted: ScenarioSetSpecification) -> str:
    """Return the template of the names of its instances: the one that is given, or the default one."""
    axes = list(wanted.grid) if wanted.only is None else [axis for axis in wanted.grid if axis in wanted.only]
    return wanted.instance if wanted.instance is not None else default_template(axes)


def _too_many(wanted: ScenarioSetSpecification, table: Table | None, number: int) -> tuple[tuple[str, ...], str]:
    rest = f"more than {MOST_SCENARIOS:,}; make several sets of it"
    if table is not None:
        return ("table",), f"{wanted.table} has {number:,} rows, {rest}"
    axes = [axis for axis in wanted.grid if wanted.only is None or axis in wanted.only]
    sizes = " x ".join(f"{axis} {len(wanted.grid[axis])}" for axis in axes)
    return ("grid",), f"it makes {number:,} scenarios ({sizes}), {rest}"


def _axis_faults(wanted: ScenarioSetSpecification) -> Iterator[Fault]:
    by_parameter: dict[str, str] = {}
    for axis, values in wanted.grid.items():
        are_mappings = [isinstance(value, dict) for value in values]
        given: dict[str, None] = {}
        for place, value in enumerate(values):
            path = ("grid", axis, place)
            if not isinstance(value, dict):
                if any(are_mappings):
                    yield Fault(path, f"axis {shown(axis)} has both mappings and {shown(value)}; give one kind")
                continue
            if not isinstance(value.get(LABEL), str | int | float) or isinstance(value.get(LABEL), bool):
                yield Fault(path, f"item {place + 1} of axis {shown(axis)} needs a 'label', text or a number")
            given |= dict.fromkeys(key for key in value if key != LABEL)
        words = [word_of(value) for value in values]
        for place, word in enumerate(words):
            if word in words[:place]:
                what = "label" if are_mappings[place] else "value"
                yield Fault(("grid", axis, place), f"axis {shown(axis)} has the {what} {shown(word)} twice")
        for parameter in given if any(are_mappings) else (axis,):
            if (other := by_parameter.setdefault(parameter, axis)) != axis:
                yield Fault(("grid", axis), f"the axes {other!r} and {axis!r} both give {shown(parameter)}")
    for place, axis in enumerate(wanted.only or ()):
        if axis not in wanted.grid:
            yield Fault(("only", place), f"'only' names {shown(axis)}, which is no axis{did_you_mean(axis, wanted.grid)}")


def _name_faults(wanted: ScenarioSetSpecification, table: Table | None) -> Iterator[Fault]:
    if wanted.instance is None:
        return
    called = f"instance {shown(wanted.instance)}"
    if has_loose_brace(wanted.instance):
        yield Fault(("instance",), f"{called} has a brace that is part of no placeholder; write one as {{mode}}")
        return
    if wanted.table is not None and table is None:
        return  # its columns are not known
    known = dict.fromkeys([*wanted.grid, *(table.columns if table is not None else ()), *wanted.parameters])
    for one in placeholders(wanted.instance):
        if one not in known:
            hint = did_you_mean(one, known) or (f"; there are {listed(known)}" if known else "")
            kind = "column or parameter" if wanted.table is not None else "axis or parameter"
            yield Fault(("instance",), f"{called} has the placeholder {shown(one)}, which is no {kind} of it{hint}")


def _scenarios(wanted: ScenarioSetSpecification, table: Table | None) -> Iterator[Scenario]:
    template = template_of(wanted)
    fixed = {name: word_of(value) for name, value in wanted.parameters.items()}
    if table is not None:
        for row in table.rows:
            yield scenario_of_row(row, template, wanted.parameters, fixed)
        return
    axes = [values if wanted.only is None or axis in wanted.only else values[:1] for axis, values in wanted.grid.items()]
    for combination in itertools.product(*axes):
        parameters, words = dict(wanted.parameters), {}
        for axis, value in zip(wanted.grid, combination, strict=True):
            words[axis] = word_of(value)
            own = value if isinstance(value, dict) else {axis: value}
            parameters |= {name: one for name, one in own.items() if name != LABEL or not isinstance(value, dict)}
        where = ", ".join(f"{axis}={word}" for axis, word in words.items())
        yield Scenario(filled(template, {**fixed, **words}), parameters, words, where)


def scenario_of_row(row: TableRow, template: str, parameters: Mapping[str, Any], fixed: Mapping[str, str]) -> Scenario:
    """Return the scenario of a row of a table, or of one that a program gives."""
    words = {name: word_of(value) for name, value in row.values.items()}
    return Scenario(filled(template, {**fixed, **words}), {**parameters, **row.values}, words, row.where)


def _instance_faults(wanted: ScenarioSetSpecification, scenarios: Sequence[Scenario]) -> Iterator[Fault]:
    path = ("instance",) if wanted.instance is not None else ("grid",)
    first: dict[str, Scenario] = {}
    clashes: dict[str, list[Scenario]] = {}
    for one in scenarios:
        if fault := _instance_fault(one.name):
            yield Fault(path, f"instance {shown(one.name)} ({one.where}) {fault}")
            continue
        folded = folded_name(full_instance(wanted.name, one.name))
        if folded in first:
            clashes.setdefault(folded, [first[folded]]).append(one)
        else:
            first[folded] = one
    for number, same in enumerate(clashes.values()):
        if number == _MOST_CLASHES:
            yield Fault(path, f"and {len(clashes) - number} more names are those of several scenarios")
            break
        where = " and ".join([", ".join(one.where or "?" for one in same[:-1]), same[-1].where])
        names = " and ".join(dict.fromkeys(shown(one.name) for one in same))
        which = (
            f"the instance {names}" if len({one.name for one in same}) == 1 else f"instances that differ only in case, {names}"
        )
        yield Fault(path, f"{where} make {which}; say more in 'instance'")


def _instance_fault(name: str) -> str | None:
    if fault := name_fault(name):
        return fault
    return "begins or ends with a blank" if name != name.strip() else None


def _parameter_faults(
    wanted: ScenarioSetSpecification, table: Table | None, scenarios: Sequence[Scenario], takes: Takes
) -> Iterator[Fault]:
    known = sorted(takes.may_be_given)
    in_names = set(placeholders(template_of(wanted)))

    def stranger(name: str) -> str:
        if name in _OF_THE_DATE:
            return f"{name!r}, which is set automatically for runs of a date"
        return f"{shown(name)}, which no notebook of workflow {shown(takes.name)} wants{did_you_mean(name, known)}"

    given: dict[str, tuple[str | int, ...]] = {name: ("parameters", name) for name in wanted.parameters}
    for axis, values in wanted.grid.items():
        for place, value in enumerate(values):
            own = [name for name in value if name != LABEL] if isinstance(value, dict) else [axis]
            for name in own:
                given.setdefault(name, ("grid", axis, place, name) if isinstance(value, dict) else ("grid", axis))
    for name, path in given.items():
        if name not in takes.may_be_given and not (name in wanted.parameters and name in in_names):
            yield Fault(path, f"it gives {stranger(name)}")
    for name in table.columns if table is not None else ():
        if name not in takes.may_be_given and name not in in_names:
            yield Fault(("table",), f"{wanted.table} has a column {stranger(name)}")
    lacking: dict[tuple[str, ...], list[Scenario]] = {}
    for one in scenarios:
        if missing := tuple(sorted(set(takes.wanted).difference(one.parameters))):
            lacking.setdefault(missing, []).append(one)
    for missing, some in lacking.items():
        of_some = "" if len(some) == len(scenarios) else f" ({_counted(some)})"
        yield Fault(("parameters",), f"it gives no value for {listed(missing)}{of_some}")


def _counted(some: Sequence[Scenario]) -> str:
    more = f" and {len(some) - 1} more" if len(some) > 1 else ""
    return f"instance {shown(some[0].name)}{more}"


def _taken(parameters: Mapping[str, Any], takes: Takes) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name in takes.may_be_given}
