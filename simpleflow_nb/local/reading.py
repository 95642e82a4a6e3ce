"""Looking at executions: describing, listing, counting, reading histories."""

from __future__ import annotations

from typing import Any

from ..constants import MAX_PAGE_SIZE
from . import visibility
from .type_registry import TypeRegistry


class Reading(TypeRegistry):
    """The calls that change nothing. They see only what is durable."""

    def describe_workflow_execution(self, *, domain: str, execution: dict[str, str]) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            run = self.whole_run(execution["workflowId"], execution.get("runId"))
            return visibility.description(run, self.infos[run.number])

    def get_workflow_execution_history(
        self,
        *,
        domain: str,
        execution: dict[str, str],
        nextPageToken: str | None = None,
        maximumPageSize: int | None = None,
        reverseOrder: bool = False,
    ) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            events = self.whole_run(execution["workflowId"], execution.get("runId")).events
            start, size = int(nextPageToken or 0), maximumPageSize or MAX_PAGE_SIZE
            if reverseOrder:
                events = events[::-1]
            answer: dict[str, Any] = {"events": events[start : start + size]}
            if start + size < len(events):
                answer["nextPageToken"] = str(start + size)
            return answer

    def list_open_workflow_executions(self, *, domain: str, **request: Any) -> dict[str, Any]:
        return self._list(domain, request, is_open=True)

    def list_closed_workflow_executions(self, *, domain: str, **request: Any) -> dict[str, Any]:
        return self._list(domain, request, is_open=False)

    def _list(self, domain: str, request: dict[str, Any], *, is_open: bool) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            infos = [
                visibility.with_status(info, *self.closed.get(number, (None, None))) for number, info in self.infos.items()
            ]
        found = list(visibility.selected(infos, request, is_open=is_open))
        by_close_time = not is_open and request.get("closeTimeFilter") is not None
        return visibility.page(found, request, newest_key="closeTimestamp" if by_close_time else "startTimestamp")

    def count_open_workflow_executions(self, *, domain: str, **request: Any) -> dict[str, Any]:
        return {"count": len(self._list(domain, request, is_open=True)["executionInfos"]), "truncated": False}

    def count_closed_workflow_executions(self, *, domain: str, **request: Any) -> dict[str, Any]:
        return {"count": len(self._list(domain, request, is_open=False)["executionInfos"]), "truncated": False}

    def count_pending_decision_tasks(self, *, domain: str, taskList: dict[str, str]) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            return {"count": len(self.decision_lists[taskList["name"]]), "truncated": False}

    def count_pending_activity_tasks(self, *, domain: str, taskList: dict[str, str]) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            return {"count": len(self.activity_lists[taskList["name"]]), "truncated": False}
