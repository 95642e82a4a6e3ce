"""What users test their own workflow files with: functions instead of notebooks, and a clock that skips the waiting."""

from __future__ import annotations

import json
import re
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

from deciders.specification import NO_SENSOR
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
        (
            {"count": count, "report": report},
            {"began": "2024-02-01"},
            "began is '2024-02-01'; give a datetime, such as datetime(2024, 2, 1)",
        ),
        (
            {"count": count, "report": report},
            {"until": date(2024, 2, 1)},
            "until is datetime.date(2024, 2, 1); give a datetime, such as datetime(2024, 2, 1)",
        ),
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


INVENTORY = """\
workflows:
  - name: inventory
    notebooks:
      stock: {filename: count.py, parameters: {region: region}}
  - name: flights
    notebooks:
      count: {filename: count.py, parameters: {reference_date: reference_date}}
available_dates_sensor: null
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A file without a sensor, with a workflow without a date."""
    (tmp_path / "count.py").write_text('# %% tags=["parameters"]\nreference_date = None\nregion = None\n')
    (tmp_path / "workflows.yml").write_text(INVENTORY)
    return tmp_path / "workflows.yml"


def test_runs_are_started_as_by_hand_with_the_functions_that_they_need(inventory: Path, tmp_path: Path) -> None:
    regions: list[str] = []

    def stock(parameters: dict[str, Any]) -> str:
        regions.append(parameters["region"])
        return parameters["region"]

    starts = [("inventory", {"region": "north"}), ("inventory", {"region": "south"})]
    done = run_project(inventory, {"stock": stock}, outputs=tmp_path / "out", starts=starts, began=MONDAY)
    assert sorted(regions) == ["north", "south"]
    assert done.checks == ()
    north = next(run for run in done.runs if run.parameters["region"] == "north")
    assert (north.state, north.light, north.reference_date, north.started.date()) == ("succeeded", "green", None, MONDAY.date())
    assert done.states() == {f"inventory/{run.instance}": "succeeded" for run in done.runs}
    again = run_project(
        inventory, {"stock": stock}, outputs=tmp_path / "out", starts=starts[:1], began=MONDAY + timedelta(hours=1)
    )
    assert len(regions) == 3  # a run that somebody asks for is run, though it has succeeded
    assert [run.attempt for run in again.runs if run.parameters["region"] == "north"] == [1, 2]
    dated = [("flights", {"reference_date": "2024-01-01"}), ("flights", {"reference_date": date(2024, 1, 2)})]
    done = run_project(inventory, {"count": count}, outputs=tmp_path / "dated", starts=dated)
    assert done.states() == {"flights/2024-01-01": "succeeded", "flights/2024-01-02": "succeeded"}


