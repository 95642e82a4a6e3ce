"""The commands as a user types them: what they print, what they leave, how they exit."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.acceptance.samples import DATES, ROOT, WORKFLOWS, command, environment, inputs, notebook, run_jsons, typed
from tests.launched import Launched

ONCE = ("--local", "--once")
FAILS_ON_THE_SECOND = "print('rows of', day)\nif day.endswith('2'): raise ValueError('no rows for ' + day)"


def folder_of(outputs: Path, date: str) -> Path:
    [found] = (outputs / "notebooks" / "days").glob(f"{date}_*")
    return found


def test_a_notebook_that_fails_stops_its_dependants_alone_and_is_due_again(tmp_path: Path) -> None:
    file, outputs = inputs(tmp_path / "in", dates=DATES[:2], count=FAILS_ON_THE_SECOND), tmp_path / "out"
    words = ("sensor.start", file, *ONCE, "--outputs", outputs)

    first = typed(*words, "--quiet", cwd=tmp_path)
    assert first.returncode == 1
    bad, fine = folder_of(outputs, DATES[1]), folder_of(outputs, DATES[0])
    cause = f"notebook 'count' failed in cell 2: ValueError: no rows for 2016-01-02 (see {bad}/count/count.ipynb)"
    assert first.stderr == f"failed:\n  days/{bad.name}\n    {cause}\n    not run: report\n"
    report = outputs / "reports" / "days" / fine.name / "report.pdf"
    assert re.fullmatch(rf"1 report:\n  {re.escape(str(report))}\n1 of 2 runs succeeded in \d+ s\n", first.stdout)
    assert sorted(path.name for path in bad.iterdir()) == ["count"]
    errors = [out for out in nbformat.read(bad / "count" / "count.ipynb", 4).cells[-1].outputs if out.output_type == "error"]
    assert [(error.ename, error.evalue, bool(error.traceback)) for error in errors] == [
        ("ValueError", "no rows for 2016-01-02", True)
    ]
    assert json.loads((bad / "count" / "run.json").read_text())["error"]["ename"] == "ValueError"
    status = typed("status", file, "--outputs", outputs, cwd=tmp_path)
    assert status.stdout == (
        "date        days\n"
        "2016-01-01  green\n"
        "2016-01-02  red: count failed in cell 2: ValueError: no rows for 2016-01-02\n"
        "1 of 2 runs succeeded\n"
        "1 run due (plan --why says why)\n"
    )

    second = typed(*words, cwd=tmp_path)
    assert second.returncode == 1
    assert f"days/{bad.name}  count FAILED" in second.stderr
    assert fine.name not in second.stderr
    attempts = [(run["file"].relative_to(outputs / "notebooks/days").parts[1:], run["attempt"]) for run in run_jsons(outputs)]
    assert attempts == [
        (("count", "run.json"), 1),
        (("report", "run.json"), 1),
        ((".attempts", "1", "count", "run.json"), 1),
        (("count", "run.json"), 2),
    ]

    notebook(tmp_path / "in" / "count.ipynb", "day = None", "print('rows of', day)")
    third = typed(*words, "--quiet", cwd=tmp_path)
    assert (third.returncode, third.stderr) == (0, "")
    assert re.fullmatch(r"1 report:\n  \S+\n1 of 1 run succeeded in \d+ s\n", third.stdout)
    with closing(sqlite3.connect(outputs / ".simpleflow-nb" / "runs.sqlite3")) as records:
        rows = records.execute("SELECT reference_date, attempt, state, error FROM sfnb_runs ORDER BY 1, 2").fetchall()
    kept = cause.replace(str(outputs), "{outputs}")
    failed = f"count failed: {kept}; not run: report"
    assert rows == [
        ("2016-01-01", 1, "succeeded", None),
        ("2016-01-02", 1, "failed", failed),
        ("2016-01-02", 2, "failed", failed),
        ("2016-01-02", 3, "succeeded", None),
    ]


def test_warnings_turn_a_run_orange_and_are_shown(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("{format: pdf}", "[{format: html}, {format: pdf, template: own.typ}]")
    file = inputs(
        tmp_path / "in", dates=DATES[:1], workflows=workflows, count="print('Warning: few rows')\nprint('warning: odd')"
    )
    (file.parent / "own.typ").write_text("#let style(about, body) = [\n  #abuot.title\n]\n")
    done = typed("sensor.start", file, *ONCE, "--quiet", cwd=tmp_path)
    run = folder_of(file.parent / "outputs", DATES[0]).name
    assert done.stderr == (
        "with warnings:\n"
        f"  days/{run}  count: Warning: few rows (and 1 more)\n"
        f"  days/{run}  report.pdf: template own.typ:2: unknown variable: abuot\n"
        f"  what makes the missing reports: simpleflow-nb runs.retry {file} days/{run}\n"
    )
    assert (done.returncode, done.stdout.splitlines()[-1].partition(" in ")[0]) == (0, "1 of 1 run succeeded")
    assert done.stdout.endswith(" s, 1 with warnings\n")
    reports = file.parent / "outputs" / "reports" / "days" / run
    assert [path.name for path in reports.iterdir()] == ["report.html"]
    assert f"1 report:\n  {reports / 'report.html'}\n" in done.stdout
    [row] = json.loads(typed("status", file, "--json", cwd=tmp_path).stdout)["dates"]
    assert (row["state"], row["light"], row["attempt"]) == ("succeeded", "orange", 1)


def test_one_date_is_run_again_by_hand_and_told_in_plain_lines(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1])
    words = ("workflow.start", "--local", f"{file}:days", "--set", "reference_date=2016-01-01")
    for attempt in (1, 2):
        done = typed(*words, cwd=tmp_path)
        run = folder_of(file.parent / "outputs", DATES[0])
        assert done.returncode == 0
        lines = re.sub(r"\d+\.\d s", "N s", done.stderr).splitlines(keepends=True)
        # A report may be made between two looks, and then was never seen running.
        assert "".join(line for line in lines if not line.endswith("report.pdf running\n")) == (
            f"days/{run.name}  count running\n"
            f"days/{run.name}  count done in N s\n"
            f"days/{run.name}  report running\n"
            f"days/{run.name}  report done in N s\n"
            f"days/{run.name}  report.pdf done in N s\n"
            f"days/{run.name}  completed\n"
        )
        assert json.loads((run / "count" / "run.json").read_text())["attempt"] == attempt
    info = typed("--format", "human", "workflow.info", "--local", "days/2016-01-01", cwd=tmp_path / "in")
    assert re.search(r"^status +COMPLETED$", info.stdout, re.MULTILINE)
    assert not re.search(r"^(warning|log|reason)", info.stdout, re.MULTILINE)  # nothing to say about them


def test_name_and_date_that_fit_runs_with_other_parameters_are_not_guessed(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("day: reference_date", "day: mode").replace(
        "    - workflow_name: days\n",
        "    - {workflow_name: days, parameters: {mode: a}}\n    - {workflow_name: days, parameters: {mode: b}}\n",
    )
    one_notebook = workflows.partition("      report:")[0] + "available" + workflows.partition("available")[2]
    file = inputs(tmp_path / "in", dates=DATES[:1], workflows=one_notebook)
    assert typed("sensor.start", file, *ONCE, "--quiet", cwd=tmp_path).returncode == 0
    planned = json.loads(typed("plan", file, "--json", cwd=tmp_path).stdout)
    names = [f"days/2016-01-01_{run['identity'][:8]}" for run in planned["not_due"]]
    many = typed("workflow.info", "--local", "days/2016-01-01", cwd=tmp_path / "in")
    sentence = "'days/2016-01-01' fits 2 runs: days/2016-01-01,mode=a, days/2016-01-01,mode=b; name one of them"
    assert (many.returncode, many.stderr) == (2, f"simpleflow-nb: {sentence}\n")
    one = typed("--format", "prettyjson", "workflow.info", "--local", names[0], cwd=tmp_path / "in")
    assert json.loads(one.stdout)[0]["input"]["kwargs"]["parameters"]["mode"] == "a"


def test_plan_tells_entries_apart_that_differ_in_their_stencil_alone(tmp_path: Path) -> None:
    entries = "    - workflow_name: days\n      date_stencil: [[-1, 1]]\n" * 2 + "    - workflow_name: days\n"
    file = inputs(tmp_path / "in", dates=DATES[:2], workflows=WORKFLOWS.replace("    - workflow_name: days\n", entries))
    lines = typed("plan", file, "--why", cwd=tmp_path).stdout.splitlines()
    assert [line.split() for line in lines if "2016" in line and "needs" not in line] == [
        ["days", "2016-01-02", "[[-1,", "1]]", "count", "->", "report", "not", "run", "yet"],
        ["days", "2016-01-01", "[0]", "count", "->", "report", "not", "run", "yet"],
        ["days", "2016-01-02", "[0]", "count", "->", "report", "not", "run", "yet"],
        ["days", "2016-01-02", "duplicate", "of", "entry", "1"],
    ]


def test_plan_says_what_is_due_and_changes_nothing(tmp_path: Path) -> None:
    workflows = WORKFLOWS + "      earliest_date: 2016-01-03\n      date_stencil: [[-1, 1]]\n"
    file = inputs(tmp_path / "in", dates=(*DATES[:2], DATES[3]), workflows=workflows)
    planned = typed("plan", file, cwd=tmp_path)
    assert (planned.returncode, planned.stdout) == (
        0,
        "0 runs due, 3 not due\n"
        "  2 before earliest_date 2016-01-03\n  1 needs dates that are not available\n  (--why lists each)\n",
    )
    why = typed("plan", file, "--why", cwd=tmp_path)
    assert why.stdout == (
        "0 runs due, 3 not due\n"
        "workflow  date        why not\n"
        "days      2016-01-01  before earliest_date 2016-01-03\n"
        "days      2016-01-02  before earliest_date 2016-01-03\n"
        "days      2016-01-04  needs 2016-01-03 which is not available\n"
    )
    assert not (tmp_path / "in" / "outputs").exists()


def test_a_workflow_class_prints_its_result_and_shows_its_tasks(tmp_path: Path) -> None:
    words = ("workflow.start", "--local", "examples.basic.BasicWorkflow", "--input", "[1, 0]", "--workflow-id", "sum")
    done = typed(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "(1 + 1) * 2 = 4\n4\n")
    assert re.fullmatch(
        r"(sum  examples\.basic\.(increment|delay|double)-1 (running|done in \d+\.\d s)\n){3,6}"
        r"sum  completed\nsum completed in \d+\.\d s\n",
        done.stderr,
    )
    assert typed("workflow.list", "--local", "-s", "closed", cwd=tmp_path).stdout == "sum  basic  COMPLETED\n"
    tasks = typed("--format", "csv", "--header", "workflow.tasks", "--local", "sum", cwd=tmp_path).stdout.splitlines()
    assert tasks[0] == "Tasks,Last State,Last State Time,Scheduled Time,ID,Attempt,Reason"
    assert [line.split(",")[0] for line in tasks[1:]] == [
        "examples.basic.double",
        "examples.basic.delay",
        "examples.basic.increment",
    ]
    nothing = typed("workflow.list", "--local", cwd=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr == "no open executions; --status closed lists those that have ended\n"


@pytest.mark.parametrize(
    ("before", "first_line"),
    [
        ((), r"domain +local"),
        (("--header",), r"domain  workflow_type\.name  .*"),
        (("--format", "tabular"), r"local  basic  .*"),
    ],
)
def test_at_a_terminal_one_execution_is_shown_a_line_for_each_column(
    before: tuple[str, ...], first_line: str, tmp_path: Path
) -> None:
    words = (
        "workflow.start",
        "--local",
        "examples.basic.BasicWorkflow",
        "--input",
        "[1, 0]",
        "--workflow-id",
        "sum",
        "--quiet",
    )
    assert typed(*words, cwd=tmp_path).returncode == 0
    screen, terminal = os.openpty()
    try:
        asked = [sys.executable, "-m", "simpleflow_nb", *before, "workflow.info", "--local", "sum"]
        subprocess.run(asked, cwd=tmp_path, env=environment(), stdout=terminal, check=True)
        os.close(terminal)
        with open(screen, "rb", buffering=0, closefd=False) as lines:
            assert re.fullmatch(first_line, lines.readline().strip().decode())
    finally:
        os.close(screen)
    assert typed("workflow.info", "--local", "sum", cwd=tmp_path).stdout.startswith("local  basic  ")


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def document(*words: str, cwd: Path) -> dict[str, Any]:
    """What a command prints with ``--json``; moments as MOMENT, durations as SECONDS, run ids as RUN."""

    def plain(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: plain(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        if isinstance(value, str) and MOMENT.fullmatch(value):
            return "MOMENT"
        if key == "run_id":
            return "RUN"
        return "SECONDS" if key in ("seconds_waited", "seconds_run", "share") and isinstance(value, float) else value

    done = typed(*words, "--json", cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = plain(json.loads(done.stdout))
    return found


def test_programs_read_executions_as_documents(tmp_path: Path) -> None:
    words = (
        "workflow.start",
        "--local",
        "examples.basic.BasicWorkflow",
        "--input",
        "[1, 0]",
        "--workflow-id",
        "sum",
        "--quiet",
    )
    assert typed(*words, "--tags", "a,b", cwd=tmp_path).returncode == 0
    execution = {
        "domain": "local",
        "workflow_id": "sum",
        "run_id": "RUN",
        "type": "basic",
        "version": "example",
        "status": "completed",
        "started": "MOMENT",
        "closed": "MOMENT",
        "tags": ["a", "b"],
    }
    listed = document("workflow.list", "--local", "--status", "closed", cwd=tmp_path)
    assert listed == {"schema": 1, "executions": [execution]}
    info = document("workflow.info", "--local", "sum", cwd=tmp_path)
    assert info.pop("schema") == 1
    told = info["execution"]
    assert {key: told.pop(key) for key in execution} == execution
    assert told.pop("task_list").startswith("local-")
    assert told.pop("events") > 10
    assert told.pop("decider")["activities"] == {"completed": 3}
    assert told == {"input": {"args": [1, 0]}, "result": 4, "reason": None, "details": None, "progress": None}
    task = {
        "id": "activity-examples.basic.double-1",
        "attempt": 1,
        "activity": "examples.basic.double",
        "version": "example",
        "state": "completed",
        "scheduled": "MOMENT",
        "started": "MOMENT",
        "ended": "MOMENT",
        "seconds_waited": "SECONDS",
        "seconds_run": "SECONDS",
        "input": {"args": [2], "kwargs": {}},
        "result": 4,
        "reason": None,
        "details": None,
    }
    assert document("workflow.tasks", "--local", "sum", "--nb-tasks", "1", cwd=tmp_path) == {"schema": 1, "tasks": [task]}
    profile = document("workflow.profile", "--local", "sum", cwd=tmp_path)["tasks"]
    shares = {one.pop("share") for one in profile}
    assert shares in ({"SECONDS"}, {None})  # tasks that take no millisecond have no share
    assert [{**one, **dict.fromkeys(("id", "activity", "input", "result"))} for one in profile] == [
        {**task, "id": None, "activity": None, "input": None, "result": None}
    ] * 3
    events = document("workflow.history", "--local", "sum", cwd=tmp_path)["events"]
    assert (events[0]["type"], events[-1]["type"]) == ("WorkflowExecutionStarted", "WorkflowExecutionCompleted")
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["attributes"]["result"] == "4"
    refused = typed("--format", "csv", "workflow.list", "--local", "--json", cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (2, "simpleflow-nb: --format does nothing with --json; leave it out\n")


FAILING = """\
from simpleflow_nb import Workflow, activity

