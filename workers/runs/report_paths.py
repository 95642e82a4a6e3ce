"""Paths of the reports of runs that have ended: taken from the records, as the names of outputs may change in the
file later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from deciders.values.artefact_key import ArtefactKey
from deciders.values.report_format import TYPESET

from ..artefacts import Artefacts
from ..kept_paths import found_path
from .kept_reports import recorded_result, report_record


def report_place(
    artefacts: Artefacts,
    workflow: str,
    instance: str,
    key: ArtefactKey,
    recorded: Mapping[str, str],
    *,
    item: str | None = None,
    executed: Path | None = None,
) -> str:
    """Return the path of a report: the one ``recorded`` among the run's artefacts, or else the one noted beside the notebook.

    If there is neither, or neither file exists, it is the path of reports without a name, unless that belongs to another
    report. If no file exists at all, it is the first known path.

    Args:
        item: name of the item's folder; None of a label without a list of items.
        executed: the notebook; None is the place that it has in the run's own folder.
    """
    name = str(key)
    known = [recorded[name]] if name in recorded else []
    if known and os.path.isfile(known[0]):
        return known[0]
    format = key.format or TYPESET
    executed = executed or artefacts.notebook(workflow, instance, key.label, item)
    noted = recorded_result(report_record(executed, format))
    if noted is not None:
        known.append(found_path(noted.path, artefacts.outputs, workflow, instance))
    unnamed = artefacts.report_path(workflow, instance, key.label, format, item)
    if unnamed not in [path for other, path in recorded.items() if other != name]:
        known.append(unnamed)
    return next((path for path in known if os.path.isfile(path)), known[0] if known else unnamed)


def remove_renamed(
    former: Iterable[Mapping[str, str]], now: Mapping[str, str], folder: Path, lengths: Mapping[str, int] | None = None
) -> None:
    """Remove the files of reports that have been made again under other names in the folder of a run's reports, and those of
    items that the run does not have any more.

    ``former`` are the artefacts of earlier runs of the instance, in their order; ``now`` are those of the run. Failed runs
    leave the files of earlier ones, so that a file belongs to the report that had its path last. Files outside of ``folder``
    are left. ``lengths`` are the numbers of items of the labels that have ended well.

    Raises:
        OSError: a file cannot be removed.
    """
    keys = [(ArtefactKey.parse(name), name, path) for artefacts in former for name, path in artefacts.items()]
    reports = {path: (key, name) for key, name, path in keys if key.is_report}
    present = set(now.values())
    for path, (key, name) in reports.items():
        if path in present or folder not in Path(path).parents:
            continue
        is_made_again = name in now and os.path.isfile(now[name])
        is_left = key.index is not None and key.index >= (lengths or {}).get(key.label, key.index + 1)
        if is_made_again or is_left:
            Path(path).unlink(missing_ok=True)
            if Path(path).parent != folder:
                with suppress(OSError):  # the folder of a label has reports of other items
                    Path(path).parent.rmdir()
