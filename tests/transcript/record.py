"""Write the golden files: ``python -m tests.transcript.record [SCENE ...]``; names may be parts of names."""

from __future__ import annotations

import sys
import time

from tests.launcher import Launcher

from .commands import clean_environment
from .play import played
from .scene import GOLDEN
from .scenes import SCENES


def record(wanted: list[str]) -> None:
    """Play the scenes of whose names one of ``wanted`` is a part, or all of them."""
    GOLDEN.mkdir(exist_ok=True)
    chosen = [scene for scene in SCENES if not wanted or any(part in scene.name for part in wanted)]
    with Launcher(clean_environment()) as launcher:
        for scene in chosen:
            began = time.monotonic()
            before = scene.golden.read_text() if scene.golden.exists() else None
            text = played(scene, launcher)
            scene.golden.write_text(text)
            word = "new" if before is None else "as before" if before == text else "CHANGED"
            print(f"{scene.name}: {len(scene.commands())} commands, {time.monotonic() - began:.1f} s, {word}", flush=True)


if __name__ == "__main__":
    record(sys.argv[1:])
