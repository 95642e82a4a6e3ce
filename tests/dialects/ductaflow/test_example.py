"""``examples/ductaflow``: the programs do what its README says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import below

EXAMPLE = Path(__file__).parents[3] / "examples" / "ductaflow"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    return Path(shutil.copytree(EXAMPLE, tmp_path / "counter", ignore=shutil.ignore_patterns("runs", "__pycache__")))


def program(folder: Path, *words: str) -> list[str]:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=folder, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.slow
def test_the_conductor_shows_its_scenarios_and_keeps_what_has_not_changed(copied: Path):
    assert program(copied, "conductor.py")[-4:] == [
        "Scenario_Calm_One green",
        "Scenario_Calm_Two green",
        "Scenario_Rush_One orange",
        "Scenario_Rush_Two green",
    ]
    page = (copied / "runs/conductor_status_report.html").read_text(encoding="utf-8")
    assert "Total Scenarios: 4, Successful: 4, Failed: 0" in page
    assert "green 3, orange 1, red 0" in page
    assert len(re.findall(r">(?:notebook|html|log|config)</a>", page)) == 4 * 3 * 4
    results = json.loads((copied / "runs/conductor_results.json").read_text())
    assert {result["status"] for result in results} == {"success"}

    conductor = copied / "conductor.py"
    conductor.write_text(conductor.read_text().replace('"minutes_between": 6', '"minutes_between": 5'))
    again = program(copied, "conductor.py")
    ran = sorted(line.split("Model_Runs/")[1] for line in again if line.startswith("again: counter.py"))
    assert ran == [f"Scenario_Calm_{staff} (config: minutes_between 6 -> 5)" for staff in ("One", "Two")]
    assert len([line for line in again if line.startswith("kept: counter.py")]) == 2


def test_a_flow_runs_as_a_script(copied: Path):
    assert re.fullmatch(r"\d+ customers", program(copied, "flows/arrivals.py", "--output-dir", "runs/arrivals/try")[-1])
    assert below(copied / "runs") == [
        "arrivals/try/arrivals_config.json",
        "arrivals/try/arrivals_execution_output.txt",
        "arrivals/try/arrivals_run.json",
        "arrivals/try/customers.json",
    ]
