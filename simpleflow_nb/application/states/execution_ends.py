"""End of an execution that somebody has waited for, or the reason why nobody waits any more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ... import payload
from ...constants import MAX_REASON_CHARACTERS
from ...inspection.documents import Document, document_of, iso_time
from .run_states import status_word, traceback_of

_TOLD_BY = 20  #: characters at the beginning of an error by which it is found in a reason


@dataclass(frozen=True)
class ExecutionEnd:
    """The end of an execution; of one that is still open, what there is to say of it."""

    workflow_id: str
    run_id: str
    status: str  #: ``completed``, ``failed``, ``timed_out``, ``canceled``, ``terminated``, or ``open``
    started: float  #: epoch seconds
    closed: float | None = None
    result: Any = None
    reason: str | None = None
    traceback: str = ""  #: of the user's code, where it has raised something
    notes: tuple[str, ...] = ()  #: why it is still open, and what goes on with it; a sentence each

    @classmethod
    def of_closed(
        cls, workflow_id: str, run_id: str, status: str, started: float, closed: float, end: Any, load: payload.Load
    ) -> ExecutionEnd:
        """Make the end of a closed execution: ``status`` is SWF's close status, ``end`` what the last event says.

        Raises:
            PayloadError: the result cannot be read.
        """
        result = payload.decode(end.get("result"), load) if status == "COMPLETED" else None
        word, traceback = status.lower(), traceback_of(end.get("details"))
        reason = whole_reason(end.get("reason"), end.get("details"))
        return cls(workflow_id, run_id, word, started, closed, result, reason, traceback)

    @property
    def is_completed(self) -> bool:
        return self.status == "completed"

    @property
    def seconds(self) -> float | None:
        """Duration in seconds; None while it is open."""
        return self.closed - self.started if self.closed is not None else None

    @property
    def sentence(self) -> str:
        """``daily failed``, ``daily was cancelled``, ``daily timed out``."""
        was = "was " if self.status in ("canceled", "terminated") else ""
        return f"{self.workflow_id} {was}{status_word(self.status.upper())}"

    def to_dict(self) -> Document:
        return document_of(
            "execution",
            {
                "workflow_id": self.workflow_id,
                "run_id": self.run_id,
                "status": self.status,
                "started": iso_time(self.started),
                "closed": iso_time(self.closed),
                "seconds": round(self.seconds, 3) if self.seconds is not None else None,
                "result": self.result,
                "reason": self.reason,
                "traceback": self.traceback or None,
                "notes": list(self.notes),
            },
        )


def whole_reason(reason: str | None, details: str | None) -> str | None:
    """Return the reason of a failure with what a service has cut off its end, as far as the details still have it."""
    if reason is None or len(reason) < MAX_REASON_CHARACTERS:
        return reason
    try:
        told = json.loads(details or "null")
    except ValueError:
        return reason
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, str) or not error:
        return reason
    beginning = reason.find(error[:_TOLD_BY])
    return reason[:beginning] + error if beginning >= 0 and error.startswith(reason[beginning:]) else reason
