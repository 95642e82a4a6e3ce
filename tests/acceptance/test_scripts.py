"""The scripts of the project where nothing is installed but what they must have: in a copy whose environment is ready."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from .conftest import wait_until

ROOT = Path(__file__).parents[2]

#: All that the scripts and our own programs may rely on. None of: pdftotext, pandoc, initdb, chromium, git, apt-get.
BASIC = ("bash", "cat", "dirname", "env", "id", "ls", "mkdir", "mktemp", "rm", "sed", "sleep", "uname")
_PYTHON = f"python3.{sys.version_info.minor}"


class Project:
    """A copy of what the scripts read. Its ``.venv`` hands everything on to the Python that runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder / "project", folder / "programs"
        self.folder.mkdir()
        self.programs.mkdir()
        for name in ("scripts", ".ci", "examples"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder)
        for name in BASIC:
            found = shutil.which(name)
            assert found is not None, name
            (self.programs / name).symlink_to(found)
        (self.programs / _PYTHON).symlink_to(Path(sys._base_executable))  # type: ignore[attr-defined]
        self._make_environment()
        # PostgreSQL is also looked for where Debian puts it.
        self.replace("scripts/test", "/usr/lib/postgresql", str(folder / "no-postgresql"))

    def _make_environment(self) -> None:
        python = f'PYTHONPATH="{ROOT}" exec "{sys.executable}"'
        self.program(".venv/bin/python", f'{python} "$@"')
        self.program(".venv/bin/simpleflow-nb", f'{python} -m simpleflow_nb "$@"')
        scripts = self.folder / "scripts"
        text = (scripts / "environment.sh").read_text()
        assert text.endswith("\nprepare_environment\n")
        (scripts / "functions.sh").write_text(text.removesuffix("prepare_environment\n"))
        stamp = self.run("bash", "-c", f"source scripts/functions.sh && wanted_stamp {_PYTHON}").stdout
        (self.folder / ".venv/stamp").write_text(stamp)

    def program(self, name: str, body: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.programs), "HOME": str(self.folder), "LANG": "C.UTF-8", **more}

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        given = self.environment() if environment is None else environment
        return subprocess.run(words, cwd=self.folder, env=given, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_tests_run_where_no_optional_program_is_installed(project: Project) -> None:
    (project.folder / "tests").mkdir()
    (project.folder / "tests" / "test_one.py").write_text("def test_one():\n    pass\n")
    done = project.run("scripts/test", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 passed" in done.stdout


def test_missing_programs_are_installed_where_that_is_allowed(project: Project) -> None:
    noted = project.folder / "noted"
    (project.programs / "id").unlink()
    project.program("../programs/id", "echo 0")
    project.program("../programs/apt-get", f'echo "${{@: -1}}" "$*" >>{noted}')
    done = project.run("scripts/test", "--version")
    assert done.returncode == 0
    assert done.stderr.splitlines()[:2] == [
        "installing poppler-utils ruby-asciidoctor-pdf pandoc with apt-get ...",
        "installing postgresql with apt-get ...",
    ]
    assert [line.partition("--no-install-recommends ")[2] for line in noted.read_text().splitlines()] == [
        "",
        "poppler-utils ruby-asciidoctor-pdf pandoc",
        "",
        "postgresql",
    ]


def test_the_example_runs_where_no_optional_program_is_installed(project: Project) -> None:
    project.replace("examples/flights/workflows.yml", "earliest_date: 2013-02-22", "earliest_date: 2013-02-28")
    done = project.run("scripts/run", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "command not found" not in done.stderr
    reports = list((project.folder / "outputs/flights/reports/flights_above_normal").glob("2013-02-28_*/report.pdf"))
    assert len(reports) == 2


def test_without_a_python_the_scripts_say_which_one_they_need(project: Project) -> None:
    (project.programs / _PYTHON).unlink()
    for script in ("run", "test"):
        done = project.run(f"scripts/{script}")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"{script}: Python 3.11 or later is needed, and there is no python3.13, python3.12, python3.11 or python3 of that "
            "version here\n"
        )


def test_the_scripts_take_the_python_that_is_named(project: Project) -> None:
    newest = "3.13" if _PYTHON != "python3.13" else "3.12"
    project.program(f"../programs/python{newest}", "exit 1")  # of another version; it would be asked first
    (project.programs / _PYTHON).rename(project.programs / "python-of-mine")
    done = project.run("scripts/test", "--version", environment=project.environment(PYTHON="python-of-mine"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pytest ")


def test_a_python_that_is_named_and_is_not_there_is_told(project: Project) -> None:
    done = project.run("scripts/test", environment=project.environment(PYTHON="python4.0"))
    told = "test: PYTHON is python4.0, and no Python 3.11 or later is called so here\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)


def test_what_a_change_must_pass_uses_the_python_that_is_named(project: Project) -> None:
    project.program("scripts/test", "env")
    project.program("scripts/check", "env")
    done = project.run(".ci/run", environment=project.environment(PYTHON="python3.14", PYTHONPATH="elsewhere"))
    names = [line.partition("=")[::2] for line in done.stdout.splitlines() if line.startswith("PYTHON")]
    assert names == [("PYTHON", "python3.14")] * 2


@pytest.mark.parametrize(("test", "check", "code"), [(0, 0, 0), (5, 0, 1), (0, 2, 1), (1, 1, 1)])
def test_what_a_change_must_pass_runs_in_a_plain_environment(project: Project, test: int, check: int, code: int) -> None:
    project.program("scripts/test", f'echo "test $*"; env; exit {test}')
    project.program("scripts/check", f"echo check; env; exit {check}")
    done = project.run(".ci/run", "-k", "one", environment=project.environment(PYTHONUNBUFFERED="1", LOG_LEVEL="DEBUG"))
    bashs_own = ("PWD=", "SHLVL=", "_=")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(bashs_own)]
    plain = sorted(f"{name}={value}" for name, value in project.environment(CI="true").items())
    first, second = lines.index("test -k one"), lines.index("check")
    assert (done.returncode, sorted(lines[first + 1 : second]), sorted(lines[second + 1 :])) == (code, plain, plain)


def test_what_a_change_must_pass_needs_no_home(project: Project) -> None:
    project.program("scripts/test", "env")
    project.program("scripts/check", ":")
    done = project.run(".ci/run", environment={"PATH": str(project.programs)})
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert os.path.isabs(told["HOME"])
    assert told["LANG"] == "C.UTF-8"


# ---- a suite that is interrupted -------------------------------------------------------------------------------------------

STARTED = """
import subprocess, sys, time
from pathlib import Path

import nbformat

from workers.kernels.supply import KernelSettings, KernelSupply

NAME = Path(__file__).stem


def started(*words, **options):
    return subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, start_new_session=True, **options)


def test_that_is_interrupted(tmp_path):
    service = started("simpleflow_nb", "service.start", "--port", "0", cwd=tmp_path)
    assert service.stdout.readline()
    moto = started("moto.server", "-p", "0", stderr=subprocess.DEVNULL)
    subprocess.run(["bash", "-c", "sleep 600 &"], start_new_session=True, check=True)  # nobody's child now
    supply = KernelSupply(KernelSettings(preload=()))
    supply.start()
    supply.wait_ready()
    notebook = nbformat.v4.new_notebook()
    cell = f"import time; open({str(tmp_path / 'begun')!r}, 'w').close(); time.sleep(600)"
    notebook.cells = [nbformat.v4.new_code_cell(cell)]
    nbformat.write(notebook, tmp_path / "long.ipynb")
    started("simpleflow_nb", "notebook.run", "long.ipynb", "--into", "out", cwd=tmp_path)
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    Path(NAME).touch()
    time.sleep(600)
"""


def marked(mark: str) -> list[psutil.Process]:
    """The processes that were started with that variable in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("INTERRUPTED") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("number", "options", "to_all"),
    [
        (signal.SIGINT, (), False),
        (signal.SIGTERM, (), False),
        (signal.SIGINT, ("-n2", "--dist", "loadfile"), True),  # as the terminal does
        (signal.SIGTERM, ("-n2", "--dist", "loadfile"), False),
    ],
)
def test_interrupted_tests_leave_no_process(
    project: Project, number: signal.Signals, options: tuple[str, ...], to_all: bool
) -> None:
    tests = project.folder / "tests"
    tests.mkdir()
    for name in ("__init__.py", "conftest.py", "interruption.py", "launched.py", "launcher.py", "settings.py"):
        shutil.copy(ROOT / "tests" / name, tests)
    names = ("test_one", "test_two") if options else ("test_one",)
    for name in names:
        (tests / f"{name}.py").write_text(STARTED)
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        ["scripts/test", "-q", *options],
        cwd=project.folder,
        env=project.environment(INTERRUPTED=mark),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: all((project.folder / name).exists() for name in names) or process.poll() is not None, 120)
        assert len(marked(mark)) > 6 * len(names)
        os.killpg(process.pid, number) if to_all else process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        assert [" ".join(left.cmdline()) for left in marked(mark)] == []
        assert process.returncode, said
    finally:
        for left in marked(mark):
            left.kill()
        process.communicate(timeout=60)


def test_the_seconds_of_each_folder_of_tests_are_printed(project: Project) -> None:
    for folder in ("unit/reports", "service"):
        (project.folder / "tests" / folder).mkdir(parents=True)
        (project.folder / "tests" / folder / f"test_{folder[:4]}.py").write_text("def test_one():\n    pass\n")
    for name in ("__init__.py", "conftest.py", "interruption.py", "launched.py", "launcher.py", "settings.py"):
        shutil.copy(ROOT / "tests" / name, project.folder / "tests")
    for options in ((), ("-n2",)):
        done = project.run("scripts/test", "-q", *options)
        assert done.returncode == 0, done.stdout
        for what in ("seconds", "CPU seconds"):
            told = rf"^{what} of the tests, by folder: (unit 0, service 0|service 0, unit 0)$"
            assert re.search(told, done.stdout, re.M), done.stdout
