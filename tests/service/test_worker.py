"""The worker: what bodies do to it, and what it does to bodies."""

from __future__ import annotations

import json
import sys
import threading
import time

import pytest

from simpleflow_nb import Activity, Workflow, activity, futures
from simpleflow_nb.activity_context import context
from simpleflow_nb.processes.activity_bodies import find_activity
from simpleflow_nb.processes.worker import Worker
from simpleflow_nb.testing import harness, run_workflow

from . import isolated_bodies as bodies
from .one_activity import AT_WORK, CALLS, Cancelling, ended_as

_PATIENCE_SECONDS = 300


# ---- bodies that fail --------------------------------------------------------------------------------------------------------


@activity.with_attributes(name="worker.spoil", raises_on_failure=False)
def spoil(how):
    if how == "raise":
        raise ValueError("nope")
    if how == "raise long":
        raise ValueError("x" * 100_000)
    if how == "raise nothing":
        raise KeyError
    if how == "exit":
        sys.exit(3)
    if how == "group":
        raise ExceptionGroup("two", [ValueError("a"), KeyError("b")])
    return object()


@pytest.mark.parametrize(
    ("how", "reason", "error_type"),
    [
        ("raise", "ValueError: nope", "ValueError"),
        ("raise long", "ValueError: " + "x" * 244, "ValueError"),
        ("raise nothing", "KeyError: ", "KeyError"),
        ("exit", "SystemExit: 3", "SystemExit"),
        ("group", "ExceptionGroup: two (2 sub-exceptions)", "ExceptionGroup"),
        (
            "not JSON",
            "TypeError: the result of worker.spoil: builtins.object is not a JSON value: <object object at ",
            "TypeError",
        ),
    ],
)
def test_a_body_that_fails_says_what_and_where(one, how, reason, error_type):
    _, history = one(spoil, how)
    failed = ended_as(history)
    assert failed["reason"].startswith(reason)
    assert len(failed["reason"]) <= 256
    details = json.loads(failed["details"])
    assert details["error_type"] == error_type
    assert details["error"][:200] == failed["reason"][:200]
    assert set(details) == {"error", "error_type", "message", "traceback"}
    if how in ("raise", "exit"):
        assert 'in spoil\n    raise ValueError("nope")' in "".join(details["traceback"]) or how == "exit"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nameless", "activity 'nameless' is not known to this worker, and its name says no module to import"),
        (
            "no.such.module.load",
            "activity no.such.module.load: no.such.module cannot be imported: ModuleNotFoundError: No module named 'no'",
        ),
        ("exiting.load", "activity exiting.load: exiting cannot be imported: SystemExit: 3 ({tmp_path}/exiting.py:1)"),
        ("json.no_such_thing", "activity json.no_such_thing: there is no such function in json"),
        ("json.dumps", "activity json.dumps: it is not an @activity in json"),
        ("os.system", "activity os.system: it is not an @activity in os"),
    ],
)
def test_what_is_not_an_activity_is_never_run_and_said_in_one_sentence(one, name, sentence, tmp_path, monkeypatch):
    (tmp_path / "exiting.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    _, history = one(Activity(None, name=name, raises_on_failure=False))
    assert ended_as(history)["reason"] == sentence.replace("{tmp_path}", str(tmp_path))


PROGRAM = """
from simpleflow_nb import Workflow
from textwrap import dedent as borrowed


class Program(Workflow):
    def run(self):
        return None

    def method(self):
        return "method"


def doubled(x):
    return x * 2


called = print
"""


def test_a_function_that_stands_beside_a_workflow_may_be_made_an_activity_by_its_run(one, tmp_path, monkeypatch):
    """simpleflow's programs do so with a task list that is known only there."""
    (tmp_path / "beside.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    _, history = one(Activity(None, name="beside.doubled"), 21)
    assert ended_as(history, "ActivityTaskCompleted")["result"] == "42"


@pytest.mark.parametrize("name", ["borrowed", "called", "Program", "method"])
def test_nothing_else_that_stands_beside_a_workflow_is_an_activity(one, name, tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    _, history = one(Activity(None, name=f"beside.{name}", raises_on_failure=False))
    what = "there is no such function" if name == "method" else "it is not an @activity"
    assert ended_as(history)["reason"] == f"activity beside.{name}: {what} in beside"


def test_a_worker_goes_on_after_every_kind_of_failure(monkeypatch):
    class Many(Workflow):
        name = "worker.many"

        def run(self):
            hows = ["raise", "exit", "not JSON", "raise nothing"]
            return [repr(type(future.exception).__name__) for future in self.map(spoil, hows)]

    with harness(Many, workers=1) as opened:
        assert opened.result(*opened.start(Many)) == ["'TaskFailed'"] * 4
        assert opened.engine.worker.failure is None


# ---- shapes of bodies --------------------------------------------------------------------------------------------------------


@activity.with_attributes(name="worker.task_class")
class TaskClass:
    def __init__(self, x, y=0):
        self.x, self.y = x, y

    def execute(self):
        return self.x + self.y

    def post_execute(self):
        CALLS.append(f"after {self.x}")


@activity.with_attributes(name="worker.same", idempotent=True)
def same(x):
    CALLS.append(f"same {x}")
    return x


@activity.with_attributes(name="worker.noted")
def noted(x):
    CALLS.append(str(x))
    return x


def test_a_class_is_built_executed_and_followed_up(one):
    CALLS.clear()
    assert one(TaskClass, 3, y=4)[0] == {"result": 7, "error": None}
    assert CALLS == ["after 3"]


@pytest.mark.parametrize("task", [bodies.threaded_whereabouts, bodies.isolated_whereabouts])
def test_a_body_that_requests_its_context_gets_it(one, task):
    assert one(task, y=2)[0]["result"] == [2, f"activity-{task.name}-1"]


def test_an_idempotent_activity_runs_once_for_the_same_arguments():
    class Twice(Workflow):
        name = "worker.twice"

        def run(self):
            first = self.submit(same, 1)
            held = self.submit(same, first)
            return [first.result, self.submit(same, 1).result, held.result, self.submit(same, 2).result]

    CALLS.clear()
    assert run_workflow(Twice) == [1, 1, 1, 2]
    assert CALLS == ["same 1", "same 2"]


def test_tasks_of_higher_priority_are_worked_on_first():
    class Ranked(Workflow):
        name = "worker.ranked"

        def run(self):
            return futures.wait(*[self.submit(noted, n, __priority=n % 3) for n in range(6)])

    CALLS.clear()
    with harness(Ranked, workers=1) as opened:
        assert opened.result(*opened.start(Ranked)) == [0, 1, 2, 3, 4, 5]
    assert CALLS == ["2", "5", "1", "4", "0", "3"]


def test_bodies_that_wait_for_others_let_them_work():
    """Only one is carried out at once; without its place the last would never run, for which the first three wait."""
    go_on = threading.Event()
    at_work: list[int] = []
    most = 0

    @activity.with_attributes(name="worker.waiting")
    def waiting(number):
        context().let_others_work()
        context().let_others_work()
        assert go_on.wait(_PATIENCE_SECONDS)
        return number

    @activity.with_attributes(name="worker.working")
    def working(number):
        nonlocal most
        at_work.append(number)
        most = max(most, len(at_work))
        go_on.set()
        time.sleep(0.02)
        at_work.remove(number)
        return number

    class Both(Workflow):
        name = "worker.both"

        def run(self):
            futures_of_all = [self.submit(waiting, n) for n in range(3)]
            futures_of_all += [self.submit(working, n) for n in range(3, 9)]
            return futures.wait(*futures_of_all)

    with harness(Both, workers=1) as opened:
        assert opened.result(*opened.start(Both)) == list(range(9))
    assert most == 1


# ---- hearts ------------------------------------------------------------------------------------------------------------------


@activity.with_attributes(name="worker.slow", heartbeat_timeout=2)
def slow(seconds):
    time.sleep(seconds)
    return seconds


def test_the_worker_beats_for_a_body_that_says_nothing(one):
    out, history = one(slow, 3.2)
    assert out["result"] == 3.2
    assert "ActivityTaskTimedOut" not in [event["eventType"] for event in history]


@activity.with_attributes(name="worker.stuck", start_to_close_timeout=1, raises_on_failure=False)
def stuck():
    context().heartbeat("cell 3")
    CALLS.append("stuck")
    while True:
        context().check()
        time.sleep(0.01)


def test_progress_reaches_the_timeout_and_the_body_is_told_that_it_is_over(one):
    out, history = one(stuck)
    timed_out = ended_as(history, "ActivityTaskTimedOut")
    assert (timed_out["timeoutType"], timed_out["details"]) == ("START_TO_CLOSE", "cell 3")
    assert out == {"result": None, "error": "activity-worker.stuck-1: timeout START_TO_CLOSE"}


class Counting:
    """A service that counts its calls."""

    def __init__(self, service):
        self.service, self.beats = service, 0

    def __getattr__(self, name):
        if name == "record_activity_task_heartbeat":
            self.beats += 1
        return getattr(self.service, name)


def test_a_worker_that_is_told_to_stop_beats_on_at_its_own_pace_until_the_last_body_has_ended(client):
    """Without a pause between, a long notebook would be ended by a worker that hammers the service."""
    go_on = threading.Event()
    started = threading.Event()

    @activity.with_attributes(name="task")
    def body():
        started.set()
        assert go_on.wait(_PATIENCE_SECONDS)

    client.start()
    decision = client.decision_task()
    timeouts = dict.fromkeys(
        ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout"), "NONE"
    )
    schedule = {"activityId": "a", "activityType": {"name": "task", "version": "1"}, "taskList": {"name": "work"}, **timeouts}
    client.respond(decision, {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": schedule})
    counting = Counting(client.swf)
    worker = Worker(counting, "local", {"work": 1}, beat_seconds=0.2)
    begun = time.monotonic()
    worker.start()
    assert started.wait(_PATIENCE_SECONDS)
    worker.stop()
    time.sleep(0.5)
    assert not worker.join(0)
    assert counting.beats <= (time.monotonic() - begun) / 0.2 + 2
    go_on.set()
    assert worker.join(_PATIENCE_SECONDS)
    assert client.types()[-2:] == ["ActivityTaskCompleted", "DecisionTaskScheduled"]


# ---- cancelling --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["heartbeat", "check"])
def test_a_cancellation_reaches_the_body_where_it_looks(call):
    AT_WORK.clear()
    CALLS.clear()
    with harness(Cancelling) as opened:
        started = opened.start(Cancelling, call)
        assert AT_WORK.wait(_PATIENCE_SECONDS)
        opened.signal(started[0], "cancel")
        assert opened.result(*started) == ["CANCELLED", "TaskCanceled", "activity-worker.patient-1: cancelled"]
        ended = ended_as(opened.history(*started), "ActivityTaskCanceled")
    assert CALLS == ["cleaned up"]
    assert ended["details"] == "activity-worker.patient-1: cancellation requested"
    assert ended["latestCancelRequestedEventId"] > 0


# ---- what a body may know ----------------------------------------------------------------------------------------------------


@activity.with_attributes(name="worker.knowing", version="7")
def knowing(x, *, y):
    return knowing.context


@activity.with_attributes(name="worker.Knowing", version="7")
class Knowing:
    def __init__(self, x, *, y):
        self.sum = x + y

    def execute(self):
        return self.context


@pytest.mark.parametrize("body", [knowing, Knowing, bodies.knowing])
def test_a_body_finds_its_task_under_simpleflows_keys(one, body):
    done, _ = one(body, 3, y=4)
    assert done["result"] == {
        "name": body.name,
        "version": "7",
        "workflow_id": "One-1",
        "run_id": done["result"]["run_id"],
        "activity_id": f"activity-{body.name}-1",
        "input": {"args": [3], "kwargs": {"y": 4}},
        "domain_name": "local",
        "activity_task_list": done["result"]["activity_task_list"],
    }
    assert done["result"]["run_id"]
    assert body.context is None


def test_a_class_with_a_context_of_its_own_keeps_it(one):
    @activity.with_attributes(name="worker.Own")
    class Own:
        context = "mine"

        def execute(self):
            return self.context

    assert one(Own)[0]["result"] == "mine"
    assert Own.context == "mine"


# ---- which functions can be had by name --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "input", "sentence"),
    [
        ("os.getcwd", "{}", "activity os.getcwd: it is not an @activity in os"),
        (
            "os.getcwd",
            '{"__extra":{"module":"tests.service.isolated_bodies"}}',
            "activity os.getcwd: tests.service.isolated_bodies, which is said to declare it, does not; "
            "it is not an @activity in os",
        ),
        (
            "plain",
            '{"__extra":{"module":"no_such_module"}}',
            "activity plain: no_such_module cannot be imported: ModuleNotFoundError: No module named 'no_such_module'; "
            "activity 'plain' is not known to this worker, and its name says no module to import",
        ),
        (
            "plain",
            '{"__extra":{"module":3}}',
            "activity 'plain' is not known to this worker, and its name says no module to import",
        ),
        ("plain", '{"__extra":"x"}', "activity 'plain' is not known to this worker, and its name says no module to import"),
        ("plain", "[1]", "activity 'plain' is not known to this worker, and its name says no module to import"),
    ],
)
def test_what_is_no_activity_is_not_run_whatever_an_input_says(name, input, sentence):
    assert reason_of(name, input) == sentence


def reason_of(name, input, **options):
    """What a worker says of a task that it cannot carry out."""
    reported = {}

    class Service:
        def respond_activity_task_failed(self, **body):
            reported.update(body)

    task = {
        "taskToken": "t",
        "activityId": "a",
        "workflowExecution": {"workflowId": "w", "runId": "r"},
        "activityType": {"name": name, "version": "1"},
        "input": input,
    }
    Worker(Service(), "local", {}, **options).work_on(task)
    return reported["reason"]


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """A function that says which of the modules that nobody has asked for were imported."""
    program, installed = tmp_path / "program", tmp_path / "site-packages"
    for folder in (program / "strange_own", installed / "strange_installed", installed / "strange_application"):
        folder.mkdir(parents=True)
        for name in ("__init__", "__main__", "more"):
            (folder / f"{name}.py").write_text("print('imported')")
    for name, requirement in (
        ("strange_installed", "click"),
        ("strange_application", "Simpleflow.NB[swf]>=0.2 ; python_version>'3'"),
    ):
        information = installed / f"{name}-1.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\nRequires-Dist: {requirement}\n"
        )
        (information / "top_level.txt").write_text(f"{name}\n")
    monkeypatch.syspath_prepend(installed)
    monkeypatch.syspath_prepend(program)

    def imported():
        return {name for name in sys.modules if name.startswith("strange_") or name == "antigravity"}

    yield imported
    for name in imported():
        del sys.modules[name]


IS_A_PROGRAM = "{} is a program, which is run and not imported"
IS_FOREIGN = (
    "{} is not imported for an input: it is not in the activity's package, nor in a folder of the program, nor does what "
    "installs it require simpleflow-nb"
)


@pytest.mark.parametrize(
    ("name", "module", "sentence"),
    [
        ("plain", "__main__", IS_A_PROGRAM.format("__main__")),
        ("plain", "simpleflow_nb.__main__", IS_A_PROGRAM.format("simpleflow_nb.__main__")),
        ("plain", "strange_own.__main__", IS_A_PROGRAM.format("strange_own.__main__")),
        ("strange_own.f", "strange_own.__main__.x", IS_A_PROGRAM.format("strange_own.__main__.x")),
        ("plain", "antigravity", IS_FOREIGN.format("antigravity")),
        ("plain", "strange_installed", IS_FOREIGN.format("strange_installed")),
        ("plain", "strange_installed.more", IS_FOREIGN.format("strange_installed.more")),
        ("plain", "simpleflow_nb.cli.main", IS_FOREIGN.format("simpleflow_nb.cli.main")),
        ("plain", ".strange_own", IS_FOREIGN.format(".strange_own")),
    ],
)
def test_an_input_does_not_have_programs_and_foreign_modules_imported(name, module, sentence, strange):
    input = json.dumps({"__extra": {"module": module}})
    assert reason_of(name, input).startswith(f"activity {name}: {sentence}"[:256])
    assert not {one for one in strange() if one != name.partition(".")[0]}


@pytest.mark.parametrize("name", ["strange_own.__main__.f", "__main__.f"])
def test_a_name_does_not_have_programs_imported(name, strange):
    module = name.rpartition(".")[0]
    assert reason_of(name, "{}") == f"activity {name}: {IS_A_PROGRAM.format(module)}"
    assert not strange()


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("plain", "strange_own.more"),
        ("strange_own.f", "strange_own.more"),
        ("strange_installed.f", "strange_installed.more"),
        ("plain", "strange_application.more"),
    ],
)
def test_an_input_may_name_modules_of_the_program(name, module, strange):
    reason = reason_of(name, json.dumps({"__extra": {"module": module}}))
    assert reason.startswith(f"activity {name}: {module}, which is said to declare it, does not")
    assert module in strange()


@pytest.mark.parametrize(
    ("name", "module"),
    [("plain", "strange_own"), ("strange_own.f", None), ("strange_own.__main__.f", "strange_own.__main__"), ("plain", None)],
)
def test_a_worker_of_a_file_imports_nothing_for_a_task(name, module, strange):
    input = json.dumps({"__extra": {"module": module}})
    assert reason_of(name, input, imports=False) == (
        f"activity {name!r} is not known to this worker: it was started with a file, carries out what that needs, and imports "
        "no other; let another task list have it"
    )
    assert not strange()


def test_a_worker_of_a_file_carries_out_what_is_imported(one):
    assert find_activity("worker.noted", imports=False) is noted


def test_an_activity_says_where_it_is_declared_when_its_name_does_not():
    plain = activity.with_attributes(name="worker.plain")
    assert bodies.add.declared_in is None
    assert Activity(time.sleep).declared_in == plain(time.sleep).declared_in == __name__
    assert Activity(None, name="somewhere.else").declared_in is None


def test_what_is_wrong_with_a_module_is_told_once():
    """The module that declares an activity is often the one in its name."""
    with pytest.raises(LookupError) as raised:
        find_activity("__main__.gone", ["__main__"])
    assert str(raised.value) == "activity __main__.gone: __main__ is a program, which is run and not imported"
