"""Updates: requests that an open run carries out and answers, at every way of deciding it."""

from __future__ import annotations

import json

import pytest

from simpleflow_nb import payload, update
from simpleflow_nb.exceptions import DefinitionError, NonDeterminismError, PayloadError
from simpleflow_nb.processes.payload_directory import MemoryPayloads, keep_long_texts
from simpleflow_nb.testing import harness
from simpleflow_nb.updates import is_id, marker_of, mask_failure, request_of, signal_of, updates_of

from .decision_checker import DecisionChecker, execution_of, reloaded
from .scenarios import clean, load, shorts, strict, workflow
from .test_observation import observed


class Order(workflow(lambda w: None)):
    """An order that takes items until it is sent."""

    def __init__(self, executor):
        super().__init__(executor)
        self.items, self.is_sent = [], False

    def run(self):
        self.wait_until(lambda: self.is_sent)
        return self.items

    def has_room(self, item, *_):
        if len(self.items) >= 2:
            raise ValueError(f"no room for {item}, the order has {len(self.items)} items")

    @update(validator=has_room)
    def add(self, item, *more):
        self.items.append(item)
        return len(self.items)

    @update
    async def price(self, item):
        return {"item": item, "price": await self.submit(load, item)}

    @update
    def booked(self, item):
        self.submit(strict, item)
        return "booked"

    @update(name="send off")
    def send(self):
        """Send the order."""
        self.is_sent = True

    @update
    def broken(self, kind):
        if kind == "exit":
            raise SystemExit(3)
        if kind == "no JSON":
            return Order
        raise ValueError(kind)

    @update
    def ended(self, how):
        if how == "again":
            self.submit(self.continue_as_new(1))
        self.fail("no more")

    @update
    def long(self, size):
        self.submit(clean).result
        return "x" * size

    @update
    def second(self, future_of):
        return [self.submit(load, future_of)]


class Asked(DecisionChecker):
    """A run that is asked for updates; payloads too long for its history are kept beside it."""

    def __init__(self, cls=Order, payloads=None, **more):
        self.payloads = payloads or MemoryPayloads()
        self.asked = 0
        super().__init__(cls, **more)

    def new(self):
        execution = execution_of(self.workflow_class, self.limits, self.run.run_id, load=self.payloads.load)
        self.executions.append(execution)
        return execution

    def respond(self, decisions, **more):
        keep_long_texts(decisions, self.payloads)
        super().respond(decisions, **more)

    def ask(self, name, *args, id=None, **kwargs):
        self.asked += 1
        id = id or f"u{self.asked}"
        self.send(name, request_of(id, args, kwargs, self.kept))
        return id

    def kept(self, text):
        if not payload.is_too_long(text):
            return text
        self.payloads.store(text)
        return payload.reference(text)

    def send(self, name, text):
        self.run.signal(self.clock, signal_of(name), text)

    def answers(self):
        """The answers that the history has, by id."""
        found = {}
        for event in self.run.events:
            note = event.get("markerRecordedEventAttributes", {})
            if note.get("markerName", "").startswith("_answer-"):
                id = note["markerName"].removeprefix("_answer-")
                assert id not in found, "each request has one answer"
                found[id] = payload.decode(note["details"], self.payloads.load)
        return found


def result(value):
    return {"result": value}


def failed(kind, message):
    return {"failed": {"error_type": kind, "message": message}}


def refused(kind, message):
    return {"refused": {"error_type": kind, "message": message}}


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
        assert told["message"].startswith(f"tests.replay.test_updates.Order has no update {name!r}")
        assert told["message"].endswith("; it has add, booked, broken, ended, long, price, second, send off")
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


def test_a_long_answer_and_long_arguments_are_kept_beside_the_history(order):
    order.ask("add", "x" * 40_000)
    order.ask("long", 40_000)
    order.decide()
    order.complete("activity-clean-1")
    order.decide()
    texts = [
        event[key][name]
        for event in order.run.events
        for key, name in (("workflowExecutionSignaledEventAttributes", "input"), ("markerRecordedEventAttributes", "details"))
        if key in event
    ]
    assert all(len(text) < 200 for text in texts)
    assert json.loads(texts[1])["id"] == "u1", "the id stays readable"
    assert order.answers() == {"u1": result(1), "u2": result("x" * 40_000)}


def test_a_request_whose_arguments_are_missing_is_refused_for_good(order):
    text = payload.encode({"args": ["x" * 40_000], "kwargs": {}})
    order.send("add", json.dumps({"id": "u1", "arguments": payload.reference(text)}))
    assert shorts(order.decide()) == ["RecordMarker _missing", "RecordMarker _answer-u1"]
    digest = payload.digest(text)[:12]
    told = f"payload {digest}, its arguments, is not where payloads are kept"
    assert order.answers() == {"u1": refused("PayloadMissing", told)}
    order.payloads.store(text)  # too late
    order.evict()
    order.ask("add", "tea", id="u2")
    order.decide()
    assert order.answers()["u2"] == result(1)


