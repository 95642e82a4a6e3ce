"""Functions that run as programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from simpleflow_nb import execute
from simpleflow_nb.exceptions import DefinitionError, ExecutionError, ExecutionTimeoutError
from simpleflow_nb.processes.guardian import adopts_orphans
from tests.settings import PATIENCE_SECONDS

from . import executed

PROJECT = Path(__file__).parents[2]
HERE = executed.__name__


def wait_until(is_so) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def family(file: Path) -> list[psutil.Process]:
    wait_until(file.exists)
    return [psutil.Process(int(pid)) for pid in file.read_text().split() if psutil.pid_exists(int(pid))]


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# ---- python ----------------------------------------------------------------------------------------------------------------


def test_a_function_runs_in_another_process_with_its_arguments():
    result: Any = executed.process_id(1, "zwei", three=[3])
    assert result.pop("pid") != os.getpid()
    assert result == {"args": [1, "zwei"], "kwargs": {"three": [3]}}


@pytest.mark.parametrize(
    ("value", "returned"),
    [
        (None, None),
        (0, 0),
        ("", ""),
        ("plain text", "plain text"),
        ("\ud800 half", "\ud800 half"),
        ([1, {"two": 2.5}], [1, {"two": 2.5}]),
        (datetime(2024, 1, 31, 12, 0, 0, 5_000, tzinfo=UTC), "2024-01-31T12:00:00.005Z"),
        (b"bytes", "bytes"),
        ("x" * 500_000, "x" * 500_000),
    ],
)
def test_arguments_and_results_are_json_of_any_length(value, returned, capfd):
    assert executed.echo(value) == returned
    assert capfd.readouterr().out == "printed, and no part of the result\n"


def test_what_a_function_raises_has_its_type_its_text_and_its_traceback():
    with pytest.raises(ExecutionError) as raised:
        executed.failing("raise")
    error = raised.value
    assert (error.error_type, error.message, error.sentence) == ("Unusual", "très étrange", "Unusual: très étrange")
    assert "".join(error.traceback).endswith(f'executed.py", line {_line("raise Unusual")}, in failing\n    raise Unusual\n'
                                             f"{HERE}.Unusual: très étrange\n")  # fmt: skip
    assert "called_by_command" not in "".join(error.traceback)
    assert json.loads(str(error)) == {"error": "Unusual", "message": "très étrange", "traceback": error.traceback}


def _line(text: str) -> int:
    lines = Path(executed.__file__).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.strip() == text)


@pytest.mark.parametrize(
    ("how", "error_type", "message"),
    [
        ("exit", "SystemExit", "3"),
        ("die", "", f"process of {HERE}.failing died: exit code 7"),
        ("kill", "", f"process of {HERE}.failing died: exit code -9"),
        ("not JSON", "TypeError", f"the result of {HERE}.failing: builtins.object is not a JSON value: <object object at"),
    ],
)
def test_a_process_that_ends_without_a_result_is_an_error(how, error_type, message):
    with pytest.raises(ExecutionError) as raised:
        executed.failing(how)
    assert raised.value.error_type == error_type
    assert raised.value.message.startswith(message)


def test_a_function_that_exits_with_0_has_no_result():
    assert executed.failing("exit 0") is None


def test_a_secret_is_not_in_what_is_told_of_a_failure(monkeypatch):
    monkeypatch.setenv("FLOWAPI_TOKEN", "ZQZQZQZQ")
    with pytest.raises(ExecutionError) as raised:
        executed.failing("leak")
    assert raised.value.message == "the token is ***"
    assert "ZQ" not in str(raised.value)


def test_a_timeout_ends_the_process_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTIVITY_SIGTERM_WAIT_SEC", "0.2")
    file = tmp_path / "pids"
    with pytest.raises(ExecutionTimeoutError) as raised:
        executed.too_slow(str(file))
    assert raised.value.timeout_value == 1.5
    assert str(raised.value).startswith(f"ended after its timeout of 1.5 s: {sys.executable} -m simpleflow_nb.execute {HERE}")
    if file.exists():  # on a slow machine the process is ended before it has started any
        assert all(map(is_gone, family(file)))


def test_children_are_ended_when_the_function_returns_if_that_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTIVITY_SIGTERM_WAIT_SEC", "0.2")
    assert executed.parent(str(tmp_path / "pids")) == "done"
    wait_until(lambda: all(map(is_gone, family(tmp_path / "pids"))))


def test_an_interrupt_ends_the_process_with_all_that_it_started(tmp_path):
    file = tmp_path / "pids"
    code = f"import {HERE} as executed; executed.patient({str(file)!r})"
    environment = {**os.environ, "ACTIVITY_SIGTERM_WAIT_SEC": "0.2"}
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True)
    members = family(file)
    assert len(members) == 3
    caller.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in caller.communicate(timeout=PATIENCE_SECONDS)[1]
    assert all(map(is_gone, members))


@pytest.mark.skipif(not adopts_orphans(), reason="only Linux tells a process that its parent has ended")
def test_the_process_ends_with_a_caller_that_is_killed(tmp_path):
    file = tmp_path / "pids"
    code = f"import {HERE} as executed; executed.patient({str(file)!r})"
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT)
    function, *started = family(file)
    caller.kill()
    caller.wait()
    try:
        wait_until(lambda: is_gone(function))
    finally:
        for member in (function, *started):
            if not is_gone(member):
                member.kill()


def test_nothing_is_called_for_a_caller_that_has_ended_before():
    caller = subprocess.Popen(["true"])
    caller.wait()
    command = [sys.executable, "-m", "simpleflow_nb.execute", "os.getpid", "{}", f"--caller-pid={caller.pid}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_an_environment_replaces_that_of_the_caller():
    found = executed.environment()
    assert (found["COLOUR"], "HOME" in found) == ("green", False)


def test_arguments_are_not_shown_to_other_users(tmp_path):
    file = tmp_path / "pids"

    def call() -> None:
        with pytest.raises(ExecutionError):
            executed.patient(str(file))

    thread = threading.Thread(target=call)
    thread.start()
    members = family(file)
    try:
        assert str(file) not in " ".join(members[0].cmdline())
    finally:
        for member in members:
            member.kill()
        thread.join()


def test_a_class_is_made_with_the_arguments_and_executed(capfd):
    pid, total = executed.Crunching(2, y=3)
    assert pid != os.getpid()
    assert (total, capfd.readouterr().out) == (5, "after 5\n")


def test_a_function_has_its_context_in_the_other_process():
    assert executed.told_context(context={"workflow_id": "w"}) == {"workflow_id": "w"}


def test_an_interpreter_that_there_is_not_is_an_error_of_the_system():
    with pytest.raises(FileNotFoundError):
        executed.elsewhere()


def test_a_function_of_a_script_is_refused():
    def mine() -> None:
        pass

    mine.__module__ = "__main__"
    with pytest.raises(DefinitionError) as refused:
        execute.python()(mine)()
    assert str(refused.value) == "__main__.mine is in a script, which no other process can import; put it into a module"


def test_an_argument_without_a_json_form_is_refused():
    with pytest.raises(TypeError) as refused:
        executed.echo({"deep": [object]})
    assert str(refused.value).startswith(f"the call of {HERE}.echo['args'][0]['deep'][0]: builtins.type is not a JSON value")


# ---- the other side, as people type it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "out", "error"),
    [
        (("os.path.exists", '{"args": ["/"]}'), 0, "true\n", ""),
        (("dict", '{"kwargs": {"b": 1, "a": null}}'), 0, '{"a":null,"b":1}\n', ""),
        ((f"{HERE}.echo", '{"args": [[1]]}'), 0, "printed, and no part of the result\n[1]\n", ""),
        (("int", '{"args": ["x"]}'), 1, "", '{"error":"ValueError","message":"invalid literal for int() with base 10: \'x\''),
        (("int", '{"arg": 1}'), 1, "", '{"error":"ValueError","message":"the arguments are not of the form '),
        (("int", "[1]"), 1, "", '{"error":"ValueError","message":"the arguments are not of the form '),
        (("int", "{"), 1, "", '{"error":"ValueError","message":"the arguments are not JSON: '),
        (("no_such.thing", "{}"), 1, "", '{"error":"ModuleNotFoundError","message":"No module named \'no_such\''),
        (("int",), 2, "", "usage: python -m simpleflow_nb.execute "),
    ],
)
def test_the_module_calls_a_function_and_prints_its_result(words, code, out, error):
    command = [sys.executable, "-m", "simpleflow_nb.execute", *words]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, out), done.stderr
    assert done.stderr.startswith(error)
    assert bool(done.stderr) == bool(error)


# ---- programs ----------------------------------------------------------------------------------------------------------------


def test_a_program_is_called_with_the_arguments_and_its_output_returned(tmp_path):
    (tmp_path / "text").write_text("a\nb\n")
    assert executed.cat(str(tmp_path / "text")) == "a\nb\n"
    assert executed.words("one", second=2) == '--second="2" one\n'


def test_arguments_that_are_not_in_the_signature_are_refused():
    with pytest.raises(TypeError) as refused:
        executed.words()
    assert str(refused.value) == "missing a required argument: 'first'"


def test_a_program_that_fails_is_an_error_with_its_code():
    with pytest.raises(subprocess.CalledProcessError) as failed:
        executed.cat("/no/such/file")
    assert (failed.value.returncode, failed.value.cmd) == (1, ["cat", "/no/such/file"])


def test_a_program_has_the_name_of_its_function_unless_another_is_given():
    with pytest.raises(FileNotFoundError):
        executed.echo_words("one")


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        (("a", "b"), {"c": 1, "val": 2}, ['-c="1"', '--val="2"', "a", "b"]),
        ((1, None), {}, ["1", "None"]),
        ((), {}, []),
    ],
)
def test_arguments_are_written_as_options_and_words(args, kwargs, words):
    assert execute.format_arguments(*args, **kwargs) == words
    assert json.loads(execute.format_arguments_json(*args, **kwargs)) == {"args": list(args), "kwargs": kwargs}


def test_the_name_of_what_can_be_called_is_its_dotted_path():
    class Named:
        name = "own"

        def __call__(self) -> None:
            pass

    assert execute.get_name(os.path.join) == "posixpath.join"
    assert execute.get_name(Named()) == f"{__name__}.own"
    assert execute.get_name(executed.Crunching) == f"{HERE}.Crunching"
    with pytest.raises(ValueError, match="3 is not callable"):
        execute.get_name(3)
