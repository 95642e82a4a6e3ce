"""Long calls: what happens is told, the result comes once, and a call that is given up has none."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from simpleflow_nb.application.events import Event, Look, Note, UnderWay


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
    with pytest.raises(RuntimeError, match="this call was given up before it ended"):
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
    with pytest.raises(RuntimeError, match="this call was given up before it ended"):
        call.result()


def test_events_compare_by_what_they_say() -> None:
    assert Look() == Look()
    assert Note("a", is_warning=True) != Note("a")
