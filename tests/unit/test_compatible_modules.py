"""Modules that programs written for simpleflow import: utils, dispatch, registry, log, logging_context, constants."""

from __future__ import annotations

import contextvars
import json
import logging
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from simpleflow_nb import Activity, Workflow, constants, log, logging_context, utils
from simpleflow_nb.activity import registered, with_attributes
from simpleflow_nb.activity_context import ActivityContext, set_context
from simpleflow_nb.dispatch.by_module import ModuleDispatcher
from simpleflow_nb.dispatch.dry_run import DryRunDispatcher
from simpleflow_nb.dispatch.dynamic_dispatcher import Dispatcher
from simpleflow_nb.dispatch.exceptions import DispatchError
from simpleflow_nb.dispatch.from_task_registry import RegistryDispatcher
from simpleflow_nb.processes.log_context import logged_as
from simpleflow_nb.registry import Registry, registry
from simpleflow_nb.retry import retry_policy
from simpleflow_nb.testing import run_workflow
from simpleflow_nb.utils import retry

from . import executed

# ---- utils -----------------------------------------------------------------------------------------------------------------


class Odd(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [None, True]}, '{"a":[null,true],"b":1}'),
        (datetime(2024, 1, 31, 12, 30, 0, 123_456, tzinfo=UTC), '"2024-01-31T12:30:00.123Z"'),
        (datetime(2024, 1, 31, tzinfo=UTC), '"2024-01-31T00:00:00Z"'),
        (datetime(2024, 1, 31, tzinfo=timezone(timedelta(hours=1))), '"2024-01-31T00:00:00+01:00"'),
        (date(2024, 1, 31), '"2024-01-31"'),
        (time(12, 30, 1, 2_000), '"12:30:01.002"'),
        (time(12, 30), '"12:30:00"'),
        (b"\xc3\xa9\xff", '"\\u00e9\\ufffd"'),
        ({3, 1}, "[1,3]"),
        ((n for n in (1, 2)), "[1,2]"),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    ],
)
def test_values_have_the_json_that_simpleflow_gives_them(value, text):
    assert utils.json_dumps(value) == text


def test_json_may_be_pretty_or_as_the_standard_library_writes_it():
    assert utils.json_dumps({"b": 1, "a": 2}, pretty=True) == '{\n    "a": 2,\n    "b": 1\n}'
    assert utils.json_dumps({"b": 1, "a": 2}, compact=False) == '{"b": 1, "a": 2}'
    assert utils.json_dumps(object, default=str) == "\"<class 'object'>\""
    with pytest.raises(TypeError, match=r"builtins\.type is not a JSON value"):
        utils.json_dumps(object)


class Dumping(Workflow):
    name, version = "compatible.dumping", "1"

    def run(self):
        return utils.json_dumps({"nested": [self.submit(increment, 1)]})


increment = Activity(lambda x: x + 1, name="compatible.increment")


def test_the_json_of_a_future_is_that_of_its_result():
    assert run_workflow(Dumping) == '{"nested":[2]}'


@pytest.mark.parametrize(("text", "value"), [('{"a": 1}', {"a": 1}), ("plain", "plain"), ("", None), (None, None)])
def test_what_is_no_json_is_read_as_it_is(text, value):
    assert utils.json_loads_or_raw(text) == value


@pytest.mark.parametrize(
    ("function", "argument", "result"),
    [
        (utils.hex_hash, "", "0"),
        (utils.hex_hash, None, "0"),
        (utils.hex_hash, "Wikipedia", "11e60398"),
        (utils.format_exc, ValueError("nope"), "ValueError: nope"),
        (utils.format_exc, ValueError(), "ValueError"),
        (utils.format_exc, Odd(), "Odd: <exception str() failed>"),
        (utils.format_exc_type, ValueError, "ValueError"),
        (utils.format_exc_type, json.JSONDecodeError, "json.decoder.JSONDecodeError"),
        (utils.full_class_name, Odd, f"{__name__}.Odd"),
        (utils.full_object_name, Odd, f"{__name__}.Odd"),
        (utils.full_object_name, Odd(), f"{__name__}.Odd"),
        (utils.import_from_module, "os.path", __import__("os").path),
        (utils.import_from_module, "dict", dict),
        (utils.remove_none, {"a": None, "b": [1, None, {"c": None}], "d": (None,)}, {"b": [1, {}], "d": ()}),
        (utils.remove_none, None, None),
    ],
)
def test_small_functions_do_what_they_say(function, argument, result):
    assert function(argument) == result


def test_something_that_is_no_class_is_no_subclass():
    assert (utils.issubclass_(Odd, Exception), utils.issubclass_(3, int), utils.issubclass_(Odd, str)) == (True, False, False)


