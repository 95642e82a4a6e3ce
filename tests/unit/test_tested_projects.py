"""What users test their own workflow files with: functions instead of notebooks, and a clock that skips the waiting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.notebooks import skip
from simpleflow_nb.testing import RunFailed, notebook_value, run_project

from .tested_project import MONDAY, arrive, count, report, written


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


def test_a_database_of_others_is_not_written_into(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/precious.sqlite3")
    with pytest.raises(DefinitionError, match="AUTOFLOW_DB_URI is set, and run_project would write into that database"):
        run_project(project, {"count": count, "report": report}, outputs=tmp_path / "out")
    assert not (tmp_path / "precious.sqlite3").exists()


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