def test_a_workflow_that_the_sensor_starts_never_needs_no_functions(project: Path, tmp_path: Path) -> None:
    text = project.read_text()
    project.write_text(
        text.replace("workflows:\n", "workflows:\n  - {name: once, notebooks: {sum: {filename: count.py}}}\n", 1)
    )
    done = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert done.states() == {"flights/2024-01-01": "succeeded"}
    done = run_project(project, {"sum": lambda parameters: 1}, outputs=tmp_path / "other", starts=["once"])
    assert [run.workflow_name for run in done.runs] == ["once"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {},
            "{file} has no sensor to follow: "
            f"{NO_SENSOR}; say what to start, such as starts=[('inventory', {{'region': ...}})]",
        ),
        ({"starts": []}, "starts is empty: name a run, such as ('inventory', {'region': ...}), or leave it out"),
        ({"starts": "inventory"}, "starts is 'inventory'; give a list, such as [('inventory', {'region': ...})]"),
        ({"starts": [("inventory",)]}, "starts has ('inventory',); give a workflow and its parameters, such as {example}"),
        (
            {"starts": [("inventory", "north")]},
            "starts has ('inventory', 'north'); give a workflow and its parameters, such as {example}",
        ),
        ({"starts": ["inventroy"]}, "workflows.yml has no workflow 'inventroy' (did you mean 'inventory'?)"),
        ({"starts": ["inventory"]}, "inventory needs the parameter 'region': --set region=..."),
        (
            {"starts": [("inventory", {"region": 1, "rgeion": 2})]},
            "inventory has no parameter 'rgeion' (did you mean 'region'?)",
        ),
        ({"starts": ["flights"]}, "give the date of the run: --set reference_date=2013-02-22"),
        ({"starts": [("inventory", {"region": 1})] * 2}, "starts has the same run of inventory twice"),
        (
            {"starts": [("flights", {"reference_date": "2024-01-01"})]},
            "the notebook 'count' of flights has no function in its place",
        ),
        (
            {"starts": [("inventory", {"region": 1})], "until": MONDAY},
            "starts are runs to begin with and 'until' follows the sensor; give one of them",
        ),
        (
            {"starts": [("inventory", {"region": 1})], "before_check": print},
            "starts are runs to begin with and 'before_check' is for checks of the sensor; give one of them",
        ),
    ],
)
def test_starts_that_cannot_be_are_refused_in_one_sentence(
    inventory: Path, tmp_path: Path, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        run_project(inventory, {"stock": count}, outputs=tmp_path / "out", **more)
    assert str(refused.value) == sentence.replace("{file}", str(inventory)).replace(
        "{example}", "('inventory', {'region': ...})"
    )
    assert not (tmp_path / "out").exists()


def test_a_database_of_others_is_not_written_into(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/precious.sqlite3")
    with pytest.raises(DefinitionError, match="AUTOFLOW_DB_URI is set, and run_project would write into that database"):
        run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert not (tmp_path / "precious.sqlite3").exists()


REGIONS = """\
workflows:
  - name: flights
    notebooks:
      count: {filename: count.py, parameters: {reference_date: reference_date, region: region}}
  - name: daily
    notebooks:
      report: {filename: report.py, parameters: {counted: reference_date}}
available_dates_sensor:
  schedule: null
  source: {files: {flights: 'data/{date}.csv'}}
  cdr_types: [flights]
  workflows:
    - {workflow_name: flights, parameters: {region: north}}
    - {workflow_name: flights, parameters: {region: south}}
    - {workflow_name: daily}
"""


def test_a_run_is_found_by_every_name_that_commands_take(project: Path, tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text('# %% tags=["parameters"]\nreference_date = None\nregion = None\n')
    project.write_text(REGIONS)
    done = run_project(project, {"count": count, "report": lambda _: 1}, outputs=tmp_path / "out")
    north, south = (next(run for run in done.runs if run.parameters.get("region") == one) for one in ("north", "south"))
    daily = next(run for run in done.runs if run.workflow_name == "daily")
    for name in ("flights/2024-01-01,region=north", "flights/2024-01-01[region=no]", f"flights/{north.instance}", north.run_id):
        assert done.run(name) == north
    for name in (south.workflow_id, "flights/2024-01,region=s"):
        assert done.run(name) == south
    for name in ("daily/2024-01-01", "daily/2024", "daily"):
        assert done.run(name) == daily
    names = "daily/2024-01-01, flights/2024-01-01,region=north, flights/2024-01-01,region=south"
    several = "flights/2024-01-01,region=north, flights/2024-01-01,region=south"
    for name, sentence in {
        "flights": f"'flights' fits 2 runs: {several}; name one of them",
        "flights/2024-01-01,region=west": f"there is no run 'flights/2024-01-01,region=west', but there is {several}",
        "flights/2024-01-02": f"no run 'flights/2024-01-02' has ended; those that have: {names}",
        "": f"no run '' has ended; those that have: {names}",
    }.items():
        with pytest.raises(DefinitionError) as refused:
            done.run(name)
        assert _sorted_names(str(refused.value)) == _sorted_names(sentence)


def _sorted_names(sentence: str) -> list[str]:
    """The parts of a sentence in an order of their own, as runs may end in any."""
    return sorted(re.split(r"[ ;]+|, ", sentence.replace("runs:", "runs").replace("have:", "have")))


def test_no_run_at_all_is_said(project: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "2024-01-01.csv").unlink()
    done = run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    with pytest.raises(DefinitionError, match=r"^no run 'flights' has ended; those that have: none$"):
        done.run("flights")
    with pytest.raises(DefinitionError, match=r"^run must be text, not 7$"):
        done.run(7)  # type: ignore[arg-type]


def test_a_value_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "count.py").touch()
    (tmp_path / "count.ipynb").write_text('{"metadata": {}}')
    for path, sentence in {
        tmp_path / "missing.ipynb": f"{tmp_path}/missing.ipynb: no such file or directory",
        tmp_path / "count.py": f"{tmp_path}/count.py was not left by a function of run_project, and has no value",
        str(tmp_path / "count.ipynb"): f"{tmp_path}/count.ipynb was not left by a function of run_project, and has no value",
        None: "notebook_value takes the path of a notebook, not None",
    }.items():
        with pytest.raises(DefinitionError) as refused:
            notebook_value(path)  # type: ignore[arg-type]
        assert str(refused.value) == sentence


def test_the_example_of_the_manual_holds(tmp_path: Path) -> None:
    def report(parameters: dict[str, Any]) -> None:
        if notebook_value(parameters["flows_notebook"]) == 0:
            raise ValueError("no flights")

    file = Path(__file__).parents[2] / "examples" / "flights" / "workflows.yml"
    done = run_project(file, {"flows": lambda parameters: 0, "report": report}, outputs=tmp_path)
    run = done.run("flights_above_normal/2013-02-22,origin=EWR")
    assert (run.labels, run.light) == ({"flows": "done", "report": "failed"}, "red")
    with pytest.raises(DefinitionError, match=r"^'flights_above_normal/2013-02-22' fits 2 runs: "):
        done.run("flights_above_normal/2013-02-22")
