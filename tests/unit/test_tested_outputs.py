"""Outputs of functions in the place of notebooks: their lights, how they end, and what is kept of them."""

from __future__ import annotations

import json
import sys
import threading
import time
import warnings
from datetime import date
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simpleflow_nb.activity_context import context
from simpleflow_nb.testing import NotebookEnd, RunFailed, notebook_value, projects, run_project, workflows

from .tested_project import arrive, report, written


def test_an_outcome_of_pytest_fails_the_label_in_whose_function_it_is_raised(project: Path, tmp_path: Path) -> None:
    def failing(parameters: dict[str, Any]) -> None:
        pytest.fail("too few flights")

    done = run_project(project, {"count": failing, "report": report}, outputs=tmp_path / "out", real_seconds=20)
    run = done.run("flights/2024-01-01")
    assert (run.state, run.labels) == ("failed", {"count": "failed", "report": "not run"})
    told = "count failed: notebook 'count' failed in cell 1: Failed: too few flights"
    assert run.error == f"{told} (see {tmp_path}/out/notebooks/flights/{run.instance}/count/count.ipynb); not run: report"
    record = json.loads(next(tmp_path.rglob("count/run.json")).read_text())
    assert (record["status"], record["error"]) == ("failed", {"cell": 1, "ename": "Failed", "evalue": "too few flights"})


@pytest.mark.parametrize(
    ("code", "labels"),
    [
        ((), {"count": "done", "report": "done"}),
        ((0,), {"count": "done", "report": "done"}),
        ((1,), {"count": "failed", "report": "not run"}),
        (("no feed",), {"count": "failed", "report": "not run"}),
    ],
)
def test_a_function_that_exits_ends_as_its_notebook_would(
    project: Path, tmp_path: Path, code: tuple[Any, ...], labels: dict[str, str]
) -> None:
    functions = {"count": lambda _: sys.exit(*code), "report": lambda _: None}
    assert run_project(project, functions, outputs=tmp_path / "out").runs[0].labels == labels


def test_a_test_that_takes_too_long_says_what_is_still_at_work(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_at_work = threading.Event()

    def slow(parameters: dict[str, Any]) -> None:
        is_at_work.set()
        while True:
            context().check()
            time.sleep(0.01)

    clock = SimpleNamespace(monotonic=lambda: 61.0 if is_at_work.is_set() else 0.0)
    monkeypatch.setattr(workflows, "time", clock)
    monkeypatch.setattr(projects, "time", clock)
    with pytest.raises(RunFailed) as failed:
        run_project(project, {"count": slow, "report": report}, outputs=tmp_path / "out")
    run = "flights-2024-01-01-97dae7190482f76a8f9b9cde05cd7809"
    assert str(failed.value) == f"OPEN: {run}: still open after 60 s, with count under way"


def test_warnings_turn_a_run_orange(project: Path, tmp_path: Path) -> None:
    warned = NotebookEnd(3, warnings=("few flights",))
    run = run_project(project, {"count": lambda _: warned, "report": report}, outputs=tmp_path / "out").runs[0]
    assert (run.light, run.notes) == ("orange", {"count": ["few flights"]})
    assert notebook_value(run.artefacts["report"]) == "3 flights"
    plain = NotebookEnd(3, light="orange")
    run = run_project(project, {"flights/count": lambda _: plain, "report": report}, outputs=tmp_path / "other").runs[0]
    assert (run.light, run.notes) == ("orange", {})


def warning_function(how: str) -> Any:
    def function(parameters: dict[str, Any]) -> Any:
        if how == "prints":
            print("Warning: less data")
        if how == "prints to standard error":
            print("\u26a0 less data", file=sys.stderr)
        if how == "prints data":
            print("no trace of a warning: 3 flights")
        if how == "warns":
            warnings.warn("less data", stacklevel=1)
        if how == "warns twice":
            for _ in range(2):
                warnings.warn("less data", stacklevel=1)
        if how == "warns of its age":
            warnings.warn("less data", DeprecationWarning, stacklevel=1)
        if how == "warns unheard":
            with warnings.catch_warnings(record=True):
                warnings.warn("less data", stacklevel=1)
        if how == "uses a library that warns":
            exec(compile("import warnings; warnings.warn('less data', stacklevel=2)", "/usr/lib/library.py", "exec"))
        return NotebookEnd(3, warnings=("few flights",)) if how == "ends with warnings" else 3

    return function


@pytest.mark.parametrize(
    ("how", "notes"),
    [
        ("prints", ["Warning: less data"]),
        ("prints to standard error", ["\u26a0 less data"]),
        ("prints data", []),
        ("warns", ["UserWarning: less data"]),
        ("warns twice", ["UserWarning: less data"]),
        ("warns of its age", []),
        ("warns unheard", []),
        ("uses a library that warns", []),
        ("ends with warnings", ["few flights"]),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # filters of tests are not those of a kernel
def test_what_a_function_prints_and_warns_of_has_the_light_that_its_notebook_would_have(
    project: Path, tmp_path: Path, how: str, notes: list[str]
) -> None:
    arrive(tmp_path, date(2024, 1, 2))
    with warnings.catch_warnings(record=True):  # else they are in the summary of these tests
        done = run_project(project, {"count": warning_function(how), "report": report}, outputs=tmp_path / "out")
    assert len(done.runs) == 2
    for run in done.runs:
        assert (run.light, run.notes) == ("orange" if notes else "green", {"count": notes} if notes else {})
        folder = Path(run.artefacts["count"]).parent
        assert json.loads((folder / "run.json").read_text())["warnings"] == notes


def test_what_a_function_prints_is_kept_without_secrets_and_comes_out(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "pass-word-1")
    streams = sys.stdout, sys.stderr

    def printing(parameters: dict[str, Any]) -> None:
        print("counting with pass-word-1")
        warnings.warn("pass-word-1", stacklevel=1)
        raise ValueError("no flights")

    with pytest.warns(UserWarning, match="pass-word-1"):
        done = run_project(project, {"count": printing, "report": report}, outputs=tmp_path / "out")
    assert (sys.stdout, sys.stderr) == streams
    assert capsys.readouterr().out == "counting with pass-word-1\n"
    folder = next(tmp_path.glob("out/notebooks/flights/*/count"))
    assert (folder / "output.txt").read_text() == "counting with ***\n"
    assert json.loads((folder / "run.json").read_text())["warnings"] == ["UserWarning: ***"]
    assert done.runs[0].light == "red"


def test_a_workflow_says_which_warnings_count(project: Path, tmp_path: Path) -> None:
    lights = []
    for n, (said, how) in enumerate(product(["none", "own", "all"], ["warns", "uses a library that warns"])):
        written(tmp_path, count=f", warnings: {said}")
        functions = {"count": warning_function(how), "report": report}
        with warnings.catch_warnings(record=True):
            lights.append((said, how, run_project(project, functions, outputs=tmp_path / f"out-{n}").runs[0].light))
    assert lights == [
        ("none", "warns", "green"),
        ("none", "uses a library that warns", "green"),
        ("own", "warns", "orange"),
        ("own", "uses a library that warns", "green"),
        ("all", "warns", "orange"),
        ("all", "uses a library that warns", "orange"),
    ]
