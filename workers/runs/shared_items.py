"""Items that are shared with other runs, as the worker of one finds them: to be taken over, or to be carried out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from deciders.tasks.arguments import SharedSettings
from deciders.tasks.results import NotebookResult
from deciders.values.item_reason import ItemReason
from deciders.values.key_parts import KeyParts, shared_id
from simpleflow_nb.activity_context import ActivityContext
from simpleflow_nb.inspection.executions import executions

from ..kept_paths import kept_path
from ..records.run_items import ItemRecord
from ..records.run_records import RecordsError, RunRecords
from ..sharing.run_reasons import reason_against
from ..sharing.taken_items import FoundItem, found_items, leave_note
from .item_ends import ItemPlace

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SharedItem:
    """One item, with everything that its work depends on."""

    place: ItemPlace
    parts: KeyParts
    settings: SharedSettings
    run_id: str  #: of the run that it belongs to

    def taken_over(self, scraps: Sequence[str]) -> NotebookResult | None:
        """Take over what a run has made of equal work, if there is any that ended well: leave a note in the item's folder,
        record it, and return its result.

        Without the run records nothing is found; that is logged, and the item runs.

        Raises:
            OSError: the note cannot be written.
        """
        outputs = self.place.artefacts.outputs
        try:
            with closing(RunRecords.open(outputs)) as records:
                for found in found_items(outputs, records.items_with_key(self.parts.key)):
                    if found.is_older_than(self.settings.seconds):
                        return None  # and so are all behind it
                    if (result := found.result(scraps)) is not None:
                        self._take(found, records)
                        return result
        except RecordsError as trouble:
            logger.warning("%s is carried out, whatever other runs have made: %s", self.place, trouble)
        return None

    def is_open(self, task: ActivityContext) -> bool:
        """Tell whether an execution of its own carries it out, as far as the lists of the service say, which may lag behind."""
        filtered = {"workflowId": shared_id(self.parts.key)}
        return any(True for _ in executions(task.service, task.domain, is_open=True, executionFilter=filtered))

    def reason(self) -> ItemReason | None:
        """Return why an instance that has not had the item before does not take over the latest of its label; None if there
        is none."""
        place, outputs = self.place, self.place.artefacts.outputs
        of_workflow = place.artefacts.notebook_folder(place.workflow, place.instance, place.label).parents[1]
        below = f"{kept_path(str(of_workflow), outputs)}/"
        try:
            with closing(RunRecords.open(outputs)) as records:
                found = next(found_items(outputs, records.latest_items(place.label, below)), None)
        except RecordsError:
            return None  # of which the record of the item's end will tell
        return reason_against(found, self.parts, self.settings.seconds)

    def _take(self, found: FoundItem, records: RunRecords) -> None:
        place = self.place
        if found.folder != place.folder:
            place.artefacts.begin_attempt(place.workflow, place.instance, place.label, place.item)
            leave_note(found, place.artefacts, place.folder, self.parts)
        own = f"{place.workflow}/{place.instance}"
        records.record_item(
            ItemRecord(
                run_id=self.run_id,
                label=place.label,
                index=place.index or 0,
                slug=place.item,
                state="cached",
                light=found.record.get("light"),
                attempt=found.record.get("attempt"),
                key=self.parts.key,
                taken_from=found.record.get("run_id"),
                folder=kept_path(str(found.folder), place.artefacts.outputs),
                reason=str(ItemReason.kept_from(found.run if found.run != own else None)),
            )
        )
