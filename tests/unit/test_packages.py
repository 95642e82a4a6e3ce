"""Three packages, arrows one way: the command line knows the workers, these the deciders, these the engine."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import simpleflow_nb

PROJECT = Path(__file__).parents[2]
PACKAGES = ("simpleflow_nb", "deciders", "workers")
#: What a machine that only decides must have installed.
LIBRARIES_OF_DECIDERS = {"pydantic", "pydantic_core", "yaml", "croniter"}
VALUES = ("exceptions", "futures", "payload", "retry", "constants", "names", "tracebacks", "replay")
WORLD = {"os", "pathlib", "socket", "threading", "time", "subprocess", "sqlite3", "tempfile", "urllib", "http", "asyncio"}
KNOWN_TO_REPLAY = {f"simpleflow_nb.{name}" for name in VALUES}
#: Imports that cost tens of megabytes or hundreds of milliseconds, and never happen on the way to another command.
HEAVY = ["papermill", "nbconvert", "nbclient", "typst", "pandas", "sqlalchemy", "httpx", "boto3", "botocore", "IPython"]


def modules(folder: str) -> list[tuple[str, Path]]:
    found = []
    for path in sorted((PROJECT / folder).rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def imports(name: str, path: Path, *, everywhere: bool = True) -> set[str]:
    """Absolute names of what a module imports, for types only left out; with ``everywhere`` also inside functions."""
    found: set[str] = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not everywhere:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(part for part in (base, node.module) if part)
            is_package = node.module is None or (PROJECT / Path(*origin.split("."))).is_dir()
            found.update(f"{origin}.{alias.name}" for alias in node.names) if is_package else found.add(origin)
        waiting.extend(ast.iter_child_nodes(node))
    return found


def top(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def libraries(names: set[str]) -> set[str]:
    return top(names) - set(sys.stdlib_module_names) - set(PACKAGES)


#: what a module of the deciders imports when it needs it, and does without where it is not installed
OPTIONAL_OF_DECIDERS = {"deciders.specification.scenarios.table_files": {"pyarrow"}}
#: what stands above deciders and workers, of which some may not exist yet
ROOF = tuple(f"simpleflow_nb.{room}" for room in ("application", "cli", "dialects", "web"))
#: testing may import all, when it is first asked for it
ENGINE = [(name, path) for name, path in modules("simpleflow_nb") if not name.startswith((*ROOF, "simpleflow_nb.testing."))]
APPLICATION = modules("simpleflow_nb/application")


@pytest.mark.parametrize(("name", "path"), APPLICATION, ids=[name for name, _ in APPLICATION])
def test_the_application_knows_no_command_line_and_prints_nothing(name, path):
    known = imports(name, path)
    assert [one for one in known if one.startswith("simpleflow_nb.cli")] == []
    assert top(known) & {"click", "rich"} == set()
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"] == []


@pytest.mark.parametrize(("name", "path"), ENGINE, ids=[name for name, _ in ENGINE])
def test_the_engine_knows_neither_deciders_nor_workers_nor_the_command_line(name, path):
    known = imports(name, path)
    assert top(known) & {"deciders", "workers"} == set()
    if name != "simpleflow_nb.__main__":
        assert [one for one in known if one.startswith(ROOF)] == []


@pytest.mark.parametrize(("name", "path"), modules("deciders"), ids=[name for name, _ in modules("deciders")])
def test_deciders_know_no_workers_and_no_library_that_is_heavy(name, path):
    known = imports(name, path)
    assert "workers" not in top(known)
    assert libraries(known) <= LIBRARIES_OF_DECIDERS | OPTIONAL_OF_DECIDERS.get(name, set())
    assert [one for one in known if one.startswith((*ROOF, "simpleflow_nb.processes"))] == []


@pytest.mark.parametrize(("name", "path"), modules("workers"), ids=[name for name, _ in modules("workers")])
def test_workers_know_no_command_line(name, path):
    assert [one for one in imports(name, path) if one.startswith(ROOF)] == []


REPLAY = modules("simpleflow_nb/replay")


@pytest.mark.parametrize(("name", "path"), REPLAY, ids=[name for name, _ in REPLAY])
def test_replay_is_pure_it_knows_values_and_itself(name, path):
    known = imports(name, path)
    ours = {".".join(one.split(".")[:2]) for one in known if one.startswith("simpleflow_nb")}
    assert ours <= KNOWN_TO_REPLAY
    assert libraries(known) <= {"greenlet"}
    assert top(known) & WORLD == set()


@pytest.mark.parametrize("name", [name for name in VALUES if name != "replay"])
def test_what_replay_knows_are_values_which_know_no_more_of_the_world(name):
    assert top(imports(f"simpleflow_nb.{name}", PROJECT / "simpleflow_nb" / f"{name}.py")) & WORLD == set()


@pytest.mark.parametrize("name", ["workflow", "activity", "futures"])
def test_what_replayed_code_calls_knows_nothing_of_the_machine(name):
    known = imports(f"simpleflow_nb.{name}", PROJECT / "simpleflow_nb" / f"{name}.py")
    assert top(known) & WORLD == set()
    assert known & {"simpleflow_nb.masking", "simpleflow_nb.environment"} == set()


def test_how_secrets_are_spelt_knows_nothing_of_where_they_come_from():
    known = imports("simpleflow_nb.secret_spellings", PROJECT / "simpleflow_nb" / "secret_spellings.py")
    assert {one for one in known if one.startswith("simpleflow_nb")} == {"simpleflow_nb.constants"}


CLI = modules("simpleflow_nb/cli")


@pytest.mark.parametrize(("name", "path"), CLI, ids=[name for name, _ in CLI])
def test_commands_import_deciders_and_workers_only_when_they_run(name, path):
    assert top(imports(name, path, everywhere=False)) & {"deciders", "workers", "boto3", "botocore"} == set()


def _loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT)
    return set(done.stdout.split())


def test_commands_are_imported_without_deciders_and_workers_also_by_what_they_import():
    code = "import importlib\n" + "".join(f"importlib.import_module({name!r})\n" for name, _ in CLI if "papermill" not in name)
    assert _loaded_after(code) & {"deciders", "workers", "pydantic", "boto3"} == set()


@pytest.mark.parametrize(
    ("code", "not_loaded"),
    [
        ("import simpleflow_nb", [*HEAVY, "pydantic", "click", "rich", "yaml", "deciders", "workers"]),
        ("import simpleflow_nb.testing", [*HEAVY, "pydantic", "deciders", "workers"]),
        ("import deciders.notebook_workflow, deciders.sensor_workflow, deciders.runs.due_runs", [*HEAVY, "workers"]),
        ("import workers.activities, workers.notebooks, workers.records.run_records, workers.reports", HEAVY),
        ("import simpleflow_nb.cli.main", [*HEAVY, "pydantic", "deciders", "workers"]),
    ],
)
def test_importing_one_thing_does_not_load_another(code, not_loaded):
    assert _loaded_after(code) & set(not_loaded) == set()


def test_the_public_names_are_those_that_can_be_imported():
    namespace: dict[str, object] = {}
    exec("from simpleflow_nb import *", namespace)
    assert sorted(name for name in namespace if not name.startswith("__")) == sorted(simpleflow_nb.__all__)
    assert sorted(simpleflow_nb.__all__) == simpleflow_nb.__all__


def test_the_package_says_that_it_is_typed_and_takes_its_data_along():
    settings = configparser.ConfigParser()
    settings.read(PROJECT / "setup.cfg", encoding="utf-8")
    shipped = {package: patterns.replace(",", " ").split() for package, patterns in settings["options.package_data"].items()}
    for package, patterns in shipped.items():
        for pattern in patterns:
            assert list((PROJECT / package.replace(".", "/")).glob(pattern)), f"{package}: {pattern}"
    assert "py.typed" in shipped["simpleflow_nb"]
    # Whatever is no module must be named there, or an installation lacks it.
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                folder = next(above for above in path.parents if (above / "__init__.py").exists())
                patterns = shipped.get(".".join(folder.relative_to(PROJECT).parts), [])
                assert any(path in folder.glob(pattern) for pattern in patterns), f"{path} is not shipped"


# ---- what an installation brings along --------------------------------------------------------------------------------------

#: Required, though nothing here imports them; and why.
NOT_IMPORTED = {
    "scrapbook": "notebooks import it",
    "six": "scrapbook needs it and does not say so",
    "selectolax": "reports read the HTML of notebooks with it",
    "pypdfium2": "reports are read back with it",
}


def _distribution(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ (]", requirement.strip(), maxsplit=1)[0]).lower()


def _required() -> set[str]:
    parser = configparser.ConfigParser()
    parser.read(PROJECT / "setup.cfg", encoding="utf-8")
    return {_distribution(line) for line in parser["options"]["install_requires"].splitlines() if line}


def _imported() -> set[str]:
    names = libraries({one for package in PACKAGES for name, path in modules(package) for one in imports(name, path)})
    known = metadata.packages_distributions()
    return {_distribution(one) for name in names for one in known.get(name, [name])}


def test_what_is_required_is_imported_or_has_a_reason():
    """What only examples, tests or an extra need belongs into extras_require: a bare installation is large enough."""
    assert _required() - _imported() <= NOT_IMPORTED.keys()


def test_what_is_imported_is_required_or_comes_with_what_is():
    brought = {_distribution(one) for name in _required() for one in metadata.requires(name) or () if "extra ==" not in one}
    assert _imported() <= _required() | brought
