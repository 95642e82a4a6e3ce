"""Labels that all runs have in common: executed once, and again when something that they depend on has changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.samples import inputs, notebook, typed
from workers.records.run_records import ItemRecord, RunRecords

DAYS = tuple(f"2016-01-{day:02}" for day in range(1, 15))
WORKFLOWS = """\
workflows:
  - name: days
    notebooks:
      stations:
        filename: stations.ipynb
        parameters: {threshold: threshold, folder: inputs_dir, url: flowapi_url}
        cache: shared
        reads: [stations.csv]
        env: {COUNTS: COUNTS_FOLDER}
      count:
        filename: count.ipynb
        parameters: {day: reference_date, stations: stations, table: {file: stations/table.csv}}
        output: {format: html}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - {workflow_name: days, parameters: {threshold: 30}}
"""
#: A label that fails until there is a file.
LAST = """\
      last:
        filename: last.ipynb
        parameters: {count: count, folder: inputs_dir}
"""
#: Each execution leaves a file.
STATIONS = """\
import os, pathlib, sys, uuid
sys.path.insert(0, folder)
import maps
pathlib.Path(os.environ["COUNTS"], uuid.uuid4().hex).touch()
rows = pathlib.Path(folder, "stations.csv").read_text().split()
pathlib.Path("table.csv").write_text(maps.text(rows, threshold))
print("WARNING: only", len(rows), "stations")
"""
COUNT = "print(open(table).read(), 'made from', stations.rpartition('/')[2], day)"
QUIET = ("--local", "--quiet", "--nb-workers", "2")


def project(folder: Path, days: tuple[str, ...]) -> Path:
    (folder / "counts").mkdir(parents=True)
    written = WORKFLOWS.replace("COUNTS_FOLDER", str(folder / "counts"))
    file = inputs(folder / "in", dates=days, workflows=written)
    notebook(file.parent / "stations.ipynb", "threshold = folder = url = None", STATIONS)
    notebook(file.parent / "count.ipynb", "day = stations = table = None", COUNT)
    (file.parent / "stations.csv").write_text("a\nb\n")
    (file.parent / "maps.py").write_text("def text(rows, threshold):\n    return ' '.join(rows) + str(threshold)\n")
    return file


def executions(file: Path) -> int:
    """How often the shared notebook was executed."""
    return len(list((file.parents[1] / "counts").iterdir()))


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(*words, cwd=file.parent)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def started(file: Path, day: str, *more: str, code: int = 0) -> None:
    said(file, "workflow.start", f"{file.name}:days", *QUIET, "--set", f"reference_date={day}", *more, code=code)


def items(file: Path, label: str) -> Iterator[tuple[str, ItemRecord]]:
    """The item of a label with the instance, of each run in the order in which they ended."""
    with closing(RunRecords.open(file.parent / "outputs", to_look=True)) as records:
        for run in records.runs():
            for item in records.items(run.run_id):
                if item.label == label:
                    yield run.instance, item


def test_runs_that_start_together_execute_what_they_have_in_common_once(tmp_path: Path) -> None:
    file = project(tmp_path, DAYS)
    said(file, "sensor.start", file.name, *QUIET, "--once")
    found = dict(items(file, "stations"))
    assert executions(file) == 1
    assert len(found) == len(DAYS)
    assert Counter(item.state for item in found.values()) == {"succeeded": 1, "cached": len(DAYS) - 1}
    [maker] = (instance for instance, item in found.items() if item.state == "succeeded")
    for instance, item in found.items():
        folder = file.parent / "outputs" / "notebooks" / "days" / instance / "stations"
        assert item.folder == f"notebooks/days/{maker}/stations"
        assert item.light == "orange"  # as its notebook has warned
        if instance == maker:
            assert (item.reason, item.taken_from) == (None, None)
            continue
        note = json.loads((folder / "taken_from.json").read_text())
        assert item.reason == f"kept: same as days/{maker}"
        assert (item.taken_from, item.key) == (found[maker].run_id, found[maker].key)
        assert {name: note[name] for name in ("schema", "run", "run_id", "folder", "notebook", "light", "key")} == {
            "schema": 1,
            "run": f"days/{maker}",
            "run_id": found[maker].run_id,
            "folder": f"notebooks/days/{maker}/stations",
            "notebook": "stations.ipynb",
            "light": "orange",
            "key": found[maker].key,
        }
    assert {item.state for _, item in items(file, "count")} == {"succeeded"}
    assert len(list((file.parent / "outputs/reports/days").glob("2016*/count.html"))) == len(DAYS)
    assert said(file, "runs.list", file.name).count("2016-01-") >= len(DAYS)
    assert "shared-" not in said(file, "runs.list", file.name)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One day has run, and another has taken over what they have in common."""
    file = project(tmp_path_factory.mktemp("shared"), DAYS[:2])
    for day in DAYS[:2]:
        started(file, day, "--set", "threshold=30")
    assert executions(file) == 1
    return file


