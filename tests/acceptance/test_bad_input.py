"""What is wrong is said in one clear sentence, with the documented exit code, and nothing is left half-done."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.samples import WORKFLOWS, inputs, typed

Sample = Callable[[Path], None]

MINE = """\
from simpleflow_nb import Workflow

class Mine(Workflow):
    def run(self, a=1):
        return a

class Colon(Workflow):
    name = "a:b"

class Plain:
    pass
"""
GARBAGE = "neither a database nor anything else that could be read\n" * 20
NO_FILE = "no workflows.yml here; name the file, or set AUTOFLOW_INPUTS_DIR to its folder"
ONCE = ("--local", "--once")
FILES = "source: {files: {calls: 'data/{date}.csv'}}"
START = ("workflow.start", "--local")


def good(folder: Path) -> None:
    inputs(folder)


def with_workflows(old: str, new: str) -> Sample:
    def make(folder: Path) -> None:
        inputs(folder, workflows=WORKFLOWS.replace(old, new))

    return make


def with_data_as_a_file(folder: Path) -> None:
    inputs(folder)
    shutil.rmtree(folder / "data")
    (folder / "data").write_text("")


def with_garbage(name: str) -> Sample:
    def make(folder: Path) -> None:
        inputs(folder)
        (folder / "outputs" / ".simpleflow-nb").mkdir(parents=True)
        (folder / "outputs" / ".simpleflow-nb" / name).write_text(GARBAGE)

    return make


def with_workers_folder(folder: Path) -> None:
    inputs(folder)
    (folder / "workers").mkdir()
    (folder / "workers" / "__init__.py").write_text(MINE)


def with_workers_module(folder: Path) -> None:
    inputs(folder)
    (folder / "workers.py").write_text(MINE)


def with_a_file_in_the_way(folder: Path) -> None:
    inputs(folder)
    (folder / "taken").write_text("mine")


def with_modules(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.py").write_text(MINE)
    (folder / "broken.py").write_text("def run(:\n")
    (folder / "raising.py").write_text("raise ValueError('no such setting')\n")


JOURNAL = "{here}/outputs/.simpleflow-nb/journal.sqlite3"
RECORDS = "{here}/outputs/.simpleflow-nb/runs.sqlite3"
NO_FOLDER = "there is no folder {here}/data to look for files in"

SPECIFICATIONS: list[tuple[Sample, tuple[str, ...], int, str]] = [
    (
        with_workflows("count.ipynb", "cuont.ipynb"),
        ("sensor.start", ".", *ONCE),
        2,
        "workflows.yml:5: there is no file 'cuont.ipynb' beside this file (did you mean 'count.ipynb'?)",
    ),
    (
        with_workflows("day: reference_date", "day: report"),
        ("validate", "."),
        2,
        "workflows.yml:4: steps need each other in a circle: count -> report -> count (lines 4, 7)",
    ),
    (
        with_workflows("0 6 * * *", "0 25 * * *"),
        ("sensor.start", ".", "--local"),
        2,
        "workflows.yml:12: schedule '0 25 * * *' cannot be understood: hour '25' (allowed: 0-23)",
    ),
    (good, ("validate", "nix.yml"), 2, "nix.yml: there is no such file"),
    (good, ("validate", "a" * 300), 2, f"simpleflow-nb: {'a' * 300}: file name too long"),
    (
        with_workflows(FILES, "source: {sql: {uri: 'sqlite:////nowhere/days.sqlite3', query: SELECT 1}}"),
        ("plan", "."),
        3,
        "simpleflow-nb: the sql source sqlite:////nowhere/days.sqlite3 cannot be asked: unable to open database file",
    ),
    (
        with_workflows(FILES, "source: {sql: {uri: 'sqlite://', query: SELECT x}}"),
        ("plan", "."),
        2,
        "simpleflow-nb: the sql source sqlite:// cannot be asked: no such column: x",
    ),
    (with_data_as_a_file, ("plan", "."), 2, f"simpleflow-nb: {NO_FOLDER}"),
    (with_data_as_a_file, ("sensor.start", ".", *ONCE), 1, f"simpleflow-nb: the check for new dates failed: {NO_FOLDER}"),
    (
        with_a_file_in_the_way,
        ("sensor.start", ".", *ONCE, "--outputs", "taken"),
        2,
        "simpleflow-nb: invalid value for '--outputs': Directory 'taken' is a file (see simpleflow-nb sensor.start --help)",
    ),
    (
        with_a_file_in_the_way,
        ("sensor.start", ".", *ONCE, "--outputs", "taken/out"),
        2,
        "simpleflow-nb: outputs folder {here}/taken/out does not exist and cannot be made: not a directory",
    ),
    (
        with_garbage("journal.sqlite3"),
        ("sensor.start", ".", *ONCE),
        3,
        f"simpleflow-nb: {JOURNAL} is not a readable journal: file is not a database; "
        "move it away to start afresh, or name another with --db",
    ),
    (
        with_garbage("journal.sqlite3"),
        ("status", "."),
        3,
        f"simpleflow-nb: {JOURNAL} is not a readable journal: file is not a database; "
        "move it away to start afresh, or name another with --db",
    ),
    (
        with_garbage("runs.sqlite3"),
        ("sensor.start", ".", *ONCE),
        3,
        f"simpleflow-nb: run records in {RECORDS} cannot be used: file is not a database",
    ),
    (
        with_garbage("runs.sqlite3"),
        ("plan", "."),
        3,
        f"simpleflow-nb: run records in {RECORDS} cannot be used: file is not a database",
    ),
    (
        good,
        (*START, "workflows.yml:dasy", "--set", "reference_date=2016-01-01"),
        2,
        "simpleflow-nb: workflows.yml has no workflow 'dasy' (did you mean 'days'?)",
    ),
    (
        good,
        (*START, "workflows.yml:days"),
        2,
        "simpleflow-nb: give the date of the run: --set reference_date=2013-02-22",
    ),
    (
        good,
        (*START, "workflows.yml:days", "--set", "reference_date=2016-13-01"),
        2,
        "simpleflow-nb: --set reference_date=2016-13-01: the value is not YAML: month must be in 1..12; "
        "write --set 'reference_date=\"2016-13-01\"' for the text",
    ),
    (
        good,
        (*START, "workflows.yml:days", "--set", "reference_date=2016-01-01", "--set", "mode=fast"),
        2,
        "simpleflow-nb: days has no parameter 'mode'",
    ),
    (
        good,
        (*START, "workflows.yml:days", "--input", "[1]"),
        2,
        "simpleflow-nb: days takes its parameters by name: --set name=value, or --input with 'kwargs'",
    ),
    (
        with_workers_folder,
        ("sensor.start", ".", *ONCE),
        2,
        "simpleflow-nb: {here}/workers hides the package 'workers' of simpleflow_nb; rename it, or run from another folder",
    ),
    (
        with_workers_module,
        ("validate", "."),
        2,
        "simpleflow-nb: {here}/workers.py hides the package 'workers' of simpleflow_nb; rename it, or run from another folder",
    ),
]

COMMANDS: list[tuple[tuple[str, ...], int, str]] = [
    ((*START, "mine.Nix"), 2, "mine.Nix: there is no such class in mine"),
    ((*START, "mine.mine"), 2, "mine.mine: there is no such class in mine (did you mean 'Mine'?)"),
    ((*START, "nix.Mine"), 2, "nix.Mine: module nix cannot be imported: No module named 'nix'"),
    ((*START, "broken.Mine"), 2, "broken.Mine: importing broken raised SyntaxError: invalid syntax (broken.py, line 1)"),
    ((*START, "raising.Mine"), 2, "raising.Mine: importing raising raised ValueError: no such setting (raising.py:1)"),
    ((*START, "mine.yml"), 2, "mine.yml has workflows by name; write mine.yml:NAME"),
    ((*START, "mine.Plain"), 2, "mine.Plain: it is not a Workflow in mine"),
    (
        (*START, "mine"),
        2,
        "'mine' is not a dotted path to a class, such as examples.basic.BasicWorkflow, and no workflows.yml is here that could "
        "have it; write FILE.yml:NAME",
    ),
    (
        (*START, "mine.Mine", "--input", "[1,"),
        2,
        "--input: input is not JSON: Expecting value: line 1 column 4 (char 3)",
    ),
    (
        (*START, "mine.Mine", "--input", '{"a": 1}'),
        2,
        "--input: input has the key 'a'; a mapping takes 'args' (a list) and 'kwargs' (a mapping), "
        'for example {"kwargs": {"a": ...}}',
    ),
    ((*START, "mine.Mine", "--input", "[1, 2]"), 2, "mine.Mine.run() does not take this input: too many positional arguments"),
    (
        (*START, "mine.Mine", "--set", "b=1"),
        2,
        "mine.Mine.run() does not take this input: got an unexpected keyword argument 'b'",
    ),
    (
        (*START, "mine.Mine", "--input", "[NaN]"),
        2,
        "--input: input is not JSON: NaN is not a JSON value; give null or a number",
    ),
    (
        (*START, "mine.Mine", "--set", "a=.inf"),
        2,
        "--set a=.inf: Infinity is not a JSON value; give null or a number",
    ),
    (
        ("workflow.signal", "--local", "w", "--name", "go", "--input", "[1,"),
        2,
        "--input: input is not JSON: Expecting value: line 1 column 4 (char 3)",
    ),
    (
        ("workflow.signal", "--local", "w", "--name", "go", "--input", "NaN"),
        2,
        "--input: input is not JSON: NaN is not a JSON value; give null or a number",
    ),
    (("notebook.run", "."), 2, "notebook . is a folder; name the .ipynb or .py file in it"),
    ((*START, "mine.Mine", "--set", "a"), 2, "--set a: write it as name=value"),
    (
        (*START, "mine.Mine", "--set", "a=[1"),
        2,
        "--set a=[1: the value is not YAML: expected ',' or ']', but got '<stream end>'; write --set 'a=\"[1\"' for the text",
    ),
    (
        (*START, "mine.Mine", "--input-file", "nix.json"),
        2,
        "invalid value for '--input-file': 'nix.json': No such file or directory (see simpleflow-nb workflow.start --help)",
    ),
    (
        ("workflow.start", "mine.Mine"),
        2,
        "name the domain with --domain (or SWF_DOMAIN), or add --local to work without AWS",
    ),
    (("workflow.info", "mine"), 2, "which domain is 'mine' in? name it first or with --domain (or SWF_DOMAIN), or add --local"),
    (("workflow.list",), 2, "name the domain first or with --domain (or SWF_DOMAIN), or add --local for runs on this machine"),
    (("workflow.list", "a", "b"), 2, "b: give no more than a domain"),
    (
        ("workflow.start", "mine.Mine", "--local", "--domain", "d"),
        2,
        "--local and --domain exclude each other; give one",
    ),
    (
        ("workflow.info", "--local", "nix"),
        3,
        "{here}/.simpleflow-nb/journal.sqlite3 does not exist; nothing has run here yet (name another journal with --db)",
    ),
    (("workflow.info", "a.yml", "b"), 2, "a.yml is no domain; for runs on this machine write --local instead of it"),
    (("workflow.tasks", ".", "b/2024"), 2, ". is no domain; for runs on this machine write --local instead of it"),
    (
        ("runs.list", ".", "--from", "31.1.2024"),
        2,
        "invalid value for '--from': '31.1.2024' is not a date such as 2024-01-31 (see simpleflow-nb runs.list --help)",
    ),
    (("workflow.info", "--local", "a", "b", "c"), 2, "a b c: give a run, and at most its run id"),
    (
        ("worker.start", "-d", "d", "-t", "x", "--heartbeat", "0"),
        2,
        "invalid value for '--heartbeat': 0.0 is not in the range x>0 (see simpleflow-nb worker.start --help)",
    ),
    (
        ("service.start", "--domain", "g:1"),
        2,
        "Value at '--domain' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, "
        "no blanks at its ends, not 'arn'",
    ),
    (("valdate",), 2, "there is no command 'valdate' (did you mean 'validate'?) (see simpleflow-nb --help)"),
    (
        ("--format", "xml", "workflow.list"),
        2,
        "invalid value for '--format': 'xml' is not one of 'tabular', 'human', 'json', 'prettyjson', 'csv', 'tsv' "
        "(see simpleflow-nb --help)",
    ),
]


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.mark.parametrize(
    ("sample", "words", "code", "sentence"), SPECIFICATIONS, ids=[" ".join(row[1]) for row in SPECIFICATIONS]
)
def test_what_is_wrong_in_a_folder_is_one_sentence(
    sample: Sample, words: tuple[str, ...], code: int, sentence: str, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    sample(folder)
    before = files_below(folder)
    result = typed(*words, cwd=folder)
    assert (result.stdout, result.stderr, result.returncode) == ("", sentence.format(here=folder) + "\n", code)
    if code == 2:
        assert files_below(folder) == before


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules") / "here"
    with_modules(folder)
    return folder


@pytest.mark.parametrize(("words", "code", "sentence"), COMMANDS, ids=[" ".join(row[0]) for row in COMMANDS])
def test_what_is_wrong_on_the_command_line_is_one_sentence(
    words: tuple[str, ...], code: int, sentence: str, modules: Path
) -> None:
    result = typed(*words, cwd=modules)
    sentence = sentence.replace("{here}", str(modules))
    assert (result.stdout, result.stderr, result.returncode) == ("", f"simpleflow-nb: {sentence}\n", code)
    assert not (modules / ".simpleflow-nb").exists()


def test_who_types_no_command_sees_which_there_are(tmp_path: Path) -> None:
    done = typed(cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", typed("--help", cwd=tmp_path).stdout)


def test_the_file_of_a_problem_is_named_as_it_was_given(tmp_path: Path) -> None:
    inputs(tmp_path / "inputs", workflows="workflows: 3\n")
    done = typed("validate", "inputs/workflows.yml", cwd=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "inputs/workflows.yml:1: 'workflows' of the file must be a list, not 3",
    )


def test_a_run_that_is_not_known_or_not_unique_is_one_sentence(tmp_path: Path) -> None:
    with_modules(tmp_path / "here")
    for name in ("run-1", "run-2"):
        assert typed(*START, "mine.Mine", "--workflow-id", name, cwd=tmp_path / "here").returncode == 0
    for words, sentence in [
        (("workflow.info", "nix"), "workflow 'nix' is not known here; workflow.list shows which are"),
        (("workflow.info", "run"), "'run' is the beginning of 2 workflow ids: run-1, run-2; give more of it"),
        (("workflow.tasks", "days/2016-01-01"), "workflow 'days/2016-01-01' is not known here; workflow.list shows which are"),
        (("workflow.cancel", "run-1"), "run-1 has ended already (completed)"),
    ]:
        result = typed(words[0], "--local", *words[1:], cwd=tmp_path / "here")
        assert (result.stdout, result.stderr, result.returncode) == ("", f"simpleflow-nb: {sentence}\n", 2)


def test_a_workflow_that_cannot_be_registered_is_one_sentence(tmp_path: Path) -> None:
    with_modules(tmp_path / "here")
    result = typed(*START, "mine.Colon", cwd=tmp_path / "here")
    sentence = "the service refuses workflow type 'a:b' (version '1'): Value at 'name' is not a name: "
    allowed = "1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
    assert (result.stdout, result.stderr, result.returncode) == ("", f"simpleflow-nb: {sentence}{allowed}\n", 2)


def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    inputs(tmp_path / "here")
    result = typed("sensor.start", "here", *ONCE, cwd=tmp_path, AUTOFLOW_DB_URI="sqlite:////nowhere/runs.sqlite3")
    sentence = "simpleflow-nb: run records in /nowhere/runs.sqlite3 cannot be used: unable to open database file\n"
    assert (result.returncode, result.stdout, result.stderr) == (3, "", sentence)


def test_a_log_level_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    for name, more in (("LOG_LEVEL", {}), ("AUTOFLOW_LOG_LEVEL", {"LOG_LEVEL": "INFO"})):
        result = typed("workflow.list", "--local", cwd=tmp_path, **{name: "loud"}, **more)
        sentence = f"{name} is 'loud'; one of DEBUG, INFO, WARNING, ERROR is expected"
        assert (result.returncode, result.stderr) == (2, f"simpleflow-nb: {sentence}\n")


def test_a_users_own_package_called_workers_may_hold_a_workflow(tmp_path: Path) -> None:
    with_workers_folder(tmp_path / "here")
    result = typed(*START, "workers.Mine", "--input", "7", cwd=tmp_path / "here")
    assert (result.returncode, result.stdout) == (0, "7\n")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    inputs(tmp_path / "here")
    result = os.popen(f"cd {tmp_path}/here && {sys.executable} -m simpleflow_nb validate --schema 2>&1 | head -1")
    assert (result.read(), result.close()) == ("{\n", None)
