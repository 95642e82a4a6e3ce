"""The class of an error has the exit code; the command line asks for no more than that."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from deciders.dates.date_bounds import DateStencilTypeError, DateStencilValueError
from deciders.notebooks.notebook_document import NoNotebook
from deciders.problems import Problem, SpecificationError, UnknownWorkflowError
from deciders.runs.run_reference import UnknownRunError
from simpleflow_nb.cli import main as command_line
from simpleflow_nb.exceptions import (
    DefinitionError,
    ExitCode,
    JournalInUse,
    NonDeterminismError,
    PayloadMissing,
    ServiceError,
    SimpleflowError,
    StaleCache,
    TaskFailed,
)
from simpleflow_nb.processes.workflow_classes import WorkflowNotFound
from workers.artefacts import OutputsError
from workers.notebooks import NotebookFailed, NotebookRefused
from workers.records.run_database import RecordsError
from workers.records.workflow_owners import WorkflowTaken
from workers.reports import ReportError
from workers.secrets import MissingSecretError
from workers.sources.source_errors import SourceError, SourceUnreachable

from .test_docs import PACKAGES, PROJECT, writer

#: What never leaves the module or the room that raises it, or has the shape of an exception of somebody else's.
NOT_OURS = {
    "deciders.steps.conditions.ConditionError",  # of the machine, which knows no exceptions of the engine
    "deciders.steps.graph_rules.GraphError",
    "deciders.steps.labels.item_rows.AxisError",
    "deciders.steps.labels.lookups.MissingValue",
    "deciders.steps.outcomes.UnfoldingError",
    "simpleflow_nb.local.connections.TooSlow",  # of a socket
    "simpleflow_nb.local.faults.Fault",  # an answer, in boto3's shape
    "simpleflow_nb.exceptions.RunEnded",
    "simpleflow_nb.notebooks.NotebookSkipped",  # ends a notebook as SystemExit does
    "workers.reports.figures.UnusablePicture",
    "workers.reports.formula_text.NotWords",
    "workers.reports.tex.NotUnderstood",
}

ERRORS = [
    (SimpleflowError("no"), ExitCode.RUN_FAILED),
    (TaskFailed("load-1", "ValueError: nope"), ExitCode.RUN_FAILED),
    (NonDeterminismError(5, "this", "that"), ExitCode.RUN_FAILED),
    (PayloadMissing("gone"), ExitCode.RUN_FAILED),
    (NotebookFailed("load", 1, "ValueError", "nope", "", Path("load.ipynb")), ExitCode.RUN_FAILED),
    (ReportError("no pages"), ExitCode.RUN_FAILED),
    (DefinitionError("no"), ExitCode.WRONG),
    (WorkflowNotFound("no"), ExitCode.WRONG),
    (UnknownWorkflowError("no"), ExitCode.WRONG),
    (UnknownRunError("no", is_near=False), ExitCode.WRONG),
    (DateStencilTypeError("no"), ExitCode.WRONG),
    (DateStencilValueError("no"), ExitCode.WRONG),
    (NoNotebook("no"), ExitCode.WRONG),
    (NotebookRefused("no"), ExitCode.WRONG),
    (OutputsError("no"), ExitCode.WRONG),
    (WorkflowTaken("no"), ExitCode.WRONG),
    (SourceError("no"), ExitCode.WRONG),
    (MissingSecretError("no"), ExitCode.WRONG),
    (SourceUnreachable("no"), ExitCode.UNREACHABLE),
    (ServiceError("no"), ExitCode.UNREACHABLE),
    (JournalInUse("journal.sqlite3", 7), ExitCode.UNREACHABLE),
    (RecordsError("no"), ExitCode.UNREACHABLE),
]


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def command(**_: object) -> None:
        raise error

    monkeypatch.setattr(command_line.cli, "main", command)


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
def test_a_command_ends_with_the_code_of_the_class_and_one_sentence(error, code, monkeypatch, capsys):
    raising(monkeypatch, error)
    with pytest.raises(SystemExit) as ended:
        command_line.main([])
    assert ended.value.code == code
    assert capsys.readouterr().err == f"simpleflow-nb: {error}\n"


def test_the_problems_of_a_file_are_told_a_line_each_with_the_path_as_it_was_given(monkeypatch, capsys):
    file = Path("some/workflows.yml")
    raising(monkeypatch, SpecificationError([Problem(file, 3, "one"), Problem(file, 0, "two")]))
    with pytest.raises(SystemExit) as ended:
        command_line.main([])
    assert ended.value.code == ExitCode.WRONG
    assert capsys.readouterr().err == "some/workflows.yml:3: one\nsome/workflows.yml: two\n"


def test_what_only_a_bug_can_raise_is_told_as_one(monkeypatch):
    raising(monkeypatch, StaleCache("out of date"))
    with pytest.raises(StaleCache):
        command_line.main([])


def test_every_exception_of_ours_is_of_the_tree():
    outside = {
        f"{one.__module__}.{one.__name__}"
        for one in writer("write_errors").exceptions()
        if not issubclass(one, SimpleflowError) and not one.__name__.startswith("_")
    }
    assert outside == NOT_OURS


def test_every_class_of_the_tree_has_one_of_the_codes_of_a_failure():
    for one in writer("write_errors").exceptions():
        if issubclass(one, SimpleflowError):
            assert one.exit_code in set(ExitCode) - {ExitCode.DONE}, one
            assert isinstance(one.exit_code, ExitCode), one


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (SpecificationError([]), ValueError),
        (UnknownWorkflowError("no"), LookupError),
        (UnknownRunError("no", is_near=True), LookupError),
        (DateStencilTypeError("no"), TypeError),
        (DateStencilValueError("no"), ValueError),
        (NoNotebook("no"), ValueError),
        (MissingSecretError("no"), LookupError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_pythons_own_classes_caught_they_catch(error, builtin):
    assert isinstance(error, builtin)


def test_no_module_but_one_has_the_number_of_an_exit_code():
    """A number given to ``exit``, or compared with a process's code, would have to be changed with the meaning."""
    found = []
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "ctx.exit", "SystemExit", "Exit"):
                    numbers = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, int)]
                    found += [f"{path.relative_to(PROJECT)}:{node.lineno}" for _ in numbers]
    assert found == []


def test_no_command_translates_one_error_of_ours_into_another():
    """``except X as error: raise Y(str(error))`` is what the code of a class makes needless."""
    found = []
    names = {one.__name__ for one in writer("write_errors").exceptions() if issubclass(one, SimpleflowError)}
    for path in sorted((PROJECT / "simpleflow_nb" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.ExceptHandler)
                and node.type is not None
                and names & set(re.findall(r"\w+", ast.unparse(node.type)))
            ):
                said = [ast.unparse(one.exc) for one in ast.walk(node) if isinstance(one, ast.Raise) and one.exc is not None]
                found += [f"{path.name}: {text}" for text in said if text.endswith("(str(error))")]
    assert found == []
