"""The status page of a conductor: its scenarios with their lights, and the flows of each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workers.artefacts import write_atomically

from .execution_logs import FlowEnd, FlowStatus, flow_ends
from .flow_files import CONFIG_END, LOG_END

PAGE_NAME = "conductor_status_report.html"
REFRESH_SECONDS = 10  #: of a page that shows a scenario without an end
SHOWN_WARNINGS = 5  #: of a flow

_RUNS = "runs"  # the folder that has the page, by ductaflow's convention
_GOOD, _BAD = ("success", "succeeded"), ("failed", "error")
_NAMES = ("scenario", "instance", "instance_name", "name")
_FOLDERS = ("execution_dir", "output_dir", "run_folder", "run_dir")
_FILES = {"notebook": "_executed.ipynb", "html": "_executed.html", "log": LOG_END, "config": CONFIG_END}
_LIGHTS = {FlowStatus.SUCCESS: "green", FlowStatus.WARNING: "orange", FlowStatus.ERROR: "red"}


@dataclass(frozen=True, kw_only=True)
class ScenarioRow:
    """One result of the conductor, as the page shows it."""

    name: str
    status: FlowStatus
    has_ended: bool
    text: str  #: the error, or what is not known
    facts: list[str]  #: duration and times
    flows: list[FlowEnd]


def generate_status_report(results: Iterable[Mapping[str, Any]], model_root: str | Path) -> str:
    """Return the status page of a conductor's results as HTML, and write it.

    It is written to ``conductor_status_report.html`` in ``model_root``, or in the folder above if that is called ``runs``; a
    program that writes the same text there changes nothing. While a result has no final status, browsers load it again every
    10 s.

    Each result has ``scenario`` and, once known, ``status`` (``success`` or ``failed``), ``duration_minutes``, ``start_time``,
    ``end_time``, ``error`` and ``execution_dir``. Without the last, the scenario's folder is ``Model_Runs/<scenario>`` or
    ``<scenario>`` in ``model_root``, or in a folder of it.

    Raises:
        OSError: the page cannot be written.
    """
    root = Path(model_root).absolute()
    place = root.parent if root.name != _RUNS and root.parent.name == _RUNS else root
    rows = [_row(result, root) for result in results]
    page = _page(rows, place)
    place.mkdir(parents=True, exist_ok=True)
    write_atomically(place / PAGE_NAME, page)
    return page


def _row(result: Mapping[str, Any], root: Path) -> ScenarioRow:
    name = next((str(result[key]) for key in _NAMES if result.get(key) is not None), "(no name)")
    word = str(result.get("status") or "").lower()
    folder = _folder_of(result, name, root)
    flows = flow_ends(folder) if folder is not None else []
    found = FlowStatus.worst(flow.status for flow in flows)
    text = str(result["error"]) if result.get("error") else ""
    if word in _BAD:
        status = FlowStatus.ERROR
    elif word in _GOOD:
        status = found
        text = text or ("" if flows else f"no run of it was found in {root}")
    else:
        status = FlowStatus.worst((found, FlowStatus.WARNING))
        text = text or (f"status: {word}" if word else "no status yet")
    return ScenarioRow(
        name=name,
        status=status,
        has_ended=word in (*_GOOD, *_BAD),
        text=text,
        facts=_facts(result),
        flows=flows,
    )


def _folder_of(result: Mapping[str, Any], name: str, root: Path) -> Path | None:
    """Return the folder of a scenario; None if there is none."""
    told = [Path(str(result[key])).absolute() for key in _FOLDERS if result.get(key)]
    if Path(name).name != name or name in ("", ".."):  # would lead elsewhere
        return next((folder for folder in told if folder.is_dir()), None)
    usual = [root / "Model_Runs" / name, root / name]
    usual += [found for pattern in ("*/Model_Runs", "*") for above in sorted(root.glob(pattern)) if (found := above / name)]
    return next((folder for folder in (*told, *usual) if folder.is_dir()), None)


def _facts(result: Mapping[str, Any]) -> list[str]:
    minutes = result.get("duration_minutes")
    facts = [f"{minutes:.1f} min"] if isinstance(minutes, int | float) else []
    begun, ended = result.get("start_time"), result.get("end_time")
    return facts + [f"{word} {moment}" for word, moment in (("from", begun), ("to", ended)) if moment]


def _page(rows: list[ScenarioRow], place: Path) -> str:
    from jinja2 import Environment

    def links(flow: FlowEnd) -> dict[str, str]:
        there = {name: path for name, end in _FILES.items() if (path := flow.file(end)) is not None}
        return {name: quote(os.path.relpath(path, place).replace(os.sep, "/")) for name, path in there.items()}

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    lights = Counter(_LIGHTS[row.status] for row in rows)
    return environment.from_string(_TEMPLATE).render(
        rows=rows,
        lights={name: lights[name] for name in _LIGHTS.values()},
        light_of=_LIGHTS,
        links=links,
        failed=sum(row.status == FlowStatus.ERROR for row in rows),
        successful=sum(row.has_ended and row.status != FlowStatus.ERROR for row in rows),
        refresh=REFRESH_SECONDS if any(not row.has_ended for row in rows) else None,
        shown_warnings=SHOWN_WARNINGS,
        place=place,
        written=f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}",
    )


_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{% if refresh %}
<meta http-equiv="refresh" content="{{ refresh }}">
{% endif %}
<title>Conductor Execution Report</title>
<style>
body { font-family: system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border-left: .4rem solid; margin: .6rem 0; padding: .3rem .8rem; }
summary { cursor: pointer; }
.green { border-color: #2e7d32; } .orange { border-color: #e08600; } .red { border-color: #c62828; }
.light { font-weight: bold; }
.green > .light, .green > summary > .light { color: #2e7d32; }
.orange > .light, .orange > summary > .light { color: #a65e00; }
.red > .light, .red > summary > .light { color: #c62828; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; }
</style>
</head>
<body>
<h1>Conductor Execution Report</h1>
<p>Total Scenarios: {{ rows | length }}, Successful: {{ successful }}, Failed: {{ failed }}</p>
<p>{% for name, count in lights.items() %}{{ name }} {{ count }}{{ ", " if not loop.last }}{% endfor %}</p>
<p>Written {{ written }}</p>
{% for row in rows %}
<details class="{{ light_of[row.status] }}">
<summary><span class="light">{{ light_of[row.status] }}</span> {{ row.name }} {{ row.facts | join(", ") }}</summary>
{% if row.text %}
<pre>{{ row.text }}</pre>
{% endif %}
<ul>
{% for flow in row.flows %}
<li class="{{ light_of[flow.status] }}"><span class="light">{{ light_of[flow.status] }}</span> {{ flow.stem }}
{%- if flow.seconds is not none %} {{ "%.1f" | format(flow.seconds) }} s{% endif %}

{% for name, link in links(flow).items() %}
<a href="{{ link }}">{{ name }}</a>
{% endfor %}
{% if flow.error %}
<pre>{{ flow.error }}</pre>
{% endif %}
{% for warning in flow.warnings[:shown_warnings] %}
<pre>{{ warning }}</pre>
{% endfor %}
{% if flow.warnings | length > shown_warnings %}
<p>and {{ flow.warnings | length - shown_warnings }} more warnings</p>
{% endif %}
</li>
{% endfor %}
</ul>
</details>
{% endfor %}
</body>
</html>
"""
