"""simpleflow's semantics, on whole runs: what its users may rely on when they change nothing but the import."""

from __future__ import annotations

import json
import threading
import time

import pytest

from simpleflow_nb import Workflow, activity, futures, query
from simpleflow_nb.exceptions import DefinitionError, ExecutionBlocked, TaskFailed
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.payload import encode
from simpleflow_nb.testing import RunFailed, harness, run_workflow

from .manual_client import attributes


@activity.with_attributes(name="semantics.inc")
def inc(x):
    return x + 1


@activity.with_attributes(name="semantics.slow")
def slow(x):
    time.sleep(0.02)
    return x


@activity.with_attributes(name="semantics.ordered", raises_on_failure=False)
def ordered(x, seconds=0.0):
    time.sleep(seconds)
    if x == "bad":
        raise ValueError(x)
    return x


@activity.with_attributes(name="semantics.strict")
def strict(x):
    raise ValueError(x)


def test_a_task_that_waits_for_its_argument_keeps_its_own_id_and_result():
    """simpleflow gives [101, 101]: the later task takes the id of the one that waits."""

    class Mixed(Workflow):
        name = "semantics.mixed"

        def run(self):
            a = self.submit(slow, 1)
            b = self.submit(inc, a)
            c = self.submit(inc, 100)
            return [b.result, c.result]

    with harness(Mixed) as opened:
        run = opened.start(Mixed)
        assert opened.result(*run) == [2, 101]
        scheduled = [attributes(event) for event in opened.history(*run) if event["eventType"] == "ActivityTaskScheduled"]
    assert {one["activityId"]: json.loads(one["input"])["args"] for one in scheduled} == {
        "activity-semantics.slow-1": [1],
        "activity-semantics.inc-1": [1],
        "activity-semantics.inc-2": [100],
    }


class Echo(Workflow):
    name = "semantics.echo"

    def run(self, *args, **kwargs):
        return [list(args), kwargs]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ('{"args":[1,"x"],"kwargs":{"y":2}}', [[1, "x"], {"y": 2}]),
        ('{"args":[1]}', [[1], {}]),
        ('{"kwargs":{"y":null}}', [[], {"y": None}]),
        ("{}", [[], {}]),
        ("[1,[2]]", [[1, [2]], {}]),
        ("7", [[7], {}]),
        ('"text"', [["text"], {}]),
        ("not JSON", [["not JSON"], {}]),
        ("null", [[None], {}]),
        (None, [[], {}]),
    ],
)
def test_the_input_of_an_execution_may_have_any_of_its_forms(text, got):
    with harness(Echo) as opened:
        request = {"taskList": {"name": "testing"}, **({} if text is None else {"input": text})}
        kind = {"name": "semantics.echo", "version": "1"}
        started = opened.service.start_workflow_execution(domain=DOMAIN, workflowId="e", workflowType=kind, **request)
        assert opened.result("e", started["runId"]) == got


def _run(body, *args):
    """What a workflow with this ``run`` returns."""
    cls = type("Made", (Workflow,), {"name": f"semantics.{body.__name__}", "run": body})
    return run_workflow(cls, *args)


def test_wait_gives_results_in_the_order_given_and_none_for_what_failed():
    def waiting(self):
        tasks = [self.submit(ordered, x) for x in (1, "bad", 3)]
        return [futures.wait(*tasks), futures.wait(tasks), futures.wait(), [task.finished for task in tasks]]

    assert _run(waiting) == [[1, None, 3], [1, None, 3], [], [True, True, True]]


def test_wait_any_gives_the_one_that_ended_first_in_history():
    seen = threading.Event()

    @activity.with_attributes(name="semantics.late")
    def last():
        assert seen.wait(60)
        return "late"

    def any_of(self):
        late, early = self.submit(last), self.submit(ordered, "early")
        first = futures.wait_any(late, early).result
        seen.set()
        return [first, futures.wait_any(late).result, futures.wait_any(late, early).result]

    assert _run(any_of) == ["early", "late", "early"]


def test_as_completed_gives_them_as_they_end():
    turns = {x: threading.Event() for x in "abcd"}
    turns["a"].set()

    @activity.with_attributes(name="semantics.in_turn")
    def in_turn(x):
        assert turns[x].wait(60)
        return x

    class Completing(Workflow):
        name = "semantics.completing"

        def run(self):
            seen = []
            for task in futures.as_completed(*[self.submit(in_turn, x) for x in "cab"]):
                seen.append(task.result)
                turns[chr(ord(task.result) + 1)].set()  # the next one ends when the workflow has seen this one
            return seen

    with harness(Completing, workers=3) as opened:
        assert opened.result(*opened.start(Completing)) == ["a", "b", "c"]


