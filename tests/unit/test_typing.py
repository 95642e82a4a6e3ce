"""What type checkers know of workflows: the types of results, and mistakes in what is submitted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).with_name("typed_workflows.py")
_FOUND = re.compile(r'.*typed_workflows\.py:(\d+): (?:note: Revealed type is "(.*)"|error: (.*))')


def test_type_checkers_know_results_and_find_mistakes(tmp_path: Path) -> None:
    words = [
        "--strict",
        "--config-file",
        "setup.cfg",
        "--cache-dir",
        str(tmp_path),
        "--no-pretty",
        "--hide-error-codes",
        str(SAMPLE),
    ]
    done = subprocess.run([sys.executable, "-m", "mypy", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    found = {}
    for line in done.stdout.splitlines():
        if match := _FOUND.fullmatch(line):
            number, kind, error = match.groups()
            found[int(number)] = f"is {kind}" if error is None else f"error {error}"
    assert found == _expected()


def _expected() -> dict[int, str]:
    """What the comments of the sample say, by line."""
    lines = list(enumerate(SAMPLE.read_text().splitlines(), 1))
    kinds = {number: match[1] for number, line in lines if (match := re.fullmatch(r".*  # (is .*)", line))}
    errors = {number + 1: match[1] for number, line in lines if (match := re.fullmatch(r" +# (error .*)", line))}
    return kinds | errors
