"""Backfills and sets of scenarios of a local run that end before they have started every run."""

from __future__ import annotations

from collections.abc import Collection

from ... import payload
from ...constants import BACKFILL_TYPE, SCENARIOS_TYPE
from ...local.watching import Watching
from ..states.run_states import ShownRun, Watch, status_word
from ..states.sensors import failure_message


class BackfillEnds:
    """Ends of the backfills and sets that were open when it was made, or were started since; of these ids alone, if given.

    Nothing else tells that dates were left out.
    """

    def __init__(self, service: Watching, load: payload.Load, workflow_ids: Collection[str] | None = None) -> None:
        self._service = service
        self._watch = Watch(service, [BACKFILL_TYPE, SCENARIOS_TYPE], load=load, workflow_ids=workflow_ids)
        self.have_failed = False  #: whether any has ended early, as far as `news` has told

    def news(self) -> list[str]:
        """Return a sentence for each that has ended early since the last call."""
        told = []
        for state in self._watch.look():
            if state.status not in (None, "COMPLETED"):
                because = f": {cause}" if (cause := self._cause(state)) else ""
                told.append(f"{state.workflow_id} {status_word(state.status)} before every run was started{because}")
                self.have_failed = True
        return told

    def _cause(self, state: ShownRun) -> str | None:
        """Return the whole sentence of the exception that its last task failed with; the reason of its end is cut off."""
        if state.status == "FAILED":
            for event in reversed(self._service.events(state.workflow_id, state.run_id)):
                if event["eventType"] == "ActivityTaskFailed":
                    return failure_message(event["activityTaskFailedEventAttributes"])
        return state.reason
