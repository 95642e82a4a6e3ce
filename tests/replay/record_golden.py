"""Record histories of random workflows, for later versions to replay: ``python -m tests.replay.record_golden``.

Writes ``golden/engine-<n>.json.gz`` for the engine version ``n`` of this checkout: for each of 40 runs of the random test its
code at the end, the limits, the run id and the history. A file that is there is never written again: runs that were open
when a version was current must be decided by every later one, and these histories stand for them. So record once, in the
change that raises ``ENGINE_VERSION``, and never edit the result.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simpleflow_nb.replay.calls.commands import ENGINE_VERSION

from .decision_checker import Limits, attributes
from .random_runs import RandomRun, random_run

FOLDER = Path(__file__).parent / "golden"
RUNS = 40
_CANDIDATES = 300


def recorded_runs() -> list[RandomRun]:
    """Choose among the first runs those that show most, each for what the ones before it do not have."""
    candidates = [random_run(seed) for seed in range(_CANDIDATES)]
    kinds = {played.seed: {_kind(event) for event in played.history} for played in candidates}
    seen: Counter[str] = Counter()
    chosen = []
    for _ in range(RUNS):
        best = max(
            candidates, key=lambda played: sum(1 / (1 + seen[kind]) for kind in kinds[played.seed]) + len(played.history) / 100
        )
        candidates.remove(best)
        seen.update(kinds[best.seed])
        chosen.append(best)
    return sorted(chosen, key=lambda played: played.seed)


def _kind(event: dict[str, Any]) -> str:
    return f"{event['eventType']} {attributes(event).get('cause', '')}"


def path_for(version: int) -> Path:
    return FOLDER / f"engine-{version}.json.gz"


def write_runs(path: Path, played_runs: list[RandomRun]) -> None:
    """Write the runs, whole or not at all; the same runs give the same bytes.

    Raises:
        FileExistsError: the file is there.
    """
    body = [
        {
            "seed": played.seed,
            "run_id": played.run_id,
            "limits": vars(played.limits),
            "program": played.program,
            "history": played.history,
        }
        for played in played_runs
    ]
    text = json.dumps(body, separators=(",", ":"), sort_keys=True)
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(".part")
    half.write_bytes(gzip.compress(text.encode(), mtime=0))
    try:
        os.link(half, path)  # unlike a rename, this never replaces
    finally:
        half.unlink()


def read_runs(path: Path) -> Iterator[RandomRun]:
    for one in json.loads(gzip.decompress(path.read_bytes())):
        yield RandomRun(**{**one, "limits": Limits(**one["limits"])}, stats=Counter())


def main() -> int:
    path = path_for(ENGINE_VERSION)
    try:
        write_runs(path, recorded_runs())
    except FileExistsError:
        print(f"{path} is there already; histories that were recorded once stay as they are", file=sys.stderr)
        return 2
    print(f"{path}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
