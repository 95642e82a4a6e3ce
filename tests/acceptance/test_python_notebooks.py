"""Workflows in Python whose tasks are notebooks, with real kernels: here, and with deciders and workers of a service."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.launched import Launched
from tests.launcher import outcome
from workers.records.run_records import RunRecords

from .conftest import wait_until
from .process_fleet import DOMAIN, PATIENCE_SECONDS, ProcessFleet, client, wait_for
from .samples import command, environment, notebook, typed

STUDY = """\
from simpleflow_nb import Workflow
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.notebooks import notebook


class Study(Workflow):
    name, version, task_list = "study", "1", "decide"

    def run(self, days):
        one_day = notebook("one_day.ipynb", argument="day")
        first = self.submit(one_day, days[0])
        made = [first.result, *self.for_each(one_day, days[1:], max_parallel=2).result]
        total = self.submit(notebook("sum.py"), files=[one.file("rows.txt") for one in made]).result
        draws = self.repeat(notebook("draw.py"), 2).result
        return [total.scraps["total"], [one.light for one in made], [one.scraps["drawn"] for one in draws]]


class Wrong(Workflow):
    name, version, task_list = "wrong", "1", "decide"

    def run(self, name, parameters):
        return self.submit(notebook(name), **parameters).result


class Waiting(Workflow):
    name, version, task_list = "waiting", "1", "decide"

    def run(self):
        self.submit(notebook("draw.py")).result
        return self.next_signal("go").result
"""

SAME_NAME = """\
workflows:
  - name: study
    notebooks:
      draw: {filename: draw.py}
available_dates_sensor: null
"""

DRAW = """\
# %%
import scrapbook

# %% tags=["parameters"]
repeat_index = -1

# %%
scrapbook.glue("drawn", repeat_index * 10)
"""

SUM = """\
# %% tags=["parameters"]
files = []

# %%
import pathlib
import scrapbook

scrapbook.glue("total", sum(int(pathlib.Path(file).read_text()) for file in files))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "study.py").write_text(STUDY)
    (tmp_path / "draw.py").write_text(DRAW)
    (tmp_path / "sum.py").write_text(SUM)
    code = "open('rows.txt', 'w').write(str(len(day)))\nprint('WARNING: short' if len(day) < 3 else 'fine')"
    notebook(tmp_path / "one_day.ipynb", "day = ''", code)
    return tmp_path


def started(folder: Path, *words: str) -> Any:
    return typed("workflow.start", *words, cwd=folder)


def records(folder: Path) -> list[Any]:
    with closing(RunRecords.open(folder / "outputs")) as found:
        return [(record, found.items(record.run_id)) for record in found.runs()]


def test_the_example_counts_the_flights_of_several_days(tmp_path: Path) -> None:
    days = json.dumps([["2013-02-22", "2014-01-01"]])
    done = started(tmp_path, "examples.python_notebooks.FlightsOfDays", "--local", "--input", days, "--workflow-id", "flights")
    path = tmp_path / "outputs/notebooks/flights_of_days/flights/summary/summary.ipynb"
    assert (done.returncode, json.loads(done.stdout)) == (0, {"flights": [957], "total": 957, "notebook": str(path)}), (
        done.stderr
    )
    assert path.is_file()
    words = [line.split(" in ")[0].split()[1:] for line in done.stderr.splitlines() if "one_day" in line and " in " in line]
    assert sorted(words) == [["one_day", "done"], ["one_day-2", "skipped"]]


