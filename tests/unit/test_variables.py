"""The table of variables, and the one function that reads them."""

from __future__ import annotations

import ast
import functools
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb import environment, variables
from simpleflow_nb.constants import STATE_FOLDER
from simpleflow_nb.environment import taken, value_of
from simpleflow_nb.exceptions import DefinitionError, ExitCode
from simpleflow_nb.variables import VARIABLES, Variable

PROJECT = Path(variables.__file__).parent.parent

#: Files that may use ``os.environ``, and why.
READERS = {
    "simpleflow_nb/environment.py": "reads it for all others",
    "workers/kernels/fork_server_process.py": "notes what imports of libraries set, for the kernels that it forks",
    "workers/kernels/forked_kernel.py": "becomes a kernel, whose environment replaces that of the fork server",
}

#: Entries that nothing of ours uses, and who reads them.
READ_BY_LIBRARIES = {"NO_COLOR": "rich"}

DECLARED = {name: value for name, value in vars(variables).items() if isinstance(value, Variable)}


@pytest.fixture(autouse=True)
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "SECRETS_DIR", tmp_path)
    for name in DECLARED:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def forgotten_nodes() -> Iterator[None]:
    """They take hundreds of megabytes, which other tests need not carry along."""
    yield
    nodes.cache_clear()


# ---- the table -----------------------------------------------------------------------------------------------------------


def test_each_variable_is_a_constant_of_its_own_name() -> None:
    assert {name: variable.name for name, variable in DECLARED.items()} == {name: name for name in DECLARED}


def test_the_table_has_each_variable_once_except_those_between_our_processes() -> None:
    between_ours = {variables.SIMPLEFLOW_NB_CHILD, variables.SIMPLEFLOW_NB_GATE, variables.SIMPLEFLOW_NB_CALLED_FLOWS}
    own = {*between_ours, variables.JPY_SESSION_NAME}
    assert len(set(VARIABLES)) == len(VARIABLES)
    assert set(DECLARED.values()) - set(VARIABLES) == own


def test_every_level_of_the_standard_library_is_a_level_to_log_from() -> None:
    for level in (variables.LOG_LEVEL, variables.AUTOFLOW_LOG_LEVEL):
        assert {*level.words, *level.other_words} == set(logging.getLevelNamesMapping())


def test_nothing_is_both_read_and_replaced() -> None:
    assert set(variables.REPLACED) & set(DECLARED) == set()


# ---- reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", DECLARED.values(), ids=DECLARED)
def test_a_variable_that_is_not_set_has_its_default(variable: Variable[Any]) -> None:
    assert value_of(variable) == variable.default


