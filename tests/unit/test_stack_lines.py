"""Wording of what ``workflow.stack`` and ``workflow.query`` tell of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from simpleflow_nb.application.executions.run_moments import RunMoment
from simpleflow_nb.application.executions.run_stacks import AwaitedFuture, CodeWait, RunStack, StackFrame
from simpleflow_nb.application.wording.looks import moment_lines, stack_lines, stack_table

FRAME = StackFrame("/elsewhere/mine.py", 7, "run", "futures.wait(*tasks)")


def moment(status: str = "open", seen: int = 3, unseen: tuple[str, ...] = (), parked: str | None = None) -> RunMoment:
    return RunMoment("daily", "run-1", status, 9, seen, unseen, parked)


def future(kind: str, id: str, state: str = "running", attempt: int = 1) -> AwaitedFuture:
    return AwaitedFuture(kind, id, attempt, state, state in ("finished", "cancelled"))


@pytest.mark.parametrize(
    ("about", "lines"),
    [
        (moment(), ["as of event 3 of 9 of daily"]),
        (moment("completed"), ["as of event 3 of 9 of daily, which completed"]),
        (moment("failed"), ["as of event 3 of 9 of daily, which failed"]),
        (moment("timed_out"), ["as of event 3 of 9 of daily, which timed out"]),
        (moment("canceled"), ["as of event 3 of 9 of daily, which was cancelled"]),
        (moment("continued_as_new"), ["as of event 3 of 9 of daily, which was continued as new"]),
        (
            moment("terminated", unseen=("TimerFired", "ActivityTaskCompleted", "TimerFired", "WorkflowExecutionTerminated")),
            [
                "as of event 3 of 9 of daily, which was terminated; its code has not seen 4 later events yet: "
                "TimerFired (2), ActivityTaskCompleted, WorkflowExecutionTerminated"
            ],
        ),
        (moment(seen=0), ["daily has not been decided yet: run() has not begun"]),
        (
            moment(seen=0, unseen=("WorkflowExecutionSignaled",), parked="WorkflowNotFound: no"),
            [
                "daily is parked: WorkflowNotFound: no",
                "daily has not been decided yet: run() has not begun; its code has not seen 1 later event yet: "
                "WorkflowExecutionSignaled",
            ],
        ),
    ],
)
def test_the_moment_of_an_answer_is_told(about: RunMoment, lines: list[str]) -> None:
    assert list(moment_lines(about)) == lines


AS_OF = "as of event 3 of 9 of daily"
AT = ["", "/elsewhere/mine.py:7 in run", "    futures.wait(*tasks)"]


@pytest.mark.parametrize(
    ("waits", "lines"),
    [
        ((), [AS_OF, "its code has ended, and the next decision closes it"]),
        (
            (CodeWait("run", (FRAME,), (future("activity", "load-1", attempt=3),), False),),
            [AS_OF, *AT, "waits for activity load-1 (running, attempt 3)"],
        ),
        (
            (CodeWait("run", (FRAME,), (future("timer", "timer-1", "finished"), future("child", "w-1")), False),),
            [AS_OF, *AT, "waits for all of 2:", "    child w-1 (running)", "    timer timer-1 (finished)"],
        ),
        (
            (CodeWait("run", (FRAME,), (future("signal", "go", "pending"), future("timer", "tea", "pending")), True),),
            [AS_OF, *AT, "waits for the first of 2:", "    signal go (not received)", "    timer tea (pending)"],
        ),
        (
            (CodeWait("run", (FRAME,), (future("next", "3 futures", "pending"),), True),),
            [AS_OF, *AT, "waits for the next of 3 futures"],
        ),
        (
            (CodeWait("run", (FRAME,), (future("condition", "mine.py:12", "pending"),), False),),
            [AS_OF, *AT, "waits for the condition at mine.py:12"],
        ),
        (
            (
                CodeWait("run", (FRAME,), (future("group", "group-1"),), False),
                CodeWait("group-1", (), (future("room", "group-1", "pending"),), True),
                CodeWait("load-1", (FRAME,), (future("cancellation", "cancellation", "pending"),), False),
            ),
            [
                *(AS_OF, *AT, "waits for group group-1 (running)"),
                *("", "beside run(): group-1", "waits for room in group-1"),
                *("", "beside run(): load-1", *AT[1:], "waits for cancellation (not received)"),
            ],
        ),
        (
            (CodeWait("run", (), (future("activity", "load-1"),), False),),
            [AS_OF, "", "run() has returned, and its result has futures", "waits for activity load-1 (running)"],
        ),
        (
            (
                CodeWait(
                    "run",
                    (StackFrame(str(Path.cwd() / "mine.py"), 7, "run", ""),),
                    tuple(future("activity", f"load-{n}", "finished" if n % 2 else "running") for n in range(50)),
                    False,
                ),
            ),
            [
                *(AS_OF, "", "mine.py:7 in run", "waits for all of 50:"),
                *(f"    activity load-{n} (running)" for n in range(0, 40, 2)),
                "    and 30 more, of which 25 have ended",
            ],
        ),
    ],
)
def test_the_stack_of_an_open_run_is_told(waits: tuple[CodeWait, ...], lines: list[str]) -> None:
    assert list(stack_lines(RunStack(moment(), waits))) == lines


@pytest.mark.parametrize(
    ("stack", "lines"),
    [
        (RunStack(moment("completed"), ()), ["daily completed; its code waits nowhere"]),
        (RunStack(moment("failed"), (), "ValueError: no"), ["daily failed: ValueError: no; its code waits nowhere"]),
        (RunStack(moment("terminated", seen=0), ()), ["daily was terminated; its code waits nowhere"]),
        (RunStack(moment(seen=0), ()), ["daily has not been decided yet: run() has not begun"]),
        (
            RunStack(moment(parked="HistoryError: no"), (), failure="HistoryError: no"),
            ["daily is parked: HistoryError: no", AS_OF, "its code cannot be replayed here: HistoryError: no"],
        ),
    ],
)
def test_code_that_waits_nowhere_is_told_of(stack: RunStack, lines: list[str]) -> None:
    assert list(stack_lines(stack)) == lines


def test_a_stack_is_a_table_with_a_row_for_each_line_of_code() -> None:
    inner = StackFrame("/elsewhere/other.py", 3, "help", "return future.result")
    waits = (
        CodeWait("run", (FRAME, inner), (future("signal", "go", "pending"), future("timer", "tea")), True),
        CodeWait("group-1", (), (future("room", "group-1", "pending"),), True),
    )
    table = stack_table(RunStack(moment(), waits))
    assert table.header == ["Strand", "File", "Line", "Function", "Source", "Waits For"]
    assert table.rows == [
        ["run", "/elsewhere/mine.py", 7, "run", "futures.wait(*tasks)", None],
        ["run", "/elsewhere/other.py", 3, "help", "return future.result", "signal go (not received), timer tea (running)"],
        ["group-1", None, None, None, None, "room in group-1"],
    ]