def test_an_object_within_a_class_can_be_imported():
    assert utils.import_object_from_module(__name__, "Odd", "__str__") is Odd.__str__
    with pytest.raises(AttributeError):
        utils.import_object_from_module(__name__, "Even")
    with pytest.raises(ImportError):
        utils.import_from_module("no_such_module.thing")


# ---- retries ---------------------------------------------------------------------------------------------------------------


class Flaky:
    """Raises what it is given, one after the other, and returns then."""

    def __init__(self, *errors: type[Exception]) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)("passing")
        return "done"


@pytest.mark.parametrize(
    ("errors", "options", "end", "calls"),
    [
        ((), {}, "done", 1),
        ((KeyError,), {}, KeyError, 1),
        ((KeyError,), {"nb_times": 2}, "done", 2),
        ((KeyError, KeyError), {"nb_times": 2}, KeyError, 2),
        ((KeyError, ValueError), {"nb_times": 3}, "done", 3),
        ((KeyError, ValueError), {"nb_times": 3, "on_exceptions": KeyError}, ValueError, 2),
        ((KeyError, ValueError), {"nb_times": 3, "on_exceptions": [KeyError, ValueError]}, "done", 3),
        ((KeyError, ValueError), {"nb_times": 3, "except_on": ValueError}, ValueError, 2),
    ],
)
def test_a_function_is_called_again_as_often_as_it_may_be(errors, options, end, calls):
    flaky, waits = Flaky(*errors), []
    decorated = retry.with_delay(**options, delay=retry.constant(0), log_with=lambda *words: waits.append(words))(
        lambda: flaky()
    )
    if isinstance(end, str):
        assert decorated() == end
    else:
        with pytest.raises(end):
            decorated()
    assert flaky.calls == calls
    assert len(waits) == calls - 1, "nobody waits after the last call"


def test_each_retry_is_told_with_its_wait():
    said: list[tuple] = []
    flaky = Flaky(KeyError, KeyError)
    retry.with_delay(nb_times=3, delay=lambda retries: retries / 100, log_with=lambda *words: said.append(words))(
        flaky.__call__
    )()
    assert [words[0] % words[1:] for words in said] == [
        "error \"KeyError('passing')\": retrying in 0.00 seconds",
        "error \"KeyError('passing')\": retrying in 0.01 seconds",
    ]


def test_waits_grow_by_chance_and_are_never_shorter_than_a_second():
    for retries in range(8):
        for _ in range(20):
            assert 1 <= retry.exponential(retries) <= 2**retries + 1
    assert retry.constant(7)(3, any=4) == 7


# ---- activities ------------------------------------------------------------------------------------------------------------


@with_attributes(task_list="letters", version="2", retry=3)
def shouted(text: str) -> str:
    return text.upper()


def test_an_activity_may_be_given_other_settings_where_it_is_submitted():
    made: list[Any] = []

    class Shouting(Workflow):
        task_list = "letters"

        def run(self, text: str, task_list: str) -> str:
            made.append(with_attributes(task_list=task_list)(shouted))
            return self.submit(made[-1], text).result

    assert run_workflow(Shouting, "a", "numbers") == "A"
    again = made[-1]
    assert (again.name, again.task_list, again.callable) == (shouted.name, "numbers", shouted.callable)
    assert (again.version, again.retry, again.declared_in) == ("1", retry_policy(0), shouted.declared_in)
    assert registered(shouted.name) is shouted
    other = with_attributes(name="letters.shouted")(shouted)
    assert (other.name, other("b"), registered("letters.shouted")) == ("letters.shouted", "B", other)


# ---- dispatchers -----------------------------------------------------------------------------------------------------------


def test_an_activity_is_found_by_importing_the_module_in_its_name():
    found = Dispatcher.dispatch_activity(f"{executed.__name__}.patient_activity")
    assert found is executed.patient_activity
    with pytest.raises(DispatchError) as refused:
        Dispatcher.dispatch_activity("os.path.join")
    assert str(refused.value) == "activity os.path.join: it is not an @activity in os.path"


def test_a_function_is_found_in_a_submodule_that_the_mapping_has():
    root = SimpleNamespace(tasks=SimpleNamespace(add=sum))
    assert ModuleDispatcher(root).dispatch("tasks.add") is sum
    assert ModuleDispatcher(root, {"old": "tasks"}).dispatch("old.add") is sum
    for dispatcher, name, told in [
        (ModuleDispatcher(root, {"old": "tasks"}), "tasks.add", "cannot dispatch tasks.add: tasks is not in the mapping"),
        (ModuleDispatcher(root), "add", "cannot dispatch add: no module is not in the mapping"),
        (
            ModuleDispatcher(root),
            "tasks.sub",
            "cannot dispatch tasks.sub: 'types.SimpleNamespace' object has no attribute 'sub'",
        ),
    ]:
        with pytest.raises(DispatchError) as refused:
            dispatcher.dispatch(name)
        assert str(refused.value) == told


