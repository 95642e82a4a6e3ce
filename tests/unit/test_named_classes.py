"""Workflow classes by their dotted paths, and classes that are none."""

from __future__ import annotations

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.exceptions import DefinitionError
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
