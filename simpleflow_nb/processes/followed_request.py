"""A request of an update, looked for in the history of its run as that grows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import payload
from ..exceptions import PayloadError, UpdateFailed, UpdateRefused, UpdateUnanswered
from ..replay.calls import commands
from ..replay.observation import CLOSED, ENDED, Observation
from ..replay.protocol.events import HistoryEvent
from ..updates import marker_of


@dataclass
class FollowedRequest:
    """The request with an id, as far as the history of its run tells of it."""

    id: str
    events: list[HistoryEvent] = field(default_factory=list)
    update: str | None = None  #: its name, once the request has arrived
    arrived: int = 0  #: id of the event that has brought it; 0 until then
    answered: int = 0  #: id of the event with the answer
    answer: str | None = None  #: the text of the answer, or a reference to it
    status: str | None = None  #: how the run has closed, in small letters; None while it is open

    @property
    def is_over(self) -> bool:
        """Tell whether no more is to come: it is answered, or the run has closed."""
        return self.answer is not None or self.status is not None

    def result(self, run: str, load: payload.Load) -> Any:
        """Return what the method has returned, decoded; to be called when no more is to come.

        Args:
            run: the workflow id, for the sentences.

        Raises:
            UpdateRefused, UpdateFailed: so says the answer.
            UpdateUnanswered: the run has closed without one.
            PayloadError: the answer is kept outside the history, and cannot be read.
        """
        if self.answer is None:
            assert self.status is not None
            hint = "; its new run knows nothing of the request: ask that one" if self.status == "continued_as_new" else ""
            raise UpdateUnanswered(f"{run} {ENDED[self.status]} before it answered update {self.update!r}{hint}", self.id)
        answer = payload.decode(self.answer, load)
        if (told := answer.get("refused")) is not None:
            raise UpdateRefused(f"update {self.update!r} of {run} was refused: {_told(told)}", self.id, told["error_type"])
        if (told := answer.get("failed")) is not None:
            raise UpdateFailed(f"update {self.update!r} of {run} failed: {_told(told)}", self.id, told["error_type"])
        return answer["result"]

    @property
    def observation(self) -> Observation:
        """The progress of the run's code."""
        return Observation.of(self.events)

    def take(self, news: list[HistoryEvent]) -> bool:
        """Take the next events of the history; return whether no more is to come."""
        self.events += news
        marker = marker_of(self.id)
        for event in news:
            kind: str = event["eventType"]
            if kind == "WorkflowExecutionSignaled" and not self.arrived:
                self._take_signal(event)
            elif kind == "MarkerRecorded":
                note = event["markerRecordedEventAttributes"]
                if note["markerName"] == marker and self.answer is None:
                    self.answered, self.answer = event["eventId"], note.get("details", "")
            elif kind in CLOSED:
                self.status = CLOSED[kind]
        return self.is_over

    def _take_signal(self, event: HistoryEvent) -> None:
        signal = event["workflowExecutionSignaledEventAttributes"]
        if not signal["signalName"].startswith(commands.UPDATE):
            return
        try:
            body = payload.decode(signal.get("input"))
        except PayloadError:  # written by others: our requests have their ids in the signal
            return
        if isinstance(body, dict) and body.get("id") == self.id:
            self.arrived, self.update = event["eventId"], signal["signalName"].removeprefix(commands.UPDATE)


def _told(error: dict[str, str]) -> str:
    return f"{error['error_type']}: {error['message']}" if error["message"] else error["error_type"]
