"""Items that other executions carry out, as whoever looks at the open run sees them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, OutputSpecification, WorkflowSpecification
from simpleflow_nb import activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.application.records.open_steps import OpenSteps
from simpleflow_nb.application.states.run_states import ShownRun, Watch
from simpleflow_nb.application.states.shown_fans import folded
from simpleflow_nb.application.states.shown_labels import label_states
from simpleflow_nb.inspection.executions import arguments_in
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import Harness, RunFailed, harness
from workers import activities as bodies
from workers.notebooks.notebook_errors import NotebookSkipped
from workers.records.run_records import RunRecords
from workers.runs.recovered_ends import recovered_ends

KEY = "00" * 32
DAY = NotebookSpecification(label="day", filename="day.py", for_each={"n": list(range(10))}, parameters={"n": "n"})
CLEAN = NotebookSpecification(label="clean", filename="clean.py", for_each="day", parameters={"executed": "day"})
TOTAL = NotebookSpecification(label="total", filename="total.py", parameters={"parts": "clean"})
SHARED = NotebookSpecification(label="one", filename="one.py", cache="shared")
FAN = NotebookSpecification(label="part", filename="part.py", cache="shared", for_each={"n": [0, 1]}, parameters={"n": "n"})

Snapshot = dict[str, str]


class Looks:
    """Bodies in place of kernels; each looks at the run before it ends."""

    def __init__(self) -> None:
        self.place: Harness | None = None
        self.ends: dict[str, Exception] = {}
        self.seen: list[tuple[str, Snapshot, Snapshot]] = []  #: who looked, states of items and of labels
        self.fans: list[dict[str, str]] = []  #: what a terminal shows of them
        self.record: dict[str, Any] = {}
        self.reported: list[int] = []  #: items of which a report was made
        self.watch: Watch | None = None
        self._one_at_a_time = threading.Lock()  # bodies run in threads

    def steps(self) -> OpenSteps:
        assert self.place is not None
        service, load = self.place.service, self.place.engine.payloads.load
        run_id = [run_id for workflow_id, run_id in service.numbers if workflow_id == "study"][-1]
        events = service.events("study", run_id)
        return OpenSteps.of_history(arguments_in(events, load), events, load, service.events)

    def execute_notebook(self, **given: Any) -> dict[str, Any]:
        name = f"{given['label']}:{given['index']}" if "index" in given else given["label"]
        if (given.get("shared") or {}).get("asks"):
            return {"to_run": f"{KEY}{given['label']}{given.get('index', '')}"}
        with self._one_at_a_time:
            steps = self.steps()
            states = {str(row.item): str(row.state) for row in steps.items()}
            self.seen.append((name, states, {label: str(state) for label, state in steps.labels.items()}))
            self.fans.append({one.name: one.note for one in folded(self.shown().labels) if one.fan is not None})
        if name in self.ends:
            raise self.ends[name]
        return {"path": f"/out/{name}.ipynb", "light": "green", "warnings": [], "scraps": {}}

    def shown(self) -> ShownRun:
        assert self.place is not None
        if self.watch is None:
            self.watch = Watch(self.place.service, [NotebookWorkflow.name], load=self.place.engine.payloads.load)
        self.watch.look()
        return self.watch.states()[-1]

    def convert_report(self, **given: Any) -> dict[str, Any]:
        self.reported.append(given["index"])
        return {"path": f"/out/reports/{given['file_name']}", "light": "green", "warnings": [], "pages": None}

    def record_run(self, **given: Any) -> None:
        self.record = given

    def already_succeeded(self, **given: Any) -> None:
        return None

    def run(self, *steps: NotebookSpecification, **more: Any) -> None:
        assert self.place is not None
        made = WorkflowSpecification(name="study", notebooks=steps)
        needed = [step.model_copy(update={"needs": made.graph.needs(step.label)}) for step in steps]
        arguments = {
            "workflow": WorkflowSpecification(name="study", notebooks=tuple(needed)).model_dump(mode="json"),
            "instance": "abcdef01",
            "identity": "abcdef01" * 4,
            "parameters": {},
            "inputs_dir": "/in",
            "outputs": "/out",
            "fan_chunk": 4,
            **more,
        }
        _, run_id = self.place.start(NotebookWorkflow, workflow_id="study", **arguments)
        self.place.result("study", run_id)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    made = Looks()
    for name in ("already_succeeded", "execute_notebook", "convert_report", "record_run"):
        declared: Activity[..., Any] = getattr(bodies, name)
        monkeypatch.setitem(activity._registry, declared.name, declared)
        Activity(getattr(made, name), name=declared.name, version=declared.version)
    with harness(NotebookWorkflow, ItemsWorkflow) as opened:
        monkeypatch.setattr(ItemsWorkflow, "task_list", opened.engine.decider.task_list)
        made.place = opened
        yield made


def recorded(looks: Looks) -> Snapshot:
    words = {"succeeded": "done", "timed_out": "timed out"}
    return {
        f"{one['label']}:{one['index']}" if one["index"] is not None else one["label"]: words.get(one["state"], one["state"])
        for one in looks.record["items"]
    }


def ends_well(looks: Looks) -> None:
    looks.run(DAY, CLEAN, TOTAL)


def ends_badly(looks: Looks) -> None:
    looks.ends = {"day:1": ValueError("no data"), "day:6": NotebookSkipped("a holiday"), "clean:8": ValueError("no data")}
    with pytest.raises(RunFailed):
        looks.run(DAY, CLEAN, TOTAL)


def is_stopped(looks: Looks) -> None:
    looks.ends = {"day:5": ValueError("no data")}
    with pytest.raises(RunFailed):
        looks.run(DAY.model_copy(update={"on_item_failure": "stop", "max_parallel": 5}), CLEAN, TOTAL)


def has_a_bound(looks: Looks) -> None:
    looks.run(DAY.model_copy(update={"max_parallel": 8}), CLEAN, TOTAL)


@pytest.mark.parametrize("play", [ends_well, ends_badly, is_stopped, has_a_bound])
def test_the_states_of_items_in_slices_are_seen_while_the_run_is_open_and_never_taken_back(
    play: Callable[[Looks], None], looks: Looks
) -> None:
    play(looks)
    known: Snapshot = {}
    for name, states, labels in looks.seen:
        assert states[name] == "running"
        assert labels[name.partition(":")[0]] == "running"
        ended = {item: state for item, state in known.items() if state not in ("waiting", "running")}
        assert ended.items() <= states.items()
        known = states
    assert len({len(states) for _, states, _ in looks.seen}) == 1  # all items, at any time
    at_the_end = {str(row.item): str(row.state) for row in looks.steps().items() if row.slug is not None}
    assert at_the_end == recorded(looks)
    assert {label: str(state) for label, state in looks.steps().labels.items()} == looks.record["labels"]


def test_what_a_failure_in_an_open_slice_does_to_its_items_is_seen_at_once(looks: Looks) -> None:
    ends_badly(looks)
    later = [states for name, states, _ in looks.seen if name == "clean:3"]
    assert [(one["day:1"], one["clean:1"], one["day:3"]) for one in later] == [("failed", "skipped", "done")]
    causes = {str(row.item): row.cause for row in looks.steps().items() if row.cause is not None}
    assert causes == {
        "day:1": "no data",
        "day:6": "a holiday",
        "clean:1": "day:1 failed",
        "clean:6": "day:6, which it needs, was skipped",
        "clean:8": "no data",
        "total": "day:1 failed",
    }


def test_what_is_kept_in_an_open_slice_is_cached(looks: Looks) -> None:
    sources = {"day.py": "1", "clean.py": "2", "total.py": "3"}
    looks.run(DAY, sources=sources)
    steps = looks.steps()
    keys = {item.index: steps.tasks.key(item) for item in steps.tasks.work.results}
    kept = {"day": {keys[n]: {"path": f"/out/day/{n}-{n}/day.ipynb", "light": "orange"} for n in (0, 5)}}
    looks.seen.clear()
    assert looks.place is not None
    arguments = {"sources": sources, "kept_items": kept, "rerun": True}
    looks.run(DAY, **arguments)
    assert {(states["day:0"], states["day:5"]) for _, states, _ in looks.seen} <= {("cached", "cached"), ("cached", "waiting")}
    assert looks.seen[-1][1]["day:5"] == "cached"
    row = next(row for row in looks.steps().items() if row.item.index == 5)
    assert (row.light, row.folder) == ("orange", "/out/day/5-5")


def test_a_terminal_counts_the_items_of_all_slices(looks: Looks) -> None:
    ends_well(looks)
    assert {one["day"].partition("/")[2].partition(" ")[0] for one in looks.fans if "day" in one} == {"10"}
    assert looks.fans[-1] == {"day": "10/10", "clean": "10/10"}


def test_whoever_begins_to_watch_late_sees_the_items_of_slices_that_have_ended(looks: Looks) -> None:
    ends_badly(looks)
    assert looks.place is not None
    [run_id] = [run_id for workflow_id, run_id in looks.place.service.numbers if workflow_id == "study"]
    events = looks.place.service.events("study", run_id)
    _, labels = label_states(events, looks.place.engine.payloads.load)
    counts = Counter((label.fan, str(label.state)) for label in labels if label.fan is not None)
    assert counts == {
        ("day", "done"): 8,
        ("day", "FAILED"): 1,
        ("day", "skipped"): 1,
        ("clean", "done"): 7,
        ("clean", "FAILED"): 1,
    }
    assert {label.name: label.cause for label in labels if label.cause} == {"day:1": "no data", "clean:8": "no data"}


@pytest.mark.parametrize("state", ["done", "failed"])
def test_shared_items_run_while_executions_of_their_own_carry_them_out_and_end_as_these_say(state: str, looks: Looks) -> None:
    if state == "failed":
        looks.ends = {"one": ValueError("no data"), "part:1": ValueError("no data")}
        with pytest.raises(RunFailed):
            looks.run(SHARED, FAN)
    else:
        looks.run(SHARED, FAN)
    for name, states, labels in looks.seen:
        assert states[name] == "running"
        assert labels[name.partition(":")[0]] == "running"
    assert {str(row.item): (str(row.state), row.cause) for row in looks.steps().items()} == {
        "one": (state, "no data" if state == "failed" else None),
        "part:0": ("done", None),
        "part:1": (state, "no data" if state == "failed" else None),
    }
    shown = looks.shown()
    word = "FAILED" if state == "failed" else "done"
    assert {one.name: str(one.state) for one in shown.labels if one.is_shown} == {"one": word, "part:0": "done", "part:1": word}
    assert not [one for one in shown.labels if one.is_shown and one.ended is None]


def test_the_end_of_a_run_without_a_record_has_what_became_of_its_shared_items(
    looks: Looks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a label that its own execution has carried out, and of one that failed there."""
    monkeypatch.setattr(NotebookWorkflow, "tag_list", ["study"], raising=False)
    looks.ends = {"two": ValueError("no data")}
    two = SHARED.model_copy(update={"label": "two"})
    assert looks.place is not None
    with pytest.raises(RunFailed):
        looks.run(SHARED, two, FAN)
    with closing(RunRecords.open(tmp_path)) as records:
        payloads = looks.place.engine.payloads
        [found] = recovered_ends(looks.place.service, DOMAIN, records, names=["study"], outputs="/out", payloads=payloads)
    assert found.labels == {"one": "done", "two": "failed", "part": "not run"}
    assert found.artefacts == {"one": "/out/one.ipynb"}


