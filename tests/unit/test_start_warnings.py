"""What ``workflow.start FILE.yml:NAME`` takes, and what it says of the data of a run before it starts it all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deciders.specification import load_specification
from simpleflow_nb.application.asking.requested_runs import requested
from simpleflow_nb.application.events import UnderWay
from simpleflow_nb.cli.progress import shown
from simpleflow_nb.exceptions import DefinitionError

from .workflow_files import notebook

SOURCE = "source: {files: {calls: 'data/{date}.csv'}}"
WEEKLY = """\
    - workflow_name: w
      parameters: {region: north}
      reference_dates: {weekly: monday}
      date_stencil: [[-2, 1]]
"""
SEVERAL_FIT = (
    "simpleflow-nb: 2 parameter sets of the sensor's entries for w fit; this run is that of the first entry, with region=north "
    "and date_stencil [[-2, 1]]; --set chooses among parameters, and backfill runs them all\n"
)
TOLERANT = """\
    - workflow_name: w
      parameters: {region: south}
      date_stencil: [-1, {dates: [-3, 1], at_least: 3}]
"""


def warned(folder: Path, capsys: pytest.CaptureFixture[str], entries: str, source: str = SOURCE, **values: Any) -> str:
    (folder / "data").mkdir(exist_ok=True)
    for day in ("2024-01-06", "2024-01-07", "2024-01-08", "2024-01-10"):
        (folder / "data" / f"{day}.csv").write_text("")
    (folder / "one.ipynb").write_text(notebook("where = folder = lacks = None"))
    file = folder / "workflows.yml"
    file.write_text(
        "workflows:\n- name: w\n  notebooks:\n    a:\n      filename: one.ipynb\n"
        "      parameters: {where: region, folder: inputs_dir, lacks: missing_dates}\n"
        f"available_dates_sensor:\n  schedule: null\n  {source}\n  workflows:\n{entries}"
    )
    run = shown(UnderWay(requested(load_specification(file), folder / "outputs", "w", values)))
    assert run.configured_parameters["region"] in values.values() or "region" not in values
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"reference_date": "2024-01-08"}, SEVERAL_FIT),
        (
            {"reference_date": "2024-01-10"},
            f"{SEVERAL_FIT}warning: 2024-01-10 is not a reference date of its entry (weekly: monday); it runs all the same\n"
            "warning: w for 2024-01-10 needs 2024-01-09 which is not available; it runs all the same\n",
        ),
        # the entry whose parameters fit
        ({"reference_date": "2024-01-08", "region": "south"}, ""),
        (
            {"reference_date": "2024-01-10", "region": "south"},
            "warning: w for 2024-01-10 needs 2024-01-09 which is not available; it runs all the same\n",
        ),
        (
            {"reference_date": "2024-01-11", "region": "south"},
            "warning: w for 2024-01-11 needs 3 of the 4 dates from 2024-01-08 to 2024-01-11, "
            "and 2024-01-09, 2024-01-11 are not available; it runs all the same\n",
        ),
        # no entry has these: the first one's stencil
        (
            {"reference_date": "2024-01-01", "region": "west"},
            "simpleflow-nb: no entry of the sensor for w has region=west; "
            "the date_stencil [[-2, 1]] is taken from the first of 2\n"
            "warning: w for 2024-01-01 needs 2023-12-30 to 2024-01-01 which are not available; it runs all the same\n",
        ),
    ],
)
def test_a_date_that_the_sensor_would_not_run_is_told_before_it_runs(values, expected, tmp_path, capsys):
    assert warned(tmp_path, capsys, WEEKLY + TOLERANT, **values) == expected


@pytest.mark.parametrize("entries", ["    []\n", WEEKLY.replace("[[-2, 1]]", "[]")])
def test_a_run_that_needs_no_data_asks_nobody_for_them(entries, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("FLOWAPI_URL", raising=False)
    assert warned(tmp_path, capsys, entries, "source: flowapi", reference_date="2024-01-08", region="north") == ""


def test_a_source_that_cannot_be_read_is_reported_and_stops_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("FLOWAPI_URL", raising=False)
    told = warned(tmp_path, capsys, WEEKLY, "source: flowapi", reference_date="2024-01-08")
    assert told.startswith(
        "warning: whether the dates of w for 2024-01-08 are available is not known, and it runs all the same: FLOWAPI_URL"
    )
    assert told.count("\n") == 1


def test_automatic_parameters_of_ours_may_be_given_by_hand_and_by_the_entry(tmp_path, capsys):
    entry = WEEKLY.replace("{region: north}", "{region: north, inputs_dir: /elsewhere}")
    assert warned(tmp_path, capsys, entry, reference_date="2024-01-08", missing_dates=[]) == ""
    with pytest.raises(DefinitionError, match="w has no parameter 'inputs_dri' \\(did you mean 'inputs_dir'\\?\\)"):
        warned(tmp_path, capsys, entry, reference_date="2024-01-08", inputs_dri="x")
