"""A workflow file in the hands of a program: what it does, and that commands print the same as documents."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.specification import SpecificationError
from deciders.values.run_state import RunState
from simpleflow_nb.application.outcomes import Outcome
from simpleflow_nb.cli.main import main
from simpleflow_nb.exceptions import CallGivenUp, DefinitionError
from simpleflow_nb.notebooks import Local, Project, RunChanged, Swf
from tests.acceptance.samples import ROOT, WORKFLOWS, environment, inputs, run_jsons
from workers.kernels.supply import warm_kernels

DAY = date(2016, 1, 1)
PLAIN = WORKFLOWS.replace("        output: {format: pdf}\n", "        output: {format: html}\n")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kernel is started with comes from this process."""
    monkeypatch.setenv("SIMPLEFLOW_NB_PRELOAD", "")
    for name in ("SWF_DOMAIN", "AUTOFLOW_OUTPUTS_DIR"):
        monkeypatch.delenv(name, raising=False)


def project_of(file: Path) -> Project:
    return Project.open(file, service=Local())


# ---- from a script -----------------------------------------------------------------------------------------------------------


def test_the_script_of_the_documentation_runs_flights_end_to_end(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "programs.rst").read_text(encoding="utf-8")
    [script] = re.findall(r":caption: flights_of_a_day.py\n\n((?:    .*\n|\n)+)", page)
    shutil.copytree(ROOT / "examples" / "flights", tmp_path / "examples" / "flights")
    (tmp_path / "script.py").write_text(re.sub(r"(?m)^    ", "", script))
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    titles = sorted({line.partition(" ")[0] for line in lines})
    assert (first, len(titles)) == ("2 runs to start", 2)
    assert sorted(line for line in lines if " has " in line) == [f"{title} has succeeded" for title in titles]
    reports = [line.split(" ", 2)[2] for line in lines if " has " not in line]
    assert len(reports) == 2
    assert all(Path(report).read_bytes().startswith(b"%PDF") for report in reports)