@activity.with_attributes()
def divide(a, b):
    return a / b

class InActivity(Workflow):
    version = "1"
    def run(self):
        return self.submit(divide, 1, 0).result

class InRun(Workflow):
    version = "1"
    def run(self):
        return {}["nothing"]
"""


@pytest.mark.parametrize(
    ("name", "reason", "where"),
    [
        (
            "InActivity",
            'Workflow execution error in activity-mine.divide-1: "ZeroDivisionError: division by zero"',
            "line 5, in divide\n    return a / b\n           ~~^~~\nZeroDivisionError: division by zero\n",
        ),
        (
            "InRun",
            "KeyError: 'nothing'",
            "line 15, in run\n    return {}[\"nothing\"]\n           ~~^^^^^^^^^^^\nKeyError: 'nothing'\n",
        ),
    ],
)
def test_what_the_users_code_raises_is_shown_with_their_traceback_and_not_ours(
    name: str, reason: str, where: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(FAILING)
    done = typed("workflow.start", "--local", f"mine.{name}", "--workflow-id", "w", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.sub(r"after \d+\.\d s", "after N s", done.stderr) == (
        f'simpleflow-nb: w failed after N s: {reason}\nTraceback (most recent call last):\n  File "{tmp_path}/mine.py", {where}'
    )


@pytest.mark.parametrize(("count", "code"), [("print(day)", 0), ("1 / 0", 1)])
def test_a_reader_who_goes_away_changes_no_exit_code(count: str, code: int, tmp_path: Path) -> None:
    """``... | true``: the pipe is closed before anything is printed."""
    file = inputs(tmp_path / "in", dates=DATES[:1], count=count)
    for words in (("sensor.start", file, *ONCE), ("status", file), ("runs.list", file), ("validate", file)):
        with Launched(command(*words), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.close()
            process.communicate(timeout=180)
        assert process.returncode == (code if words[0] == "sensor.start" else 0), words


PRINTING = """\
from simpleflow_nb import Workflow, activity