def test_futures_may_stand_anywhere_in_arguments_and_in_what_run_returns():
    def nested(self):
        one = self.submit(ordered, 1)
        whole = self.submit(ordered, {"a": [one, {"b": one}], "c": 2})
        return {"whole": whole, "list": [one]}

    assert _run(nested) == {"whole": {"a": [1, {"b": 1}], "c": 2}, "list": [1]}


def test_map_and_starmap_submit_one_task_for_each_item():
    def mapping(self):
        return [futures.wait(*self.map(inc, range(3))), futures.wait(*self.starmap(ordered, [(1,), (2, 0)]))]

    assert _run(mapping) == [[1, 2, 3], [1, 2]]


class Asynchronous(Workflow):
    name = "semantics.async"

    async def run(self, x):
        first = await self.submit(inc, x)
        return first + await self.submit(inc, first)


def test_run_may_be_a_coroutine():
    assert run_workflow(Asynchronous, 1) == 5


def test_a_failure_that_must_raise_raises_where_the_code_waits_next():
    def raising(self):
        failing = self.submit(strict, "first")
        also = self.submit(ordered, 1, 0.05)
        try:
            also.result
        except TaskFailed as error:
            return [str(error), also.wait(), type(failing.exception).__name__]
        return "nothing was raised"

    assert _run(raising) == ["activity-semantics.strict-1: ValueError: first", 1, "TaskFailed"]


def test_a_failure_that_nobody_waits_for_fails_the_run_all_the_same():
    def careless(self):
        self.submit(strict, "unheard")
        self.submit(slow, 1).result
        self.submit(slow, 1).result
        return "done"

    with pytest.raises(
        RunFailed, match=r'^FAILED: Workflow execution error in activity-semantics.strict-1: "ValueError: unheard"\n'
    ):
        _run(careless)


def test_a_failed_argument_fails_the_task_without_running_it():
    def depending(self):
        bad = self.submit(ordered, "bad")
        after = self.submit(inc, bad)
        try:
            futures.wait(after)
        except TaskFailed as error:
            return [type(error).__name__, str(error)]
        return "nothing was raised"

    assert _run(depending) == [
        "DependencyFailed",
        "activity-semantics.inc-1: needs activity-semantics.ordered-1, which failed",
    ]


def test_fail_ends_the_run_there_and_cannot_be_caught_by_accident():
    def failing(self):
        try:
            self.fail("enough", "details")
        except Exception:
            return "caught"

    with pytest.raises(RunFailed) as failed:
        _run(failing)
    assert attributes(failed.value.history[-1])["details"] == "details"
    assert str(failed.value) == "FAILED: enough"


@pytest.mark.parametrize("raised", [(), ("later",)])
def test_raising_execution_blocked_fails_the_run_with_what_to_write_instead(raised):
    def waiting(self):
        raise ExecutionBlocked(*raised)

    with pytest.raises(RunFailed) as failed:
        _run(waiting)
    assert str(failed.value) == (
        "FAILED: DefinitionError: raise ExecutionBlocked() does not wait here: ask what is waited for, such as future.result, "
        "futures.wait(...), self.next_signal(name).result or self.timer(seconds).result; run() is suspended there and goes on "
        "from there"
    )


