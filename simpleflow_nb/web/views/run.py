"""The page of one run: what became of it, its labels and items, what they have left, and its attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...application.looking.run_details import LabelView, run_details
from ...application.records.item_rows import ItemRow
from ...application.wording.runs import items_text
from ..shelf import Shelved
from ..signs import Sign, sign_of

if TYPE_CHECKING:
    from ...application.looking.run_details import RunDetails

MOST_ITEMS = 100  #: of a label that are shown; failed ones first


@dataclass(frozen=True)
class ShownItem:
    """An item of a label, or a label without a list of items."""

    item: ItemRow
    sign: Sign

    @property
    def seconds(self) -> float | None:
        started, ended = self.item.started, self.item.ended
        return (ended - started).total_seconds() if started is not None and ended is not None else None


@dataclass(frozen=True)
class ShownLabel:
    """A label of the run, or its reports in one format."""

    view: LabelView
    sign: Sign
    is_report: bool
    title: str  #: the label, or what the report is called
    counts: str  #: of a fan: how many items are in which state
    items: list[ShownItem]
    more_items: int  #: how many are left out


def run_page(shelved: Shelved, reference: str) -> Mapping[str, Any]:
    """Return the values of the page of the run that ``reference`` means.

    Raises:
        DefinitionError: there is no such run.
    """
    project = shelved.project
    details = run_details(project.specification, project.outputs, project.service, reference)
    return {
        "shelved": shelved,
        "details": details,
        "run": details.run,
        "sign": sign_of(details.run.state, details.run.light),
        "error": details.run.run_error,
        "labels": [_label(view, details) for view in details.labels],
        "attempts": [(one, sign_of(one.state, one.light)) for one in details.attempts],
    }


def _label(view: LabelView, details: RunDetails) -> ShownLabel:
    from deciders.values.artefact_key import ArtefactKey

    key = ArtefactKey.parse(view.name)
    is_report = key.is_report
    items = [] if is_report else [one for one in details.items if one.label == view.name]
    items.sort(key=lambda one: (one.error is None, one.index))
    lights = [one.light for one in items if one.light is not None]
    return ShownLabel(
        view,
        sign_of(view.state, _worst(lights)),
        is_report,
        key.file_name if is_report else view.name,
        items_text(view.counts, "report" if is_report else "item") if view.is_fan else "",
        [ShownItem(one, sign_of(one.state, one.light)) for one in items[:MOST_ITEMS]],
        max(0, len(items) - MOST_ITEMS),
    )


def _worst(lights: list[Any]) -> Any:
    from deciders.values.light import Light

    return Light.worst(lights) if lights else None
