"""Updates in the tests of users: what ``harness(...).update`` answers, and how it fails."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from simpleflow_nb import Workflow, update
from simpleflow_nb.exceptions import DefinitionError, HistoryError, UpdateFailed, UpdateRefused, UpdateUnanswered
from simpleflow_nb.replay import Execution
from simpleflow_nb.testing import RunFailed, harness


class Order(Workflow):
    """Takes items until it is sent."""

    name = "order"

    def __init__(self, executor: Execution) -> None:
        super().__init__(executor)
        self.items: list[str] = []
        self.is_sent = False

    def run(self) -> list[str]:
        self.wait_until(lambda: self.is_sent)
        return self.items

    def has_room(self, item: str) -> None:
        if len(self.items) > 1:
            raise ValueError(f"no room for {item:.10}")

    @update(validator=has_room)
    def add(self, item: str) -> int:
        self.items.append(item)
        return len(self.items)

    @update
    async def ends_later(self, days: int) -> str:
        await self.timer(days * 86_400)
        return "x" * 50_000

    @update
    def waits(self) -> str:
        return str(self.next_signal("go").result)

    @update
    def broken(self) -> None:
        raise KeyError("gone")

    @update
    def send(self) -> None:
        self.is_sent = True


def test_an_update_is_asked_for_and_answered_while_the_clock_skips_the_waiting() -> None:
    with harness(Order) as service:
        run = service.start(Order)
        before = service.clock.now()
        assert [service.update(run, "add", "tea"), service.update(run[0], "add", item="y" * 40_000)] == [1, 2]
        assert service.clock.now() - before < 86_400, "nothing has waited"
        assert len(service.update(run, "ends_later", days=3)) == 50_000
        assert 3 * 86_400 <= service.clock.now() - before < 4 * 86_400, "the clock stands still once the answer is there"
        service.update(run, "send")
        assert service.result(*run) == ["tea", "y" * 40_000]


def test_what_is_wrong_with_an_update_has_a_type_and_a_sentence() -> None:
    with harness(Order) as service:
        run = service.start(Order)
        service.update(run, "add", "tea")
        service.update(run, "add", "cake")
        cases: list[tuple[type[Exception], str, str, tuple[Any, ...]]] = [
            (
                UpdateRefused,
                "update 'add' of Order-1 is refused, nothing was sent: ValueError: no room for milk",
                "add",
                ("milk",),
            ),
            (UpdateFailed, "update 'broken' of Order-1 failed: KeyError: 'gone'", "broken", ()),
            (DefinitionError, "add(item: str) -> int does not take this input: missing a required argument: 'item'", "add", ()),
        ]
        for kind, sentence, name, args in cases:
            with pytest.raises(kind) as caught:
                service.update(run, name, *args)
            assert (str(caught.value), type(caught.value)) == (sentence, kind)
            assert str(pickle.loads(pickle.dumps(caught.value))) == sentence
        with pytest.raises(DefinitionError, match=r"^no run 'nobody' was started here$"):
            service.update("nobody", "add", "tea")
        with pytest.raises(DefinitionError, match=r"^no update with the id 'nothing' has arrived at Order-1$"):
            service.update_answer(run, "nothing")
        service.update(run, "send")
        service.result(*run)
        with pytest.raises(DefinitionError, match=r"^Order-1 has ended already \(COMPLETED\)$"):
            service.update(run, "send")


def test_an_update_that_waits_is_answered_later_or_never() -> None:
    with harness(Order) as service:
        run = service.start(Order)
        first, second = service.send_update(run, "waits"), service.send_update(run, "waits")
        service.signal(run[0], "go", "now")
        assert service.update_answer(run, first) == "now"
        service.update(run, "send")
        with pytest.raises(UpdateUnanswered) as caught:
            service.update_answer(run, second)
        assert str(caught.value) == "Order-1 completed before it answered update 'waits'"
        assert caught.value.id == second


def test_an_update_of_a_run_that_cannot_be_decided_says_so() -> None:
    class Changing(Order):
        name = "changing"

        @update
        def differs(self) -> None:
            self.executor.missing_method()  # type: ignore[attr-defined]

        @update
        def parks(self) -> Any:
            raise HistoryError("cannot be read")

    with harness(Changing) as service:
        run = service.start(Changing)
        with pytest.raises(UpdateFailed, match=r"^update 'differs' of Changing-1 failed: AttributeError: "):
            service.update(run, "differs")
        with pytest.raises(RunFailed, match=r"^PARKED: .*cannot be read$"):
            service.update(run, "parks")
