"""The example runs as its page says, in memory and in a journal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.acceptance.samples import typed

from .test_durable_flows import PROJECT

SUMMARY = {"regions": 2, "km": 27, "published": None}


def test_the_example_runs_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "examples.nextpipe.routes"], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, json.loads(done.stdout)) == (0, SUMMARY), done.stderr
    assert len(done.stderr.splitlines()) == 6
    assert done.stderr.count(" km\n") == 6


def test_the_example_runs_as_a_command(tmp_path: Path) -> None:
    words = ("workflow.start", "examples.nextpipe.routes.Routes", "--local", "--db", tmp_path / "journal.sqlite3")
    done = typed(*words, "--input-file", "examples/nextpipe/stops.json", cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["summary"] == SUMMARY
    assert [len(found[name]) for name in ("regions", "tries", "tour", "best")] == [2, 2, 6, 2]