def test_the_history_of_each_slice_that_is_open_is_read_once_and_no_other(looks: Looks) -> None:
    read: list[list[str]] = []

    def count(**given: Any) -> dict[str, Any]:
        assert looks.place is not None
        service, load = looks.place.service, looks.place.engine.payloads.load
        [run_id] = [run_id for workflow_id, run_id in service.numbers if workflow_id == "study"]
        events, asked = service.events("study", run_id), list[str]()

        def reads(workflow_id: str, run_id: str) -> Any:
            asked.append(workflow_id.rpartition("-")[2])
            return service.events(workflow_id, run_id)

        OpenSteps.of_history(arguments_in(events, load), events, load, reads)
        read.append(asked)
        return {"path": "/out/x.ipynb", "light": "green", "warnings": [], "scraps": {}}

    Activity(count, name="workers.activities.execute_notebook", version=bodies.execute_notebook.version)
    looks.run(DAY.model_copy(update={"max_parallel": 1}), TOTAL.model_copy(update={"parameters": {"parts": "day"}}))
    assert read == [*[["0"]] * 4, *[["4"]] * 4, *[["8"]] * 2, []]


@pytest.mark.parametrize("chunk", [4, 500])
def test_reports_that_stand_are_seen_as_the_run_records_them(chunk: int, looks: Looks) -> None:
    sources = {"day.py": "1"}
    looks.run(DAY, sources=sources)
    keys = {item.index: looks.steps().tasks.key(item) for item in looks.steps().tasks.work.results}
    named = {0: "0-0", 1: "1-1", 2: "7-2"}  # the last one had another number
    made = {keys[n]: {"html": {"path": f"/out/reports/study/abcdef01/day/{name}.html"}} for n, name in named.items()}
    kept = {"day": {key: {"path": f"/out/day/{n}-{n}/day.ipynb"} for n, key in keys.items()}}
    reported = DAY.model_copy(update={"output": (OutputSpecification(format="html"),)})
    arguments = {"sources": sources, "kept_items": kept, "kept_item_reports": {"day": made}, "rerun": True, "fan_chunk": chunk}
    looks.run(reported, **arguments)
    recorded = {name: path for name, path in looks.record["artefacts"].items() if looks.record["labels"].get(name) == "cached"}
    assert recorded == {f"report:day:{n}.html": f"/out/reports/study/abcdef01/day/{n}-{n}.html" for n in (0, 1)}
    assert {str(key): made.path for key, made in looks.steps().standing_reports()} == recorded
    assert sorted(looks.reported) == list(range(2, 10))
