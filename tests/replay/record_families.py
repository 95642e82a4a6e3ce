"""Record families of executions, for later versions to replay: ``python -m tests.replay.record_families``.

Writes the new folder ``golden/families-<n>/`` for the engine version ``n`` of this checkout, a file for each of
:data:`.family_scenarios.SCENARIOS`. A folder that is there is never written again: runs that were open when a version was
current must be decided by every later one. So record once, in the change that raises ``ENGINE_VERSION``, and never edit the
result.
"""

from __future__ import annotations

import sys
from pathlib import Path

from simpleflow_nb.replay.calls.commands import ENGINE_VERSION

from .family_scenarios import SCENARIOS, recorded_runs
from .record_application import write_runs
from .record_golden import FOLDER


def folder_for(version: int) -> Path:
    return FOLDER / f"families-{version}"


def main() -> int:
    folder = folder_for(ENGINE_VERSION)
    try:
        write_runs(folder, ((scenario.__name__, recorded_runs(scenario)) for scenario in SCENARIOS))
    except FileExistsError:
        print(f"{folder} is there already; histories that were recorded once stay as they are", file=sys.stderr)
        return 2
    files = sorted(folder.iterdir())
    print(f"{folder}: {len(files)} files, {sum(file.stat().st_size for file in files)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