def test_arguments_that_cannot_be_read_now_park_the_run():
    class Away(MemoryPayloads):
        def load(self, digest):
            raise PayloadError("the disk is away")

    with Asked(payloads=Away()) as checker:
        checker.decide()
        checker.ask("add", "x" * 40_000)
        checker.start_decision()
        with pytest.raises(PayloadError, match=r"^the disk is away$"):
            checker.decisions()


def test_a_request_that_was_sent_twice_is_carried_out_once(order):
    order.ask("add", "tea", id="once")
    order.ask("add", "tea", id="once")
    order.decide()
    order.ask("add", "tea", id="once")
    order.decide()
    order.evict()
    order.ask("add", "milk", id="once")
    assert shorts(order.decide()) == []
    assert order.answers() == {"once": result(1)}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "5",
        "[]",
        "not JSON",
        "{}",
        '{"id": 5}',
        '{"id": ""}',
        json.dumps({"id": "x" * 201}),
        json.dumps({"id": "a b"}),
        json.dumps({"id": "a\n"}),
        payload.reference("never stored"),
    ],
)
def test_a_signal_that_is_no_request_is_ignored(order, text):
    order.run.signal(order.clock, "_update-add", text)
    assert [one for one in shorts(order.decide()) if one != "RecordMarker _missing"] == []
    assert list(order.cached.log_lines) == ["the signal of event 6 is no request of an update, and is ignored"]
    order.ask("add", "tea")
    order.decide()
    assert order.answers() == {"u1": result(1)}


WRONG = "'args' of a request must be a list and 'kwargs' a mapping"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"args": "tea"}, refused("DefinitionError", WRONG)),
        ({"kwargs": [1]}, refused("DefinitionError", WRONG)),
        ({"arguments": 5}, refused("DefinitionError", "'arguments' is no reference to a payload")),
        ({"arguments": "text"}, refused("DefinitionError", "'arguments' is no reference to a payload")),
        ({"args": ["tea"], "more": 1}, result(1)),
        ({"kwargs": {"item": "tea"}}, result(1)),
    ],
)
def test_a_request_that_others_have_written_is_answered(order, body, answer):
    order.send("add", json.dumps({"id": "u1", **body}))
    order.decide()
    assert order.answers() == {"u1": answer}


@pytest.mark.parametrize(
    ("id", "fits"),
    [("a", True), ("A-1_2.3:4", True), ("x" * 200, True), ("x" * 201, False), ("", False), ("ü", False), (5, False)],
)
def test_an_id_can_be_part_of_a_markers_name(id, fits):
    assert is_id(id) is fits
    if fits:
        assert len(marker_of(id)) <= 256
    else:
        with pytest.raises(DefinitionError) as caught:
            request_of(id, [], {}, str)
        expected = f"{id!r:.80} cannot be the id of an update; give 1 to 200 letters, digits or - _ . :"
        assert str(caught.value) == expected


def test_secrets_in_the_text_of_a_failure_are_masked():
    for answer, masked_answer in [
        (failed("ValueError", "s3cret"), failed("ValueError", "***")),
        (refused("ValueError", "s3cret"), refused("ValueError", "***")),
        (result("s3cret"), result("s3cret")),
    ]:
        marker = {"markerName": marker_of("u1"), "details": payload.encode(answer)}
        mask_failure(marker, lambda text: text.replace("s3cret", "***"))
        assert json.loads(marker["details"]) == masked_answer
    other = {"markerName": "mine"}
    mask_failure(other, lambda text: "***")
    assert other == {"markerName": "mine"}


def test_updates_are_listed_by_name_and_an_override_is_one():
    class Special(Order):
        def add(self, item, *more):
            return "special"

    assert [(one.name, one.signature, one.summary) for one in updates_of(Special).values()][-1] == (
        "send off",
        "()",
        "Send the order.",
    )
    with Asked(Special) as checker:
        checker.decide()
        checker.ask("add", "tea")
        checker.decide()
        assert checker.answers() == {"u1": result("special")}


def test_two_updates_of_one_name_are_refused_where_they_are_asked_for():
    class Twice(Order):
        @update(name="add")
        def also(self):
            return None

    with Asked(Twice) as checker:
        checker.decide()
        checker.ask("add", "tea")
        checker.decide()
        told = checker.answers()["u1"]["refused"]["message"]
        assert told.endswith("Twice has two updates named 'add': add and also; rename one of them")


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
