"""Looking at executions: describing, listing, counting, reading histories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..swf_service import ExecutionDescription, ExecutionInfo, ExecutionInfos, HistoryPage
from . import visibility
from .checks import page_size
from .faults import invalid
from .journal import GoneRun
from .run import Run
from .type_registry import TypeRegistry
from .watching import Watching


class Reading(TypeRegistry, Watching):
    """The calls that change nothing. They see only what is durable."""

    def describe_workflow_execution(self, *, domain: str, execution: Mapping[str, Any]) -> ExecutionDescription:
        self._check_domain(domain)
        with self.lock:
            run = self.whole_run(domain, execution["workflowId"], execution.get("runId"))
            return visibility.description(run, self.infos[run.number])

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
            events = self.whole_run(domain, execution["workflowId"], execution.get("runId")).events
            newest, start = _position(nextPageToken) or (len(events), 0)
            whole = events[:newest][::-1] if reverseOrder else events  # newest first: what comes meanwhile shifts nothing
            answer: HistoryPage = {"events": whole[start : start + size]}
            if start + size < len(whole):
                answer["nextPageToken"] = f"{newest}.{start + size}"
            return answer

    def list_open_workflow_executions(self, *, domain: str, **request: Any) -> ExecutionInfos:
        return self._list(domain, request, is_open=True)

    def list_closed_workflow_executions(self, *, domain: str, **request: Any) -> ExecutionInfos:
        return self._list(domain, request, is_open=False)

    def _list(self, domain: str, request: dict[str, Any], *, is_open: bool) -> ExecutionInfos:
        found = self._selected(domain, request, is_open=is_open)
        by_close_time = not is_open and request.get("closeTimeFilter") is not None
        return visibility.page(found, request, newest_key="closeTimestamp" if by_close_time else "startTimestamp")

    def count_open_workflow_executions(self, *, domain: str, **request: Any) -> dict[str, Any]:
        return {"count": len(self._selected(domain, request, is_open=True)), "truncated": False}

    def count_closed_workflow_executions(self, *, domain: str, **request: Any) -> dict[str, Any]:
        return {"count": len(self._selected(domain, request, is_open=False)), "truncated": False}

    def _selected(self, domain: str, request: dict[str, Any], *, is_open: bool) -> list[ExecutionInfo]:
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
                visibility.with_status(info, closed_at, close_status, self._cancel_requested(number))
                for number, info, closed_at, close_status in visibility.selected(listed, request, is_open=is_open)
            ]

    def gone_executions(self, domain: str, run: str) -> list[GoneRun]:
        """No call of SWF's: the executions whose id begins so, or whose name it is, and whose histories were removed here."""
        if self.journal is None:
            return []
        with self._reading:
            return [one for one in self.journal.gone(run) if one.domain == domain]

    def _cancel_requested(self, number: int) -> bool | None:
        """None when only the file knows."""
        run = self.runs.get(number)
        return run.cancel_requested if run is not None else None

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


def _waits_for_decider(run: Run, scheduled: int) -> bool:
    return run.decision is not None and run.decision.scheduled == scheduled and not run.decision.started


def _waits_for_worker(run: Run, scheduled: int) -> bool:
    activity = run.activities.get(scheduled)
    return activity is not None and not activity.started


def _position(token: str | None) -> tuple[int, int] | None:
    """The last event and the number of events already given, when a history's first page was read.

    Raises:
        Fault: ValidationException.
    """
    if token is None:
        return None
    newest, _, given = token.partition(".")
    if not newest.isdecimal() or not given.isdecimal():
        raise invalid(f"Invalid token: {token!r:.40}")
    return int(newest), int(given)
