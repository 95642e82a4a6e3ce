"""Long calls: what happens is told, the result comes once, and a call that is given up has none."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest

from simpleflow_nb.application.events import Event, Look, Note, UnderWay
from simpleflow_nb.exceptions import CallGivenUp


def counting(ends: list[str], *, fails: bool = False) -> Generator[Event, None, int]:
    try:
        for number in range(3):
            yield Note(str(number))
        if fails:
            raise ValueError("no")
        return 7
    finally:
        ends.append("over")


def test_nothing_happens_before_it_is_asked_for() -> None:
    ends: list[str] = []
    UnderWay(counting(ends))
    assert ends == []


def test_the_result_waits_for_the_end_and_may_be_asked_for_again() -> None:
    ends: list[str] = []
    call = UnderWay(counting(ends))
    assert (call.result(), call.result(), ends) == (7, 7, ["over"])


def test_a_loop_that_is_left_does_not_give_the_call_up() -> None:
    ends: list[str] = []
    call = UnderWay(counting(ends))
    for event in call:
        assert event == Note("0")
        break
    assert ends == []
    assert list(call) == [Note("1"), Note("2")]
    assert call.result() == 7


def test_a_call_that_was_given_up_has_no_result() -> None:
    ends: list[str] = []
    with UnderWay(counting(ends)) as call:
        assert next(call) == Note("0")
    assert ends == ["over"]
    with pytest.raises(CallGivenUp, match=r"^this call was given up before it ended$"):
        call.result()
    assert issubclass(CallGivenUp, RuntimeError)  # which it was once


def looking(ends: list[str], began: threading.Event) -> Generator[Event, None, int]:
    """Looks for ever; what is under way when it is given up takes a moment to end."""
    try:
        while True:
            began.set()
            time.sleep(0.001)
            yield Look()
    finally:
        time.sleep(0.02)
        ends.append("over")


def test_another_thread_may_give_a_call_up_that_is_waited_for() -> None:
    ends, began = list[str](), threading.Event()
    call = UnderWay(looking(ends, began))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call.result)
        began.wait()
        call.close()
        assert ends == ["over"]
        with pytest.raises(CallGivenUp, match=r"^this call was given up before it ended$"):
            waiting.result()
    assert list(call) == []


def test_two_threads_may_wait_for_one_result() -> None:
    call = UnderWay(counting([]))
    with ThreadPoolExecutor(2) as pool:
        assert [one.result() for one in [pool.submit(call.result) for _ in range(2)]] == [7, 7]


def test_a_signal_handler_gives_a_call_up_at_its_next_look() -> None:
    ends: list[str] = []

    def interrupted() -> Generator[Event, None, int]:
        try:
            yield Look()
            call.close()  # as a handler does, in the midst of the thread's own look
            yield Note("the last one")
            return 7
        finally:
            ends.append("over")

    call = UnderWay(interrupted())
    assert (list(call), ends) == ([Look(), Note("the last one")], ["over"])
    with pytest.raises(CallGivenUp):
        call.result()


def test_closing_a_call_that_has_ended_keeps_its_result() -> None:
    call = UnderWay(counting([]))
    call.result()
    call.close()
    assert call.result() == 7


def test_what_a_call_raises_comes_out_once() -> None:
    call = UnderWay(counting([], fails=True))
    with pytest.raises(ValueError, match="no"):
        call.result()
    with pytest.raises(CallGivenUp, match="this call was given up before it ended"):
        call.result()


def test_events_compare_by_what_they_say() -> None:
    assert Look() == Look()
    assert Note("a", is_warning=True) != Note("a")
