"""Admission of calls and decisions: whether they are permitted, and not more than the quotas of a time allow.

https://docs.aws.amazon.com/amazonswf/latest/apireference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .call_shapes import CALLS, DECISIONS
from .faults import Fault
from .rate_quotas import RATE_CAUSES, Buckets, RateQuotas


class Admission:
    """The admission to one service. Without rates and with everything permitted it costs nothing.

    Args:
        rates: None admits any number.
        not_permitted: names of calls and decisions that are refused, as by an IAM policy.
        now: gives the time in seconds.

    Raises:
        ValueError: one of the names is neither a call nor a decision.
    """

    def __init__(self, rates: RateQuotas | None, not_permitted: Collection[str], now: Callable[[], float]) -> None:
        asked = set(not_permitted) | (set() if rates is None else rates.calls.keys() | rates.of_one_execution.keys())
        unknown = sorted(asked - CALLS.keys() - DECISIONS.keys())
        if unknown:
            raise ValueError(f"{unknown[0]!r} is neither a call nor a decision of SWF")
        self._rates, self.not_permitted = rates, frozenset(not_permitted)
        self._buckets = Buckets(now)

    @property
    def has_rates(self) -> bool:
        return self._rates is not None

    @property
    def is_open(self) -> bool:
        """Tell whether every call is admitted."""
        return self._rates is None and not self.not_permitted

    def check_call(self, operation: str, arguments: Mapping[str, Any]) -> None:
        """Admit a call.

        Raises:
            Fault: OperationNotPermittedFault, ThrottlingException.
        """
        if operation in self.not_permitted:
            raise Fault("OperationNotPermittedFault", f"{operation} is not permitted")
        if self._rates is None:
            return
        rate, own_rate = self._rates.calls.get(operation), self._rates.of_one_execution.get(operation)
        if rate is not None and not self._buckets.take(operation, rate):
            raise Fault("ThrottlingException", "Rate exceeded")
        if own_rate is not None and not self._buckets.take((operation, _execution_of(arguments)), own_rate):
            raise Fault("ThrottlingException", "Rate exceeded")

    def refusal(self, domain: str, decision_type: str, attributes: Mapping[str, Any]) -> str | None:
        """Admit a decision; return the cause of its failure if it is one too many."""
        if self._rates is None:
            return None
        rate = self._rates.decisions.get(decision_type)
        is_admitted = rate is None or self._buckets.take(("decision", decision_type), rate)
        if is_admitted and decision_type == "ScheduleActivityTask":
            task_list = attributes["taskList"]["name"]
            is_admitted = self._buckets.take(("list", domain, task_list), self._rates.scheduled_on_one_list)
        return None if is_admitted else RATE_CAUSES[decision_type]


def _execution_of(arguments: Mapping[str, Any]) -> str:
    """Return what tells the execution that a call is about from others."""
    if "execution" in arguments:
        return f"{arguments.get('domain')}/{arguments['execution']}"
    if "taskToken" in arguments:
        return str(arguments["taskToken"]).partition(".")[0]
    return f"{arguments.get('domain')}/{arguments.get('workflowId')}"
