"""Updates: what an open run does with requests, at every way of deciding it."""

from __future__ import annotations

import json

import pytest

from simpleflow_nb import update
from simpleflow_nb.exceptions import NonDeterminismError, PayloadError
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.testing import harness

from .asked_updates import Asked, Order, failed, refused, result
from .decision_checker import execution_of, reloaded
from .scenarios import clean, load, shorts, strict
from .test_observation import observed


@pytest.fixture
def order():
    with Asked() as checker:
        checker.decide()
        yield checker
        checker.check_end()


def test_an_update_changes_the_run_and_its_answer_is_a_marker(order):
    order.ask("add", "tea")
    assert shorts(order.decide()) == ["RecordMarker _answer-u1"]
    assert order.answers() == {"u1": result(1)}
    order.ask("send off")
    assert shorts(order.decide()) == ["RecordMarker _answer-u2", "CompleteWorkflowExecution"]
    assert order.answers()["u2"] == result(None)
    assert json.loads(order.run.events[-1]["workflowExecutionCompletedEventAttributes"]["result"]) == ["tea"]


def test_an_update_submits_and_waits_beside_run_and_others_are_answered_meanwhile(order):
    order.ask("price", "tea")
    order.ask("price", "cake")
    order.ask("add", "milk")
    assert shorts(order.decide()) == [
        "ScheduleActivityTask load-1",
        "ScheduleActivityTask load-2",
        "RecordMarker _answer-u3",
    ]
    order.complete("activity-load-2", 7)
    assert shorts(order.decide()) == ["RecordMarker _answer-u2"]
    order.complete("activity-load-1", 3)
    assert shorts(order.decide()) == ["RecordMarker _answer-u1"]
    assert order.answers() == {
        "u1": result({"item": "tea", "price": 3}),
        "u2": result({"item": "cake", "price": 7}),
        "u3": result(1),
    }


def test_requests_of_one_decision_are_carried_out_in_the_order_of_their_arrival(order):
    """The validator of the third sees what the first two have done."""
    for item in ("tea", "milk", "cake"):
        order.ask("add", item)
    assert shorts(order.decide()) == [f"RecordMarker _answer-u{n}" for n in (1, 2, 3)]
    assert order.answers() == {
        "u1": result(1),
        "u2": result(2),
        "u3": refused("ValueError", "no room for cake, the order has 2 items"),
    }


def test_requests_that_are_there_at_the_first_decision_are_carried_out_after_run_has_begun():
    class Late(Order):
        def run(self):
            self.items = ["of run"]
            super().run()

    with Asked(Late) as checker:
        checker.ask("add", "tea")
        checker.decide()
        assert checker.answers() == {"u1": result(2)}


def test_a_validator_that_does_more_than_look_refuses():
    class Greedy(Order):
        def takes(self, item):
            self.submit(load, item)

        @update(validator=takes)
        def take(self, item):
            return item

    with Asked(Greedy) as checker:
        checker.decide()
        checker.ask("take", 1)
        assert shorts(checker.decide()) == ["RecordMarker _answer-u1"]
        [answer] = checker.answers().values()
        assert answer["refused"]["error_type"] == "DefinitionError"
        told = answer["refused"]["message"]
        assert told.startswith("the validator of the update 'take' cannot use submit at test_updates.py:")
        assert told.endswith(": it only looks, and may not wait, submit, record or change the run")


def test_a_validator_that_reads_what_cannot_be_read_parks_the_run():
    class Reading(Order):
        def run(self):
            self.loaded = self.submit(load)
            super().run()

        def fits(self):
            return self.loaded.result

        @update(validator=fits)
        def read(self):
            return len(self.loaded.result)

    class Away(MemoryPayloads):
        is_away = True

        def load(self, digest):
            if self.is_away:
                raise PayloadError("the disk is away")
            return super().load(digest)

    with Asked(Reading, Away()) as checker:
        checker.decide()
        checker.end("activity-load-1", "Completed", result=checker.kept(json.dumps("x" * 40_000)))
        checker.ask("read")
        checker.start_decision()
        with pytest.raises(PayloadError, match=r"^the disk is away$"):
            checker.decisions()
        checker.park()
        checker.evict()
        checker.payloads.is_away = False
        checker.fire("_park-1")
        assert shorts(checker.decide()) == ["RecordMarker _answer-u1"]
        assert checker.answers() == {"u1": result(40_000)}


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "message"),
    [
        ("add", [], {}, "add(item, *more) does not take this input: missing a required argument: 'item'"),
        ("add", ["tea"], {"item": 1}, "add(item, *more) does not take this input: multiple values for argument 'item'"),
        ("send off", [1], {}, "send off() does not take this input: too many positional arguments"),
        ("send", [], {}, None),
        ("run", [], {}, None),
    ],
)
def test_an_unknown_name_or_wrong_arguments_are_refused(order, name, args, kwargs, message):
    order.send(name, json.dumps({"id": "u1", "args": args, "kwargs": kwargs}))
    assert shorts(order.decide()) == ["RecordMarker _answer-u1"]
    [(kind, told)] = order.answers()["u1"].items()
    assert (kind, told["error_type"]) == ("refused", "DefinitionError")
    if message is None:
        assert told["message"].startswith(f"tests.replay.asked_updates.Order has no update {name!r}")
        assert told["message"].endswith("; it has add, booked, broken, counted, ended, long, price, second, send off")
    else:
        assert told["message"] == message


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("no", failed("ValueError", "no")),
        ("exit", failed("SystemExit", "3")),
    ],
)
def test_an_exception_in_an_update_is_its_answer_and_the_run_goes_on(order, kind, answer):
    order.ask("broken", kind)
    order.decide()
    assert order.answers() == {"u1": answer}
    order.ask("add", "tea")
    order.decide()
    assert order.answers()["u2"] == result(1)


