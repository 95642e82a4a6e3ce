"""Paths of the reports of runs that have ended: taken from the records, as the names of outputs may change in the
file later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from deciders.values.artefact_key import ArtefactKey

from ..artefacts import Artefacts
from ..kept_paths import found_path
from .kept_reports import recorded_result, report_record


def report_place(
    artefacts: Artefacts, workflow: str, instance: str, label: str, format: str, recorded: Mapping[str, str]
) -> str:
    """Return the path of a report: the one ``recorded`` among the run's artefacts, or else the one noted beside the notebook.

    If there is neither, or neither file exists, it is the path of reports without a name, unless that belongs to another
    report. If no file exists at all, it is the first known path.
    """
    key = str(ArtefactKey(label, format))
    known = [recorded[key]] if key in recorded else []
    if known and os.path.isfile(known[0]):
        return known[0]
    noted = recorded_result(report_record(artefacts.notebook(workflow, instance, label), format))
    if noted is not None:
        known.append(found_path(noted.path, artefacts.outputs, workflow, instance))
    unnamed = artefacts.report_path(workflow, instance, label, format)
    if unnamed not in [path for name, path in recorded.items() if name != key]:
        known.append(unnamed)
    return next((path for path in known if os.path.isfile(path)), known[0] if known else unnamed)


def remove_renamed(former: Iterable[Mapping[str, str]], now: Mapping[str, str], folder: Path) -> None:
    """Remove the files of reports that have been made again under other names in the folder of a run's reports.

    ``former`` are the artefacts of earlier runs of the instance, in their order; ``now`` are those of the run. Failed runs
    leave the files of earlier ones, so that a file belongs to the report that had its path last. Files outside of ``folder``
    are left.

    Raises:
        OSError: a file cannot be removed.
    """
    reports = {path: name for artefacts in former for name, path in artefacts.items() if ArtefactKey.parse(name).is_report}
    for path, name in reports.items():
        if name in now and path not in now.values() and os.path.isfile(now[name]) and folder in Path(path).parents:
            Path(path).unlink(missing_ok=True)