def test_a_run_takes_over_what_equals_it_and_says_from_where(ran: Path) -> None:
    (first, made), (_, taken), *_ = items(ran, "stations")
    assert (made.state, made.reason) == ("succeeded", None)
    assert (taken.state, taken.reason, taken.taken_from) == ("cached", f"kept: same as days/{first}", made.run_id)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("threshold", "ran: parameter threshold 30 -> 70 (compared with days/{first})"),
        ("notebook", "ran: notebook stations.ipynb changed"),
        ("reads", "ran: file stations.csv changed"),
        ("module", "ran: module maps.py changed"),
        ("force", "ran: forced"),
    ],
)
def test_a_change_executes_it_again_and_is_told(ran: Path, change: str, reason: str) -> None:
    folder, more = ran.parent, ["--set", "threshold=30"]
    before, kept = executions(ran), {}
    for name in ("stations.ipynb", "stations.csv", "maps.py"):
        kept[name] = (folder / name).read_text()
    first = next(items(ran, "stations"))[0]
    match change:
        case "threshold":
            more = ["--set", "threshold=70"]
        case "notebook":
            (folder / "stations.ipynb").write_text(kept["stations.ipynb"].replace("only", "just"))
        case "reads":
            (folder / "stations.csv").write_text("a\nb\nc\n")
        case "module":
            (folder / "maps.py").write_text(kept["maps.py"] + "# changed\n")
        case "force":
            more.append("--force")
    started(ran, DAYS[0], *more)
    (*_, (_, item)) = items(ran, "stations")
    assert (executions(ran), item.state, item.reason) == (before + 1, "succeeded", reason.format(first=first))
    for name, text in kept.items():
        (folder / name).write_text(text)
    if change != "threshold":
        started(ran, DAYS[0], *more[:2])
        (*_, (_, item)) = items(ran, "stations")
        assert (executions(ran), item.state, item.reason) == (before + 1, "cached", "kept: same as before")


@pytest.mark.parametrize(
    "words",
    [
        ("runs.retry", f"days/{DAYS[0]},threshold=30", "--quiet"),
        ("backfill", "days", "--from", DAYS[0], "--to", DAYS[0], "--quiet"),
        ("sensor.start", *QUIET, "--once"),
    ],
    ids=lambda words: words[0],
)
def test_force_runs_what_has_succeeded_and_takes_nothing_over(ran: Path, words: tuple[str, ...]) -> None:
    command, *others = words
    said(ran, command, ran.name, *others)  # there is nothing to do
    before, runs = executions(ran), len(list(items(ran, "count")))
    said(ran, command, ran.name, *others, "--force")
    forced = list(items(ran, "count"))[runs:]
    days = {instance[:10] for instance, _ in forced}
    assert days == ({DAYS[0]} if command != "sensor.start" else set(DAYS[:2]))
    assert {(item.state, item.reason) for _, item in forced} == {("succeeded", "ran: forced")}
    assert executions(ran) == before + len(forced)


def test_force_of_a_sensor_goes_with_once(ran: Path) -> None:
    assert said(ran, "sensor.start", ran.name, *QUIET, "--force", code=2) == (
        "simpleflow-nb: --force runs everything that is available once; it goes with --once\n"
    )