@pytest.mark.parametrize("variable", DECLARED.values(), ids=DECLARED)
def test_an_empty_variable_is_not_set_but_for_the_modules(variable: Variable[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable.name, " ")
    assert value_of(variable) == (() if variable is variables.SIMPLEFLOW_NB_PRELOAD else variable.default)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        (variables.SWF_DOMAIN, " prod\n", "prod"),
        (variables.LOG_LEVEL, "debug", "DEBUG"),
        (variables.LOG_LEVEL, "critical", "CRITICAL"),
        (variables.SIMPLEFLOW_NB_LOG_FORMAT, "json", "json"),
        (variables.SWF_CONNECTION_RETRIES, "07", 7),
        (variables.SIMPLEFLOW_NB_KERNEL_POOL, "64", 64),
        (variables.SIMPLEFLOW_DISABLE_SETPROCTITLE, "0", True),
        (variables.SIMPLEFLOW_NB_PRELOAD, " numpy , a.b ,", ("numpy", "a.b")),
        (variables.SIMPLEFLOW_IDENTITY, '{"hostname": "h", "pid": null}', {"hostname": "h", "pid": None}),
    ],
)
def test_a_value_is_of_its_type(variable: Variable[Any], text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable.name, text)
    assert value_of(variable) == value


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        (variables.SWF_CONNECTION_RETRIES, "many", "SWF_CONNECTION_RETRIES is 'many'; a number is expected"),
        (variables.SWF_CONNECTION_RETRIES, "-1", "SWF_CONNECTION_RETRIES is '-1'; a number is expected"),
        (
            variables.SIMPLEFLOW_NB_KERNEL_POOL,
            "65",
            "SIMPLEFLOW_NB_KERNEL_POOL is '65'; a number from 0 to 64 is expected",
        ),
        (variables.SIMPLEFLOW_NB_LOG_FORMAT, "JSON", "SIMPLEFLOW_NB_LOG_FORMAT is 'JSON'; text or json is expected"),
        (variables.LOG_LEVEL, "loud", "LOG_LEVEL is 'loud'; one of DEBUG, INFO, WARNING, ERROR is expected"),
        (
            variables.SIMPLEFLOW_NB_PRELOAD,
            "numpy pandas",
            "SIMPLEFLOW_NB_PRELOAD is 'numpy pandas'; a list of modules, separated by commas, is expected",
        ),
        (variables.SIMPLEFLOW_IDENTITY, "host", "SIMPLEFLOW_IDENTITY is 'host'; a JSON object is expected"),
        (variables.SIMPLEFLOW_IDENTITY, "[1]", "SIMPLEFLOW_IDENTITY is '[1]'; a JSON object is expected"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_in_a_sentence(
    variable: Variable[Any], text: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable.name, text)
    with pytest.raises(DefinitionError) as refused:
        value_of(variable)
    assert (str(refused.value), refused.value.exit_code) == (sentence, ExitCode.WRONG)


def test_a_mounted_file_wins_even_if_it_is_empty(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAPI_URL", "https://from.environment")
    (mounted / "FLOWAPI_URL").write_text(" https://mounted\n")
    assert value_of(variables.FLOWAPI_URL) == "https://mounted"
    (mounted / "FLOWAPI_URL").write_text("\n")
    assert value_of(variables.FLOWAPI_URL) is None


def test_a_file_says_nothing_of_a_variable_that_cannot_be_mounted(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mounted / "SWF_DOMAIN").write_text("mounted")
    assert value_of(variables.SWF_DOMAIN) is None


def test_a_mounted_file_that_is_not_text_is_refused_in_a_sentence(mounted: Path) -> None:
    (mounted / "LOG_LEVEL").write_bytes(b"\xff")
    with pytest.raises(DefinitionError) as refused:
        value_of(variables.LOG_LEVEL)
    assert str(refused.value) == f"{mounted / 'LOG_LEVEL'} is not text"


def test_a_variable_that_was_taken_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_NB_CHILD", "12")
    assert [taken(variables.SIMPLEFLOW_NB_CHILD), taken(variables.SIMPLEFLOW_NB_CHILD)] == [12, 0]
    assert "SIMPLEFLOW_NB_CHILD" not in os.environ


# ---- the sources ---------------------------------------------------------------------------------------------------------


@functools.cache
def nodes() -> list[tuple[str, ast.AST]]:
    """The nodes of all files of the three packages but the table itself, each with the file's path."""
    found: list[tuple[str, ast.AST]] = []
    for package in ("simpleflow_nb", "deciders", "workers"):
        for path in sorted((PROJECT / package).rglob("*.py")):
            if path != Path(variables.__file__):
                name = path.relative_to(PROJECT).as_posix()
                found += [(name, node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return found


def texts() -> list[tuple[str, str]]:
    """The texts in these files, docstrings among them, each with the file's path."""
    return [(file, node.value) for file, node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def users_of(*names: str) -> set[str]:
    """Return the files that use one of these names of the module ``os``."""
    found = set()
    for file, node in nodes():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            used = {node.attr}
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            used = {alias.name for alias in node.names}
        else:
            continue
        if used & set(names):
            found.add(file)
    return found


def test_the_environment_is_read_in_one_place() -> None:
    assert users_of("environ", "environb", "getenv", "getenvb", "putenv", "unsetenv") == set(READERS)


def test_the_cores_are_counted_in_one_place() -> None:
    assert users_of("cpu_count", "process_cpu_count", "sched_getaffinity") == {"simpleflow_nb/environment.py"}


def test_no_name_of_a_variable_is_written_outside_of_the_table() -> None:
    names = {*DECLARED, *variables.SECRETS_OF_LIBRARIES, variables.AWS_ACCESS_KEY_ID}
    assert [(file, text) for file, text in texts() if text.strip(" $=:") in names] == []


def test_every_variable_that_a_sentence_names_is_in_the_table() -> None:
    ours = re.compile(r"\b(?:SIMPLEFLOW|AUTOFLOW|SWF)_[A-Z_]+\b")
    assert [(file, name) for file, text in texts() for name in ours.findall(text) if name not in DECLARED] == []


def test_every_entry_of_the_table_is_used() -> None:
    used = {node.id for _, node in nodes() if isinstance(node, ast.Name)}
    assert set(DECLARED) - used == set(READ_BY_LIBRARIES)


@pytest.mark.parametrize("text", [str(environment.SECRETS_DIR), STATE_FOLDER])
def test_the_folders_are_written_once(text: str) -> None:
    docstrings = {node.value for _, node in nodes() if isinstance(node, ast.Expr)}
    texts = {node for _, node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert [node.value for node in texts - docstrings if text in node.value] == [text]