def test_a_dry_run_finds_a_function_that_does_nothing():
    assert DryRunDispatcher().dispatch("whatever")(1, two=2) == {}


def test_activities_are_found_under_their_label_and_all_of_the_process_without_one():
    own = Registry()
    own.register(increment, "sums")
    dispatcher = RegistryDispatcher(own, "sums")
    assert dispatcher.dispatch_activity("compatible.increment") is increment
    assert dispatcher.dispatch("compatible.increment")(1) == 2
    assert RegistryDispatcher(registry, None).dispatch_activity("compatible.increment") is increment
    with pytest.raises(DispatchError) as refused:
        RegistryDispatcher(own, "others").dispatch("compatible.increment")
    assert str(refused.value) == "others has no activity compatible.increment"


# ---- log lines ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def record() -> logging.LogRecord:
    return logging.LogRecord("simpleflow_nb", logging.WARNING, "file.py", 1, "%d left", (3,), None)


def test_a_line_has_time_level_process_and_message(record):
    line = log.SimpleflowFormatter().format(record)
    moment = datetime.fromtimestamp(record.created).replace(microsecond=0).isoformat()  # noqa: DTZ006
    assert line == f"{moment} WARNING [process=MainProcess, pid={record.process}]: 3 left"


def test_a_level_is_coloured_when_that_is_asked_for(monkeypatch):
    assert log.colorize("INFO", "text") == "text", "the output of tests is no terminal"
    monkeypatch.setattr(log, "color_mode", log.ColorModes.ALWAYS)
    assert log.colorize("ERROR", "text") == "\033[91mtext\033[0m"
    monkeypatch.setattr(log, "color_mode", log.ColorModes.NEVER)
    assert log.colorize("GREEN", "text") == "text"


def test_a_line_for_syslog_has_the_task_of_its_thread(record):
    assert log.SyslogFormatter().format(record) == f"WARNING pid={record.process} 3 left"
    with logged_as(workflow_id="w" * 70, run_id="r"):
        assert log.SyslogFormatter().format(record) == f"{'w' * 64}: decision# WARNING pid={record.process} 3 left"


def test_a_secret_is_in_no_line(record, monkeypatch):
    monkeypatch.setenv("FLOWAPI_TOKEN", "ZQZQZQZQ")
    record.msg, record.args = "the token is %s", ("ZQZQZQZQ",)
    for formatter in (log.SimpleflowFormatter(), log.SyslogFormatter()):
        assert formatter.format(record).endswith("the token is ***")


def _set_and_reset_values() -> None:
    logging_context.set("event_id", 12)
    assert (logging_context.get("event_id"), logging_context.get("domain")) == ("12", "given")
    task = ActivityContext(
        domain="d", workflow_id="w", run_id="r", activity_id="a", name="n", version="1", task_list="l", input=None
    )
    set_context(task)
    found = {key: logging_context.get(key) for key in logging_context.ENV_KEYS}
    assert found == {
        "activity_id": "a",
        "domain": "d",
        "event_id": "",
        "task_list": "l",
        "task_type": "activity",
        "workflow_id": "w",
    }, "what was set for another task is over"
    logging_context.reset()
    assert {logging_context.get(key) for key in logging_context.ENV_KEYS} == {""}
    set_context(None)


def test_values_for_log_lines_are_those_of_the_thread_its_task_or_its_starter(monkeypatch):
    monkeypatch.setenv("_SWF_CONTEXT_DOMAIN", "given")
    assert (logging_context.get("domain"), logging_context.get("workflow_id")) == ("given", "")
    with logged_as(workflow_id="w", run_id="r"):
        assert (logging_context.get("workflow_id"), logging_context.get("task_type")) == ("w", "decision")
    contextvars.copy_context().run(_set_and_reset_values)
    for call in (lambda: logging_context.get("colour"), lambda: logging_context.set("colour", 1)):
        with pytest.raises(KeyError):
            call()


# ---- constants -------------------------------------------------------------------------------------------------------------


def test_limits_have_simpleflows_names_too():
    assert {constants.MAX_INPUT_LENGTH, constants.MAX_RESULT_LENGTH, constants.MAX_CONTROL_LENGTH} == {32_768}
    assert {constants.MAX_DETAILS_LENGTH, constants.MAX_EXECUTION_CONTEXT_LENGTH} == {32_768}
    assert (constants.MAX_REASON_LENGTH, constants.MAX_IDENTITY_LENGTH, constants.MAX_HEARTBEAT_DETAILS_LENGTH) == (
        256,
        256,
        2_048,
    )
