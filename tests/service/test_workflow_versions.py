"""A workflow class is found by the name and the version of its type."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from simpleflow_nb import Workflow, payload
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.testing import harness
from simpleflow_nb.workflow import execution_input

from .desk import attributes
from .stage import Stage


class Former(Workflow):
    name, version, task_list = "versions.flow", "1", "stage"

    def run(self, left: int = 0) -> str:
        if left:
            self.submit(self.continue_as_new(left - 1))
        return "as version 1 decides"


class Present(Workflow):
    name, version, task_list = "versions.flow", "2", "stage"

    def run(self, left: int = 0) -> str:
        if left:
            self.submit(self.continue_as_new(left - 1))
        return "as version 2 decides"


class Other(Workflow):
    name, task_list = "versions.other", "stage"


class Twin(Workflow):
    name, version = "versions.flow", "2"


def started_as(played: Stage, version: str, cls: type[Workflow], **kwargs: Any) -> None:
    """Start an execution of that version of the type whose input names ``cls``."""
    played.start(
        workflowType={"name": "versions.flow", "version": version},
        taskList={"name": "stage"},
        input=execution_input(cls, {"kwargs": kwargs}),
    )


@pytest.mark.parametrize(("version", "cls"), [("1", Former), ("2", Present)])
@pytest.mark.parametrize("named", [Former, Present])
@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_each_version_of_a_type_is_decided_by_its_own_class(
    stage: Callable[..., Stage], version: str, cls: type[Workflow], named: type[Workflow], cached_events: int
) -> None:
    played = stage(Present, Former, Other, cached_events=cached_events)
    started_as(played, version, named)
    played.act()
    assert played.last()["result"] == f'"as version {version} decides"'


@pytest.mark.parametrize("cls", [Former, Present])
def test_a_run_that_is_continued_as_new_stays_of_its_version(stage: Callable[..., Stage], cls: type[Workflow]) -> None:
    played = stage(Former, Present)
    run_id = played.begin(cls, 2)
    played.act()
    continued = played.last(run_id=run_id)
    assert continued["workflowType"] == {"name": "versions.flow", "version": cls.version}
    later = played.events()
    assert attributes(later[0])["workflowType"] == continued["workflowType"]
    assert attributes(later[-1])["result"] == f'"as version {cls.version} decides"'


GIVEN = "version '3' of workflow type 'versions.flow' is not known here: this decider was given {} of it and imports no other; "
AND_SO = "start it with that class too, or let another task list have it"


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ((Former, Present, Other), GIVEN.format("versions '1', '2'") + AND_SO),
        ((Present, Other), GIVEN.format("version '2'") + AND_SO),
        (
            (),
            "version '3' of workflow type 'versions.flow' is not known here: the input names "
            "tests.service.test_workflow_versions.Present, which is version '2'; start a decider with the class of version "
            "'3', or let another task list have it",
        ),
    ],
)
def test_an_execution_of_an_unknown_version_is_parked_and_the_known_ones_are_named(
    stage: Callable[..., Stage], classes: tuple[type[Workflow], ...], sentence: str
) -> None:
    played = stage(*classes)
    played.swf.register_workflow_type(
        domain="local", name="versions.flow", version="3", defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="600", defaultChildPolicy="TERMINATE",
    )  # fmt: skip
    started_as(played, "3", Present)
    assert played.decides()
    assert str(played.parked[0].error) == sentence
    marker = attributes(played.events()[-2])
    assert (marker["markerName"], marker["details"]) == ("_park-1", f"WorkflowNotFound: {sentence}")


def test_a_run_of_a_former_version_goes_on_once_a_decider_has_its_class(stage: Callable[..., Stage]) -> None:
    played = stage(Present)
    played.swf.register_workflow_type(
        domain="local", name="versions.flow", version="1", defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="600", defaultChildPolicy="TERMINATE",
    )  # fmt: skip
    started_as(played, "1", Present)
    assert played.decides()
    assert played.decider.workflows.add(Former)
    played.pass_time(1)
    played.act()
    assert played.last()["result"] == '"as version 1 decides"'


def test_a_class_that_the_input_names_decides_the_type_of_its_own_version(stage: Callable[..., Stage]) -> None:
    played = stage(Present)
    played.decider.workflows = type(played.decider.workflows)()
    started_as(played, "2", Present)
    played.act()
    assert played.last()["result"] == '"as version 2 decides"'


TWINS = (
    "tests.service.test_workflow_versions.Present and tests.service.test_workflow_versions.Twin are both version '2' of "
    "workflow type 'versions.flow'; give one of them another name or version"
)


def test_two_classes_of_one_version_are_refused(stage: Callable[..., Stage]) -> None:
    with pytest.raises(DefinitionError) as raised:
        stage(Present, Former, Twin)
    assert str(raised.value) == TWINS
    stage(Present, Present)


def test_a_test_with_another_class_of_the_same_version_is_refused_and_not_run_with_the_first() -> None:
    with harness(Former) as opened:
        assert opened.result(*opened.start(Present)) == "as version 2 decides"
        assert opened.result(*opened.start(Former)) == "as version 1 decides"
        with pytest.raises(DefinitionError) as raised:
            opened.start(Twin)
        assert str(raised.value) == TWINS


def test_a_child_execution_is_decided_by_the_class_of_its_own_version(stage: Callable[..., Stage]) -> None:
    played = stage(Former, Present)
    played.begin(Former)
    task = copy.deepcopy(played.decider.poll())
    assert task is not None
    started = attributes(task["events"][0])
    started["parentWorkflowExecution"] = {"workflowId": "parent", "runId": "parent-run"}
    started["input"] = payload.encode({"__extra": {"class": Present.class_path()}})
    played.decider.decide(task)
    assert played.last()["result"] == '"as version 1 decides"'
