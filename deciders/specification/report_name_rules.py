"""Rules for ``name`` of an output: a valid file name, known placeholders, and never the same name for two reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from ..path_parts import encoded_part, path_part
from ..problems import Problems, listed, shown
from ..values.report_format import REPORT_FORMATS
from .inputs_folder import folded_name, name_fault
from .report_names import PLACEHOLDERS, filled_name, literal_parts, own_values, placeholders
from .yaml_lines import YamlNode

_ENDINGS = tuple(f".{format}" for format in REPORT_FORMATS)
_SOME_DATE = "2000-01-01"


class Named(Protocol):
    """A workflow of the file, as far as it could be read."""

    name: str
    is_complete: bool

    def references(self) -> Mapping[str, Any]: ...
    def takes_date(self) -> bool: ...


@dataclass
class _Output:
    """An output and the facts about its name."""

    label: str
    format: str
    line: int
    name: str | None  #: None: it has none

    def file_name(self, workflow: str, number: int, values: Mapping[str, Any]) -> str:
        """Return the file name for the entry with that number, which stands for its identity."""
        if self.name is None:
            return f"{path_part(self.label)}.{self.format}"
        own = own_values(workflow, self.label, f"{_SOME_DATE}_{number}", _SOME_DATE)
        return f"{filled_name(self.name, {**values, **own})}.{self.format}"


def check_report_names(root: YamlNode, workflows: Sequence[Named], problems: Problems) -> None:
    """Report invalid names, and names that two reports of a run, or two runs of the sensor's entries, would share."""
    nodes = {name.text: entry for entry in (root.get("workflows") or _NOTHING).items() if (name := entry.get("name"))}
    for workflow in workflows:
        outputs = list(_outputs(nodes.get(workflow.name) or _NOTHING))
        named = [output for output in outputs if output.name is not None]
        fine = [output for output in named if _is_name(output, workflow, problems)]
        if workflow.is_complete and fine:
            entries = _entries(root, workflow.name)
            has_dates = bool(entries) or workflow.takes_date()
            sharing = {
                id(output)
                for output in fine
                if _is_shared_by_runs(output, workflow.name, entries, problems, has_dates=has_dates)
            }
            rest = [one for one in outputs if one.name is None or (one in fine and id(one) not in sharing)]
            _check_reports_of_a_run(rest, workflow.name, entries or [(1, {})], problems)


def _outputs(workflow: YamlNode) -> Iterator[_Output]:
    for label, notebook in (workflow.get("notebooks") or _NOTHING).entries().items():
        node = notebook.get("output")
        if not isinstance(label, str) or not label or node is None:
            continue
        for entry in node.items() if isinstance(node.value, list) else [node]:
            format, name = entry.get("format"), entry.get("name")
            if format is not None and f".{format.text}" in _ENDINGS and (name is None or name.text):
                yield _Output(label, str(format.text), (name or entry).line, name.text if name is not None else None)


def _is_name(output: _Output, workflow: Named, problems: Problems) -> bool:
    name = output.name or ""
    called, literal = f"report name {shown(name)}", literal_parts(name)
    if "{" in literal or "}" in literal:
        problems.add(output.line, f"{called} has a brace that is part of no placeholder; write one as {{reference_date}}")
        return False
    if fault := _fault(literal):
        problems.add(output.line, f"{called} {fault}")
        return False
    known = [*PLACEHOLDERS, *sorted(workflow.references())]
    unknown = [one for one in placeholders(name) if one not in known]
    for one in unknown if workflow.is_complete else ():
        hint = problems.did_you_mean(one, known) or f"; there are {listed(known)}"
        problems.add(output.line, f"{called} has the placeholder {shown(one)}, which is no parameter of its workflow{hint}")
    double = [one for one in placeholders(name) if one in PLACEHOLDERS and one in workflow.references()]
    for one in double:
        problems.add(output.line, f"{called}: {shown(one)} is also a parameter of the workflow; give that another name")
    return not unknown and not double


def _fault(literal: str) -> str | None:
    if fault := name_fault(literal):
        return fault
    if literal.startswith("."):
        return "begins with a dot, which would hide the file"
    if literal != literal.strip(" ") or literal.endswith("."):
        return "begins or ends with a space or a dot, which some systems take away"
    if ending := next((ending for ending in _ENDINGS if literal.casefold().endswith(ending)), None):
        return f"ends in {ending!r}; the ending is added to it"
    if encoded_part(literal) != literal:
        bad = next(character for character in literal if encoded_part(f"x{character}") != f"x{character}")
        return f"holds {bad!r}, which file names cannot hold everywhere"
    return None


def _is_shared_by_runs(
    output: _Output, workflow: str, entries: list[tuple[int, dict[str, Any]]], problems: Problems, *, has_dates: bool
) -> bool:
    """Return True, and report it, if two dates or two entries of the sensor would give the report the same name."""
    called, names = f"report name {shown(output.name)}", placeholders(output.name or "")
    if has_dates and not {"reference_date", "instance"} & set(names):
        problems.add(output.line, f"{called} is the same for every date; say {{reference_date}} or {{instance}} in it")
        return True
    first: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, values in entries:
        other, before = first.setdefault(folded_name(output.file_name(workflow, number, values)), (number, values))
        if other != number:
            differ = [name for name in values if name in before and repr(values[name]) != repr(before[name])]
            more = next((name for name in differ if name not in names), None)
            what = f"{{{more}}}" if more is not None else "{instance}"
            problems.add(output.line, f"{called} is the same for entries {other} and {number} of the sensor; say {what} in it")
            return True
    return False


def _check_reports_of_a_run(
    outputs: list[_Output], workflow: str, entries: list[tuple[int, dict[str, Any]]], problems: Problems
) -> None:
    for number, values in entries:
        names = sorted((folded_name(one.file_name(workflow, number, values)), place) for place, one in enumerate(outputs))
        for (before, first), (name, second) in pairwise(names):
            if before == name:
                one, other = outputs[first], outputs[second]
                line = other.line if other.name is not None else one.line
                sentence = (
                    f"the reports of notebooks {one.label!r} and {other.label!r} would have one name; say {{label}} in it"
                )
                problems.add(line, sentence)
                return


def _entries(root: YamlNode, workflow: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the numbers and parameters of the sensor's entries for a workflow; entries that make the same runs count once."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    sensor = root.get("available_dates_sensor") or _NOTHING
    for number, entry in enumerate((sensor.get("workflows") or _NOTHING).items(), start=1):
        name = entry.get("workflow_name")
        if name is not None and name.text == workflow:
            given = (entry.get("parameters") or _NOTHING).entries()
            values = {key: node.plain() for key, node in given.items() if isinstance(key, str)}
            stencil = (entry.get("date_stencil") or _NOTHING).plain()
            found.setdefault(repr((sorted(values.items(), key=str), stencil)), (number, values))
    return list(found.values())


_NOTHING = YamlNode(None, 0)