def test_code_that_catches_execution_blocked_runs_as_ever():
    def careful(self):
        try:
            return self.submit(inc, 1).result
        except ExecutionBlocked:
            raise

    assert _run(careful) == 2


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        ({}, []),
        ({"tag_list": ["a", "b"]}, ["a", "b"]),
        ({"tag_list": ("a",)}, ["a"]),
        ({"tag_list": Workflow.INHERIT_TAG_LIST}, []),
        ({"tag_list": ["a"], "get_tag_list": lambda cls, day, **more: [cls.__name__, day, *more]}, ["Tagged", "monday", "at"]),
        ({"get_tag_list": classmethod(lambda cls, again, day, **more: [f"{again is cls} {day}"])}, ["True monday"]),
        ({"get_tag_list": lambda cls, *args, **kwargs: None}, []),
    ],
)
def test_a_run_has_the_tags_that_its_class_says(body, tags):
    cls = type("Tagged", (Workflow,), {"name": "semantics.tagged", "run": lambda self, day, at: day, **body})
    with harness(cls) as opened:
        run = opened.start(cls, "monday", at=3)
        assert opened.result(*run) == "monday"
        assert attributes(opened.history(*run)[0]).get("tagList", []) == tags


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"tag_list": "daily"}, "tag_list is 'daily'; a list of texts is expected, such as ['daily']"),
        ({"tag_list": [1]}, "tag_list is [1]; a list of texts is expected, such as ['daily']"),
        ({"get_tag_list": lambda cls: 5}, "get_tag_list() is 5; a list of texts is expected, such as ['daily']"),
        ({"get_tag_list": lambda cls: {}["x"]}, "get_tag_list() raised KeyError: 'x'"),
        ({"get_tag_list": dict.fromkeys}, "get_tag_list() raised TypeError: 'type' object is not iterable"),
    ],
)
def test_invalid_tags_are_refused(body, sentence):
    cls = type("Tagged", (Workflow,), body)
    with pytest.raises(DefinitionError) as refused:
        cls.tags({})
    assert str(refused.value) == f"tests.service.test_semantics.Tagged.{sentence}"


CALLED: list[str] = []


class Cancellable(Workflow):
    name = "semantics.cancellable"
    agrees = True

    def run(self):
        self.next_signal("go on").result
        return "went on"

    def should_cancel(self):
        CALLED.append("asked")
        return self.agrees

    def on_canceled(self):
        CALLED.append("cancelled")


@pytest.mark.parametrize("agrees", [True, False])
def test_a_request_to_cancel_asks_the_hooks(agrees, monkeypatch):
    monkeypatch.setattr(Cancellable, "agrees", agrees)
    CALLED.clear()
    with harness(Cancellable) as opened:
        run = opened.start(Cancellable)
        opened.service.request_cancel_workflow_execution(domain=DOMAIN, workflowId=run[0])
        if agrees:
            with pytest.raises(RunFailed, match=r"^CANCELED: $"):
                opened.result(*run)
        else:
            opened.signal(run[0], "go on")
            assert opened.result(*run) == "went on"
    assert (["asked", "cancelled"] if agrees else ["asked"]) == CALLED


def test_a_marker_is_recorded_once_for_the_same_name_and_details():
    class Marking(Workflow):
        name = "semantics.marking"

        def run(self):
            out = []
            for details in ({"a": 1}, {"a": 1}, {"a": 2}, None, None):
                out.append(self.submit(self.record_marker("m", details)).result)
                self.submit(inc, 0).result
            self.submit(self.record_marker("n"))
            last = [[marker.name, marker.details] for marker in self.list_markers()]
            return {"results": out, "last": last, "all": [marker.details for marker in self.list_markers(all=True)]}

    with harness(Marking) as opened:
        opened.engine.decider.cached_events = 0
        run = opened.start(Marking)
        assert opened.result(*run) == {
            "results": ['{"a":1}', '{"a":1}', '{"a":2}', None, None],
            "last": [["m", None], ["n", None]],
            "all": [{"a": 1}, {"a": 2}, None, None],
        }
        names = [attributes(e)["markerName"] for e in opened.history(*run) if e["eventType"] == "MarkerRecorded"]
    assert names == ["_engine", "m", "m", "m", "n"]


def test_wait_signal_sees_the_last_one_and_next_signal_each_in_its_turn():
    class Both(Workflow):
        name = "semantics.signals"

        def run(self):
            self.next_signal("ready").result
            last = [self.submit(self.wait_signal("s")).result for _ in range(2)]
            return {"last": last, "each": [self.next_signal("s").result for _ in range(3)]}

    with harness(Both) as opened:
        run = opened.start(Both)
        for value in (1, 2, 3):
            opened.signal(run[0], "s", value)
        opened.signal(run[0], "ready")
        assert opened.result(*run) == {"last": [3, 3], "each": [1, 2, 3]}


