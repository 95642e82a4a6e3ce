"""Retries of runs whose labels have items: which reports stand, and which are made anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.samples import notebook, typed

WORKFLOWS = """\
workflows:
  - name: study
    notebooks:
      day:
        filename: day.py
        for_each: {date: DATES}
        parameters: {date: date}
        output: {format: html}
      one: {filename: one.py, parameters: {dates: {value: [1]}}, output: {format: html}}
      last: {filename: last.ipynb, after: [day, one]}
available_dates_sensor: null
"""
DAY = """\
# %% tags=["parameters"]
date = ""
# %%
import pathlib
pathlib.Path("../../../../../../ran.txt").open("a").write(date + " ")
assert date != "02" or pathlib.Path("../../../../../../repaired").exists()
"""


def attempt(folder: Path, dates: list[str], words: str, **variables: str) -> tuple[dict[str, str], list[str]]:
    """Run it with these dates; its reports by name, and the days that were executed."""
    file, ran = folder / "workflows.yml", folder / "ran.txt"
    file.write_text(WORKFLOWS.replace("DATES", json.dumps(dates)))
    ran.write_text("")
    done = typed(*words.split(), "--quiet", cwd=folder, **variables)
    assert done.returncode == 1, done.stderr  # its last label fails at any time
    run = json.loads(typed("runs.show", file, "study", "--json", cwd=folder).stdout)["run"]
    reports = {name: path for name, path in run["artefacts"].items() if name.startswith("report:")}
    return {name: f"{Path(path).name} {Path(path).stat().st_ino}" for name, path in reports.items()}, ran.read_text().split()


@pytest.mark.parametrize("chunk", ["500", "2"])
def test_reports_of_kept_items_stand_wherever_they_would_have_the_same_name(chunk: str, tmp_path: Path) -> None:
    (tmp_path / "day.py").write_text(DAY)
    (tmp_path / "one.py").write_text('# %% tags=["parameters"]\ndates = []\n# %%\nprint(dates)\n')
    notebook(tmp_path / "last.ipynb", "", "raise ValueError('never')")
    variables = {"SIMPLEFLOW_NB_FAN_CHUNK": chunk}
    start, retry = "workflow.start workflows.yml:study --local", "runs.retry workflows.yml study"

    first, ran = attempt(tmp_path, ["01", "02", "03"], start, **variables)
    assert sorted(ran) == ["01", "02", "03"]
    assert [*first] == ["report:day:0.html", "report:day:2.html", "report:one.html"]

    (tmp_path / "repaired").touch()
    second, ran = attempt(tmp_path, ["01", "02", "03"], retry, **variables)
    assert ran == ["02"]
    assert {name: second[name] for name in first} == first
    assert second["report:day:1.html"].startswith("1-02.html ")

    third, ran = attempt(tmp_path, ["01", "00", "02", "03"], retry, **variables)  # what stands behind has other numbers
    assert ran == ["00"]
    assert [name for name in second if third[name] == second[name]] == ["report:day:0.html", "report:one.html"]
    names = ["0-01.html", "1-00.html", "2-02.html", "3-03.html"]
    assert [third[f"report:day:{index}.html"].partition(" ")[0] for index in range(4)] == names
    [folder] = (tmp_path / "outputs/reports").glob("study/*/day")
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(names)
