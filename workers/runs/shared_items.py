"""Items that are shared with other runs, as the worker of one finds them: to be taken over, or to be carried out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deciders.tasks.arguments import SharedSettings
from deciders.tasks.results import NotebookResult, SharedWork
from deciders.values.item_reason import ItemReason
from deciders.values.key_parts import KeyParts, shared_id
from simpleflow_nb.activity_context import ActivityContext
from simpleflow_nb.inspection.executions import executions

from ..kept_paths import kept_path
from ..notebooks.notebook_errors import NotebookRefused
from ..records.run_items import ItemRecord
from ..records.run_records import RecordsError, RunRecords
from ..sharing.item_parts import parts_of_item
from ..sharing.run_reasons import FORCED, reason_against, reason_to_run
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

    def answer(self, task: ActivityContext, scraps: Sequence[str]) -> dict[str, Any] | None:
        """Return the answer of the item's task if nothing is to be executed: a `NotebookResult` that was taken over, or that it
        is to be carried out elsewhere, a `SharedWork`. None if it is to be executed now.

        Raises:
            OSError: the note of what was taken over cannot be written.
        """
        if (taken := self.taken_over(scraps)) is not None:
            return taken.as_json()
        if not self.settings.asks:
            return None
        return SharedWork(self.parts.key, self.settings.looks and self.is_open(task)).as_json()

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


def found_shared(
    place: ItemPlace, source: Path, settings: SharedSettings | None, run_id: str, **task: Any
) -> SharedItem | ItemReason | None:
    """Return the item with everything that its work depends on; None if it is not shared.

    ``task`` is what `workers.sharing.item_parts.parts_of_item` needs of it. If something that it depends on cannot be read, a
    reason is returned instead: the item runs by itself, and its own failure says what is wrong.
    """
    if settings is None:
        return None
    try:
        parts = parts_of_item(source, settings, outputs=place.artefacts.outputs, **task)
    except (NotebookRefused, OSError, ValueError) as error:
        return ItemReason.ran(f"nobody can tell whether another run has done the same: {error}")
    return SharedItem(place, parts, settings, run_id)


def why_it_runs(
    found: SharedItem | ItemReason | None,
    former: Path,
    plain: KeyParts,
    *,
    upstream: Mapping[str, Any],
    is_forced: bool,
    is_never_kept: bool,
) -> ItemReason | None:
    """Return the reason that is recorded with an item which is executed; None if it has not run before.

    ``found`` is what `found_shared` gives, ``former`` the folder of its former attempt, ``plain`` what `plain_parts` gives.
    """
    if isinstance(found, ItemReason):
        return found
    why = reason_to_run(
        former,
        found.parts if found is not None else plain,
        is_shared=found is not None,
        upstream=upstream,
        is_forced=is_forced,
        is_never_kept=is_never_kept,
    )
    if why is not None or found is None:
        return why
    return FORCED if is_forced else found.reason()
