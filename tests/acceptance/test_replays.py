"""Histories of former runs, replayed with the code of today: what a project's own tests do before a deployment."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.exceptions import DefinitionError, NonDeterminismError, PayloadError
from simpleflow_nb.processes.workflow_classes import WorkflowNotFound
from simpleflow_nb.testing import harness, replay_workflow

CODE = """
from simpleflow_nb import Workflow, activity

@activity.with_attributes()
def load(day):
    return day * 10_000

class Report(Workflow):
    name = "report"

    def run(self, day):
        return len(self.submit(load, day).result)
"""


RUN = ("report-1", "run-1")


@activity.with_attributes()
def load(day):
    return {"day": day}


@activity.with_attributes()
def check(day):
    return day


class Report(Workflow):
    name = "report"

    def run(self, day):
        table = self.submit(load, day).result
        self.timer(60).wait()
        return table


class Checked(Report):
    def run(self, day):
        self.submit(check, day).wait()
        return super().run(day)


class Patched(Report):
    def run(self, day):
        if self.patched("check first"):
            self.submit(check, day).wait()
        return super().run(day)


class Shorter(Report):
    def run(self, day):
        return self.submit(load, day).result


class Parent(Workflow):
    def run(self):
        return self.submit(Shorter, self.get_run_context()["workflow_id"]).result


class Second(Report):
    version = "2"


@pytest.fixture(scope="module")
def histories():
    """The history of a run while it waited for its timer, and when it had completed."""
    with harness(Report) as service:
        run = service.start(Report, "2013-02-22")
        service.result(*run)
        ended = service.history(*run)
    fired = next(number for number, event in enumerate(ended) if event["eventType"] == "TimerFired")
    return ended[:fired], ended


@pytest.mark.parametrize("workflow", [Report, Patched])
def test_code_that_decides_as_before_passes(histories, workflow):
    for history in histories:
        replay_workflow(workflow, history, run=RUN)


def test_code_that_decides_otherwise_is_refused_with_the_event_and_the_line(histories):
    for history in histories:
        with pytest.raises(NonDeterminismError, match=r"^event 6: history has ScheduleActivityTask\(.*load.*test_replays.py:"):
            replay_workflow(Checked, history, run=RUN)


def test_an_end_that_has_changed_is_a_difference_too(histories):
    waiting, ended = histories
    for history in (waiting, ended):
        with pytest.raises(NonDeterminismError, match="CompleteWorkflowExecution"):
            replay_workflow(Shorter, history, run=RUN)


def test_a_class_of_another_version_is_refused(histories):
    with pytest.raises(WorkflowNotFound, match=r"is a run of version '1' of workflow type 'report', and .* is version '2'"):
        replay_workflow(Second, histories[0], run=RUN)


def test_times_of_boto3_are_read(histories):
    events = [{**one, "eventTimestamp": datetime.fromtimestamp(one["eventTimestamp"], UTC)} for one in histories[1]]
    replay_workflow(Report, events, run=RUN)


def test_children_are_known_by_the_ids_of_the_run():
    with harness(Parent, Shorter) as service:
        run = service.start(Parent)
        service.result(*run)
        history = service.history(*run)
    replay_workflow(Parent, history, run=run)
    with pytest.raises(NonDeterminismError, match=r"StartChildWorkflowExecution\(workflow-report-Parent-1"):
        replay_workflow(Parent, history, run=RUN)
    with pytest.raises(DefinitionError, match=r"^whose events these are is not in them; give run=\(workflow id, run id\)$"):
        replay_workflow(Parent, history)


def test_a_history_without_a_decision_is_refused(histories):
    with pytest.raises(DefinitionError, match=r"^the history has no decision yet, so there is nothing to replay$"):
        replay_workflow(Report, histories[0][:3], run=RUN)


def test_something_that_is_no_history_is_refused(histories, tmp_path):
    (tmp_path / "other.json").write_text('{"schema": 1, "tasks": []}')
    (tmp_path / "broken.json").write_text('{"schema": 1')
    wanted = "is not a history: it is made by workflow.history --json"
    for name in ("other.json", "broken.json"):
        with pytest.raises(DefinitionError, match=f"{name} {wanted}"):
            replay_workflow(Report, tmp_path / name)
    with pytest.raises(DefinitionError, match=r"^the history does not begin with its first event$"):
        replay_workflow(Report, histories[0][2:], run=RUN)
    with pytest.raises(DefinitionError, match="is not a workflow"):
        replay_workflow(load, histories[0], run=RUN)


def test_a_file_of_the_command_line_is_replayed_with_its_folder_of_payloads(tmp_path, monkeypatch):
    (tmp_path / "reports_of_today.py").write_text(CODE)
    program = [sys.executable, "-m", "simpleflow_nb"]

    def called(*words):
        return subprocess.run([*program, *words], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert called("workflow.start", "reports_of_today.Report", "--local", "--input", '["2013-02-22"]') == "100000\n"
    (tmp_path / "report.json").write_text(called("workflow.history", "--local", "report", "--json"))
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == 1
    monkeypatch.syspath_prepend(tmp_path)
    from reports_of_today import Report

    replay_workflow(Report, tmp_path / "report.json", payloads=tmp_path / ".simpleflow-nb" / "payloads")
    with pytest.raises(PayloadError, match="give the folder of payloads: payloads="):
        replay_workflow(Report, tmp_path / "report.json")
