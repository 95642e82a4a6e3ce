"""Replay of one execution of a workflow: it applies new events and returns the decisions to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .. import payload
from ..constants import MAX_DECISIONS, MAX_OPEN_ACTIVITY_COUNT
from ..exceptions import HistoryError, NonDeterminismError, ReplayError, StaleCache
from ..futures import DONE, OPEN, Future
from .calls import commands
from .calls.commands import Command, Queued
from .engine_markers import is_parked, leading_markers, read_missing, read_settings
from .handlers import HANDLERS
from .protocol.decisions import Decision
from .state.execution_state import Event, ExecutionState

_COMPLETED = "DecisionTaskCompleted"


class DecisionHooks(Protocol):
    """Hooks of the workflow around each decision that is made for the first time."""

    def before_decision(self) -> None: ...
    def after_decision(self, finished: Command | None) -> None: ...


class Execution(ExecutionState):
    """A workflow's code, and the state of its history.

    Args:
        program: the workflow's code, see :class:`.suspension.Suspension`.
        run_id: seeds the random stream and the jitter of retries.
        open_activity_limit: activities beyond it are held back; recorded in the history when it changes.
        decision_limit: most decisions in one response.
        task_list: overrides the activities' own task lists.
        child_task_list: overrides the task lists of child workflows.
        load: reads a payload that is kept outside the history.
        on_log: called with each line of ``workflow.log``, once.
        read_events: returns the events of this execution up to an id, for hooks that take the history.
        is_interruptible: a KeyboardInterrupt out of the code may be one of the process, and goes on to the caller. False if
            none can reach this thread: then it fails the run.
    """

    __slots__ = (
        "activity_task_list",
        "backoffs",
        "cancellation_future",
        "child_task_list",
        "configured_limit",
        "decided_at",
        "decision_limit",
        "delivered",
        "domain",
        "hooks",
        "now",
        "read_events",
        "read_history",
        "should_cancel",
        "task_priority",
        "unread",
        "wants_history",
    )

    def __init__(
        self,
        program: Callable[[Any], Any],
        *,
        run_id: str = "",
        workflow_id: str = "",
        domain: str | None = None,
        open_activity_limit: int = MAX_OPEN_ACTIVITY_COUNT,
        decision_limit: int = MAX_DECISIONS,
        task_list: str | None = None,
        child_task_list: str | None = None,
        load: payload.Load | None = None,
        on_log: Callable[[str], None] | None = None,
        read_events: Callable[[int], list[Event]] | None = None,
        is_interruptible: bool = True,
    ) -> None:
        super().__init__(program, load, run_id, on_log)
        self.is_interruptible = is_interruptible
        self.workflow_id, self.domain = workflow_id, domain
        self.configured_limit, self.decision_limit = open_activity_limit, decision_limit
        self.activity_task_list, self.child_task_list = task_list, child_task_list
        # called when a cancellation was requested, with the events so far if it takes them,
        # with what loads their payloads, and with what tells the signals whose payloads are missing
        self.should_cancel: Callable[[list[Event], payload.Load | None, Callable[[str, int], bool]], bool] | None = None
        self.cancellation_future: Future[None] | None = None
        self.wants_history, self.read_events = False, read_events
        self.unread: Exception | None = None  # why the events could not be read: nobody's failure, whoever has looked at them
        self.hooks: DecisionHooks | None = None
        self.read_history: Callable[[int], Any] = self.past
        self.delivered: list[Event] | None = None  # while they are applied, if they begin with the first
        self.task_priority: Callable[[], int | None] = lambda: None  # of activities that say nothing of it
        self.now = 0.0  # epoch seconds of the decision task that is replayed
        self.decided_at = self.backoffs = 0
        bind = getattr(program, "bind", None)
        if bind is not None:
            bind(self)

    @property
    def cancellation(self) -> Future[None]:
        """A future that ends when the cancellation of the run is requested; whoever has it ends the run himself."""
        future = self.cancellation_future
        if future is None:
            if self.dead:
                self.block(())
            future = self.cancellation_future = Future(self, "cancellation", "cancellation", "cancellation")
            future.stage = OPEN
            if self.cancel_order:
                self.resolve(future, None, self.cancel_order, decode=False)
        return future

    @property
    def history(self) -> Any:
        """The :class:`~simpleflow_nb.history.History` of the run up to the decision that is made, as in simpleflow.

        Reading it costs a look at all events; code that asks the same of its futures is faster.
        """
        return self.read_history(self.next_id - 1)

    def cancel(self, future: Future[Any]) -> None:
        if future.type != "cancellation":
            super().cancel(future)

    def advance(self, events: list[Event]) -> list[Decision]:
        """Apply the events up to and including the open DecisionTaskStarted; return the decisions to send.

        Events already known are skipped. A closed history is only checked; it gives no decisions.

        Raises:
            StaleCache: events are missing in between, or the last decision was not accepted: replay the whole history.
            NonDeterminismError: the code's decisions differ from the history.
            HistoryError: this version does not know an event.
        """
        first = events[0]["eventId"]
        self.delivered = events if first == 1 else None
        if first != self.next_id:
            if first > self.next_id:
                raise StaleCache(f"knows events up to {self.next_id - 1}, got {first}")
            events = events[self.next_id - first :]
            first = self.next_id
        completed = [e for e in events if e["eventType"] == _COMPLETED]
        if self.decided_at:
            if (
                not completed
                or completed[0]["decisionTaskCompletedEventAttributes"]["startedEventId"] != self.decided_at
                or is_parked(events, completed[0]["eventId"] - first)
            ):
                raise StaleCache("the last decision was not accepted")
            del completed[0]
        return self._decided(events, self._replay(events, completed) if completed else 0)

    def _replay(self, events: list[Event], completed: list[Event]) -> int:
        """Resume the code at each of these decision tasks, with the events that it had seen; return how many those were."""
        first = self.next_id
        last = len(events) - 1
        marked = {  # few of them have markers, which come first in what was decided
            at
            for done in completed
            if (at := done["eventId"] - first) < last and events[at + 1]["eventType"] == "MarkerRecorded"
        }
        for at in sorted(marked):
            read_missing(self, events, at + 1)
        self.replaying = True
        position = 0
        for done in completed:
            at = done["eventId"] - first
            if at in marked and is_parked(events, at):  # no decision was made, as when a decision task times out
                continue
            stop = done["decisionTaskCompletedEventAttributes"]["startedEventId"] - first + 1
            self._apply(events[position:stop])
            self.next_id = first + stop
            patches = read_settings(self, events, at + 1) if at in marked else ()
            if not self.open_limit:
                self.open_limit = MAX_OPEN_ACTIVITY_COUNT
            self.batch_patches = patches
            self._resume(events[stop - 1])
            for id in patches:
                if not self.patches.get(id):  # also one that was asked earlier, without an answer in the history
                    raise NonDeterminismError(
                        done["eventId"],
                        f"patched({id!r})",
                        "nothing that asks for it there first: it was removed too early, say deprecate_patch there",
                    )
            position = stop
        return position

    def _decided(self, events: list[Event], position: int) -> list[Decision]:
        """Apply the events from ``position`` on, which no decision has seen yet; return the decisions to send."""
        first = self.next_id - position
        self.replaying, self.new_missing, self.new_forwarded = False, [], []
        self._apply(events[position:])
        self.next_id = first + len(events)
        if self.closed:
            self._check_complete()  # a run that was ended from outside need not have recorded all decisions
            self.delivered = None
            return []
        if events[-1]["eventType"] != "DecisionTaskStarted":
            raise StaleCache("history does not end with the decision task that is open")
        self.batch_patches, self.decided_at = None, events[-1]["eventId"]
        self.new_patches = []
        changed_limit = self.open_limit != self.configured_limit
        self.open_limit = self.configured_limit
        hooks, had_finished = self.hooks, self.finished is not None
        if hooks is not None:
            hooks.before_decision()
        self._resume(events[-1])
        if hooks is not None:
            hooks.after_decision(None if had_finished else self.finished)
        self.delivered = None
        return self._response(changed_limit)

    def _apply(self, events: list[Event]) -> None:
        handlers = HANDLERS
        for event in events:
            try:
                handler = handlers[event["eventType"]]
            except KeyError:
                raise HistoryError(
                    f"event {event.get('eventId')}: {event.get('eventType')!r} is not an event that this version can read"
                ) from None
            if handler is not None:
                handler(self, event)

    def _resume(self, started: Event) -> None:
        """Make one decision: check that the last one is complete, queue what became ready, resume the code."""
        queue = self.queue
        self._check_complete()
        self.split = 0
        self.now = started["eventTimestamp"]
        if self.close_refused is not None:
            if not self.close_waits:
                queue.append(self.close_refused)
                self.close_refused = None
            elif not self.backoff_is_open:
                queue.append(self._backoff())
        if self.finished is not None:
            return
        if self.cancel_requested and self._cancels(started):
            return
        if self.judged and self._judge_all():
            return
        if self.refused and not self.backoff_is_open:
            self.due.insert(0, self._backoff())
        if self.due:
            queue.extend(self.due)
            self.due = []
        if self.forwards:
            self.forward()
        if self.update_requests:
            self.begin_updates()
        if self.ready or self.ready_children or self.is_paced:
            self._release()
        roused = self.roused
        if self.conditions:
            self.rouse_conditions()
        while roused:
            strand = roused.popleft()
            strand.is_roused = False
            if strand.greenlet.dead:
                continue
            self.switch_into(strand)
            if self.defect is not None:
                defect, self.defect = self.defect, None
                raise defect
            if self.finished is not None:
                self._drop_the_rest()
                queue.append(self.finished)
                return
            if self.ready or self.ready_children or self.is_paced:
                self._release()
            if self.conditions:
                self.rouse_conditions()

    def _backoff(self) -> Queued:
        """Return the timer after which what a quota has refused is tried again."""
        self.backoffs, self.streak, self.backoff_is_open = self.backoffs + 1, min(self.streak + 1, 8), True
        return self._timer(f"{commands.BACKOFF}{self.backoffs}", 2**self.streak)

    def _check_complete(self) -> None:
        """Check that the last decision was recorded as a whole, except what its wake-up timer leaves over."""
        queue = self.queue
        if len(queue) != self.split:
            left = f"{self.split} more decisions left over for later" if self.split else "nothing more decided there"
            raise self.difference(None, left, queue[0] if queue else None)

    def _judge_all(self) -> bool:
        """Have the workflow decide about failed attempts; return whether that has ended the run.

        Raises:
            ReplayError: its hook needs something that cannot be read.
        """
        judged, self.judged = self.judged, []
        for future, error, order in judged:
            try:
                self.judge_failure(future, error, order)
            except (ReplayError, StaleCache):
                raise
            except BaseException as raised:
                if self.may_interrupt(raised) or raised is self.unread:
                    raise
                self._end_run(raised)
                assert self.finished is not None
                self.kill()
                self.queue.append(self.finished)
                return True
        return False

    def _cancels(self, started: Event) -> bool:
        """Handle a request to cancel; return whether the run ends. If so, its code is unwound before the decision.

        Raises:
            ReplayError: a hook needs something that cannot be read.
            Exception: of the service: the events for a hook could not be read.
        """
        self.cancel_requested = False
        if self.cancellation_future is not None:
            if self.cancellation_future.stage < DONE:
                self.resolve(self.cancellation_future, None, self.cancel_order, decode=False)
            return False
        past = self.past(started["eventId"]) if self.wants_history else []
        leftovers = len(self.queue)
        if self.should_cancel is not None:
            is_refused = False
            try:
                is_refused = not self.should_cancel(past, self.load and self.loaded, self.is_missing)
            except ReplayError:
                raise
            except BaseException as error:  # as out of run(): a failure, or what Workflow.fail raises
                if self.may_interrupt(error):
                    raise
                self._end_run(error)
            if self.defect is not None:  # even if the hook has caught it
                raise self.defect
            if is_refused:
                return False
        while len(self.queue) > leftovers:  # submitted by the hook
            self.note(f"dropped, because the run is over: {commands.described(self.queue.pop())}")
        self.ready.clear()
        self.ready_children.clear()
        self.due.clear()
        self.kill()
        if self.finished is None:
            self.finished = Command("CancelWorkflowExecution", None, {})
        self.queue.append(self.finished)
        return True

    def _drop_the_rest(self) -> None:
        """Forget what would have been scheduled, and unwind the strands that the end of the run has left open."""
        self.ready.clear()
        self.ready_children.clear()
        if self.strands:
            self.kill()

    def past(self, at: int) -> list[Event]:
        """Return the events up to an id, for hooks. If they cannot be read now, the code stays suspended, nothing is decided.

        Raises:
            StaleCache: they are not kept here, and cannot be read.
            Exception: of the service, if this is not called by the code.
        """
        if self.delivered is not None:
            return self.delivered[:at]
        if self.read_events is None:
            raise StaleCache("the events that a hook takes are not kept here")
        try:
            return self.read_events(at)
        except Exception as error:
            self.unread = error
            self.give_up(error)
            raise

    def _response(self, changed_limit: bool) -> list[Decision]:
        """Return the decisions to send: the engine's markers, as much of the queue as fits, the wake-up timer."""
        out = leading_markers(self, changed_limit)
        queue = self.queue
        room = max(0, self.decision_limit - len(out))
        take = len(queue) if len(queue) <= room else max(0, room - 1)
        priority = self.task_priority()
        body = [
            commands.decision(command, self.activity_task_list, self.default_task_list, self.child_task_list, priority)
            for command, _ in zip(queue, range(take), strict=False)
        ]
        fit = commands.fitting(body) if len(body) > 1 else len(body)
        out += body[:fit]
        left = len(queue) - fit
        if left:
            out.append(commands.timer(f"{commands.WAKE}{self.wakes + 1}", 0, str(left)))
        return out
