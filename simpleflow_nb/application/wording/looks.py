"""Answers of runs, and where their code waits."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator

from ... import payload
from ...inspection.tables import Table, counted
from ...replay.observation import ENDED
from ..executions.run_moments import RunMoment
from ..executions.run_queries import RunAnswer, RunQueries
from ..executions.run_stacks import AwaitedFuture, CodeWait, RunStack
from ..executions.run_updates import RunUpdate, RunUpdates

_MOST_FUTURES = 20
_OTHERS = {"next": "the next of", "room": "room in", "condition": "the condition at"}  #: what is no future, in words


def moment_lines(moment: RunMoment) -> Iterator[str]:
    """Yield what is to be known of the moment of an answer."""
    if moment.parked is not None:
        yield f"{moment.workflow_id} is parked: {moment.parked}"
    if not moment.seen_event:
        yield f"{moment.workflow_id} has not been decided yet: run() has not begun{_unseen(moment.unseen)}"
        return
    how = "" if moment.is_open else f", which {ENDED[moment.status]}"
    yield f"as of event {moment.seen_event} of {moment.events} of {moment.workflow_id}{how}{_unseen(moment.unseen)}"


def _unseen(kinds: Iterable[str]) -> str:
    counts = Counter(kinds)
    if not counts:
        return ""
    named = ", ".join(f"{kind} ({number})" if number > 1 else kind for kind, number in counts.items())
    return f"; its code has not seen {counted(counts.total(), 'later event')} yet: {named}"


def answer_table(answer: RunAnswer, *, is_json: bool) -> Table:
    """Return one row: the query, its answer, and the moment for which that is true. ``is_json``: the table is JSON itself."""
    moment, value = answer.moment, answer.answer if is_json else payload.encode(answer.answer)
    row = [answer.query, value, moment.workflow_id, moment.status, moment.seen_event, moment.events, moment.parked]
    return Table(["query", "answer", "workflow_id", "status", "seen_event", "events", "parked"], [row])


def queries_table(found: RunQueries) -> Table:
    return Table(["Query", "Signature", "Summary"], [[one.name, one.signature, one.summary] for one in found.queries])


def update_table(update: RunUpdate, *, is_json: bool) -> Table:
    """Return one row: the update, its answer, and its request. ``is_json``: the table is JSON itself."""
    value = update.answer if is_json or not update.is_answered else payload.encode(update.answer)
    row = [update.update, value, update.workflow_id, update.id, update.event]
    return Table(["update", "answer", "workflow_id", "id", "event"], [row])


def updates_table(found: RunUpdates) -> Table:
    return Table(["Update", "Signature", "Summary"], [[one.name, one.signature, one.summary] for one in found.updates])


def update_sent(sent: RunUpdate) -> str:
    """Return the sentence about a request that was made just now."""
    when = "" if sent.takes_effect_now else "; it takes effect when the next local run begins: nobody owns the journal now"
    return f"{sent.workflow_id} is asked for update {sent.update!r}, id {sent.id}{when}"


def stack_lines(stack: RunStack) -> Iterator[str]:
    """Yield what people read: where the code waits, innermost line last, and for what; or why it waits nowhere."""
    moment = stack.moment
    if not moment.is_open:
        because = f": {stack.reason}" if stack.reason else ""
        yield f"{moment.workflow_id} {ENDED[moment.status]}{because}; its code waits nowhere"
        return
    yield from moment_lines(moment)
    if stack.failure is not None:
        yield f"its code cannot be replayed here: {stack.failure}"
    elif moment.seen_event and not stack.waits:
        yield "its code has ended, and the next decision closes it"
    for wait in stack.waits:
        yield ""
        if wait.strand != "run":
            yield f"beside run(): {wait.strand}"
        elif not wait.frames:
            yield "run() has returned, and its result has futures"
        for frame in wait.frames:
            yield f"{_near(frame.file)}:{frame.line} in {frame.function}"
            if frame.source:
                yield f"    {frame.source}"
        yield from _awaited_lines(wait)


def stack_table(stack: RunStack) -> Table:
    """Return a row for each line of the code, innermost last; the last of each strand says for what it waits."""
    table = Table(["Strand", "File", "Line", "Function", "Source", "Waits For"])
    for wait in stack.waits:
        awaited = ", ".join(map(_told, wait.futures))
        rows = [[wait.strand, _near(frame.file), frame.line, frame.function, frame.source, None] for frame in wait.frames]
        rows = rows or [[wait.strand, *[None] * 5]]
        rows[-1][-1] = awaited
        table.rows += rows
    return table


def _awaited_lines(wait: CodeWait) -> Iterator[str]:
    if len(wait.futures) == 1:
        yield f"waits for {_told(wait.futures[0])}"
        return
    yield f"waits for {'the first' if wait.is_any else 'all'} of {len(wait.futures)}:"
    in_order = sorted(wait.futures, key=lambda future: future.has_ended)  # what is missing first
    for future in in_order[:_MOST_FUTURES]:
        yield f"    {_told(future)}"
    if more := in_order[_MOST_FUTURES:]:
        done = sum(future.has_ended for future in more)
        yield f"    and {len(more)} more, of which {done} have ended"


def _told(future: AwaitedFuture) -> str:
    """Return ``activity activity-load-1 (running)``."""
    if future.kind in _OTHERS:
        return f"{_OTHERS[future.kind]} {future.id}"
    is_received = future.kind not in ("signal", "cancellation") or future.has_ended
    state = future.state if is_received else "not received"
    attempt = f", attempt {future.attempt}" if future.attempt > 1 else ""
    named = future.kind if future.kind == future.id else f"{future.kind} {future.id}"
    return f"{named} ({state}{attempt})"


def _near(file: str) -> str:
    """Return the path from the working directory, of a file below it."""
    return file.removeprefix(f"{os.getcwd()}{os.sep}")
