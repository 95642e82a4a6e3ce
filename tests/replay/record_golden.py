"""Record histories of random workflows, for later versions to replay: ``python -m tests.replay.record_golden``.

Writes ``golden/engine-<n>.json.gz`` for the engine version ``n`` of this checkout: for each of 40 games of the random test its
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

from simpleflow_nb.replay.commands import ENGINE_VERSION

from .play import Game, played_game
from .referee import Limits, attributes

FOLDER = Path(__file__).parent / "golden"
GAMES = 40
_CANDIDATES = 300


def recorded_games() -> list[Game]:
    """Those of the first games that show most, each chosen for what the ones before it do not have."""
    candidates = [played_game(seed) for seed in range(_CANDIDATES)]
    kinds = {game.seed: {_kind(event) for event in game.history} for game in candidates}
    seen: Counter[str] = Counter()
    chosen = []
    for _ in range(GAMES):
        best = max(
            candidates, key=lambda game: sum(1 / (1 + seen[kind]) for kind in kinds[game.seed]) + len(game.history) / 100
        )
        candidates.remove(best)
        seen.update(kinds[best.seed])
        chosen.append(best)
    return sorted(chosen, key=lambda game: game.seed)


def _kind(event: dict[str, Any]) -> str:
    return f"{event['eventType']} {attributes(event).get('cause', '')}"


def path_for(version: int) -> Path:
    return FOLDER / f"engine-{version}.json.gz"


def write_games(path: Path, games: list[Game]) -> None:
    """Write the games, whole or not at all; the same games give the same bytes.

    Raises:
        FileExistsError: the file is there.
    """
    body = [
        {
            "seed": game.seed,
            "run_id": game.run_id,
            "limits": vars(game.limits),
            "program": game.program,
            "history": game.history,
        }
        for game in games
    ]
    text = json.dumps(body, separators=(",", ":"), sort_keys=True)
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(".part")
    half.write_bytes(gzip.compress(text.encode(), mtime=0))
    try:
        os.link(half, path)  # unlike a rename, this never replaces
    finally:
        half.unlink()


def read_games(path: Path) -> Iterator[Game]:
    for one in json.loads(gzip.decompress(path.read_bytes())):
        yield Game(**{**one, "limits": Limits(**one["limits"])}, stats=Counter())


def main() -> int:
    path = path_for(ENGINE_VERSION)
    try:
        write_games(path, recorded_games())
    except FileExistsError:
        print(f"{path} is there already; histories that were recorded once stay as they are", file=sys.stderr)
        return 2
    print(f"{path}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
