"""Inputs of the shape of AutoFlow's own example, as its documentation describes them, and its table of runs.

Two flows queries whose ids one notebook glues; another reads them, gets the results, joins them with the geography and shows
maps and tables; two sets of parameters for each day.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import sqlalchemy as sa

WORKFLOWS = """\
workflows:
  - name: flows_above_normal
    notebooks:
      run_flows:
        filename: run_flows.ipynb
        parameters:
          flowapi_url: flowapi_url
          aggregation_unit: aggregation_unit
          date_ranges: date_ranges
      flows_report:
        filename: flows_report.ipynb
        parameters:
          flowapi_url: flowapi_url
          aggregation_unit: aggregation_unit
          reference_date: reference_date
          previous_notebook: run_flows
        output:
          format: pdf

available_dates_sensor:
  schedule: null
  cdr_types:
    - calls
    - sms
  workflows:
    - workflow_name: flows_above_normal
      parameters:
        aggregation_unit: admin2
      earliest_date: 2016-01-06
      date_stencil: [[2016-01-01, 2016-01-03], -1, 0]
    - workflow_name: flows_above_normal
      parameters:
        aggregation_unit: admin3
      earliest_date: 2016-01-06
      date_stencil: [[2016-01-01, 2016-01-03], -1, 0]
"""

_CONNECT = """\
connection = flowclient.connect(
    url=flowapi_url, token=environ["FLOWAPI_TOKEN"], ssl_certificate=getenv("SSL_CERTIFICATE_FILE", None) or True
)"""

_RUN_FLOWS = (
    """\
import flowclient
import scrapbook as sb
from get_secret_or_env_var import environ, getenv""",
    """\
flowapi_url = "http://localhost:9090"
aggregation_unit = "admin2"
date_ranges = [["2016-01-01", "2016-01-03"], ["2016-01-05", "2016-01-06"], ["2016-01-06", "2016-01-07"]]""",
    _CONNECT,
    """\
periods = dict(zip(("usual", "before", "today"), date_ranges))
usual, before, today = (
    flowclient.modal_location_from_dates_spec(
        start_date=start, end_date=end, method="last", aggregation_unit=aggregation_unit
    )
    for start, end in periods.values()
)


def query_id(**locations):
    query = {"query_kind": "flows", "join_type": "inner", **locations}
    return flowclient.run_query(connection=connection, query_spec=query)


normal, abnormal = query_id(from_location=usual, to_location=before), query_id(from_location=usual, to_location=today)""",
    "flowclient.get_result_by_query_id(connection=connection, query_id=normal)",
    """\
sb.glue("query_ids", {"normal": normal, "abnormal": abnormal})
sb.glue("periods", periods)""",
)
_FLOWS_REPORT = (
    """\
import flowclient
import geopandas as gpd
import matplotlib.pyplot as plt
import pandas as pd
import scrapbook as sb
from get_secret_or_env_var import environ, getenv
from IPython.display import Markdown, display

%matplotlib inline""",
    """\
flowapi_url = "http://localhost:9090"
aggregation_unit = "admin2"
reference_date = "2016-01-06"
previous_notebook = "run_flows.ipynb\"""",
    _CONNECT,
    """\
glued = sb.read_notebook(previous_notebook).scraps
results = {
    name: flowclient.get_result_by_query_id(connection=connection, query_id=query_id).set_index(["pcod_from", "pcod_to"])
    for name, query_id in glued["query_ids"].data.items()
}
places = gpd.GeoDataFrame.from_features(
    flowclient.get_geography(connection=connection, aggregation_unit=aggregation_unit)
)""",
    """\
periods = "\\n".join(f"- {name}: {start} to {end}" for name, (start, end) in glued["periods"].data.items())
display(Markdown(f"# Flows above normal in {aggregation_unit}, {reference_date}\\n\\n{periods}"))""",
    """\
above = (results["abnormal"] - results["normal"]).dropna().reset_index()
into = above[above.pcod_from != above.pcod_to].groupby("pcod_to")[["value"]].sum().reset_index()
into = gpd.GeoDataFrame(pd.merge(into, places, left_on="pcod_to", right_on="pcod"))""",
    """\
figure, axes = plt.subplots(figsize=(9, 4))
places.plot(ax=axes, color="grey")
into.plot(ax=axes, column="value", legend=True)
axes.set_axis_off()""",
    """into[["value", "pcod"]].style.hide_index()""",
)


def write_inputs(folder: Path, *, kernel: str | None = None) -> Path:
    """The file and its notebooks: for the libraries of today, or with a kernel for those of AutoFlow's time."""
    folder.mkdir(parents=True)
    for name, cells in (("run_flows", _RUN_FLOWS), ("flows_report", _FLOWS_REPORT)):
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        for number, source in enumerate(cells):
            if kernel is None:
                source = source.replace(".hide_index()", ".hide()")  # gone since pandas 2
            cell = nbformat.v4.new_code_cell(source)
            if number == 1:
                cell.metadata["tags"] = ["parameters"]
            notebook.cells.append(cell)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    text = WORKFLOWS
    if kernel is not None:
        for name in ("run_flows", "flows_report"):
            text = text.replace(f"filename: {name}.ipynb\n", f"filename: {name}.ipynb\n        kernel: {kernel}\n")
    (folder / "workflows.yml").write_text(text)
    return folder / "workflows.yml"


def parameters(day: date, unit: str) -> dict[str, Any]:
    """What AutoFlow gives a run of that day."""
    ranges = [(date(2016, 1, 1), date(2016, 1, 3))] + [(one, one + timedelta(1)) for one in (day - timedelta(1), day)]
    return {"aggregation_unit": unit, "reference_date": day, "date_ranges": ranges}


def record_as_autoflow(engine: sa.Engine, rows: list[tuple[date, str, str]]) -> None:
    """AutoFlow's table as AutoFlow makes it, with a row for each (day, aggregation unit, state), in that order."""
    table = sa.Table(
        "workflow_runs",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("workflow_name", sa.String),
        sa.Column("parameters_hash", sa.String),
        sa.Column("state", sa.Enum("running", "success", "failed", name="runstate")),
        sa.Column("timestamp", sa.DateTime(timezone=True)),
    )
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        for minute, (day, unit, state) in enumerate(rows):
            text = json.dumps(parameters(day, unit), sort_keys=True, default=str)
            values = {
                "workflow_name": "flows_above_normal",
                "parameters_hash": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
                "state": state,
                "timestamp": datetime(2016, 1, 8, 0, minute, tzinfo=UTC),
            }
            connection.execute(table.insert(), values)
