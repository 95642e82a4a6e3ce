"""What users test their own workflows with: whole runs, in no time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from simpleflow_nb import RetryPolicy, Workflow, activity, futures, query
from simpleflow_nb.constants import DAY
from simpleflow_nb.exceptions import DefinitionError, QueryFailed
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.testing import RunFailed, harness, run_workflow, workflows

from ..settings import count


@activity.with_attributes(name="testing.add")
def add(x, y):
    return x + y


@activity.with_attributes(name="testing.fail")
def fail(message):
    raise ValueError(message)


class Sum(Workflow):
    name = "testing.sum"

    def run(self, *numbers, start=0):
        total = start
        for number in numbers:
            total = self.submit(add, total, number)
        return total


def test_a_workflow_runs_with_its_activities():
    assert run_workflow(Sum, 1, 2, 3, start=10) == 16


def test_one_harness_runs_many_workflows_also_those_it_was_not_made_for():
    with harness(workers=1) as opened:
        runs = [opened.start(Sum, n, n) for n in range(5)]
        assert [opened.result(*run) for run in reversed(runs)] == [8, 6, 4, 2, 0]
        assert runs[0][0] == "Sum-1"
        assert opened.start(Sum, workflow_id="mine")[0] == "mine"


class Failing(Workflow):
    name = "testing.failing"

    def run(self, how):
        if how == "activity":
            self.submit(fail, "nope").result
        elif how == "code":
            raise KeyError("missing")
        elif how == "fail":
            self.fail("enough", "of it")
        elif how == "forever":
            self.next_signal("never").result


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("activity", 'FAILED: Workflow execution error in activity-testing.fail-1: "ValueError: nope"'),
        ("code", "FAILED: KeyError: 'missing'"),
        ("fail", "FAILED: enough"),
    ],
)
def test_a_run_that_fails_says_why_and_shows_its_history(how, sentence):
    with pytest.raises(RunFailed) as failed:
        run_workflow(Failing, how)
    assert str(failed.value) == sentence
    assert failed.value.status == "FAILED"
    assert sentence == f"FAILED: {failed.value.reason}"
    assert failed.value.history[0]["eventType"] == "WorkflowExecutionStarted"
    assert failed.value.history[-1]["eventType"] == "WorkflowExecutionFailed"


@pytest.mark.parametrize(
    ("how", "line"),
    [("activity", "raise ValueError(message)"), ("code", 'raise KeyError("missing")'), ("fail", None)],
)
def test_a_run_that_fails_shows_the_lines_of_code_where_it_failed(how, line):
    with pytest.raises(RunFailed) as failed:
        run_workflow(Failing, how)
    notes = getattr(failed.value, "__notes__", [])
    if line is None:
        assert notes == []
    else:
        (note,) = notes
        assert note.startswith('Traceback (most recent call last):\n  File "' + __file__)
        assert note.splitlines()[2].strip() == line
        assert "simpleflow_nb" not in note.replace(__file__, "")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("terminate_workflow_execution", "TERMINATED: by hand"),
        ("request_cancel_workflow_execution", "CANCELED: "),
    ],
)
def test_a_run_that_is_ended_from_outside_says_so(call, sentence):
    with harness(Failing) as opened:
        workflow_id, run_id = opened.start(Failing, "forever")
        more = {"reason": "by hand"} if call.startswith("terminate") else {}
        getattr(opened.service, call)(domain="local", workflowId=workflow_id, **more)
        with pytest.raises(RunFailed) as failed:
            opened.result(workflow_id, run_id)
    assert str(failed.value) == sentence


def test_a_run_that_takes_longer_than_its_own_time_says_so():
    sentence = r"^TIMED_OUT: not ended within its execution timeout of 31536000 s, waiting for signal 'never'$"
    with harness(Failing) as opened, pytest.raises(RunFailed, match=sentence):
        opened.result(*opened.start(Failing, "forever"))
    assert opened.clock.skipped_seconds > 300 * DAY


def test_a_run_that_waits_for_a_signal_that_nobody_sends_names_it():
    class Approval(Workflow):
        name = "testing.approval"
        execution_timeout = 3_600

        def run(self):
            return self.next_signal("answer").result

    sentence = r"^TIMED_OUT: not ended within its execution timeout of 3600 s, waiting for signal 'answer'$"
    with pytest.raises(RunFailed, match=sentence):
        run_workflow(Approval)


def test_what_is_no_workflow_or_no_argument_is_said_where_it_is_started():
    with pytest.raises(
        DefinitionError, match=r"^<Activity testing\.add version 1> is not a workflow; give a subclass of Workflow$"
    ):
        run_workflow(add, 1)
    with pytest.raises(TypeError, match=r"^the input of testing\.sum\['args'\]\[1\]: builtins\.type is not a JSON value: "):
        run_workflow(Sum, 1, object)


def test_a_run_that_waits_for_real_longer_than_it_may_says_what_is_at_work(monkeypatch):
    is_at_work, go_on = threading.Event(), threading.Event()

    @activity.with_attributes(name="testing.wait")
    def wait():
        is_at_work.set()
        go_on.wait(60)

    class Waiting(Workflow):
        name = "testing.waiting"

        def run(self):
            self.submit(wait).result

    clock = SimpleNamespace(monotonic=lambda: 1.0 if is_at_work.is_set() else 0.0)
    monkeypatch.setattr(workflows, "time", clock)
    with harness(Waiting) as opened:
        with pytest.raises(RunFailed) as failed:
            opened.result(*opened.start(Waiting), real_seconds=0.2)
        go_on.set()
    assert str(failed.value) == "OPEN: still open after 0.2 s, with activity-testing.wait-1 under way"
    assert failed.value.status is None


def test_a_run_whose_decider_has_ended_says_so(monkeypatch):
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    with harness(Sum) as opened:
        monkeypatch.setattr(opened.engine.decider, "decide", break_down)
        with pytest.raises(RunFailed) as failed:
            opened.result(*opened.start(Sum, 1))
    assert (str(failed.value), failed.value.status) == ("STOPPED: ZeroDivisionError: a bug of ours", None)


class Parking(Workflow):
    name = "testing.parking"
    times = 0

    def run(self):
        type(self).times += 1
        if type(self).times > 1:
            return self.submit(fail, "other").result
        return self.submit(add, 1, 2).result


def test_a_run_that_is_parked_says_why_and_the_others_go_on(monkeypatch):
    with harness(Parking, Sum) as opened:
        opened.engine.decider.cached_events = 0
        parked = opened.start(Parking)
        with pytest.raises(RunFailed) as failed:
            opened.result(*parked)
        assert failed.value.status is None
        assert str(failed.value).startswith("PARKED: event 6: history has ScheduleActivityTask(activity-testing.add-1")
        assert opened.result(*opened.start(Sum, 1, 2)) == 3


class Collecting(Workflow):
    name = "testing.collecting"

    def run(self, count):
        return [self.next_signal("item").result for _ in range(count)]


def test_signals_reach_a_run_in_their_order():
    with harness(Collecting) as opened:
        run = opened.start(Collecting, 3)
        for value in ({"a": 1}, None, "x"):
            opened.signal(run[0], "item", value)
        assert opened.result(*run) == [{"a": 1}, None, "x"]


class Rolling(Workflow):
    name = "testing.rolling"

    def run(self, left, done=0):
        if left:
            self.submit(self.continue_as_new(left - 1, done=done + 1))
        return done


def test_a_run_is_followed_through_all_its_continuations():
    with harness(Rolling) as opened:
        workflow_id, run_id = opened.start(Rolling, 1_200)
        assert opened.result(workflow_id, run_id) == 1_200
        assert len(opened.service.infos) == 1_201
        assert len(opened.history(workflow_id, run_id)) == 6


# ---- activities replaced by functions ----------------------------------------------------------------------------------------


def test_an_activity_is_replaced_by_a_function_that_gets_its_arguments():
    with harness(Sum, activities={add: lambda x, y: x * 10 + y}) as opened:
        assert opened.result(*opened.start(Sum, 1, 2, 3)) == 123
    assert run_workflow(Sum, 1, 2, 3) == 6


class Declared(Workflow):
    name = "testing.declared"

    def run(self):
        return self.submit(elsewhere, 2).result


elsewhere = activity.Activity(None, name="somewhere.else.body", retry=RetryPolicy(attempts=3, first_wait=timedelta(hours=1)))


def test_an_activity_that_is_declared_alone_gets_a_body_and_keeps_its_retries():
    tries = []

    def body(x, *, context):
        tries.append(context.activity_id)
        if len(tries) < 3:
            raise OSError("not yet")
        return x * 2

    body.add_context_in_kwargs = True
    with harness(Declared, activities={"somewhere.else.body": body}) as opened:
        assert opened.result(*opened.start(Declared)) == 4
        assert opened.clock.skipped_seconds > 2 * 3_600 - 10
    assert len(tries) == 3


def test_a_replacement_that_is_not_callable_is_refused():
    with pytest.raises(DefinitionError, match=r"^<Activity testing\.add version 1> is replaced by 3, which cannot be called$"):
        harness(Sum, activities={add: 3}).__enter__()


# ---- time --------------------------------------------------------------------------------------------------------------------


class Month(Workflow):
    name = "testing.month"

    def run(self):
        days = []
        for _ in range(30):
            self.timer(timedelta(days=1)).result
            days.append(self.now().date().isoformat())
        return days


def test_thirty_days_pass_in_no_time():
    clock = VirtualClock(datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp())
    with harness(Month, clock=clock) as opened:
        days = opened.result(*opened.start(Month))
    assert (days[0], days[-1], len(days)) == ("2024-01-02", "2024-01-31", 30)
    assert clock.jumps >= 30
    assert 29.9 * DAY < clock.skipped_seconds <= 30 * DAY  # what was not skipped has passed for real


@activity.with_attributes(
    name="testing.flaky",
    retry=RetryPolicy(attempts=5, first_wait=timedelta(hours=1), factor=2, longest_wait=timedelta(hours=6)),
)
def flaky(seen):
    ATTEMPTS.append(1)
    if len(ATTEMPTS) < 5:
        raise OSError("not yet")
    return len(ATTEMPTS)


ATTEMPTS: list[int] = []


def test_hours_of_retries_pass_in_no_time():
    class Retrying(Workflow):
        name = "testing.retrying"

        def run(self):
            before = self.now()
            attempts = self.submit(flaky, 0).result
            return [attempts, round((self.now() - before).total_seconds() / 3600, 1)]

    ATTEMPTS.clear()
    assert run_workflow(Retrying) == [5, 13.0]  # 1 + 2 + 4 + 6


@activity.with_attributes(name="testing.work")
def work(seconds):
    time.sleep(seconds)
    return "work"


class Limited(Workflow):
    """Real work against a limit of ten seconds: time must not jump while the work is done."""

    name = "testing.limited"

    def run(self, seconds, chains):
        limit = self.timer(10)
        tasks = [self.submit(work, seconds) for _ in range(chains)]
        for _ in range(2):
            tasks = [self.submit(work, seconds, __priority=1) for task in tasks if futures.wait(task)]
        first = futures.wait_any(limit, *tasks)
        futures.wait(*tasks)
        limit.cancel()
        return "limit" if first is limit else first.result


@pytest.mark.parametrize("workers", [1, 3])
def test_a_limit_of_ten_seconds_never_wins_against_real_work(workers):
    with harness(Limited, workers=workers) as opened:
        for _ in range(count(50, 1_000)):
            assert opened.result(*opened.start(Limited, 0.001, 3)) == "work"
        assert opened.clock.skipped_seconds == 0


def test_work_that_takes_longer_than_a_second_is_not_overtaken_by_a_timer():
    """A worker that has been busy for a while has not polled its list for a while; it will as soon as it is done."""
    with harness(Limited, workers=1) as opened:
        assert opened.result(*opened.start(Limited, 1.2, 1)) == "work"
        assert opened.clock.skipped_seconds == 0


class Unattended(Workflow):
    name = "testing.unattended"

    def run(self):
        return str(self.submit(lost).exception)


@activity.with_attributes(name="testing.lost", schedule_to_start_timeout=3600, raises_on_failure=False, task_list="nowhere")
def lost():
    raise AssertionError("nobody works on this list")


def test_a_task_on_a_list_that_nobody_polls_times_out_in_no_time():
    with harness(Unattended) as opened:
        opened.engine.decider.activity_task_list = None
        assert opened.result(*opened.start(Unattended)) == "activity-testing.lost-1: timeout SCHEDULE_TO_START"


def test_time_jumps_again_after_a_worker_has_gone_away():
    """Nobody says that a list is not polled any more: the service has to find out."""
    with harness(Unattended) as opened:
        opened.engine.decider.activity_task_list = None
        opened.service.home.activity_lists["nowhere"].last_poll = time.monotonic()  # somebody has just left
        workflow_id, run_id = opened.start(Unattended)
        assert opened.service.wait_closed(workflow_id, run_id, 20) == "COMPLETED"


def test_a_harness_that_is_closed_leaves_no_thread_behind():
    before = set(threading.enumerate())
    for _ in range(3):
        with harness(Sum) as opened:
            opened.result(*opened.start(Sum, 1))
    assert set(threading.enumerate()) <= before


class Approvals(Workflow):
    name = "testing.approvals"

    def __init__(self, executor):
        super().__init__(executor)
        self.answers = []

    def run(self, most=2):
        while len(self.answers) < most:
            self.answers.append(self.next_signal("answer").result)

    @query
    def first(self, number: int, *, default=None):
        return self.answers[:number] or default

    @query
    def last(self):
        return self.answers[-1]


def test_a_query_tells_what_a_run_has_made_of_all_that_it_was_told():
    with harness() as opened:
        run = opened.start(Approvals, workflow_id="approvals")
        assert opened.query("approvals", "first", 1, default="nobody") == "nobody"
        for n in range(5):
            run = opened.start(Approvals, 20, workflow_id=f"approvals-{n}")
            for answer in range(10):
                opened.signal(run[0], "answer", answer)
                assert opened.query(run, "last") == answer
        assert opened.query(run, "first", 3) == [0, 1, 2]


def test_a_query_of_a_closed_run_tells_its_last_state():
    with harness(Approvals) as opened:
        run = opened.start(Approvals)
        for answer in "ab":
            opened.signal(run[0], "answer", answer)
        opened.result(*run)
        before = opened.history(*run)
        assert opened.query(run[0], "first", 2) == ["a", "b"]
        assert opened.history(*run) == before


def test_a_query_that_fails_or_does_not_exist_says_so():
    with harness(Approvals) as opened:
        run = opened.start(Approvals, workflow_id="approvals")
        with pytest.raises(QueryFailed) as failed:
            opened.query(run, "last")
        assert str(failed.value) == "query 'last' of approvals failed: IndexError: list index out of range"
        assert failed.value.traceback.splitlines()[-1] == "IndexError: list index out of range"
        with pytest.raises(
            DefinitionError, match=r"Approvals has no query 'lst' \(did you mean 'last'\?\); it has first, last$"
        ):
            opened.query(run, "lst")
        with pytest.raises(DefinitionError, match=r"^no run 'nobody' was started here$"):
            opened.query("nobody", "last")
        with pytest.raises(DefinitionError, match=r"^first\(number: int, \*, default=None\) does not take this input: "):
            opened.query(run, "first")


class Unmade(Approvals):
    name = "testing.unmade"

    def __init__(self, executor):
        super().__init__(executor)
        raise LookupError("no answers here")


def test_a_run_whose_init_fails_has_no_answers():
    with harness(Unmade) as opened:
        run = opened.start(Unmade, workflow_id="unmade")
        with pytest.raises(RunFailed):
            opened.result(*run)
        with pytest.raises(QueryFailed) as failed:
            opened.query(run, "last")
        assert str(failed.value) == "query 'last' of unmade has no answer: LookupError: no answers here in __init__"


class Held(Approvals):
    name = "testing.held"
    let_go = threading.Event()

    def run(self):
        self.let_go.wait(60)


def test_a_query_of_a_run_that_is_not_decided_in_time_or_not_any_more_says_so(monkeypatch):
    monkeypatch.setattr(workflows, "_DECIDED_SECONDS", 0.1)
    with harness(Held) as opened:
        run = opened.start(Held)
        with pytest.raises(RunFailed, match=r"^OPEN: not decided in 0\.1 s$"):
            opened.query(run, "last")
        with monkeypatch.context() as failing:
            failing.setattr(opened.engine, "failure", OSError("the disk is full"))
            with pytest.raises(RunFailed, match=r"^STOPPED: OSError: the disk is full$"):
                opened.query(run, "last")
        Held.let_go.set()
        opened.result(*run)
