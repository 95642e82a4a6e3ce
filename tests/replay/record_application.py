"""Record runs of the notebook application, for later versions to replay: ``python -m tests.replay.record_application VERSION``.

Writes the new folder ``golden/application-<VERSION>/``, a file for each of :data:`.application_runs.SCENARIOS`: its runs,
each with its workflow type, its ids and its history. A folder that is there is never written again: runs that were open
when a version was current must be decided by every later one, and these histories stand for them. So record once, in the
change that gives a workflow another type version, and never edit the result.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from .application_runs import SCENARIOS, recorded_runs
from .record_golden import FOLDER
from .recorded_project import Run


def folder_for(version: str) -> Path:
    return FOLDER / f"application-{version}"


def write_runs(folder: Path, recorded: Iterable[tuple[str, list[Run]]]) -> None:
    """Write a file of runs for each name, all or none; the same runs give the same bytes.

    Raises:
        FileExistsError: the folder is there.
    """
    if folder.exists():
        raise FileExistsError(folder)
    half = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    try:
        for name, runs in recorded:
            text = json.dumps(runs, separators=(",", ":"), sort_keys=True)
            (half / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def read_runs(path: Path) -> list[Run]:
    runs: list[Run] = json.loads(gzip.decompress(path.read_bytes()))
    return runs


def attributes(event: Mapping[str, object]) -> dict[str, object]:
    found = next(value for key, value in event.items() if key.endswith("EventAttributes"))
    assert isinstance(found, dict)
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not re.fullmatch(r"\d+\.\d+", arguments[0]):
        print("usage: python -m tests.replay.record_application VERSION, such as 0.2", file=sys.stderr)
        return 2
    folder = folder_for(arguments[0])
    try:
        write_runs(folder, ((scenario.__name__, recorded_runs(scenario)) for scenario in SCENARIOS))
    except FileExistsError:
        print(f"{folder} is there already; histories that were recorded once stay as they are", file=sys.stderr)
        return 2
    files = sorted(folder.iterdir())
    print(f"{folder}: {len(files)} files, {sum(file.stat().st_size for file in files)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
