"""The rules of steps: which of them run, why, and where their marks are kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from simpleflow_nb import Activity, Workflow
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.step import utils
from simpleflow_nb.step.marks import BucketMarks, FolderMarks, marks_at
from simpleflow_nb.step.submittable import Step
from simpleflow_nb.step.tasks import GetStepsDoneTask, MarkStepDoneTask
from simpleflow_nb.step.workflow import WorkflowStepMixin
from simpleflow_nb.task import ActivityTask, WorkflowTask

load = Activity(lambda: None, name="steps.load")

# ---- which steps run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "entries", "is_meant"),
    [
        ("a", [], False),
        ("a", ["a"], True),
        ("a", ["b", "a"], True),
        ("a.b.c", ["a"], True),
        ("a.b.c", ["a.b"], True),
        ("a.b.c", ["a.b.c"], True),
        ("a.b", ["a.b.c"], False),
        ("a.bc", ["a.b"], False),
        ("ab", ["a"], False),
        ("anything", ["*"], True),
        ("a.b", ["a.*"], False),
    ],
)
def test_an_entry_means_the_step_of_its_name_and_all_below_it(name, entries, is_meant) -> None:
    assert utils.should_force_step(name, entries) is is_meant
    assert utils.should_skip_step(name, entries) is is_meant
    assert utils.step_is_skipped_by_force(name, entries) is is_meant
    assert utils.step_is_forced(name, entries, False) is is_meant
    assert utils.step_is_forced(name, entries, True)


@pytest.mark.parametrize(
    ("forced", "skipped", "done", "force", "runs"),
    [
        ([], [], [], False, True),
        ([], [], ["a.b"], False, False),
        ([], [], ["a"], False, True),  # a mark is of one step
        ([], ["a"], [], False, False),
        ([], ["a"], ["a.b"], False, False),
        (["a"], [], ["a.b"], False, True),
        (["a"], ["a.b"], ["a.b"], False, True),  # forced counts before skipped
        (["c"], ["*"], [], False, False),
        ([], ["*"], ["a.b"], True, True),
    ],
)
def test_a_step_runs_if_it_is_forced_or_neither_skipped_nor_done(forced, skipped, done, force, runs) -> None:
    assert utils.step_will_run("a.b", forced, skipped, done, force) is runs


def test_the_reasons_of_a_step_are_those_of_all_entries_that_mean_it_each_once() -> None:
    reasons = {"a": ["asked", "new data"], "b": ["other"], "*": ["asked", "all"], "a.b": ["itself"]}
    assert utils.get_step_force_reasons("a.b", reasons) == ["asked", "new data", "all", "itself"]
    assert utils.get_step_skip_reasons("c", reasons) == ["asked", "all"]


class Steps(WorkflowStepMixin):
    pass


def test_forced_and_skipped_steps_are_noted_with_their_reasons() -> None:
    steps = Steps()
    assert (steps.get_forced_steps(), steps.get_skipped_steps()) == ([], [])
    steps.add_forced_steps(["b", "a"], "asked")
    steps.add_forced_steps("a.b", "asked")
    steps.add_forced_steps(("a",), "again")
    steps.add_forced_steps({"a"}, "again")
    steps.add_skipped_steps("*")
    assert steps.get_forced_steps() == ["a", "b", "a.b"]
    assert steps.steps_forced_reasons == {"a": ["asked", "again"], "b": ["asked"], "a.b": ["asked"]}
    assert (steps.get_skipped_steps(), steps.steps_skipped_reasons) == (["*"], {"*": []})
    assert Steps().get_forced_steps() == []


def test_names_from_a_set_have_the_same_order_in_every_process() -> None:
    steps = Steps()
    steps.add_forced_steps({f"step-{number}" for number in range(9)})
    assert steps.get_forced_steps() == [f"step-{number}" for number in range(9)]


@pytest.mark.parametrize(("names", "shown"), [([""], "''"), (["a", 3], "3"), ("", "''")])
def test_what_names_no_step_is_refused(names, shown) -> None:
    with pytest.raises(DefinitionError) as refused:
        Steps().add_skipped_steps(names)
    assert str(refused.value) == f"{shown} is not the name of a step; write a text such as 'load.days', or '*'"


# ---- what a step is made of ------------------------------------------------------------------------------------------------


class Child(Workflow):
    def run(self):
        return None


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (load, ActivityTask),
        ((load, 1), ActivityTask),
        (ActivityTask(load), ActivityTask),
        (Child, WorkflowTask),
        ((Child, 1), WorkflowTask),
        (Group(load, load), Group),
        (Step("inner", load), Step),
    ],
)
def test_a_step_is_made_of_anything_that_can_be_submitted(given, made) -> None:
    step = Step("load", given, activities_if_step_already_done=given)
    assert isinstance(step.activities, made)
    assert isinstance(step.activities_if_step_already_done, made)


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_step_needs_a_name(name) -> None:
    with pytest.raises(DefinitionError) as refused:
        Step(name, load)
    assert str(refused.value) == f"{name!r} cannot name a step; write a text such as 'load.days'"


def test_a_step_of_something_else_is_refused_with_its_name() -> None:
    with pytest.raises(DefinitionError) as refused:
        Step("load", print)
    assert str(refused.value) == (
        "step 'load': print cannot be a member of a group; pass an activity, a workflow class, a task or a group"
    )


@pytest.mark.parametrize("tasks", [[load], [], ()])
def test_a_list_of_tasks_is_refused_as_it_does_not_say_how_they_run(tasks) -> None:
    with pytest.raises(DefinitionError) as refused:
        Step("load", tasks)
    assert str(refused.value) == "step 'load' is made of a list; pass Group(...) for tasks that run side by side"


def test_an_attribute_of_a_step_is_one_of_its_tasks() -> None:
    step = Step("load", Group(load, load))
    step.propagate_attribute("raises_on_failure", False)
    assert [one.raises_on_failure for one in step.activities.activities] == [False, False]


# ---- marks -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bucket", "folder"),
    [
        ("/var/steps", "/var/steps"),
        ("file:///var/my%20steps", "/var/my steps"),
        ("file://localhost/var/steps", "/var/steps"),
        ("file:.simpleflow-nb/steps", ".simpleflow-nb/steps"),
    ],
)
def test_a_folder_is_named_by_its_path_or_its_address(bucket, folder) -> None:
    marks = marks_at(bucket)
    assert isinstance(marks, FolderMarks)
    assert marks.folder == Path(folder)


@pytest.mark.parametrize("bucket", ["steps", "s3.eu-west-1.amazonaws.com/steps"])
def test_anything_else_is_a_bucket(bucket) -> None:
    marks = marks_at(bucket)
    assert isinstance(marks, BucketMarks)
    assert marks.bucket == bucket


@pytest.mark.parametrize(
    ("bucket", "told"),
    [
        ("", "the bucket of the steps is empty; write a bucket's name, or file: and a folder"),
        ("file:", "bucket 'file:' names no folder; write file:///folder"),
        ("file:///", "bucket 'file:///' names no folder; write file:///folder"),
        ("file://other/steps", "bucket 'file://other/steps': 'other' is another machine; write file:///folder"),
    ],
)
def test_a_place_that_is_none_is_refused(bucket, told) -> None:
    with pytest.raises(DefinitionError) as refused:
        marks_at(bucket)
    assert str(refused.value) == told


NAMES = ["load", "load.days", "load/days", "a b", "é", "..", ".", "50%", "x@done", "/", "a//b", "load@done/x"]


def test_every_name_of_a_step_is_kept_in_a_folder_as_it_is(tmp_path) -> None:
    bucket = f"file://{tmp_path}/new"
    assert GetStepsDoneTask(bucket, "w/steps/").execute() == []
    for name in NAMES:
        MarkStepDoneTask(bucket, "w/steps/", name).execute()
        MarkStepDoneTask(bucket, "w/steps", name).execute()
    MarkStepDoneTask(bucket, "w/steps-of-another", "load").execute()
    assert GetStepsDoneTask(bucket, "w/steps/").execute() == sorted(NAMES)
    assert GetStepsDoneTask(bucket, "w/steps").execute() == sorted(NAMES)
    assert GetStepsDoneTask(bucket, "").execute() == sorted([*(f"w/steps/{one}" for one in NAMES), "w/steps-of-another/load"])
    assert GetStepsDoneTask(bucket, "../w").execute() == []


@pytest.mark.parametrize("name", ["../../out", "/out", "a/../../../out"])
def test_no_mark_leaves_its_folder(tmp_path, name) -> None:
    MarkStepDoneTask(f"{tmp_path}/in", "..", name).execute()
    assert os.listdir(tmp_path) == ["in"]
    assert GetStepsDoneTask(f"{tmp_path}/in", "..").execute() == [name]


def test_a_mark_says_who_has_made_it(tmp_path) -> None:
    task = MarkStepDoneTask(str(tmp_path), "w", "load")
    task.execute()
    unknown = {"run_id": "unknown", "workflow_id": "unknown", "version": "unknown"}
    assert json.loads((tmp_path / "w" / "load@done").read_text()) == unknown
    task.context = {"run_id": "r", "workflow_id": "w", "version": "1", "name": "n"}
    task.execute()
    assert json.loads((tmp_path / "w" / "load@done").read_text()) == {"run_id": "r", "workflow_id": "w", "version": "1"}
    assert os.listdir(tmp_path / "w") == ["load@done"]


def test_a_name_that_is_too_long_for_a_file_is_refused_and_says_what_helps(tmp_path) -> None:
    with pytest.raises(DefinitionError) as refused:
        MarkStepDoneTask(str(tmp_path), "w" * 256, "load").execute()
    assert str(refused.value) == (
        f"step 'load': '{'w' * 59} has 256 characters, more than the 255 of a file's name; "
        "return another get_step_path_prefix(), or keep the marks in a bucket"
    )
    assert os.listdir(tmp_path) == []


def test_a_mark_that_cannot_be_written_leaves_nothing(tmp_path) -> None:
    (tmp_path / "w" / "load@done").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        MarkStepDoneTask(str(tmp_path), "w", "load").execute()
    assert os.listdir(tmp_path / "w") == ["load@done"]


def test_a_folder_that_cannot_be_read_is_no_folder_without_marks(tmp_path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(NotADirectoryError):
        GetStepsDoneTask(str(tmp_path), "w/steps").execute()
