"""A run that is asked for updates."""

from __future__ import annotations

from simpleflow_nb import payload, update
from simpleflow_nb.processes.payload_directory import MemoryPayloads, keep_long_texts
from simpleflow_nb.updates import request_of, signal_of

from .decision_checker import DecisionChecker, execution_of
from .scenarios import clean, load, strict, workflow


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
    def counted(self, number):
        yield from range(number)

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
