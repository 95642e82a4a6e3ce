"""Flows in a journal: the same results as in memory, kept over the end of a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.executions.run_queries import query_run
from simpleflow_nb.application.services import Local
from simpleflow_nb.dialects.nextpipe import AppOption, AppRunConfig, Configuration, FlowSpec, foreach, join, needs, repeat, step
from simpleflow_nb.exceptions import DefinitionError
from tests.acceptance.samples import typed
from tests.settings import PATIENCE_SECONDS

from .ran import failed, results, statuses
from .test_shapes import SHAPES, Derived, Fan, Parameters, Tuples

PROJECT = Path(__file__).resolve().parents[3]

JSON_SHAPES = [shape for shape in SHAPES if shape[0] not in (Tuples, Parameters)]
JSON_SHAPES.append((Derived, 1, {"a": 10, "b": 11, "c": 12}))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.mark.parametrize(("cls", "input", "expected"), JSON_SHAPES, ids=lambda one: getattr(one, "__name__", ""))
def test_a_durable_run_gives_what_a_run_in_memory_gives(
    cls: type[FlowSpec], input: Any, expected: dict[str, Any], journal: Path
) -> None:
    flow = cls("flow", input)
    flow.run(local=journal)
    assert results(flow) == expected
    in_memory = cls("flow", input)
    in_memory.run()
    assert statuses(flow) == statuses(in_memory)


class Options(FlowSpec):
    @foreach()
    @step
    def prepare(input):
        return [AppRunConfig(input, [AppOption("n", n)]) for n in range(2)]

    @needs(predecessors=[prepare])
    @step
    def read(config):
        return [type(config).__name__, config.input, config.get_options()]

    @join()
    @needs(predecessors=[prepare])
    @step
    def joined(rows):
        return [row[0].get_options()["n"] for row in rows]


def test_options_of_apps_pass_through_a_journal(journal: Path) -> None:
    flow = Options("flow", {"a": 1})
    flow.run(local=str(journal))
    assert flow.get_result(Options.read) == [["AppRunConfig", {"a": 1}, {"n": "0"}], ["AppRunConfig", {"a": 1}, {"n": "1"}]]
    assert flow.get_result(Options.prepare)[1] == AppRunConfig({"a": 1}, [AppOption("n", 1)])
    assert flow.get_result(Options.joined) == ["0", "1"]


class Large(FlowSpec):
    @step
    def a(input):
        return [input] * 10

    @needs(predecessors=[a])
    @repeat(3)
    @step
    def b(values):
        return len("".join(values))

    @needs(predecessors=[a, b])
    @step
    def c(values, lengths):
        return [len(values), lengths]


def test_values_that_are_too_long_for_a_history_pass_through_a_journal(journal: Path) -> None:
    flow = Large("flow", "x" * 50_000)
    flow.run(local=journal)
    assert flow.get_result(Large.c) == [10, [500_000] * 3]


class Changed(FlowSpec):
    @step
    def a(input):
        return {"routes": [1, 2, 3, (4,)]}


def test_a_value_that_json_would_change_fails_its_step(journal: Path) -> None:
    error = failed(Changed("flow", None), local=journal)
    assert str(error) == (
        "Flow failed: Step a failed: step a returned ['routes'][3], which is a tuple; values of a durable run are JSON, "
        "which would not give it back as it is"
    )
    Changed("flow", None).run()


class Fails(FlowSpec):
    @foreach()
    @step
    def a(input):
        return input

    @needs(predecessors=[a])
    @step
    def b(x):
        if x == 2:
            raise ValueError("bad item")
        return x


def test_a_failure_is_caused_by_the_exception_where_it_was_raised_in_this_process(journal: Path) -> None:
    flow = Fails("flow", [1, 2, 3], Configuration(thread_count=1))
    error = failed(flow, local=journal)
    assert str(error) == "Flow failed: Step b failed: bad item"
    assert repr(error.__cause__) == "ValueError('bad item')"
    assert statuses(flow) == {"a": ["succeeded"], "b": ["succeeded", "failed", "cancelled"]}
    assert flow.graph.get_step(Fails.b).nodes[1].error == "bad item"


class Method(FlowSpec):
    factor = 2

    @step
    def a(self, x):
        return [self.factor * x, self.name, self.config.max_step_inputs, self.input]


def test_methods_get_the_flow_of_the_program_that_waits(journal: Path) -> None:
    flow = Method("flow", 5, Configuration(max_step_inputs=7))
    flow.factor = 3
    flow.run(local=journal)
    assert flow.get_result(Method.a) == [15, "flow", 7, 5]


def test_more_inputs_than_the_configuration_says_fail_a_durable_run_too(journal: Path) -> None:
    flow = Fan("flow", [1, 2, 3], Configuration(max_step_inputs=2))
    sentence = "Step work has too many inputs (3). Maximum allowed is 2. They are 3 of split."
    assert str(failed(flow, local=journal)) == f"Flow failed: Step work failed: {sentence}"


def test_what_no_other_process_could_go_on_with_is_refused(journal: Path) -> None:
    class Flow(FlowSpec):
        pass

    with pytest.raises(DefinitionError) as raised:
        Flow("flow", None).run(local=journal)
    name = "test_what_no_other_process_could_go_on_with_is_refused.<locals>.Flow"
    assert str(raised.value) == (
        f"{name} is defined in a function, so no other process could go on with a run of it; define it in a module, or run it "
        "without 'local'"
    )
    with pytest.raises(DefinitionError) as raised:
        Fan("flow", [(1,)]).run(local=journal)
    assert str(raised.value) == (
        "the input of flow 'flow' is [0], which is a tuple; values of a durable run are JSON, "
        "which would not give it back as it is"
    )
    assert not journal.exists()


# ---- over the end of a process ---------------------------------------------------------------------------------------------

FLOWS = """
import os, signal
from pathlib import Path

