"""Workflow classes by their dotted paths, and classes that are none."""

from __future__ import annotations

import pytest

from simpleflow_nb import Activity, Workflow
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.processes.activity_bodies import find_activity
from simpleflow_nb.processes.workflow_classes import WorkflowClasses, WorkflowNotFound, workflow_class
from simpleflow_nb.testing import RunFailed, run_workflow


class Owner:
    class Inner(Workflow):
        def run(self, value):
            return ["inner", value]

    class Other:
        pass


class Parent(Workflow):
    name = "parent"

    def run(self):
        return self.submit(Owner.Inner, 5).result


class Forgetful(Workflow):
    def __init__(self, executor):
        self.given = executor

    def run(self):
        return 1


def test_a_class_within_a_class_is_found_by_its_path():
    assert workflow_class(f"{__name__}.Owner.Inner") is Owner.Inner


@pytest.mark.parametrize("path", ["Owner.Other", "Owner.Missing", "Missing.Inner"])
def test_what_is_no_workflow_is_not_found(path):
    with pytest.raises(WorkflowNotFound) as raised:
        workflow_class(f"{__name__}.{path}")
    owner = f"{__name__}.{path}".rpartition(".")[0]
    assert str(raised.value).startswith(f"{__name__}.{path}: module {owner} cannot be imported: ")


def test_it_decides_the_children_of_a_class_that_a_decider_was_given():
    """They were parked: the path to a class was read as that of a module."""
    assert run_workflow(Parent) == ["inner", 5]
    name = f"{__name__}.Owner.Inner"
    assert WorkflowClasses([Parent]).found(name, "1", lambda: name) is Owner.Inner


@pytest.mark.parametrize("name", [5, property(lambda self: "a")])
def test_a_name_that_is_no_text_is_refused(name):
    """It was taken for a bug of ours."""
    cls = type("Named", (Workflow,), {"name": name, "__module__": __name__})
    with pytest.raises(DefinitionError) as raised:
        cls.type_name()
    assert str(raised.value) == f"{__name__}.Named.name is {name!r:.80}; write a text"


def test_a_constructor_that_forgets_its_base_is_told_so():
    with pytest.raises(RunFailed) as raised:
        run_workflow(Forgetful)
    message = f"DefinitionError: {__name__}.Forgetful.__init__() does not call super().__init__(executor)"
    assert raised.value.reason == message


class Has:
    """Is no workflow, and has one; as a class of flows."""

    __workflow__ = Owner.Inner

    def step(self):
        pass


Has.step.__activity__ = Activity(lambda: 5, name=f"{__name__}.somewhere")


class Broken:
    """Should have a workflow, and cannot make it."""

    class Made:
        def __get__(self, instance, owner):
            raise DefinitionError("Broken.a has no name")

    __workflow__ = Made()


def test_what_has_a_workflow_stands_for_it():
    assert workflow_class(f"{__name__}.Has") is Owner.Inner
    assert WorkflowClasses().found("inner", Owner.Inner.version, lambda: f"{__name__}.Has") is Owner.Inner


def test_a_workflow_that_cannot_be_made_is_not_found_for_that_reason():
    with pytest.raises(WorkflowNotFound) as raised:
        workflow_class(f"{__name__}.Broken")
    assert str(raised.value) == f"{__name__}.Broken: Broken.a has no name"


def test_what_has_a_workflow_is_guessed_too():
    with pytest.raises(WorkflowNotFound) as raised:
        workflow_class(f"{__name__}.broken")
    assert str(raised.value) == f"{__name__}.broken: there is no such class in {__name__} (did you mean 'Broken'?)"


def test_an_activity_is_found_by_a_path_through_a_class():
    assert find_activity(f"{__name__}.Has.step") is Has.step.__activity__
    with pytest.raises(LookupError) as raised:
        find_activity(f"{__name__}.Has.missing")
    assert str(raised.value).startswith(f"activity {__name__}.Has.missing: {__name__}.Has cannot be imported: ")


def test_a_function_without_an_activity_is_none():
    with pytest.raises(LookupError):
        find_activity(f"{__name__}.Owner.Inner.run")
