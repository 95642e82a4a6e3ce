"""Calls that read: describing, listing and counting executions, and their histories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..swf_service import ExecutionDescription, ExecutionInfo, ExecutionInfos, HistoryPage
from . import visibility
from .checks import page_size
from .execution import LocalExecution
from .faults import invalid
from .journal import PrunedExecution
from .type_registry import TypeRegistry
from .watching import Watching


class Reading(TypeRegistry, Watching):
    """The calls that change nothing. They show only what is durable."""

    def describe_workflow_execution(self, *, domain: str, execution: Mapping[str, Any]) -> ExecutionDescription:
        self._check_domain(domain)
        with self.lock:
            found = self.whole_execution(domain, execution["workflowId"], execution.get("runId"))
            return visibility.description(found, self.infos[found.number])

    def get_workflow_execution_history(
        self,
        *,
        domain: str,
        execution: Mapping[str, Any],
        nextPageToken: str | None = None,
        maximumPageSize: int | None = None,
        reverseOrder: bool = False,
    ) -> HistoryPage:
        self._check_domain(domain)
        size = page_size(maximumPageSize)
        with self.lock:
            events = self.whole_execution(domain, execution["workflowId"], execution.get("runId")).events
            newest, start = _position(nextPageToken) or (len(events), 0)
            whole = events[:newest][::-1] if reverseOrder else events  # newest first: later events do not shift pages
            answer: HistoryPage = {"events": whole[start : start + size]}
            if start + size < len(whole):
                answer["nextPageToken"] = f"{newest}.{start + size}"
            return answer

    def list_open_workflow_executions(self, *, domain: str, **call: Any) -> ExecutionInfos:
        return self._list(domain, call, is_open=True)

    def list_closed_workflow_executions(self, *, domain: str, **call: Any) -> ExecutionInfos:
        return self._list(domain, call, is_open=False)

    def _list(self, domain: str, call: dict[str, Any], *, is_open: bool) -> ExecutionInfos:
        found = self._selected(domain, call, is_open=is_open)
        by_close_time = not is_open and call.get("closeTimeFilter") is not None
        return visibility.page(found, call, newest_key="closeTimestamp" if by_close_time else "startTimestamp")

    def count_open_workflow_executions(self, *, domain: str, **call: Any) -> dict[str, Any]:
        return {"count": len(self._selected(domain, call, is_open=True)), "truncated": False}

    def count_closed_workflow_executions(self, *, domain: str, **call: Any) -> dict[str, Any]:
        return {"count": len(self._selected(domain, call, is_open=False)), "truncated": False}

    def _selected(self, domain: str, call: dict[str, Any], *, is_open: bool) -> list[tuple[int, ExecutionInfo]]:
        self._check_domain(domain)
        with self.lock:
            self.check_usable()
            never = (None, None)
            listed = (
                (number, info, *self.closed.get(number, never))
                for number, info in self.infos.items()
                if number not in self.unborn and info["domain"] == domain
            )
            return [
                (number, visibility.with_status(info, closed_at, close_status, self._cancel_requested(number)))
                for number, info, closed_at, close_status in visibility.selected(listed, call, is_open=is_open)
            ]

    def pruned_executions(self, domain: str, wanted: str) -> list[PrunedExecution]:
        """Find pruned executions whose id begins with ``wanted``, or whose name it is. SWF has no such call."""
        if self.journal is None:
            return []
        with self._reading:
            return [one for one in self.journal.pruned(wanted) if one.domain == domain]

    def _cancel_requested(self, number: int) -> bool | None:
        """Return whether it was; None when only the file tells."""
        execution = self.executions.get(number)
        return execution.cancel_requested if execution is not None else None

    def count_pending_decision_tasks(self, *, domain: str, taskList: Mapping[str, Any]) -> dict[str, Any]:
        known = self._check_domain(domain)
        with self.lock:
            found = known.decision_lists.get(taskList["name"])
            return {"count": found.count(_waits_for_decider) if found else 0, "truncated": False}

    def count_pending_activity_tasks(self, *, domain: str, taskList: Mapping[str, Any]) -> dict[str, Any]:
        known = self._check_domain(domain)
        with self.lock:
            found = known.activity_lists.get(taskList["name"])
            return {"count": found.count(_waits_for_worker) if found else 0, "truncated": False}


def _waits_for_decider(execution: LocalExecution, scheduled: int) -> bool:
    return execution.decision is not None and execution.decision.scheduled == scheduled and not execution.decision.started


def _waits_for_worker(execution: LocalExecution, scheduled: int) -> bool:
    activity = execution.activities.get(scheduled)
    return activity is not None and not activity.started


def _position(token: str | None) -> tuple[int, int] | None:
    """Parse a token: the last event when the first page was read, and the number of events already returned.

    Raises:
        Fault: ValidationException.
    """
    if token is None:
        return None
    newest, _, given = token.partition(".")
    if not newest.isdecimal() or not given.isdecimal():
        raise invalid(f"Invalid token: {token!r:.40}")
    return int(newest), int(given)