def test_a_run_here_has_outputs_beside_its_journal_and_a_record_of_kind_python(project: Path) -> None:
    done = started(project, "study.Study", "--local", "--input", '[["mon", "tu", "weds"]]', "--workflow-id", "s")
    assert (done.returncode, json.loads(done.stdout)) == (0, [9, ["green", "orange", "green"], [0, 10]]), done.stderr
    labels = ["one_day", "one_day-2", "one_day-3", "sum", "draw", "draw-2"]
    folders = sorted(one.name for one in (project / "outputs/notebooks/study/s").iterdir())
    assert folders == sorted(labels)
    [(record, items)] = records(project)
    told = (record.kind, record.workflow_name, record.instance, record.workflow_id, str(record.state), str(record.light))
    assert told == ("python", "study", "s", "s", "succeeded", "orange")
    assert record.parameters == {"days": ["mon", "tu", "weds"]}
    assert record.labels == dict.fromkeys(labels, "done")
    assert list(record.notes) == ["one_day-2"]
    assert {item.label: item.state for item in items} == dict.fromkeys(labels, "succeeded")
    assert list((project / "outputs/.simpleflow-nb/python_runs").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        (
            "one_dai.ipynb",
            {},
            "notebook 'one_dai' of wrong is not on this machine as {folder}/one_dai.ipynb (did you mean "
            "'one_day.ipynb'?); paths are relative to the file of the workflow class, and its folder has to have the same path "
            "on all machines",
        ),
        (
            "one_day.ipynb",
            {"dai": 1},
            "notebook 'one_day.ipynb' has no parameter 'dai' (did you mean 'day'?); its cell tagged 'parameters' sets 'day'",
        ),
    ],
)
def test_a_file_that_is_not_there_and_a_parameter_that_nobody_takes_are_refused(
    project: Path, name: str, parameters: dict[str, Any], sentence: str
) -> None:
    words = ("--local", "--input", json.dumps([name, parameters]), "--workflow-id", "w")
    done = started(project, "study.Wrong", *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    [(record, _)] = records(project)
    label = name.partition(".")[0]
    assert (str(record.state), record.labels) == ("failed", {label: "failed"})
    assert record.error == f"{label} failed: {sentence.format(folder=project)}"


def test_a_workflow_of_a_file_and_a_class_cannot_share_a_name_and_outputs(project: Path) -> None:
    file = project / "workflows.yml"
    file.write_text(SAME_NAME)
    done = started(project, "workflows.yml:study", "--local", "--quiet")
    assert done.returncode == 0, done.stderr
    done = started(project, "study.Study", "--local", "--input", '[["mon"]]', "--workflow-id", "s")
    assert done.returncode == 1
    sentence = f"workflow 'study' belongs to {file} (outputs in {project / 'outputs'}), and a class has that name too; give it"
    assert f"WorkflowTaken: {sentence} another name" in done.stderr


def test_runs_of_classes_are_not_among_those_of_a_file(project: Path) -> None:
    assert started(project, "study.Study", "--local", "--input", '[["mon"]]', "--quiet").returncode == 0
    file = project / "workflows.yml"
    file.write_text(SAME_NAME)
    for words in (("runs.list",), ("runs.list", "--all"), ("status",)):
        shown = typed(words[0], "workflows.yml", *words[1:], "--json", cwd=project)
        assert (shown.returncode, "study/" in shown.stdout) == (0, False), shown.stdout + shown.stderr


def test_a_run_that_was_interrupted_goes_on_and_one_that_is_cancelled_is_recorded(project: Path) -> None:
    words = ("workflow.start", "study.Waiting", "--local", "--workflow-id", "w")
    drawn = project / "outputs/notebooks/waiting/w/draw/run.json"
    with Launched(command(*words), cwd=project, env=environment(), stderr=subprocess.PIPE, text=True) as first:
        wait_until(lambda: drawn.is_file() and json.loads(drawn.read_text())["status"] == "succeeded")
        first.send_signal(signal.SIGINT)
        _, told = first.communicate(timeout=PATIENCE_SECONDS)
    assert "w is interrupted; the same command goes on with it" in told
    assert records(project) == []
    began = drawn.stat().st_mtime_ns
    with Launched(command(*words), cwd=project, env=environment(), stderr=subprocess.PIPE, text=True) as second:
        assert second.stderr is not None
        while "going on with w" not in second.stderr.readline():
            pass
        cancelled = typed("workflow.cancel", "w", "--local", cwd=project)
        assert cancelled.returncode == 0, cancelled.stderr
        second.communicate(timeout=PATIENCE_SECONDS)
    [(record, _)] = records(project)
    assert (record.workflow_id, str(record.state), record.error) == ("w", "cancelled", "the run was cancelled")
    assert drawn.stat().st_mtime_ns == began


# ---- on a service ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(project: Path) -> Iterator[ProcessFleet]:
    """A service with a decider, and a worker of the list of notebooks that has no workflow file."""
    classes = ("study.Study", "study.Wrong", "study.Waiting")
    commands = (("decider.start",), ("worker.start", "--task-list", "notebooks", "--nb-slots", "2"))
    fleet = ProcessFleet(project, workflows=(*classes, "--task-list", "decide"), commands=commands, SIMPLEFLOW_NB_PRELOAD="")
    yield fleet
    fleet.close()


def start(fleet: ProcessFleet, workflow_id: str, *words: str) -> None:
    words = ("workflow.start", *words, "--domain", DOMAIN, "--workflow-id", workflow_id)
    outcome(words, fleet.folder, fleet.environment, PATIENCE_SECONDS).check_returncode()


def status(fleet: ProcessFleet, workflow_id: str) -> str:
    found = client(fleet.port).list_closed_workflow_executions(
        domain=DOMAIN, startTimeFilter={"oldestDate": 0}, executionFilter={"workflowId": workflow_id}
    )["executionInfos"]
    return found[0]["closeStatus"] if found else "OPEN"


def test_a_worker_of_the_list_of_notebooks_runs_them_and_records_what_a_run_could_not(fleet: ProcessFleet) -> None:
    folder, log = fleet.folder, fleet.log
    start(fleet, "stopped", "study.Waiting")
    drawn = folder / "outputs/notebooks/waiting/stopped/draw/run.json"
    wait_for(lambda: drawn.is_file() and json.loads(drawn.read_text())["status"] == "succeeded", "a notebook", log)
    client(fleet.port).terminate_workflow_execution(domain=DOMAIN, workflowId="stopped", reason="enough")
    wait_for(lambda: status(fleet, "stopped") == "TERMINATED", "the end of the run", log)
    start(fleet, "s", "study.Study", "--input", '[["mon", "tues"]]')
    wait_for(lambda: status(fleet, "s") == "COMPLETED", "the end of the run", log)
    ends = {record.workflow_id: (str(record.state), record.error, record.started_by) for record, _ in records(folder)}
    assert ends == {
        "stopped": ("terminated", "the run was terminated: enough", None),
        "s": ("succeeded", None, None),
    }
    [stopped] = [record for record, _ in records(folder) if record.workflow_id == "stopped"]
    assert stopped.labels == {"draw": "done"}
    assert [Path(path).is_file() for path in stopped.artefacts.values()] == [True]