def test_a_value_that_has_no_json_form_is_a_failure(order):
    order.ask("broken", "no JSON")
    order.decide()
    told = order.answers()["u1"]["failed"]
    assert told["error_type"] == "TypeError"
    assert told["message"].startswith("the answer of the update broken: builtins.type is not a JSON value: ")


def test_the_items_of_a_generator_are_an_answer(order):
    """It was read by the check of the answer, and the answer was an empty list."""
    order.ask("counted", 3)
    order.decide()
    assert order.answers() == {"u1": result([0, 1, 2])}


def test_a_task_that_an_update_leaves_behind_is_one_of_run(order):
    order.ask("booked", "tea")
    assert shorts(order.decide()) == ["ScheduleActivityTask strict-1", "RecordMarker _answer-u1"]
    order.fail("activity-strict-1")
    assert shorts(order.decide()) == ["FailWorkflowExecution"]
    assert order.answers() == {"u1": result("booked")}


def test_the_failure_of_a_task_that_an_update_waits_for_is_its_answer():
    class Booking(Order):
        @update
        def book(self):
            return self.submit(strict).result

    with Asked(Booking) as checker:
        checker.decide()
        checker.ask("book")
        checker.decide()
        checker.fail("activity-strict-1", "SoldOut: all gone")
        assert shorts(checker.decide()) == ["RecordMarker _answer-u1"]
        assert checker.answers() == {"u1": failed("TaskFailed", "activity-strict-1: SoldOut: all gone")}


def test_futures_in_an_answer_are_waited_for(order):
    order.ask("second", "tea")
    assert shorts(order.decide()) == ["ScheduleActivityTask load-1"]
    order.complete("activity-load-1", 5)
    order.decide()
    assert order.answers() == {"u1": result([5])}


@pytest.mark.parametrize(("how", "status"), [("again", "CONTINUED_AS_NEW"), ("fail", "FAILED")])
def test_an_update_may_end_the_run_and_has_no_answer_then(order, how, status):
    order.ask("ended", how)
    order.decide()
    assert (order.run.close_status, order.answers()) == (status, {})


def test_a_run_that_ends_leaves_what_is_under_way_without_an_answer(order):
    order.ask("price", "tea")
    order.decide()
    order.ask("send off")
    assert shorts(order.decide()) == ["RecordMarker _answer-u2", "CompleteWorkflowExecution"]
    assert order.answers() == {"u2": result(None)}


def test_a_run_that_is_cancelled_leaves_what_is_under_way_without_an_answer(order):
    order.ask("price", "tea")
    order.decide()
    order.request_cancel()
    order.decide()
    assert (order.run.close_status, order.answers()) == ("CANCELED", {})


def test_a_request_that_comes_while_the_run_closes_has_no_answer(order):
    order.ask("send off")
    order.start_decision()
    decisions = order.decisions()
    order.ask("add", "too late")
    order.respond(decisions)
    assert order.run.close_status is None, "SWF refuses to close it: there is news"
    order.evict()
    assert shorts(order.decide()) == ["CompleteWorkflowExecution"]
    assert order.answers() == {"u1": result(None)}


def test_a_run_is_evicted_while_updates_are_under_way(order):
    order.ask("price", "tea")
    order.ask("long", 10)
    order.decide()
    order.evict()
    order.complete("activity-load-1", 3)
    order.decide()
    order.evict()
    order.complete("activity-clean-1")
    order.decide()
    assert order.answers() == {"u1": result({"item": "tea", "price": 3}), "u2": result("x" * 10)}


def test_an_observed_run_has_carried_out_what_its_decisions_have(order):
    order.ask("add", "tea")
    order.decide()
    order.ask("add", "milk")
    execution = observed(Order, order.run.events)
    assert execution.program.workflow.items == ["tea"]
    assert execution.kill()


def test_an_update_under_way_is_found_where_it_waits(order):
    order.ask("price", "tea")
    order.decide()
    execution = observed(Order, order.run.events)
    main, strand = execution.waits()
    assert [frame.name for frame in main.frames] == ["run"]
    assert [frame.name for frame in strand.frames] == ["price"]
    assert [future.id for future in strand.futures] == ["activity-load-1"]
    assert execution.kill()


def test_history_written_by_other_code_differs(order):
    order.ask("add", "tea")
    order.decide()

    class Silent(Order):
        def add(self, item, *more):
            self.submit(clean).result

    execution = execution_of(Silent, order.limits)
    order.ask("add", "milk")
    order.start_decision()
    with pytest.raises(NonDeterminismError) as caught:
        execution.advance(reloaded(order.run.events))
    assert caught.value.recorded == "RecordMarker(_answer-u1)"
    execution.kill()


class AwaitingOrder(Order):
    async def run(self):
        await self.wait_until(lambda: self.is_sent)
        return self.items


def test_a_coroutine_may_await_the_condition_that_it_waits_for():
    with harness(AwaitingOrder) as service:
        run = service.start(AwaitingOrder)
        service.update(run, "add", "tea")
        service.update(run, "send off")
        assert service.result(*run) == ["tea"]