def test_a_file_with_problems_is_refused_with_all_of_them(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", workflows=WORKFLOWS.replace("count.ipynb", "no.ipynb").replace("report.ipynb", "none.ipynb"))
    with pytest.raises(SpecificationError) as refused:
        Project.open(file)
    assert [problem.line for problem in refused.value.problems] == [5, 8]


def test_a_project_is_where_the_commands_would_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = inputs(tmp_path / "in")
    monkeypatch.setenv("SWF_DOMAIN", "reports")
    assert Project.open(file).service == Swf("reports")
    assert Project.open(file.parent, outputs=tmp_path / "out").outputs == tmp_path / "out"
    (file.parent / "outputs" / ".simpleflow-nb").mkdir(parents=True)
    (file.parent / "outputs" / ".simpleflow-nb" / "journal.sqlite3").touch()
    assert Project.open(file).service == Local()


# ---- calls that take long ----------------------------------------------------------------------------------------------------

SLOW = "import pathlib, time\n(pathlib.Path.cwd() / 'begun').touch()\ntime.sleep(2)\nprint('rows of', day)"


def until_running(call: Any) -> None:
    for event in call:
        if isinstance(event, RunChanged) and any(label.state == "running" for label in event.run.labels):
            return


def test_a_call_that_is_given_up_lets_notebooks_end_and_the_next_one_goes_on(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", workflows=PLAIN, count=SLOW)
    call = project_of(file).start("days", {"reference_date": DAY})
    until_running(call)
    call.close()
    [executed] = [one for one in run_jsons(file.parent / "outputs") if one["status"] != "running"]
    assert executed["status"] == "succeeded"
    outcome = project_of(file).start("days", {"reference_date": DAY}).result()
    assert (outcome.is_success, [run.state for run in outcome.runs]) == (True, [RunState.SUCCEEDED])
    assert [one["attempt"] for one in run_jsons(file.parent / "outputs")] == [1, 1]


def test_a_call_that_another_thread_waits_for_may_be_given_up_as_well(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", workflows=PLAIN, count=SLOW)
    call = project_of(file).start("days", {"reference_date": DAY})
    until_running(call)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call.result)
        call.close()
        with pytest.raises(CallGivenUp, match=r"^this call was given up before it ended$"):
            waiting.result()
    [executed] = [one for one in run_jsons(file.parent / "outputs") if one["status"] != "running"]
    assert executed["status"] == "succeeded"
    assert project_of(file).start("days", {"reference_date": DAY}).result().is_success


@pytest.fixture
def beside() -> Iterator[Callable[[Any], dict[str, Any]]]:
    """A call carried out in a thread, as in another program; what came of it is in the dictionary afterwards."""
    threads: list[threading.Thread] = []

    def begin(call: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        threads.append(threading.Thread(target=lambda: found.update(outcome=call.result())))
        threads[-1].start()
        return found

    begin.join = lambda: [thread.join(60) for thread in threads]  # type: ignore[attr-defined]
    yield begin
    begin.join()  # type: ignore[attr-defined]


def test_a_run_that_another_program_carries_out_is_waited_for(tmp_path: Path, beside: Any) -> None:
    file = inputs(tmp_path / "in", workflows=PLAIN, count=SLOW)
    with pytest.raises(DefinitionError, match="days/2016-01-01"):
        project_of(file).wait("days/2016-01-01").result()
    call = project_of(file).start("days", {"reference_date": DAY})
    until_running(call)
    beside(call)
    outcome = project_of(file).wait("days/2016-01-01").result()
    [run] = outcome.runs
    assert (run.state, len(run.reports), outcome.is_success) == (RunState.SUCCEEDED, 1, True)
    beside.join()
    assert project_of(file).wait("days/2016-01-01").result().runs[0] == run


def test_a_run_that_is_asked_to_end_is_cancelled(tmp_path: Path, beside: Any) -> None:
    file = inputs(tmp_path / "in", workflows=PLAIN, count=SLOW.replace("sleep(2)", "sleep(60)"))
    call = project_of(file).start("days", {"reference_date": DAY})
    until_running(call)
    found = beside(call)
    asked = project_of(file).cancel("days/2016-01-01")
    assert (asked.run.partition("_")[0], asked.takes_effect_now) == ("days/2016-01-01", True)
    beside.join()
    outcome: Outcome = found["outcome"]
    assert ([run.state for run in outcome.runs], outcome.is_success) == ([RunState.CANCELLED], False)
    with pytest.raises(DefinitionError, match=r"has ended already \(cancelled\)"):
        project_of(file).cancel("days/2016-01-01")


# ---- commands and calls give the same documents ------------------------------------------------------------------------------


@pytest.fixture
def warm() -> Iterator[None]:
    """Kernels of a fork server that outlives the calls."""
    with warm_kernels():
        yield


FAILING = "import pathlib\nif '2016-01-02' in str(day) and not pathlib.Path({!r}).exists(): raise ValueError('no rows')"


def documents_of_commands(file: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    period = ("--from", "2016-01-01", "--to", "2016-01-02")

    def printed(name: str, *words: Any, file: Path | str = file) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in (name, file, *words, "--local", "--json")])
        said = capsys.readouterr()
        document: dict[str, Any] = json.loads(said.out)
        assert ended.value.code == (0 if document.get("is_success", True) else 1), said.err
        return document

    yield "plan of a backfill", printed("backfill", "days", *period, "--dry-run")
    yield "backfill", printed("backfill", "days", *period, "--nb-workers", 1)
    yield "retry", printed("runs.retry", "days/2016-01-02")
    yield "check", printed("sensor.start", "--once")
    yield "sensors", printed("sensor.list")
    yield "standing reports", printed("reports.make", "--remake", "missing")
    yield "reports", printed("reports.make", "days/2016-01-01")
    yield "what is gone", printed("outputs.clean", "--keep-days", 0)
    yield "start", printed("workflow.start", "--set", "reference_date=2016-01-01", file=f"{file}:days")


def documents_of_calls(file: Path, _: object) -> Iterator[tuple[str, dict[str, Any]]]:
    project = project_of(file)
    period = (date(2016, 1, 1), date(2016, 1, 2))
    yield "plan of a backfill", project.backfill_plan("days", *period).to_dict()
    yield "backfill", project.backfill("days", *period, workers=1).result().to_dict()
    yield "retry", project.retry("days/2016-01-02").result().to_dict()
    yield "check", project.check().result().to_dict()
    yield "sensors", project.sensors().to_dict()
    yield "standing reports", project.make_reports(remake="missing").result().to_dict()
    yield "reports", project.make_reports("days/2016-01-01").result().to_dict()
    yield "what is gone", project.clean_outputs(0).to_dict()
    yield "start", project.start("days", {"reference_date": DAY}).result().to_dict()


def without_time(node: Any) -> Any:
    """A document without what differs from one execution to the next: ids, moments, durations and sizes."""
    if isinstance(node, list):
        return [without_time(one) for one in node]
    if not isinstance(node, dict):
        return node
    hidden = {key: "-" for key in ("run_id", "seconds", "ended", "freed_bytes") if key in node}
    if isinstance(node.get("started"), str):
        hidden["started"] = "-"
    return {key: without_time(value) for key, value in node.items()} | hidden


def test_a_command_prints_with_json_what_the_call_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str], warm: None) -> None:
    found, mended = {}, tmp_path / "mended"
    days = ("2016-01-01", "2016-01-02")
    for kind in (documents_of_commands, documents_of_calls):
        file = inputs(tmp_path / "in", workflows=PLAIN, dates=days, count=FAILING.format(str(mended)))
        documents = {}
        for title, document in kind(file, capsys):
            documents[title] = without_time(document)
            if title == "backfill":
                mended.touch()
        found[kind.__name__] = documents
        (tmp_path / "in").rename(tmp_path / kind.__name__)
        mended.unlink()
    commands, calls = found.values()
    for title, document in commands.items():
        assert document == calls[title], title
    assert [commands[title]["is_success"] for title in ("backfill", "retry", "check", "start")] == [False, True, True, True]
    assert commands["check"]["not_due"] == 2
    assert all(document["schema"] == 1 for document in commands.values())
