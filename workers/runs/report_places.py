"""Where the reports of runs that have ended are: the records say it, as the names of outputs may change in the file later."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from deciders.values.artefact_key import ArtefactKey

from ..artefacts import Artefacts
from ..kept_paths import found_path
from .kept_reports import report_record


def report_place(
    artefacts: Artefacts, workflow: str, instance: str, label: str, format: str, recorded: Mapping[str, str]
) -> str:
    """The path of a report: as the run has ``recorded`` it among its artefacts, or else as it was noted beside the notebook.

    Of a report of which there is neither, or that is in neither place, it is the one that reports without a name have, unless
    that is another one's. Where there is no file at all, the first that is known.
    """
    key = str(ArtefactKey(label, format))
    known = [recorded[key]] if key in recorded else []
    if known and os.path.isfile(known[0]):
        return known[0]
    noted = report_record(artefacts.notebook(workflow, instance, label), format).get("result")
    if isinstance(noted, dict) and isinstance(noted.get("path"), str):
        known.append(found_path(noted["path"], artefacts.outputs, workflow, instance))
    unnamed = artefacts.report_path(workflow, instance, label, format)
    if unnamed not in [path for name, path in recorded.items() if name != key]:
        known.append(unnamed)
    return next((path for path in known if os.path.isfile(path)), known[0] if known else unnamed)


def remove_renamed(former: Iterable[Mapping[str, str]], now: Mapping[str, str], folder: Path) -> None:
    """Remove the files of reports that have been made anew under other names in the folder of a run's reports.

    ``former`` are the artefacts of the runs of the instance until then, in their order, of which those that failed have left
    the files of others; ``now`` are those of the run. A file is that of the report which had its name last. What cannot be
    removed is left.
    """
    reports = {path: name for artefacts in former for name, path in artefacts.items() if ArtefactKey.parse(name).is_report}
    for path, name in reports.items():
        if name in now and path not in now.values() and os.path.isfile(now[name]) and Path(path).parent == folder:
            Path(path).unlink(missing_ok=True)
