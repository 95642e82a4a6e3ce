"""A copy of the project in which code may be spoiled and tests run; what is imported there is the copy's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.settings import SETTING

from .mutant import PROJECT

_PARTS = ("simpleflow_nb", "deciders", "workers", "tests", "examples", "setup.cfg", "pyproject.toml")


class StillRunning(Exception):
    """The tests were not done in time."""


class CopiedProject:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        skipped = shutil.ignore_patterns("__pycache__")
        for name in _PARTS:
            if (PROJECT / name).is_dir():
                shutil.copytree(PROJECT / name, folder / name, ignore=skipped)
            else:
                shutil.copy2(PROJECT / name, folder / name)

    def write(self, file: str, source: str) -> None:
        (self.folder / file).write_text(source, encoding="utf-8")

    def failed_test(self, tests: str, *, within_seconds: float) -> tuple[str | None, float]:
        """The first test that fails in that file, None if all pass; and the seconds that this took.

        Raises:
            StillRunning: not done by then; what was running has been killed.
            AssertionError: neither passed nor failed, for instance because the tests cannot be imported.
        """
        began = time.monotonic()
        code, said = self.python("-m", "pytest", "-x", "--tb=no", "-q", tests, within_seconds=within_seconds)
        spent = time.monotonic() - began
        assert code in (0, 1), said
        failed = [line for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        assert bool(failed) == bool(code), said
        return (failed[0].split(" ", 1)[1].split(" - ", 1)[0] if failed else None), spent

    def passes_again(self, tests: str, *, within_seconds: float) -> bool:
        """Whether the test of that file that failed just now passes."""
        code, said = self.python("-m", "pytest", "--lf", "--lfnf=none", "--tb=no", "-q", tests, within_seconds=within_seconds)
        assert code in (0, 1), said
        return code == 0

    def python(self, *arguments: str, within_seconds: float) -> tuple[int, str]:
        """The exit code and everything printed of Python run here.

        Raises:
            StillRunning: not done by then; what was running has been killed.
        """
        # Neither a soak, nor a part of the run of tests that this is called from. No compiled files: one of the spoiled
        # source would be taken for one of the source as it was if both were written within a second.
        kept = {name: value for name, value in os.environ.items() if name != SETTING and not name.startswith("PYTEST_")}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=within_seconds)
        except subprocess.TimeoutExpired:
            raise StillRunning(f"not done within {within_seconds:.0f} s: {' '.join(arguments)}") from None
        finally:
            _end_group(process)
        return process.returncode, said


def _end_group(process: subprocess.Popen[str]) -> None:
    """Whatever is left of the session; one that is killed cannot end its children itself."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # nothing was left
    process.communicate()
