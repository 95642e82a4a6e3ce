"""Requests of updates: long, repeated, damaged or written by others; and their answers."""

from __future__ import annotations

import json

import pytest

from simpleflow_nb import payload, update
from simpleflow_nb.exceptions import DefinitionError, PayloadError
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.updates import is_id, marker_of, mask_failure, request_of, updates_of

from .asked_updates import Asked, Order, failed, refused, result
from .scenarios import shorts


@pytest.fixture
def order():
    with Asked() as checker:
        checker.decide()
        yield checker
        checker.check_end()


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


async def asynchronous(self):
    raise ValueError("no")


def generating(self):
    yield ValueError("no")


NO_VALIDATOR = "cannot be a validator; give a plain function that raises an exception, or returns"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validator": asynchronous}, f"{asynchronous!r:.80} {NO_VALIDATOR}"),
        ({"validator": generating}, f"{generating!r:.80} {NO_VALIDATOR}"),
        ({"validator": "has_room"}, f"'has_room' {NO_VALIDATOR}"),
        ({"name": "n" * 249}, f"{'n' * 249!r:.80} cannot name an update; it takes at most 248 characters"),
        ({"name": " add"}, "' add' cannot name an update; give a text without blanks around it"),
    ],
)
def test_what_could_never_refuse_or_be_requested_is_refused_where_it_is_declared(options, message):
    """A validator that is not called to its end let every request in."""
    with pytest.raises(DefinitionError) as raised:
        update(**options)(lambda self: None)
    assert str(raised.value) == message


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
