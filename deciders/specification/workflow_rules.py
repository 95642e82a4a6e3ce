"""Rules for workflows beyond their shape: names that must exist, circles, files, parameters that must match.

Everything works on the nodes of the file and passes over what has the wrong shape (`shape_problems` has said so
already), so that one reading shows all problems.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from ..notebooks.notebook_parameters import INJECTED, has_leftover_tag, read_notebook_parameters
from ..problems import Problems, listed, near_miss, shown
from .cache_rules import check_cache
from .inputs_folder import checked_file, folded_name, name_fault
from .notebook_limits import check_environment
from .output_rules import check_outputs
from .policy_rules import check_policy
from .shape_problems import entry_named
from .step_rules import checked_graph
from .wanted_names import wanted_names
from .workflow_file import (
    AUTOFLOW_PARAMETERS,
    AUTOMATIC_PARAMETERS,
    MISSING_DATES,
    NOTEBOOK_SUFFIXES,
    OF_THE_DATE,
    OWN_PARAMETERS,
    SHARED_SETTINGS,
)
from .yaml_lines import YamlNode

#: How similar two names must be for one to count as a misspelling of the other: if the sensor's entry lacks the name
#: anyway, and if nothing else speaks for a misspelling.
_CUTOFF_WHEN_MISSING = 0.7
_CUTOFF_WHEN_UNUSED = 0.85


@dataclass
class CheckedNotebook:
    """A notebook, as far as it could be read."""

    label: str
    line: int
    filename: str
    node: YamlNode
    needs: tuple[str, ...] = ()
    #: names that are neither labels nor axes, in order of first mention, each with the line where it stands
    wanted: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class CheckedWorkflow:
    """A workflow, as far as it could be read."""

    name: str
    notebooks: list[CheckedNotebook] = field(default_factory=list)
    is_complete: bool = True  #: False when something in it could not be read, so that its parameters are not known

    @property
    def labels(self) -> list[str]:
        return [notebook.label for notebook in self.notebooks]

    @property
    def fans(self) -> set[str]:
        """The labels with lists of items."""
        return {one.label for one in self.notebooks if {"for_each", "repeat"} & one.node.entries().keys()}

    def references(self) -> dict[str, list[tuple[str, int]]]:
        """Return each name that is neither a label nor automatic, with the notebooks that take it and the lines where they
        do."""
        found: dict[str, list[tuple[str, int]]] = {}
        for notebook in self.notebooks:
            for name, line in notebook.wanted:
                if name not in AUTOMATIC_PARAMETERS:
                    found.setdefault(name, []).append((notebook.label, line))
        return found

    def takes_date(self) -> bool:
        """Return True if a notebook takes a parameter that only a run with a date has."""
        return bool(self._wanted() & {*OF_THE_DATE, MISSING_DATES})

    def own_automatic_parameters(self) -> set[str]:
        """Return the automatic parameters that notebooks take and that an entry may override, such as ``inputs_dir``."""
        return self._wanted() & set(OWN_PARAMETERS)

    def _wanted(self) -> set[str]:
        return {name for notebook in self.notebooks for name, _ in notebook.wanted}

    def as_dict(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """For `deciders.specification.WorkflowSpecification`, with the settings that its entry of the file has."""
        shared = {name: settings[name] for name in SHARED_SETTINGS if name in settings}
        notebooks = [
            {**shared, **settings["notebooks"][one.label], "label": one.label, "needs": one.needs} for one in self.notebooks
        ]
        own = {name: value for name, value in settings.items() if name not in shared}
        return {**own, "notebooks": notebooks, "parameters": sorted(self.references())}


def checked_workflows(root: YamlNode, inputs_dir: Path, problems: Problems) -> list[CheckedWorkflow]:
    """Return the workflows of the file, their notebooks in the order in which they can run."""
    found: list[CheckedWorkflow] = []
    first_line: dict[str, tuple[str, int]] = {}
    for entry in (root.get("workflows") or _NOTHING).items():
        name = entry.get("name")
        if name is None or name.text is None:
            continue
        if fault := name_fault(name.text):
            problems.add(name.line, f"workflow name {shown(name.text)} {fault}")
        elif name.text[0].isspace():
            problems.add(name.line, f"workflow name {shown(name.text)} begins with a blank, and so would its workflow ids")
        if folded_name(name.text) not in first_line:
            first_line[folded_name(name.text)] = (name.text, name.line)
        else:
            other, line = first_line[folded_name(name.text)]
            how = "is defined twice" if other == name.text else f"differs from {shown(other)} only in case"
            problems.add(name.line, f"workflow name {shown(name.text)} {how} (first in line {line})")
        found.append(_checked_workflow(name.text, entry, inputs_dir, problems))
        check_cache(entry, {one.label: one.wanted for one in found[-1].notebooks}, inputs_dir, problems)
        check_policy(entry, root, problems)
    return found


def _checked_workflow(name: str, entry: YamlNode, inputs_dir: Path, problems: Problems) -> CheckedWorkflow:
    workflow = CheckedWorkflow(name)
    notebooks = entry.get("notebooks")
    if notebooks is None or not isinstance(notebooks.value, dict):
        workflow.is_complete = False
        return workflow
    if not notebooks.value:
        problems.add(notebooks.line, f"workflow {shown(name)} has no notebooks")
    first_line: dict[str, tuple[str, int]] = {}
    for label, node in notebooks.value.items():
        if not isinstance(label, str):
            workflow.is_complete = False
            continue
        if fault := name_fault(label):
            problems.add(node.line, f"notebook label {shown(label)} {fault}")
        elif label in AUTOFLOW_PARAMETERS:
            problems.add(node.line, f"a notebook cannot be labelled {label!r}, which is an automatic parameter")
        other, line = first_line.setdefault(folded_name(label), (label, node.line))
        if other != label:
            problems.add(node.line, f"notebook label {label!r} differs from {other!r} only in case (first in line {line})")
        workflow.notebooks.append(_checked_notebook(label, node, workflow, inputs_dir, problems))
    _read_steps(workflow, problems)
    return workflow


def _checked_notebook(
    label: str, node: YamlNode, workflow: CheckedWorkflow, inputs_dir: Path, problems: Problems
) -> CheckedNotebook:
    given = node.get("parameters") or _NOTHING
    readable = [key for key, one in given.entries().items() if isinstance(key, str) and isinstance(one.value, str | dict)]
    if not isinstance(node.value, dict) or len(readable) != len(given.entries()):
        workflow.is_complete = False
    if given is not _NOTHING and not isinstance(given.value, dict):
        workflow.is_complete = False
    notebook = CheckedNotebook(label, node.line, "", node)
    filename = node.get("filename")
    if filename is not None and filename.text:
        notebook.filename = filename.text
        path = checked_file(inputs_dir, filename.text, NOTEBOOK_SUFFIXES, filename.line, problems)
        if path is not None:
            _check_against_file(notebook, given, path, problems)
    check_outputs(label, node.get("output"), inputs_dir, problems)
    check_environment(label, node.get("env"), problems)
    return notebook


def _check_against_file(notebook: CheckedNotebook, given: YamlNode, path: Path, problems: Problems) -> None:
    if not given.entries() and not has_leftover_tag(path):
        return
    known = read_notebook_parameters(path)
    if known is None:
        return
    if not given.entries():
        if (left := known.leftover()) is not None:
            problems.warn(
                notebook.line,
                f"notebook {notebook.label!r} is given no parameters, so those count that an earlier run has left in "
                f"{shown(notebook.filename)} (cell {left.number}, tagged {INJECTED!r}); take that cell out, or give them",
            )
        return
    if not known.has_cell:
        problems.add(
            notebook.line,
            f"notebook {notebook.label!r} is given parameters, but {shown(notebook.filename)} {known.missing_cell()}",
        )
        return
    names = [name for name in given.entries() if isinstance(name, str)]
    for clause in known.lost_values(names):
        problems.add(notebook.line, f"{shown(notebook.filename)} {clause}")
    for clause in known.doubtful_values(names):
        problems.warn(notebook.line, f"{shown(notebook.filename)} {clause}")
    if known.names is not None:
        for name, node in given.entries().items():
            if isinstance(name, str) and name not in known.names:
                hint = problems.did_you_mean(name, sorted(known.names))
                problems.add(
                    node.line,
                    f"{shown(notebook.filename)} has no parameter {shown(name)} in its cell tagged 'parameters'{hint}",
                )


def _read_steps(workflow: CheckedWorkflow, problems: Problems) -> None:
    """Find what each notebook needs, and sort it after that; otherwise the order of the file is kept."""
    nodes = {notebook.label: notebook.node for notebook in workflow.notebooks}
    graph, written = checked_graph(nodes, problems)
    for label, names in wanted_names(written).items():
        notebook = next(one for one in workflow.notebooks if one.label == label)
        notebook.wanted = [(name, notebook.node.at(path).line) for name, path in names]
    if graph is None:
        workflow.is_complete = False
        return
    for notebook in workflow.notebooks:
        notebook.needs = graph.needs(notebook.label)
    by_label = {notebook.label: notebook for notebook in workflow.notebooks}
    workflow.notebooks = [by_label[label] for label in _in_order(by_label)]


def _in_order(notebooks: Mapping[str, CheckedNotebook]) -> list[str]:
    place = {label: number for number, label in enumerate(notebooks)}
    sorter = TopologicalSorter({label: notebook.needs for label, notebook in notebooks.items()})
    sorter.prepare()
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        ordered.extend(ready)
        sorter.done(*ready)
    return ordered


def check_parameters(
    root: YamlNode,
    workflows: list[CheckedWorkflow],
    problems: Problems,
    given_otherwise: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Compare the parameters that each workflow takes with those given by the sensor's entries for it.

    ``given_otherwise`` are names, by workflow, that something else gives a value for.


    A parameter without a value is reported where it is taken if another name was probably meant, else at the entry that lacks
    it.
    """
    entries: dict[str, list[tuple[str, YamlNode]]] = {}
    for place, entry in enumerate(((root.get("available_dates_sensor") or _NOTHING).get("workflows") or _NOTHING).items()):
        name = entry.get("workflow_name")
        if name is not None and name.text is not None:
            entries.setdefault(name.text, []).append((entry_named(root, place), entry))
    for workflow in {workflow.name: workflow for workflow in workflows}.values():
        if workflow.is_complete:
            others = (given_otherwise or {}).get(workflow.name, ())
            _check_workflow_parameters(workflow, entries.get(workflow.name, []), others, problems)


