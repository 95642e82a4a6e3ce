"""Commands in processes of their own, forked by one that has loaded everything (:mod:`tests.transcript.launcher`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .scene import ROOT

_FOREIGN = ("AUTOFLOW_", "SIMPLEFLOW_", "SWF_", "AWS_", "FLOWAPI_", "LOG_LEVEL", "COVERAGE", "PYTEST_")


def clean_environment() -> dict[str, str]:
    """Ours, without what would change what commands say."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    fixed = {"TERM": "dumb", "COLUMNS": "120", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return {**kept, **fixed, "PYTHONPATH": str(ROOT), "SIMPLEFLOW_NB_PRELOAD": "", "AWS_EC2_METADATA_DISABLED": "true"}


class Launcher:
    """To be used as a context."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("launcher.py"))],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def outcome(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[str, str, int]:
        """Standard output, standard error and exit code of ``simpleflow-nb WORDS``, typed in that folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as made:
            out, err = Path(made, "stdout"), Path(made, "stderr")
            request = {
                "words": words,
                "folder": str(folder),
                "environment": environment,
                "stdout": str(out),
                "stderr": str(err),
            }
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            assert answer, "the launcher has ended"
            return out.read_text(), err.read_text(), int(answer)