@activity.with_attributes(task_list="local", isolation="process")
def prints():
    for number in range(10_000):
        print("line", number)
    return 5

class Prints(Workflow):
    def run(self):
        return self.submit(prints).result
"""


def test_what_an_activity_prints_for_nobody_fails_no_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PRINTING)
    words = command("workflow.start", "--local", "mine.Prints", "--quiet")
    with Launched(words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(180) == 0


WAITING = """\
from simpleflow_nb import Workflow

class Waiting(Workflow):
    version = "1"
    def run(self):
        return self.next_signal("go").result
"""


@pytest.mark.parametrize(
    ("words", "code", "stdout", "end"),
    [
        (("workflow.signal", "--name", "go", "--input", '{"a": [1]}'), 0, '{"a":[1]}\n', r"w completed in N s\n"),
        (("workflow.signal", "--name", "go", "--input", "no JSON"), 0, '"no JSON"\n', r"w completed in N s\n"),
        (("workflow.cancel",), 1, "", r"simpleflow-nb: w was cancelled after N s\n"),
        (("workflow.terminate", "--reason", "enough"), 1, "", r"simpleflow-nb: w was terminated after N s: enough\n"),
    ],
)
def test_another_terminal_can_signal_cancel_and_terminate(
    words: tuple[str, ...], code: int, stdout: str, end: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(WAITING)
    start = command("workflow.start", "--local", "mine.Waiting", "--workflow-id", "w", "--quiet")
    with Launched(start, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 180
        while time.monotonic() < until and typed("workflow.list", "--local", cwd=tmp_path).stdout != "w  mine.Waiting  OPEN\n":
            time.sleep(0.05)
        asked = document(words[0], "--local", "w", *words[1:], cwd=tmp_path)
        assert asked == {"schema": 1, "request": {"workflow_id": "w", "run_id": "RUN", "takes_effect_now": True}}
        said, complained = process.communicate(timeout=180)
    assert (process.returncode, said) == (code, stdout)
    assert re.fullmatch(end, re.sub(r"\d+\.\d s", "N s", complained))


def test_without_an_owner_a_request_waits_for_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WAITING)
    start = ("workflow.start", "--local", "mine.Waiting", "--workflow-id", "w", "--quiet")
    with Launched(command(*start), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 180
        while time.monotonic() < until and not typed("workflow.list", "--local", cwd=tmp_path).stdout:
            time.sleep(0.05)
        process.kill()
    asked = typed("workflow.signal", "--local", "w", "--name", "go", "--input", "7", cwd=tmp_path)
    assert asked.stdout == "w: asked; it takes effect when the next local run begins: nobody owns the journal now\n"
    done = typed(*start, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "7\n")


def test_code_that_does_not_fit_the_history_stops_the_run_until_it_is_fixed(tmp_path: Path) -> None:
    start = ("workflow.start", "--local", "mine.Waiting", "--workflow-id", "w", "--quiet")
    text = WAITING.replace("return", "self.submit(self.record_marker('here'))\n        return")
    (tmp_path / "mine.py").write_text(text)
    with Launched(command(*start), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 180
        while (
            time.monotonic() < until and "MarkerRecorded" not in typed("workflow.history", "--local", "w", cwd=tmp_path).stdout
        ):
            time.sleep(0.05)
        process.kill()
    typed("workflow.signal", "--local", "w", "--name", "go", "--input", "7", cwd=tmp_path)
    (tmp_path / "mine.py").write_text(text.replace("here", "elsewhere"))
    other = typed(*start, cwd=tmp_path)
    assert (other.returncode, other.stdout) == (1, "")
    assert "w cannot go on: " in other.stderr
    assert other.stderr.endswith("simpleflow-nb: fix the code and type the same command again: it goes on where it was\n")
    (tmp_path / "mine.py").write_text(text)
    fixed = typed(*start, cwd=tmp_path)
    assert (fixed.returncode, fixed.stdout) == (0, "7\n")


def test_the_flights_example_is_good_and_help_names_every_command(tmp_path: Path) -> None:
    good = typed("validate", ROOT / "examples" / "flights" / "workflows.yml", cwd=tmp_path)
    assert (good.returncode, good.stdout.partition(": ")[2]) == (0, "good (1 workflow, 2 notebooks, 2 sensor entries)\n")
    page = typed("--help", cwd=tmp_path)
    assert page.returncode == 0
    assert "sensor.start" in page.stdout
    assert "..." not in page.stdout.partition("Commands:")[2]  # no sentence is cut short