def _check_workflow_parameters(
    workflow: CheckedWorkflow, entries: list[tuple[str, YamlNode]], given_otherwise: Collection[str], problems: Problems
) -> None:
    references = workflow.references()
    given_by = [_given(entry) for _, entry in entries]
    given_by_entries = {name for given in given_by if given is not None for name in given}
    may_be_given = {*references, *workflow.own_automatic_parameters()}
    slips: dict[str, str] = {}
    for name in sorted(references.keys() - given_by_entries - set(given_otherwise)):
        options = dict.fromkeys([*workflow.labels, *AUTOMATIC_PARAMETERS, *sorted(given_by_entries)])
        cutoff = _CUTOFF_WHEN_MISSING if entries else _CUTOFF_WHEN_UNUSED
        if (meant := near_miss(name, options, cutoff=cutoff)) is not None:
            slips[name] = meant
            for label, line in references[name]:
                problems.add(
                    line,
                    f"notebook {label!r} wants {shown(name)}, which is neither a parameter nor a notebook "
                    f"(did you mean {meant!r}?)",
                )
    for (called, entry), given in zip(entries, given_by, strict=True):
        if given is None:
            continue
        line = (entry.get("parameters") or entry).line
        missing = [name for name in sorted(references) if name not in given and name not in slips]
        if missing:
            problems.add(line, f"{called} gives no value for {listed(missing)}")
        for name, node in given.items():
            if name not in may_be_given and name not in slips.values():
                problems.add(node.line, _unexpected(workflow, name, called, missing, problems))


def _given(entry: YamlNode) -> dict[str, YamlNode] | None:
    """Return the parameters of an entry; None if they are no mapping, so that nothing is known about them."""
    parameters = entry.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters.value, dict):
        return None
    return {key: node for key, node in parameters.value.items() if isinstance(key, str)}


def _unexpected(workflow: CheckedWorkflow, name: str, called: str, missing: list[str], problems: Problems) -> str:
    if name in AUTOFLOW_PARAMETERS:
        return f"{called} gives {name!r}, which is set automatically"
    hint = problems.did_you_mean(name, missing)
    return f"{called} gives {shown(name)}, which no notebook of workflow {shown(workflow.name)} wants{hint}"


_NOTHING = YamlNode(None, 0)
