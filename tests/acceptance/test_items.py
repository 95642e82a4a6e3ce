"""Runs whose labels have items: shown, their logs, their notebooks and their graph, as users type it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import command, environment, notebook, typed
from tests.launched import Launched
from tests.settings import PATIENCE_SECONDS

WORKFLOWS = """\
workflows:
  - name: study
    notebooks:
      day:
        filename: day.ipynb
        for_each: {date: ['2024-01-01', '2024-01-02', '2024-01-03']}
        parameters: {date: date}
        output: {format: html}
      total: {filename: total.ipynb, parameters: {parts: day}}
available_dates_sensor: null
"""
FAILS = "print('rows of', date)\nassert date != '2024-01-02', 'bad day'"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second of three days has failed."""
    folder = tmp_path_factory.mktemp("items")
    notebook(folder / "day.ipynb", "date = ''", FAILS)
    notebook(folder / "total.ipynb", "parts = []", "print(len(parts), 'parts')")
    made = folder / "workflows.yml"
    made.write_text(WORKFLOWS)
    assert typed("workflow.start", f"{made.name}:study", "--local", "--quiet", cwd=folder).returncode == 1
    return made


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(words[0], file, *words[1:], cwd=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def instance(file: Path) -> str:
    [folder] = (file.parent / "outputs/notebooks/study").iterdir()
    return folder.name


def test_a_run_is_shown_with_the_counts_of_its_items(file: Path) -> None:
    shown = said(file, "runs.show", "study")
    notebooks, reports = (file.parent / "outputs" / kind / "study" / instance(file) for kind in ("notebooks", "reports"))
    assert shown[shown.index("label  ") :] == (
        "label            state    executed notebook or report\n"
        f"day              failed   3 items: 2 done, 1 failed; in {notebooks}/day\n"
        "total            not run\n"
        f"report:day.html  done     2 reports: 2 done; in {reports}/day\n"
        "\n"
        f"day:1 failed in cell 2: AssertionError: bad day (see {notebooks}/day/1-2024-01-02/day.ipynb)\n"
    )
    items = json.loads(said(file, "runs.show", "study", "--json"))["items"]
    assert [(one["label"], one["index"], one["state"]) for one in items] == [
        ("day", 0, "done"),
        ("day", 1, "failed"),
        ("day", 2, "done"),
        ("total", 0, "skipped"),
    ]


def test_what_items_printed_stands_behind_their_names(file: Path) -> None:
    lines = [f"day:{index}: rows of 2024-01-0{index + 1}\n" for index in range(3)]
    assert said(file, "runs.logs", "study", "day") == "".join(lines)
    assert said(file, "runs.logs", "study", "day:1") == "rows of 2024-01-02\n"
    refused = "simpleflow-nb: study has no item day:5: 'day' has items 0 to 2\n"
    assert said(file, "runs.logs", "study", "day:5", code=2) == refused


def test_the_notebook_of_an_item_is_prepared_and_its_reports_are_made_again(file: Path) -> None:
    prepared_with = said(file, "notebook.debug", "study", "day:1")
    prepared = f"{file.parent}/debug/study/{instance(file)}/day/1-2024-01-02/day.ipynb"
    assert prepared_with.startswith(f"{prepared}  (attempt 1 failed in cell 2: AssertionError: bad day)\n")
    local = typed("notebook.debug", "study", "day:0", "--local", "--json", "--into", "again", cwd=file.parent)
    assert (local.returncode, json.loads(local.stdout)["notebook"]["index"]) == (0, 0)
    report = file.parent / "outputs/reports/study" / instance(file) / "day/2-2024-01-03.html"
    assert re.fullmatch(
        rf"{re.escape(str(report))}\n1 report made in .*\n", said(file, "reports.make", "study", "--label", "day:2")
    )


def test_the_graph_of_a_run_has_the_states_of_its_labels(file: Path) -> None:
    assert said(file, "workflow.graph", "study/").splitlines()[1:] == [
        "day    for each date  failed, 3 items: 2 done, 1 failed",
        "total                 not run                            <- day (all items)",
    ]
    of_file = typed("workflow.graph", "workflows.yml:study", "--format", "mermaid", cwd=file.parent)
    assert of_file.stdout.splitlines()[4] == '    n0[["day<br/>for each date"]]:::plain'
    drawing = said(file, "workflow.graph", "study/", "--format", "svg")
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
    tasks = typed("workflow.graph", f"study/{instance(file)}", "--local", cwd=file.parent)
    assert "workers.activities.execute_notebook" in tasks.stdout
    unknown = typed("workflow.graph", "workflows.yml:studie", cwd=file.parent)
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "simpleflow-nb: workflows.yml has no workflow 'studie' (did you mean 'study'?)\n",
    )
    unused = typed("workflow.graph", "workflows.yml:study", "--local", cwd=file.parent)
    assert (unused.returncode, unused.stderr) == (
        2,
        "simpleflow-nb: --local does nothing for FILE.yml:NAME, of which no run is drawn; leave it out\n",
    )
    refused = typed("workflow.graph", "examples.basic.BasicWorkflow", cwd=Path.cwd())
    assert (refused.returncode, refused.stderr) == (
        2,
        "simpleflow-nb: examples.basic.BasicWorkflow is a class, whose tasks are known from the history of a run alone; name a "
        "run of it: workflow.graph --local RUN, or workflow.graph DOMAIN RUN\n",
    )


@pytest.mark.parametrize(
    ("chunk", "settings"),
    [("500", "max_parallel: 1"), ("2", "max_parallel: 1"), ("500", "max_parallel: 1\n        cache: shared")],
    ids=["in the run itself", "in slices", "shared with other runs"],
)
def test_an_open_run_is_shown_while_its_items_run(chunk: str, settings: str, tmp_path: Path) -> None:
    (tmp_path / "day.py").write_text(
        '# %% tags=["parameters"]\ndate = ""\n# %%\nimport pathlib, time\n'
        'while date == "2024-01-02" and not pathlib.Path("../../../../../../go").exists():\n    time.sleep(0.05)\n'
    )
    notebook(tmp_path / "total.ipynb", "parts = []", "print(len(parts), 'parts')")
    file = tmp_path / "workflows.yml"
    file.write_text(WORKFLOWS.replace("day.ipynb", "day.py").replace("output: {format: html}", settings))
    words = command("workflow.start", f"{file.name}:study", "--local", "--quiet")
    env = environment(SIMPLEFLOW_NB_FAN_CHUNK=chunk)
    with Launched(words, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        wait_until(lambda: [*(tmp_path / "outputs").glob("notebooks/study/*/day/1-*/run.json")])
        shown = said(file, "runs.show", "study")
        assert re.search(r"^day +running +3 items: 1 done, 1 running, 1 waiting; in ", shown, re.MULTILINE)
        assert re.search(r"^day:1: (begun|cell .*)$", shown, re.MULTILINE)
        items = json.loads(said(file, "runs.show", "study", "--json"))["items"]
        assert [(one["label"], one["index"], one["state"]) for one in items] == [
            ("day", 0, "done"),
            ("day", 1, "running"),
            ("day", 2, "waiting"),
            ("total", 0, "waiting"),
        ]
        counts = {"done": 1, "running": 1, "waiting": 1}
        assert json.loads(said(file, "runs.show", "study", "--json"))["fans"] == {"day": {"items": 3, "counts": counts}}
        assert "running, 3 items: 1 done, 1 running, 1 waiting" in said(file, "workflow.graph", "study/")
        (tmp_path / "go").touch()
        assert started.wait(PATIENCE_SECONDS) == 0
