"""What users test their own workflow files with: functions instead of notebooks, and a clock that skips the waiting."""

from __future__ import annotations

import json
import sys
import threading
import time
import warnings
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

from simpleflow_nb.activity_context import context
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.notebooks import skip
from simpleflow_nb.testing import NotebookEnd, RunFailed, notebook_value, projects, run_project, workflows

MONDAY = datetime(2024, 1, 1, 5, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A file of two notebooks, with data of one day."""
    (tmp_path / "count.py").write_text('# %% tags=["parameters"]\nreference_date = None\n')
    (tmp_path / "report.py").write_text('# %% tags=["parameters"]\ncounted = None\n')
    (tmp_path / "data").mkdir()
    arrive(tmp_path, date(2024, 1, 1))
    return written(tmp_path)


def written(folder: Path, *, schedule: str = "null", flow: str = "", count: str = "", entries: str = "") -> Path:
    file = folder / "workflows.yml"
    file.write_text(
        dedent(
            f"""\
            workflows:
              - name: flights
            {flow}
                notebooks:
                  count: {{filename: count.py, parameters: {{reference_date: reference_date}}{count}}}
                  report: {{filename: report.py, parameters: {{counted: count}}, output: {{format: pdf}}}}
            available_dates_sensor:
              schedule: {schedule}
              source: {{files: {{flights: 'data/{{date}}.csv'}}}}
              cdr_types: [flights]
              workflows:
                - {{workflow_name: flights{entries}}}
            """
        )
    )
    return file


def arrive(folder: Path, *days: date) -> None:
    for day in days:
        (folder / "data" / f"{day.isoformat()}.csv").write_text("1\n")


def count(parameters: dict[str, Any]) -> int:
    return int(parameters["reference_date"][-2:])


def report(parameters: dict[str, Any]) -> str:
    return f"{notebook_value(parameters['counted'])} flights"


def test_a_project_runs_with_functions_in_the_place_of_its_notebooks(project: Path, tmp_path: Path) -> None:
    done = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert done.states() == {"flights/2024-01-01": "succeeded"}
    run = done.run("flights/2024-01-01")
    assert (run.state, run.light, run.attempt, run.labels) == ("succeeded", "green", 1, {"count": "done", "report": "done"})
    assert notebook_value(run.artefacts["report"]) == "1 flights"
    assert Path(run.artefacts["report:report"]).read_text() == "the report of report would be here\n"
    assert [check.started for check in done.checks] == [("flights/2024-01-01",)]
    again = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert [check.started for check in again.checks] == [()]
    assert len(again.runs) == 1


def test_a_notebook_that_fails_leaves_what_needs_it_and_is_done_again_alone(project: Path, tmp_path: Path) -> None:
    counted: list[str] = []

    def counting(parameters: dict[str, Any]) -> int:
        counted.append(parameters["reference_date"])
        return count(parameters)

    def broken(parameters: dict[str, Any]) -> None:
        raise ValueError("no flights")

    done = run_project(project, {"count": counting, "report": broken}, outputs=tmp_path / "out")
    run = done.run("flights/2024-01-01")
    assert (run.state, run.light, run.labels) == ("failed", "red", {"count": "done", "report": "failed"})
    assert run.error is not None
    assert run.error.startswith("report failed: notebook 'report' failed in cell 1: ValueError: no flights (see ")

    def silent(parameters: dict[str, Any]) -> None:
        skip("nothing flew")

    written(tmp_path, flow="    retry_wait: 1h")
    later = datetime.now(UTC) + timedelta(hours=2)
    done = run_project(project, {"count": counting, "report": report}, outputs=tmp_path / "out", began=later)
    assert done.run("flights/2024-01-01").labels == {"count": "cached", "report": "done"}
    assert done.run("flights/2024-01-01").attempt == 2
    assert counted == ["2024-01-01"]
    done = run_project(project, {"count": silent, "report": report}, outputs=tmp_path / "other")
    skipped = done.run("flights/2024-01-01")
    assert (skipped.state, skipped.labels) == ("skipped", {"count": "skipped", "report": "skipped"})
    assert skipped.notes == {"count": ["nothing flew"]}


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


def test_the_retries_of_a_notebook_wait_by_the_clock_of_the_test(project: Path, tmp_path: Path) -> None:
    tries: list[int] = []

    def flaky(parameters: dict[str, Any]) -> int:
        tries.append(1)
        if len(tries) < 5:
            raise OSError("not yet")
        return 1

    written(tmp_path, count=", retries: 4")
    done = run_project(project, {"count": flaky, "report": report}, outputs=tmp_path / "out", began=MONDAY)
    run = done.run("flights/2024-01-01")
    assert (run.state, len(tries)) == ("succeeded", 5)
    waited = (run.ended - run.started).total_seconds()
    assert 10 + 20 + 40 + 80 <= waited < 200
    assert done.skipped_seconds > 140
    assert run.started.date() == date(2024, 1, 1)


def test_the_sensor_follows_its_schedule_over_days_while_data_arrive(project: Path, tmp_path: Path) -> None:
    def arriving(moment: datetime) -> None:
        if moment.day != 3:  # late by a day
            arrive(tmp_path, *(date(2024, 1, day) for day in range(1, moment.day + 1)))

    written(tmp_path, schedule='"0 6 * * *"')
    done = run_project(
        project,
        {"count": count, "report": report},
        outputs=tmp_path / "out",
        began=MONDAY,
        until=MONDAY + timedelta(days=5),
        before_check=arriving,
    )
    assert [(check.at.strftime("%d %H:%M"), check.started, check.error) for check in done.checks] == [
        ("01 06:00", ("flights/2024-01-01",), None),
        ("02 06:00", ("flights/2024-01-02",), None),
        ("03 06:00", (), None),
        ("04 06:00", ("flights/2024-01-03", "flights/2024-01-04"), None),
        ("05 06:00", ("flights/2024-01-05",), None),
    ]
    assert set(done.states().values()) == {"succeeded"}
    assert done.run("flights/2024-01-03").started.day == 4
    assert 4.9 * 86_400 < done.skipped_seconds < 5.1 * 86_400


def test_a_check_that_fails_is_told_and_tried_again(project: Path, tmp_path: Path) -> None:
    def failing(moment: datetime) -> None:
        if moment.hour == 6 and moment.minute < 3:
            raise OSError("the disk is away")

    written(tmp_path, schedule='"0 6 * * *"')
    done = run_project(
        project,
        {"count": count, "report": report},
        outputs=tmp_path / "out",
        began=MONDAY,
        until=MONDAY + timedelta(hours=12),
        before_check=failing,
    )
    assert [(check.at.strftime("%H:%M"), check.error) for check in done.checks] == [
        ("06:00", "the disk is away"),
        ("06:01", "the disk is away"),
        ("06:03", None),
    ]
    assert done.states() == {"flights/2024-01-01": "succeeded"}
    with pytest.raises(RunFailed, match="the disk is gone"):
        run_project(
            project, {"count": count, "report": report}, outputs=tmp_path / "other", before_check=_raising("the disk is gone")
        )


def _raising(sentence: str) -> Any:
    def raising(*_: Any) -> None:
        raise OSError(sentence)

    return raising


def test_a_failed_run_is_tried_again_after_its_wait_by_the_clock_of_the_test(project: Path, tmp_path: Path) -> None:
    moments: list[int] = []

    def failing_first(parameters: dict[str, Any]) -> int:
        moments.append(1)
        if len(moments) < 3:
            raise OSError("not yet")
        return 1

    written(tmp_path, schedule='"0 6 * * *"', flow="    retry_wait: 2h")
    done = run_project(
        project,
        {"count": failing_first, "report": report},
        outputs=tmp_path / "out",
        began=MONDAY,
        until=MONDAY + timedelta(hours=12),
    )
    assert [(one.state, one.attempt) for one in done.runs] == [("failed", 1), ("failed", 2), ("succeeded", 3)]
    gaps = [round((then.started - one.ended).total_seconds() / 3600) for one, then in pairwise(done.runs)]
    assert set(gaps) <= {2, 4}  # the sensor looks every two hours, and a run that ended a moment after a look waits for another


@pytest.mark.parametrize(
    ("functions", "more", "sentence"),
    [
        ({"count": count}, {}, "the notebook 'report' of flights has no function in its place"),
        (
            {"count": count, "report": report, "cuont": count},
            {},
            "no notebook has the label 'cuont' (did you mean 'count'?)",
        ),
        ({"count": count, "report": 3}, {}, "the notebook 'report' is replaced by 3, which cannot be called"),
        (
            {"count": count, "report": report},
            {"until": MONDAY},
            "the sensor has no schedule to follow until 2024-01-01 05:00:00+00:00; leave 'until' out for one check",
        ),
    ],
)
def test_arguments_of_run_project_that_cannot_work_are_refused(
    project: Path, tmp_path: Path, functions: Any, more: Any, sentence: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        run_project(project, functions, outputs=tmp_path / "out", **more)
    assert str(refused.value).removeprefix(f"{project}: ") == sentence
    assert not (tmp_path / "out").exists()


def test_a_database_of_others_is_not_written_into(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/precious.sqlite3")
    with pytest.raises(DefinitionError, match="AUTOFLOW_DB_URI is set, and run_project would write into that database"):
        run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert not (tmp_path / "precious.sqlite3").exists()


def test_names_of_runs_that_are_not_there_or_not_one_are_said(project: Path, tmp_path: Path) -> None:
    done = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    with pytest.raises(DefinitionError, match=r"^no run flights/2024-01-02 has ended; those that have: flights/2024-01-01$"):
        done.run("flights/2024-01-02")
    assert done.run(f"flights/{done.runs[0].instance}") == done.runs[0]
    with pytest.raises(DefinitionError, match=r"count.py was not left by a function of run_project: "):
        notebook_value(tmp_path / "count.py")


def test_the_example_of_the_manual_holds(tmp_path: Path) -> None:
    def report(parameters: dict[str, Any]) -> None:
        if notebook_value(parameters["flows_notebook"]) == 0:
            raise ValueError("no flights")

    file = Path(__file__).parents[2] / "examples" / "flights" / "workflows.yml"
    done = run_project(file, {"flows": lambda parameters: 0, "report": report}, outputs=tmp_path)
    run = done.run("flights_above_normal/2013-02-22_ab4b77c3")
    assert (run.labels, run.light) == ({"flows": "done", "report": "failed"}, "red")
    with pytest.raises(DefinitionError, match=r"^flights_above_normal/2013-02-22 fits \w+/2013-02-22_\w+ and "):
        done.run("flights_above_normal/2013-02-22")
