"""The connection between a process of a simulated fleet and the service: calls and answers get lost, doubled, or late."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.service_faults import UNKNOWN_RESOURCE

Call = tuple[str, dict[str, Any]]

_POLLS = ("poll_for_decision_task", "poll_for_activity_task")
_RESPONSES = ("respond_", "record_activity_task_heartbeat")


class ProcessDied(BaseException):
    """The process that made a call is killed; nothing in it can catch that."""


class Network:
    """What may go wrong with the calls of all processes, and the calls that are still on their way.

    Attributes:
        trouble: share of the calls with which something goes wrong.
        deaths: share of the calls in which the caller is killed.
        late: calls that have been given up by their callers, and will arrive.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.trouble = self.deaths = 0.0
        self.late: list[Call] = []
        self.stats: Counter[str] = Counter()

    def fate(self, operation: str) -> str:
        rng = self.rng
        is_poll = operation in _POLLS  # most are in vain: as much as elsewhere would be nothing else
        if (is_poll or operation.startswith("respond_")) and rng.random() < self.deaths:
            return rng.choice(["killed before", "killed after"])
        if rng.random() >= (self.trouble / 4 if is_poll else self.trouble):
            return "good"
        fates = ["lost", "answer lost", "throttled"]
        if operation.startswith(_RESPONSES):
            fates += ["doubled", "late", "doubled later"]
        return rng.choice(fates)


class Unreliable:
    """A service over such a network. Attributes that are no calls of SWF are those of the service.

    Args:
        service: returns the service, which may be another one after a restart.
        before_call: called with each call that is carried out, before it is.
    """

    def __init__(
        self, service: Callable[[], Any], network: Network, before_call: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._service, self._network, self._before_call = service, network, before_call

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            return self._call(operation, request)

        return call

    def _call(self, operation: str, request: dict[str, Any]) -> Any:
        network = self._network
        if operation in ("poll_for_decision_task", "get_workflow_execution_history") and network.rng.random() < 0.3:
            request = {**request, "maximumPageSize": network.rng.choice([3, 20])}
        if operation.startswith("register_"):
            return self._carry_out(operation, request)
        fate = network.fate(operation)
        if fate != "good":
            network.stats[f"{fate}: {'respond' if operation.startswith('respond') else operation}"] += 1
        if fate == "throttled":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
        if fate == "killed before":
            raise ProcessDied
        if fate == "late":
            network.late.append((operation, request))
        if fate in ("lost", "late"):
            raise ConnectionClosedError(endpoint_url="simulated:")
        if fate == "doubled later":
            network.late.append((operation, request))
        answer = self._carry_out(operation, request)
        if fate == "killed after":
            raise ProcessDied
        if fate == "doubled":
            self.arrive(operation, request)
        if fate == "answer lost":
            raise ConnectionClosedError(endpoint_url="simulated:")
        return answer

    def _carry_out(self, operation: str, request: dict[str, Any]) -> Any:
        self._before_call(operation, request)
        return getattr(self._service(), operation)(**request)

    def arrive(self, operation: str, request: dict[str, Any]) -> None:
        """Carry out a call for whose answer nobody waits; a response to a task that is over is refused."""
        try:
            getattr(self._service(), operation)(**request)
        except Fault as fault:
            if fault.code != UNKNOWN_RESOURCE:
                raise
            self._network.stats["came too late"] += 1
        else:
            self._network.stats[f"came late: {operation}"] += 1
