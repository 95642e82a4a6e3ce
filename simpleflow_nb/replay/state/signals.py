"""The signals of an execution: those that have arrived, and the futures that wait for one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ... import payload
from ...exceptions import PayloadError, PayloadMissing, TaskCanceled, TaskFailed
from ...futures import DONE, OPEN, STOPPED, Future
from ..calls.task_queue import TaskQueue
from .children import Children


class Signals(Children):
    """Signals by name, unread and latest ones, and whether their payloads are missing."""

    __slots__ = (
        "begin_update",
        "forwarded",
        "forwards",
        "last_signals",
        "last_waits",
        "missing",
        "new_forwarded",
        "new_missing",
        "signal_waits",
        "signals",
        "signals_reach_parent",
        "update_requests",
    )

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.signals: dict[str, deque[tuple[str | None, int]]] = {}
        self.signal_waits: dict[str, TaskQueue] = {}
        self.last_waits: dict[str, int] = {}  # how many of those that wait want the latest signal, whoever has read it
        self.last_signals: dict[str, tuple[str | None, int]] = {}
        self.missing: dict[int, bool] = {}  # id of a signal's event -> whether its payload was missing
        self.new_missing: list[int] = []
        # to be sent on: name, input, event, ids of the sender
        self.forwards: list[tuple[str, str, int, Mapping[str, Any]]] = []
        self.forwarded: set[int] = set()  # ids of the events of signals with long inputs that were sent on
        self.new_forwarded: list[int] = []
        self.signals_reach_parent = True
        self.update_requests: list[tuple[str, str | None, int]] = []  # to be begun at the next decision: name, input, event
        self.begin_update: Callable[[str, str | None, int], None] | None = None

    def next_signal(self, name: str) -> Future[Any]:
        """Return a future of the next unread signal of that name, which may have arrived already."""
        if self.dead:
            self.block(())
        future: Future[Any] = Future(self, "signal", name, name)
        future.stage = OPEN
        arrived = self.signals.get(name)
        if arrived:
            text, order = arrived.popleft()
            self.arrive(future, text, order)
        else:
            self.signal_waits.setdefault(name, TaskQueue()).append(future)
        return future

    def last_signal(self, name: str) -> Future[Any]:
        """Return a future of the latest signal of that name, read or not, as in simpleflow; waits for the first one."""
        if self.dead:
            self.block(())
        future: Future[Any] = Future(self, "last signal", name, name)
        future.stage = OPEN
        known = self.last_signals.get(name)
        if known:
            self.arrive(future, *known)
        else:
            self.signal_waits.setdefault(name, TaskQueue()).append(future)
            self.last_waits[name] = self.last_waits.get(name, 0) + 1
        return future

    def signaled(self, name: str, text: str | None, order: int) -> None:
        """Give a signal to those who wait for it: to all who want the latest one, and to the first of the others."""
        waits, is_taken = self.signal_waits.get(name) or TaskQueue(), False
        if waits and not self.last_waits.get(name):
            self.arrive(waits.popleft(), text, order)
            return
        for future in list(waits):
            if future.type == "last signal" or not is_taken:
                is_taken = is_taken or future.type == "signal"
                waits.discard(future)
                self.arrive(future, text, order)
        self.last_waits.pop(name, None)
        if not is_taken:
            self.signals.setdefault(name, deque()).append((text, order))

    def forward(self) -> None:
        """Send signals on to the parent and the open children, as in simpleflow, but not to the one that sent them."""
        forwards, self.forwards = self.forwards, []
        if self.engine_version == 1:  # its runs did not
            return
        for name, text, order, sender in forwards:
            if not self._goes_on(text, order):
                continue
            targets: list[tuple[str, str | None]] = [  # children without their run ids: they may have continued as new
                (child.key, None) for child in self.started_children if child.key != sender.get("workflowId")
            ]
            parent = self.parent_ids()
            if parent is not None and self.signals_reach_parent and parent[1] != sender.get("runId"):
                targets.insert(0, parent)
            self.queue.extend(self.signaling(name, text, *target) for target in targets)

    def _goes_on(self, text: str, order: int) -> bool:
        """Return whether a signal is to be sent on. A long input is looked at once; a marker tells all replays what it says."""
        digest = payload.referenced_digest(text)
        if digest is not None:
            if self.replaying:
                return order in self.forwarded
            if self.is_missing(digest, order):
                return False
        found = payload.decode(text, self.load and self.loaded)
        goes_on = isinstance(found, dict) and found.get("__propagate") is True
        if goes_on and digest is not None:
            self.new_forwarded.append(order)
        return goes_on

    def begin_updates(self) -> None:
        """Begin what was requested since the last decision; each takes its turn after the code that events have woken."""
        requests, self.update_requests = self.update_requests, []
        if self.begin_update is not None:
            for request in requests:
                self.begin_update(*request)

    def parent_ids(self) -> tuple[str, str | None] | None:
        """Return workflow id and run id of the parent, None without one."""
        return None

    def arrive(self, future: Future[Any], text: str | None, order: int) -> None:
        """Resolve a future with a signal; the future fails if the signal's payload is missing.

        Anybody may send a signal, and none may stop the run; a missing result of the run's own parks it instead.

        Raises:
            PayloadError: the store cannot be read; the execution is to be parked.
        """
        digest = payload.referenced_digest(text)
        if digest is not None and self.is_missing(digest, order):
            reason = f"PayloadMissing: payload {digest[:12]} is not where payloads are kept"
            self.fail(future, TaskFailed(future.id, reason), order=order)
        else:
            self.resolve(future, text, order)

    def is_missing(self, digest: str, order: int) -> bool:
        """Return whether the payload of a signal was missing at the first look; a marker records that for all replays."""
        known = self.missing.get(order)
        if known is None:
            known = False
            if not self.replaying and self.load is not None:
                try:
                    self.load(digest)
                except PayloadMissing:
                    known = True
                    self.new_missing.append(order)
                except PayloadError as error:
                    self.give_up(error)
            self.missing[order] = known
        return known

    def cancel(self, future: Future[Any]) -> None:
        if future.type != "signal" and future.type != "last signal":
            super().cancel(future)
            return
        if self.dead:
            self.block(())
        if future.stage >= DONE or future.cancelling:
            return
        future.cancelling = True
        self.signal_waits[future.name].discard(future)
        self.last_waits[future.name] = self.last_waits.get(future.name, 0) - (future.type == "last signal")
        self.settle(future, STOPPED, TaskCanceled(future.id))
