"""Activities whose functions stand in one module and are made activities in another, by processes that know neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.test_on_swf import endpoint, typed

__all__ = ["endpoint"]  # a fixture

WORKER = """
def double(x):
    return x * 2

def increment(x):
    return x + 1

def negate(x):
    return -x

class Box:
    @staticmethod
    def square(x):
        return x * x
"""
DECIDER = """
from simpleflow_nb import Workflow, activity
import worker

double = activity.with_attributes(task_list="work", version="1")(worker.double)
increment = activity.with_attributes(name="plus one", task_list="work", version="1", idempotent=True)(worker.increment)
negate = activity.with_attributes(task_list="work", version="1", isolation="process")(worker.negate)
square = activity.with_attributes(task_list="work", version="1")(worker.Box.square)

class Shape(Workflow):
    name, version, task_list = "shape", "1", "decide"

    def run(self, x):
        doubled = self.submit(double, x)
        return [doubled.result, *(self.submit(task, doubled).result for task in (increment, increment, negate, square))]
"""
HELPERS = """
from simpleflow_nb import activity

kept = []

def step(function):
    return activity.with_attributes(task_list="work", version="1", retry=0)(function)

def named(name, **attributes):
    def decorate(function):
        return activity.with_attributes(name=name, task_list="work", version="1", **attributes)(function)
    return decorate

def noted(function):
    kept.append(step(function))
    return function
"""
WORK = """
from helpers import kept, named, noted, step
from simpleflow_nb import Workflow

@step
def add(x, y):
    return x + y

@named("less")
def take(x, y):
    return x - y

@named("elsewhere.multiply", isolation="process")
def multiply(x, y):
    return x * y

@noted
def divide(x, y):
    return x // y

class Sums(Workflow):
    name, version, task_list = "sums", "1", "decide"

    def run(self, x, y):
        return [self.submit(task, x, y).result for task in (add, take, multiply, kept[0])]
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "decider.py").write_text(DECIDER)
    (tmp_path / "helpers.py").write_text(HELPERS)
    (tmp_path / "work.py").write_text(WORK)
    return tmp_path


def test_they_run_locally(program: Path) -> None:
    done = typed("http://127.0.0.1:1", program, "workflow.start", "decider.Shape", "--local", "--input", "[4]")
    assert (done.returncode, done.stdout) == (0, "[8,9,9,-8,64]\n"), done.stderr


def test_a_decider_and_a_worker_in_processes_of_their_own_run_them(endpoint: str, program: Path) -> None:
    words = ("standalone", "decider.Shape", "--domain", "TestDomain", "--create-domain", "--input", "[4]")
    done = typed(endpoint, program, *words)
    assert (done.returncode, done.stdout) == (0, "[8,9,9,-8,64]\n"), done.stderr


def test_a_worker_finds_what_a_decorator_of_a_third_module_makes_an_activity(endpoint: str, program: Path) -> None:
    words = ("standalone", "work.Sums", "--domain", "TestDomain", "--create-domain", "--input", "[7, 2]")
    done = typed(endpoint, program, *words)
    assert (done.returncode, done.stdout) == (0, "[9,5,14,3]\n"), done.stderr