def test_named_timers_are_the_same_timer_and_can_be_cancelled():
    class Timing(Workflow):
        name = "semantics.timing"

        def run(self):
            before = self.now()
            one = self.submit(self.start_timer("one", 60))
            same = self.submit(self.start_timer("one", 60))
            other = self.submit(self.start_timer("other", 3_600, control={"a": 1}))
            self.submit(self.cancel_timer("other"))
            futures.wait(one)
            return [same.finished, other.state, 60 <= (self.now() - before).total_seconds() < 3_600]

    assert run_workflow(Timing) == [True, "CANCELLED", True]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (lambda self: self.timer(-1), "DefinitionError: a timer of -1 seconds: it takes 0 to 99999999"),
        (lambda self: self.timer("60"), "DefinitionError: a timer of '60': give seconds as a number, or a timedelta"),
        (lambda self: self.timer(float("inf")), "DefinitionError: a timer of inf seconds: it takes 0 to 99999999"),
        (lambda self: self.timer(float("nan")), "DefinitionError: a timer of nan seconds: it takes 0 to 99999999"),
        (
            lambda self: self.submit(self.start_timer("a/b", 1)),
            "DefinitionError: 'a/b' cannot name a timer: 1 to 256 characters, no ':', '/', '|' or controls, "
            "no blanks at its ends, not 'arn'",
        ),
        (
            lambda self: self.submit(self.start_timer("_mine", 1)),
            "DefinitionError: '_mine' cannot name a timer: a text of 1 to 256 characters, not beginning with an underscore",
        ),
        (lambda self: self.submit(self.cancel_timer("none")), "DefinitionError: timer 'none' was never started"),
        (
            lambda self: self.submit(encode),
            "DefinitionError: encode is not an activity; decorate it with @activity.with_attributes(...)",
        ),
        (lambda self: self.submit(3), "DefinitionError: 3 cannot be submitted; pass an activity"),
        (
            lambda self: self.submit(inc, object()),
            "TypeError: an argument of semantics.inc: builtins.object is not a JSON value: <object object at ",
        ),
        (lambda self: futures.wait_any(), "ValueError: wait_any needs at least one future; without one it would never end"),
        (
            lambda self: futures.wait(3),  # type: ignore[arg-type]
            "TypeError: 3 is not a future; pass what submit() returned",
        ),
    ],
)
def test_mistakes_of_workflow_code_fail_the_run_with_one_sentence(code, sentence):
    def mistaken(self):
        code(self)

    with pytest.raises(RunFailed) as failed:
        _run(mistaken)
    assert failed.value.reason.startswith(sentence)


def test_time_random_numbers_and_ids_are_the_same_at_every_replay():
    class Drawing(Workflow):
        name = "semantics.drawing"

        def run(self):
            out = []
            for _ in range(4):
                out.append([self.now().isoformat(), self.random.random(), str(self.uuid())])
                self.submit(inc, 0).result
            return out

    with harness(Drawing) as opened:
        opened.engine.decider.cached_events = 0
        drawn = opened.result(*opened.start(Drawing))
    assert len({tuple(one[1:]) for one in drawn}) == 4
    assert [one[0] for one in drawn] == sorted(one[0] for one in drawn)


def test_the_run_context_has_simpleflows_keys():
    def contextual(self):
        return self.get_run_context()

    found = _run(contextual)
    assert set(found) == {
        "name", "version", "domain_name", "workflow_id", "run_id", "tag_list",
        "continued_execution_run_id", "parent_workflow_id", "parent_run_id",
    }  # fmt: skip
    assert (found["name"], found["workflow_id"], found["tag_list"]) == ("semantics.contextual", "Made-1", [])
    assert found["domain_name"] == DOMAIN


def test_a_query_knows_the_domain_of_its_run():
    class Asked(Workflow):
        name, version = "semantics.asked", "1"

        def run(self):
            self.domain = self.get_run_context()["domain_name"]
            self.submit(self.wait_signal("end")).result

        @query
        def where(self):
            return self.domain

    with harness(Asked) as opened:
        run = opened.start(Asked)
        assert opened.query(run, "where") == DOMAIN


def test_a_marker_has_details_as_soon_as_it_is_submitted():
    def marking(self):
        self.submit(self.record_marker("step", {"n": 1}))
        self.submit(self.record_marker("step", {"n": 2}))
        now = self.get_event_details("marker", "step")
        self.timer(1).result
        later = self.get_event_details("marker", "step")
        return [now, {key: later[key] for key in now}, "event_id" in later, self.get_event_details("marker", "none")]

    told = {"type": "marker", "name": "step", "state": "recorded", "details": '{"n":2}'}
    assert _run(marking) == [told, told, True, None]
