"""The documentation says what is there: commands, settings, names, messages; and its examples run."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
import textwrap
import types
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import pytest
import yaml
from pydantic import BaseModel

import simpleflow_nb
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, load_specification, workflow_file
from simpleflow_nb.cli.main import cli
from simpleflow_nb.exceptions import ExitCode

PROJECT = Path(__file__).parents[2]
PAGES = sorted((PROJECT / "docs").glob("*.rst"))
READ_FIRST = [PROJECT / f"{name}.rst" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")]
PACKAGES = ("simpleflow_nb", "deciders", "workers")

CONTEXT = click.Context(cli, info_name="simpleflow-nb", **cli.context_settings)
COMMANDS = {name: command for name in cli.list_commands(CONTEXT) if (command := cli.get_command(CONTEXT, name))}


def text_of(*names: str) -> str:
    return "\n".join((PROJECT / "docs" / f"{name}.rst").read_text(encoding="utf-8") for name in names)


def writer(name: str) -> types.ModuleType:
    """A program that writes a page, as a module."""
    spec = importlib.util.spec_from_file_location(name, PROJECT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(path: Path) -> str:
    return path.name


# ---- the command line ----------------------------------------------------------------------------------------------------


def test_the_reference_of_the_commands_is_what_the_commands_say():
    assert text_of("commands") == writer("write_commands").page(), "run: python docs/write_commands.py"


def test_the_table_of_exceptions_is_what_the_classes_say():
    assert text_of("errors") == writer("write_errors").page(), "run: python docs/write_errors.py"


def test_every_exit_code_is_explained_and_no_other():
    section = text_of("command_line").partition("\nExit codes\n")[2].partition("\nFormats\n")[0]
    assert [int(code) for code in re.findall(r"^(\d)  +\S", section, re.MULTILINE)] == list(ExitCode)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_so_has_every_option(name):
    command = COMMANDS[name]
    assert command.help, f"{name} has no help"
    without = [option.name for option in command.params if isinstance(option, click.Option) and not option.help]
    assert without == []


def test_every_command_and_option_occurs_in_the_reference():
    page = text_of("commands")
    for name, command in COMMANDS.items():
        section = page.partition(f"\n{name}\n{'-' * len(name)}\n")[2]
        assert section, f"{name} has no section"
        section = section.partition("\n---")[0]
        for option in (one for one in command.params if isinstance(one, click.Option)):
            for spelling in option.opts:
                assert spelling in section, f"{name} {spelling}"


def test_every_command_is_mentioned_on_a_hand_written_page():
    pages = text_of(*(path.stem for path in PAGES if path.stem != "commands")) + READ_FIRST[0].read_text(encoding="utf-8")
    verbs = {"info", "tasks", "profile", "history", "list", "terminate", "signal", "cancel"}  # also told of without their group
    silent = [name for name in COMMANDS if name not in pages and name.partition(".")[2] not in verbs]
    assert silent == []


def test_commands_that_are_called_missing_are_missing():
    section = text_of("not_yet").partition("\nCommands\n")[2]
    missing = re.findall(r"^``.*?``(?=  )|^``.*``$", section, re.MULTILINE)
    called = {name for cell in missing for name in re.findall(r"``([a-z.]+)``", cell)}
    assert len(called) > 5
    assert called & set(COMMANDS) == set()


@pytest.mark.parametrize("page", [*PAGES, *READ_FIRST], ids=named)
def test_terminal_examples_name_commands_and_options_that_exist(page):
    source = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^ +(?:\$ )?simpleflow-nb (.*)$", source, re.MULTILINE):
        words = line.split(" > ")[0].split()
        name = next((word for word in words if word in COMMANDS), None)
        assert name is not None, line
        command = COMMANDS[name]
        known = {spelling for option in (*cli.params, *command.params) for spelling in (*option.opts, *option.secondary_opts)}
        used = {word for word in words if word.startswith("--")}
        assert used <= known, line


# ---- workflows.yml -------------------------------------------------------------------------------------------------------


def _models() -> Iterator[type[BaseModel]]:
    for model in vars(workflow_file).values():
        if isinstance(model, type) and issubclass(model, BaseModel) and model.model_fields:
            yield model


OF_SCENARIOS = set(workflow_file.ScenarioSetEntry.model_fields)


@pytest.mark.parametrize("key", sorted({key for model in _models() for key in model.model_fields} | {"files", "flowapi"}))
def test_every_setting_of_the_workflow_file_is_explained(key):
    in_general = any(key in model.model_fields for model in _models() if model is not workflow_file.ScenarioSetEntry)
    pages = ["scenarios"] * (key in OF_SCENARIOS) + ["workflows_yml"] * (in_general or key not in OF_SCENARIOS)
    for page in pages:
        found = re.search(rf"^ *``{key}``(?:\n +\S|\n-+\n|$)", text_of(page), re.MULTILINE)
        assert found, f"{key} has no entry in {page}"


@pytest.mark.parametrize("name", [*workflow_file.AUTOMATIC_PARAMETERS, *workflow_file.FLOWAPI_CDR_TYPES])
def test_every_automatic_parameter_and_type_of_data_is_named(name):
    assert f"``{name}``" in text_of("workflows_yml")


def _blocks(page: Path, language: str) -> list[str]:
    source = page.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)\.\. code-block:: {language}\n\n((?:\1 +.*\n|\n)+)", source, re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


WITH_YAML = [page for page in [*PAGES, *READ_FIRST] if _blocks(page, "yaml")]
WITH_PYTHON = [page for page in [*PAGES, *READ_FIRST] if _blocks(page, "python")]


@pytest.mark.parametrize("page", WITH_YAML, ids=named)
def test_workflow_files_in_the_documentation_are_good(page, tmp_path):
    for block in _blocks(page, "yaml"):
        content = yaml.safe_load(block)
        if "available_dates_sensor" in content:
            for workflow in content["workflows"]:
                for notebook in workflow["notebooks"].values():
                    _write_notebook(tmp_path / notebook["filename"], notebook.get("parameters", {}))
            path = tmp_path / "workflows.yml"
            path.write_text(block, encoding="utf-8")
            load_specification(path)


def test_the_quickstart_shows_the_names_that_its_runs_get():
    shown = set(re.findall(r"(\d{4}-\d\d-\d\d)_([0-9a-f]{8})", text_of("quickstart")))
    entry = ConfiguredWorkflow(workflow_name="sales")
    assert len(shown) == 2
    assert shown == {(day, run_for(entry, date.fromisoformat(day)).identity[:8]) for day, _ in shown}


def _write_notebook(path: Path, parameters: dict[str, str]) -> None:
    source = "\n".join(f"{name} = None" for name in parameters)
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "outputs": [],
        "execution_count": None,
    }
    cell |= {"source": source, "id": "a"}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".py":
        path.write_text(f'# %% tags=["parameters"]\n{source}\n', encoding="utf-8")
        return
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}), encoding="utf-8")


# ---- Python --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", WITH_PYTHON, ids=named)
def test_python_examples_run(page, monkeypatch):
    module = types.ModuleType(f"example_{page.stem.lower()}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for number, block in enumerate(_blocks(page, "python"), start=1):
        exec(compile(block, f"{page.name}, example {number}", "exec"), module.__dict__)


@pytest.mark.parametrize("name", simpleflow_nb.__all__)
def test_every_public_name_is_in_the_list_of_names(name):
    names = text_of("python_workflows").partition("\nNames\n-----\n")[2]
    assert f"``{name}``" in names


# ---- messages and environment --------------------------------------------------------------------------------------------


def _texts_of_the_code() -> str:
    """Every text in the source with what is filled in as an ellipsis; texts in several pieces are one."""
    texts: list[str] = []
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                    texts.append("".join(str(part) for part in parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    texts.append(node.value)
                    texts.append(re.sub(r"\{\w+\}", "…", node.value))  # a template, filled in elsewhere
    return "\0".join(texts)


def test_every_message_that_is_explained_is_one_that_the_program_has():
    messages = re.findall(r"^``(.+)``$", text_of("messages"), re.MULTILINE)
    texts = _texts_of_the_code()
    assert len(messages) > 40
    assert [message for message in messages if message not in texts] == []


def test_the_table_of_variables_is_what_they_are_declared_as():
    assert text_of("variables") == writer("write_variables").page(), "run: python docs/write_variables.py"


def test_the_tables_of_simpleflows_names_are_what_the_list_says():
    assert text_of("from_simpleflow") == writer("write_from_simpleflow").page(), "run: python docs/write_from_simpleflow.py"


# ---- the text itself -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, *READ_FIRST], ids=named)
def test_the_documentation_speaks_of_the_program_alone(page):
    source = page.read_text(encoding="utf-8")
    # numbers of issues and phases, notes to oneself, paths of some machine: of no use to a reader
    internal = r"\bissue ?#?\d+|(?<![\w&])#\d+\b|\btodo\b|\bfixme\b|\bphase \d|/tmp/|design\.md|\bprototype\b"
    odd = re.findall(internal, source, re.IGNORECASE)
    assert odd == []


@pytest.mark.parametrize("page", READ_FIRST, ids=named)
def test_the_pages_that_other_sites_show_are_plain_restructuredtext(page):
    # what Sphinx adds to it, such as :doc:, is unknown there
    words = [sys.executable, "-m", "docutils", "--report=1", "--halt=2", "--writer=null", str(page)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", [page for page in READ_FIRST if page.stem != "CHANGELOG"], ids=named)
def test_files_that_are_named_beside_the_readme_are_there(page):
    source = page.read_text(encoding="utf-8")
    given = re.findall(r"``((?:[a-z_.]+/)+[a-zA-Z_.-]*|[A-Z]+\.rst)``", source)
    places = [PROJECT, PROJECT / "simpleflow_nb"]
    ours = {path.name for place in [*places, PROJECT / "tests"] for path in place.iterdir()}
    named_here = [name for name in given if name.split("/")[0] in ours and "_build" not in name]
    assert [name for name in named_here if not any((place / name).exists() for place in places)] == []


def test_the_map_of_the_house_shows_every_folder_of_the_packages():
    text = (PROJECT / "CONTRIBUTING.rst").read_text(encoding="utf-8").partition("\nMap\n---\n")[2].partition("\nRules\n")[0]
    shown = {package: set[str]() for package in PACKAGES}
    package = ""
    for line in text.splitlines():
        if found := re.match(r"    ([a-z_]+)/", line):
            package = found[1]
        if package in shown:
            shown[package] |= set(re.findall(r"(?<!\S)([a-z_]+)/(?!\S)", line))
    there = {name: {path.parent.name for path in (PROJECT / name).glob("*/__init__.py")} for name in PACKAGES}
    assert {name: there[name] - shown[name] for name in PACKAGES} == {name: set() for name in PACKAGES}


def test_the_gallery_shows_every_page_and_its_pictures_are_small():
    shown = re.findall(r"^\.\. image:: (\S+)$", text_of("gallery"), re.MULTILINE)
    made = sorted(f"images/{path.name}" for path in (PROJECT / "docs" / "images").glob("gallery-*.png"))
    assert shown == made
    assert [name for name in made if (PROJECT / "docs" / name).stat().st_size > 60_000] == []


def test_pictures_of_the_readme_are_there_and_small():
    pictures = re.findall(r"^\.\. image:: (\S+)$", READ_FIRST[0].read_text(encoding="utf-8"), re.MULTILINE)
    assert pictures
    assert [name for name in pictures if not 0 < (PROJECT / name).stat().st_size < 200_000] == []
