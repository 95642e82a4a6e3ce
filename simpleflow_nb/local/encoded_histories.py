"""Cached JSON of histories: a decider without a cache asks for the same events again at every decision."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..replay.protocol.events import HistoryEvent

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

KEPT_EVENTS = 100_000  #: of all executions together, some 30 MB


class EncodedHistories:
    """A cache of encoded events, of the executions asked for last. Any thread may use it."""

    def __init__(self, kept_events: int = KEPT_EVENTS) -> None:
        self._most, self._number = kept_events, 0
        self._texts: OrderedDict[str, list[str]] = OrderedDict()
        self._lock = threading.Lock()

    def encoded(self, answer: dict[str, Any]) -> str:
        """Encode an answer as JSON; events of an execution, oldest first, come from the cache."""
        events, execution = answer.get("events"), answer.get("workflowExecution")
        if not events or not execution or events[0]["eventId"] > events[-1]["eventId"]:
            return _encode(answer)
        page = self._page(execution["runId"], events)
        rest = _encode({name: value for name, value in answer.items() if name != "events"})
        return f'{rest[:-1]},"events":[{",".join(page)}]}}'

    def _page(self, run_id: str, events: list[HistoryEvent]) -> list[str]:
        before = events[0]["eventId"] - 1
        with self._lock:
            texts = self._texts.pop(run_id, [])
            if len(texts) < before:  # a window that does not join on: nothing to reuse
                if texts:
                    self._texts[run_id] = texts
                return [_encode(event) for event in events]
            self._texts[run_id] = texts
            added = [_encode(event) for event in events[len(texts) - before :]]
            texts += added
            self._number += len(added)
            while self._number > self._most and len(self._texts) > 1:
                self._number -= len(self._texts.popitem(last=False)[1])
            return texts[before : before + len(events)]
