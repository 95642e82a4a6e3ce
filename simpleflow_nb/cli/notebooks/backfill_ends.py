"""What is said of backfills that end before they have started every run."""

from __future__ import annotations

from ...application.run_states import BACKFILL_TYPE, ShownRun, Watch, status_word
from ...application.sensors import failure_message
from ...exceptions import ExitCode
from ...processes.local_run import LocalRun
from ..progress import say


class BackfillEnds:
    """How those ended that were open when it was made, or were started since: nothing else tells that dates were left out."""

    def __init__(self, run: LocalRun) -> None:
        self._run = run
        self._watch = Watch(run.service, [BACKFILL_TYPE], load=run.payloads.load)
        self._code: int = ExitCode.DONE

    def show_ends(self) -> int:
        """Say it of those that have ended early since the last call; 1 if any has, ever."""
        for state in self._watch.look():
            if state.status not in (None, "COMPLETED"):
                because = f": {cause}" if (cause := self._cause(state)) else ""
                say(f"{state.workflow_id} {status_word(state.status)} before every run was started{because}")
                self._code = ExitCode.RUN_FAILED
        return self._code

    def _cause(self, state: ShownRun) -> str | None:
        """The whole sentence of the exception that its last task failed with; the reason of its end is cut off."""
        if state.status == "FAILED":
            for event in reversed(self._run.service.events(state.workflow_id, state.run_id)):
                if event["eventType"] == "ActivityTaskFailed":
                    return failure_message(event["activityTaskFailedEventAttributes"])
        return state.reason