def test_what_a_kept_run_has_taken_over_is_not_cleaned(tmp_path: Path) -> None:
    file = project(tmp_path, DAYS[:3])
    for day in DAYS[:3]:
        started(file, day, "--set", "threshold=30")
    folders = {path.name[:10]: path for path in (file.parent / "outputs/notebooks/days").iterdir()}
    said(file, "outputs.clean", file.name, "--keep-days", "0")
    # the first has made what the last has taken over, to which the links lead
    assert [day for day, path in folders.items() if path.is_dir()] == [DAYS[0], DAYS[2]]
    assert said(file, "runs.logs", file.name, f"days/{DAYS[2]}", "stations") == "WARNING: only 2 stations\n"


def test_what_was_taken_over_is_found_after_its_run_has_made_something_else(tmp_path: Path) -> None:
    file = project(tmp_path, DAYS[:2])
    for day in DAYS[:2]:
        started(file, day, "--set", "threshold=30")
    (file.parent / "stations.csv").write_text("a\nb\nc\n")
    started(file, DAYS[0], "--set", "threshold=30")
    assert executions(file) == 2
    [maker, _] = sorted((file.parent / "outputs/notebooks/days").glob("2016-*"))
    shown = json.loads(said(file, "runs.show", file.name, f"days/{DAYS[1]}", "--json"))
    [item] = [one for one in shown["items"] if one["label"] == "stations"]
    assert item["folder"] == f"{maker}/.attempts/1/stations"
    assert f"{maker}/.attempts/1/stations/stations.ipynb\n" in said(file, "runs.show", file.name, f"days/{DAYS[1]}")
    assert said(file, "runs.logs", file.name, f"days/{DAYS[1]}", "stations") == "WARNING: only 2 stations\n"


def test_a_report_of_what_was_taken_over_is_made_again_from_where_it_is(tmp_path: Path) -> None:
    file = project(tmp_path, DAYS[:2])
    file.write_text(
        file.read_text().replace("        cache: shared\n", "        cache: shared\n        output: {format: html}\n")
    )
    for day in DAYS[:2]:
        started(file, day, "--set", "threshold=30")
    [report] = (file.parent / "outputs/reports/days").glob(f"{DAYS[1]}_*/stations.html")
    before = report.read_bytes()
    report.unlink()
    said(file, "reports.make", file.name, f"days/{DAYS[1]}")
    assert (report.read_bytes(), executions(file)) == (before, 1)
    notes = [path.parents[1].name[:10] for path in (file.parent / "outputs/notebooks").rglob("report-html.json")]
    assert sorted(notes) == [DAYS[0], DAYS[0], DAYS[1], DAYS[1]]  # one of each label, beside it


def test_what_needs_a_shared_label_is_kept_in_a_retry(tmp_path: Path) -> None:
    file = project(tmp_path, DAYS[:2])
    written = file.read_text().replace("available_dates_sensor", LAST + "available_dates_sensor")
    file.write_text(written)
    notebook(file.parent / "last.ipynb", "count = folder = None", "import pathlib\npathlib.Path(folder, 'there').read_text()")
    started(file, DAYS[0], "--set", "threshold=30", code=1)
    started(file, DAYS[1], "--set", "threshold=30", code=1)
    (file.parent / "there").write_text("")
    said(file, "runs.retry", file.name, f"days/{DAYS[1]}", "--quiet")
    states = {label: list(items(file, label))[-1][1] for label in ("stations", "count", "last")}
    first = next(items(file, "stations"))[0]
    assert {label: (item.state, item.reason) for label, item in states.items()} == {
        "stations": ("cached", f"kept: same as days/{first}"),
        "count": ("cached", "kept: same as before"),
        "last": ("succeeded", "ran: it failed before"),
    }
    assert executions(file) == 1


def test_a_plan_tells_what_due_runs_would_keep_and_run_again(tmp_path: Path) -> None:
    file = project(tmp_path, DAYS[:3])
    started(file, DAYS[0], "--set", "threshold=30")
    first = next(items(file, "stations"))[0]
    wanted = {f"days {day} threshold=30 stations kept: same as days/{first}" for day in DAYS[1:3]}
    lines = {" ".join(line.split()) for line in said(file, "plan", file.name, "--why").splitlines()}
    assert wanted <= lines
    (file.parent / "stations.csv").write_text("changed")
    document = json.loads(said(file, "plan", file.name, "--why", "--json"))
    reason = f"ran: file stations.csv changed (compared with days/{first})"
    assert [run["labels"] for run in document["due"]] == [{"stations": reason}] * 2
    assert executions(file) == 1