from simpleflow_nb.dialects.nextpipe import FlowSpec, foreach, join, log, needs, optional, step


class Trips(FlowSpec):
    @foreach()
    @step
    def split(self, data):
        log(f"splits for {self.name}")
        return data["trips"]

    @needs(predecessors=[split])
    @step
    def length(trip):
        if trip == "die" and not Path("mended").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if trip == "bad":
            raise ValueError("bad trip")
        return len(trip)

    @optional(condition=lambda step: True)
    @join()
    @needs(predecessors=[length])
    @step
    def total(rows):
        return sum(row[0] for row in rows)


if __name__ == "__main__":
    flow = Trips("mine", {"trips": ["aa", "die"]})
    flow.run(local="journal.sqlite3")
    print(flow.get_result(Trips.total))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trips.py").write_text(FLOWS)
    return tmp_path


def program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *(words or ["trips.py"])],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_a_program_that_was_killed_goes_on_where_it_was(folder: Path) -> None:
    killed = program(folder)
    assert killed.returncode == -signal.SIGKILL
    assert killed.stderr == "[split_0] splits for mine\n"
    (folder / "mended").touch()
    done = program(folder)
    assert (done.returncode, done.stdout) == (0, "5\n"), done.stderr
    assert "splits" not in done.stderr


START = ("workflow.start", "trips.Trips", "--local", "--db", "journal.sqlite3")


def given(**more: Any) -> tuple[str, ...]:
    return (*START, "--input", json.dumps(more))


def test_a_command_runs_a_flow_and_goes_on_with_it(folder: Path) -> None:
    words = given(name="mine", input={"trips": ["aa", "bbb"]})
    done = typed(*words, cwd=folder)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"split": ["aa", "bbb"], "length": [2, 3], "total": 5})
    assert "[split_0] splits for mine\n" in done.stderr
    assert "trips.Trips.total.condition-1 done" in done.stderr


def test_an_interrupted_flow_is_gone_on_with_by_a_command(folder: Path) -> None:
    code = "import trips; trips.Trips('mine', {'trips': ['aa', 'die']}).run(local='journal.sqlite3')"
    assert program(folder, "-c", code).returncode == -signal.SIGKILL
    (folder / "mended").touch()
    done = typed(*given(name="mine", input={"trips": ["aa", "die"]}), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"] == 5
    assert "going on with trips.Trips-1-" in done.stderr
    assert "splits" not in done.stderr


def test_a_flow_that_fails_ends_the_command_with_1_and_shows_the_lines_of_the_step(folder: Path) -> None:
    done = typed(*given(name="mine", input={"trips": ["bad"]}), cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "failed after" in done.stderr
    assert "Flow failed: Step length failed: bad trip\nTraceback (most recent call last):\n" in done.stderr
    assert done.stderr.endswith("ValueError: bad trip\n")
    assert "dialects/nextpipe" not in done.stderr


def test_a_failed_flow_can_be_asked_for_its_nodes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(*given(name="mine", input={"trips": ["bad"]}), "--workflow-id", "mine", cwd=folder)
    monkeypatch.syspath_prepend(str(folder))
    answer: Mapping[str, Any] = query_run(Local(folder / "journal.sqlite3"), "mine", "nodes").answer
    assert answer["failure"]["node"] == "length_0"
    assert answer["steps"]["length"] == {
        "done": False,
        "nodes": [{"status": "failed", "error": "bad trip", "from": [["split", 0]]}],
    }
    assert answer["steps"]["total"] == {"done": False, "nodes": []}
    sys.modules.pop("trips")


@pytest.mark.parametrize(
    ("input", "message"),
    [
        ('{"nme": "mine"}', "trips.Trips.run() does not take this input: got an unexpected keyword argument 'nme'"),
        ('{"kwargs": {"input": {"trips": []}}}', None),
        ("[]", None),
    ],
)
def test_the_input_of_a_command_is_name_and_input_of_the_flow(folder: Path, input: str, message: str | None) -> None:
    (folder / "trips.py").write_text(FLOWS.replace('data["trips"]', "[]"))
    done = typed(*START, "--input", input, cwd=folder)
    if message is None:
        assert (done.returncode, json.loads(done.stdout)) == (0, {"split": [], "length": [], "total": 0}), done.stderr
    else:
        assert (done.returncode, done.stderr) == (2, f"simpleflow-nb: {message}\n")


def test_a_flow_that_cannot_run_is_refused_by_a_command(folder: Path) -> None:
    (folder / "trips.py").write_text(FLOWS.replace("@foreach()\n    @step", "@foreach()"))
    done = typed(*START, cwd=folder)
    sentence = "Trips.split (trips.py:9) has decorators of a step and is none; add @step to them"
    assert (done.returncode, done.stderr) == (2, f"simpleflow-nb: trips.Trips: {sentence}\n")


def test_a_wrong_setting_fails_the_run_of_a_command(folder: Path) -> None:
    done = typed(*given(input={"trips": []}, max_step_inputs="many"), cwd=folder)
    assert done.returncode == 1
    assert done.stderr.endswith(": max_step_inputs is 'many'; it is a whole number from 1\n")
