"""``--json`` of the commands of Python workflows, of the service and of single notebooks: one document, whole."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.samples import DATES, command, environment, inputs, typed
from tests.launched import Launched

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_SECONDS = ("seconds", "duration_seconds")

FAILING = """\
from simpleflow_nb import Workflow, activity

@activity.with_attributes(task_list="x", version="1")
def explode():
    print("about to fail")
    raise ValueError("nope")

class Failing(Workflow):
    name, version, task_list = "failing", "1", "x"

    def run(self):
        print("begun")
        return self.submit(explode).result
"""


def plain(value: Any, key: str = "") -> Any:
    """Moments as MOMENT, durations as SECONDS, run ids as RUN; times of another precision stay what they are."""
    if isinstance(value, dict):
        return {name: plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return "MOMENT"
    if isinstance(value, float) and key in _SECONDS and value == round(value, 3):
        return "SECONDS"
    return "RUN" if key == "run_id" else value


def document(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    """All that the command has printed, below its schema."""
    assert done.returncode == code, done.stderr
    found = plain(json.loads(done.stdout))
    assert found.pop("schema") == 1
    return found


def test_the_end_of_a_local_execution_is_a_document(tmp_path: Path) -> None:
    words = ("workflow.start", "--local", "examples.basic.BasicWorkflow", "--input", "[1, 0]", "--workflow-id", "sum")
    done = typed(*words, "--json", "--quiet", cwd=tmp_path)
    end = {"workflow_id": "sum", "run_id": "RUN", "status": "completed", "started": "MOMENT", "closed": "MOMENT"}
    told = {"seconds": "SECONDS", "result": 4, "reason": None, "traceback": None, "notes": []}
    assert document(done) == {"execution": {**end, **told}}
    assert done.stderr.startswith("(1 + 1) * 2 = 4\n"), "what the workflow prints does not stand among the JSON"


def test_the_end_of_a_failed_execution_is_a_document_too(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FAILING)
    done = typed("workflow.start", "--local", "mine.Failing", "--workflow-id", "bad", "--json", "--quiet", cwd=tmp_path)
    [execution] = document(done, code=1).values()
    assert execution["traceback"].endswith('    raise ValueError("nope")\nValueError: nope\n')
    reason = 'Workflow execution error in activity-mine.explode-1: "ValueError: nope"'
    assert (execution["status"], execution["result"], execution["reason"]) == ("failed", None, reason)
    assert "about to fail" in done.stderr
    assert f"simpleflow-nb: bad failed after 0.0 s: {reason}" in re.sub(r"\d+\.\d s", "0.0 s", done.stderr)


def test_what_a_service_tells_of_itself_and_of_what_was_started_is_json(tmp_path: Path) -> None:
    words = command("service.start", "--port", "0", "--domain", "D", "--poll-seconds", "1", "--json")
    (tmp_path / "mine.py").write_text(FAILING)
    with Launched(words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            service = told["service"]
            variables = {"AWS_ENDPOINT_URL": service.pop("endpoint"), "AWS_DEFAULT_REGION": "eu-west-1"}
            variables |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
            assert [note.partition(":")[0].partition(" ")[0] for note in service.pop("notes")] == ["without", "not"]
            journal = str(tmp_path / ".simpleflow-nb" / "journal.sqlite3")
            assert told == {"schema": 1, "service": {"domain": "D", "journal": journal, "pid": process.pid}}
            started = typed(
                "workflow.start", "mine.Failing", "--domain", "D", "--workflow-id", "one", "--json", cwd=tmp_path, **variables
            )
            assert document(started) == {"execution": {"workflow_id": "one", "run_id": "RUN"}}
            alone = ("standalone", "examples.basic.BasicWorkflow", "--domain", "D", "--input", "[1,0]", "--nb-workers", "1")
            [execution] = document(typed(*alone, "--json", cwd=tmp_path, **variables)).values()
            assert (execution["workflow_id"], execution["status"], execution["result"]) == ("BasicWorkflow", "completed", 4)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_what_is_removed_from_a_journal_is_a_document(tmp_path: Path) -> None:
    words = ("workflow.start", "--local", "examples.basic.BasicWorkflow", "--input", "[1, 0]", "--quiet")
    assert typed(*words, cwd=tmp_path).returncode == 0
    with closing(sqlite3.connect(tmp_path / ".simpleflow-nb/journal.sqlite3")) as journal, journal:
        journal.execute("UPDATE runs SET closed = closed - 86400")
    prune = ("journal.prune", "--keep", "1h", "--db", ".simpleflow-nb/journal.sqlite3", "--json")
    dry = document(typed(*prune, "--dry-run", cwd=tmp_path))["pruned"]
    done = document(typed(*prune, cwd=tmp_path))["pruned"]
    assert dry.pop("history_bytes") == done.pop("history_bytes") > 1000
    removed = {"journal": str(tmp_path / ".simpleflow-nb/journal.sqlite3"), "before": "MOMENT", "executions": 1, "payloads": 0}
    told = {"unrecorded_runs": 0, "shared_payloads": None, "left": []}
    assert (dry, done) == ({**removed, **told, "is_dry_run": True}, {**removed, **told, "is_dry_run": False})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = "# %% tags=['parameters']\nn = 1\n\n# %%\n{last}\n"
    for name, last in (("warns", "print('Warning: few rows')"), ("fails", "1 / (n - 1)"), ("ends", "exit()\n\n# %%\nprint(n)")):
        (tmp_path / f"{name}.py").write_text(text.format(last=last))
    return tmp_path


END = {"duration_seconds": "SECONDS", "warnings": [], "skipped_for": None, "ended_in_cell": None, "error": None}


@pytest.mark.parametrize(
    ("words", "code", "end"),
    [
        (("warns.py",), 0, {"status": "succeeded", "light": "orange", "warnings": ["Warning: few rows"]}),
        (("ends.py",), 0, {"status": "succeeded", "light": "green", "ended_in_cell": 2}),
        (
            ("fails.py",),
            1,
            {
                "status": "failed",
                "light": "red",
                "error": {"cell": 2, "type": "ZeroDivisionError", "message": "division by zero"},
            },
        ),
        (("warns.py", "--prepare-only"), 0, {"status": "prepared", "light": None, "duration_seconds": None}),
    ],
    ids=["orange", "ended early", "failed", "prepared"],
)
def test_how_a_notebook_went_is_a_document(folder: Path, words: tuple[str, ...], code: int, end: dict[str, Any]) -> None:
    quiet = () if "--prepare-only" in words else ("--quiet",)
    done = typed("notebook.run", *words, *quiet, "--json", cwd=folder)
    name = words[0].partition(".")[0]
    assert document(done, code) == {"notebook": {"path": str(folder / name / f"{name}.ipynb"), **END, **end}}


def test_a_report_of_a_notebook_is_a_document(folder: Path) -> None:
    assert typed("notebook.run", "fails.py", "--prepare-only", cwd=folder).returncode == 0
    done = typed("notebook.pdf", "fails/fails.ipynb", "--json", cwd=folder)
    report = document(done)["report"]
    assert report.pop("size_bytes") == (folder / "fails" / "fails.pdf").stat().st_size
    none_run = "no cell of fails/fails.ipynb has been run, so that there are no results to show; notebook.run runs it"
    assert report == {"path": "fails/fails.pdf", "pages": 1, "seconds": "SECONDS", "warnings": [none_run]}
    assert done.stderr == f"warning: {none_run}\n"


def test_a_notebook_to_be_looked_into_is_a_document(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:1])
    assert typed("sensor.start", file, "--local", "--once", "--quiet", cwd=tmp_path).returncode == 0
    found = document(typed("notebook.debug", file, f"days/{DATES[0]}", "count", "--json", cwd=tmp_path))["notebook"]
    path = tmp_path / "debug/days" / found["instance"] / "count" / "count.ipynb"
    assert found == {
        "workflow": "days",
        "instance": found["instance"],
        "label": "count",
        "index": None,
        "path": str(path),
        "parameters": str(path.with_name("parameters.json")),
        "source": str(file.with_name("count.ipynb")),
        "has_changed": False,
        "attempt": 1,
        "status": "succeeded",
        "how_it_went": "attempt 1 succeeded",
        "open_command": f"jupyter lab {path}",
        "run_command": found["run_command"],
        "kept": [],
    }
    assert found["run_command"].startswith(f"simpleflow-nb notebook.run {file.with_name('count.ipynb')} --params ")
