"""Which notebooks of a former try stand, and which are done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.planned_run import PlannedRun, run_for
from deciders.specification import ConfiguredWorkflow, NotebookSpecification, WorkflowSpecification
from deciders.tasks.results import NotebookResult
from deciders.values.light import Light
from workers.artefacts import Artefacts
from workers.kept_paths import portable_parameters
from workers.runs.kept_labels import kept_labels, notebook_hashes

#: first -> second -> third, and one that needs nobody
LABELS = ("first", "second", "third", "alone")
WORKFLOW = WorkflowSpecification(
    name="days",
    notebooks=(
        NotebookSpecification(label="first", filename="first.ipynb", parameters={"day": "reference_date", "how": "how"}),
        NotebookSpecification(label="second", filename="second.ipynb", parameters={"made": "first"}, needs=("first",)),
        NotebookSpecification(
            label="third", filename="third.ipynb", parameters={"made": "second", "at": "flowapi_url"}, needs=("second",)
        ),
        NotebookSpecification(label="alone", filename="alone.ipynb", parameters={"where": "inputs_dir"}),
    ),
    parameters=("how",),
)


def run(**parameters: Any) -> PlannedRun:
    entry = ConfiguredWorkflow(workflow_name="days", parameters=parameters or {"how": "fast"})
    return run_for(entry, date(2016, 1, 1))


@pytest.fixture
def tried(tmp_path: Path) -> Path:
    """All four have succeeded, one after the other."""
    for name in LABELS:
        (tmp_path / f"{name}.ipynb").write_text(name)
    hashes = notebook_hashes(WORKFLOW, tmp_path)
    artefacts = Artefacts(tmp_path / "out")
    values = {
        "first": {"day": "2016-01-01", "how": "fast"},
        "second": {"made": str(artefacts.notebook("days", run().instance, "first"))},
        "third": {"made": str(artefacts.notebook("days", run().instance, "second")), "at": "https://flows"},
        "alone": {"where": str(tmp_path)},
    }
    for hour, label in enumerate(LABELS):
        folder = artefacts.notebook_folder("days", run().instance, label)
        folder.mkdir(parents=True)
        (folder / f"{label}.ipynb").write_text("{}")
        (folder / "config.json").write_text(json.dumps({"parameters": values[label]}))
        record = {
            "status": "succeeded",
            "light": "orange" if label == "alone" else "green",
            "warnings": ["warning: few"] if label == "alone" else [],
            "started": f"2016-01-02T0{hour}:00:00+00:00",
            "ended": f"2016-01-02T0{hour}:30:00+00:00",
            "source_sha256": hashes[f"{label}.ipynb"],
        }
        (folder / "run.json").write_text(json.dumps(record))
    return tmp_path


def kept(folder: Path, one: PlannedRun | None = None) -> dict[str, NotebookResult]:
    return kept_labels(WORKFLOW, one or run(), folder, Artefacts(folder / "out"), notebook_hashes(WORKFLOW, folder))


def _folder(folder: Path, label: str) -> Path:
    return Artefacts(folder / "out").notebook_folder("days", run().instance, label)


def _record(folder: Path, label: str, **values: Any) -> None:
    file = _folder(folder, label) / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_what_nothing_has_changed_for_stands_with_what_it_came_to(tried: Path) -> None:
    found = kept(tried)
    assert list(found) == list(LABELS)
    path = str(_folder(tried, "alone") / "alone.ipynb")
    assert found["alone"] == NotebookResult(path=path, light=Light.ORANGE, warnings=("warning: few",))


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda at: _record(at, "second", status="failed"), ["first", "alone"]),
        (lambda at: _record(at, "second", status="running"), ["first", "alone"]),  # it was killed
        (lambda at: (_folder(at, "second") / "second.ipynb").unlink(), ["first", "alone"]),
        (lambda at: (_folder(at, "second") / "run.json").write_text("{"), ["first", "alone"]),
        (lambda at: (_folder(at, "second") / "config.json").unlink(), ["first", "alone"]),
        (lambda at: (at / "second.ipynb").write_text("new"), ["first", "alone"]),
        (lambda at: (at / "second.ipynb").unlink(), ["first", "alone"]),
        # another try has made the first one anew since, and was cut short before the second
        (lambda at: _record(at, "first", ended="2016-01-02T09:00:00+00:00"), ["first", "alone"]),
        (lambda at: _record(at, "third", started=None), ["first", "second", "alone"]),
    ],
)
def test_what_has_changed_is_done_again_with_all_behind_it(
    change: Callable[[Path], object], left: list[str], tried: Path
) -> None:
    change(tried)
    assert list(kept(tried)) == left


@pytest.mark.parametrize(
    ("never", "left"),
    [
        ({"first"}, ["alone"]),
        ({"second"}, ["first", "alone"]),
        ({"third", "alone"}, ["first", "second"]),
        (set(LABELS), []),
    ],
)
def test_what_may_not_be_kept_is_done_again_with_all_behind_it(never: set[str], left: list[str], tried: Path) -> None:
    notebooks = [one.model_copy(update={"cache": "never" if one.label in never else "run"}) for one in WORKFLOW.notebooks]
    workflow = WORKFLOW.model_copy(update={"notebooks": tuple(notebooks)})
    found = kept_labels(workflow, run(), tried, Artefacts(tried / "out"), notebook_hashes(workflow, tried))
    assert list(found) == left


def test_other_parameters_are_another_instance_which_has_nothing(tried: Path) -> None:
    assert kept(tried, run(how="slow")) == {}


def test_a_parameter_that_was_kept_masked_is_still_the_same(tried: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAPI_TOKEN", "a-long-secret")
    file = _folder(tried, "first") / "config.json"
    file.write_text(json.dumps({"parameters": {"day": "2016-01-01", "how": "***"}}))
    secret = run(how="a-long-secret")
    _folder(tried, "first").parent.rename(_folder(tried, "first").parent.with_name(secret.instance))
    assert list(kept(tried, secret)) == ["first", "alone"]  # the others were given paths in a folder of another name


def as_noted_now(folder: Path) -> None:
    """With paths relative to the outputs folder."""
    for label in LABELS:
        file = _folder(folder, label) / "config.json"
        values = json.loads(file.read_text())["parameters"]
        kept_values, names = portable_parameters(values, folder / "out", str(folder))
        file.write_text(json.dumps({"parameters": kept_values, "relative_to_outputs": names}))


@pytest.mark.parametrize(("notes", "standing"), [(as_noted_now, list(LABELS)), (lambda folder: None, list(LABELS[:3]))])
def test_what_was_moved_with_its_inputs_stands(notes: Callable[[Path], None], standing: list[str], tried: Path) -> None:
    notes(tried)
    assert list(kept(tried)) == list(LABELS)
    moved = tried.rename(tried.with_name(f"{tried.name} elsewhere"))
    found = kept(moved)
    assert list(found) == standing  # version 0.1 has not noted where the inputs were, seen from the outputs
    assert found["first"].path == str(_folder(moved, "first") / "first.ipynb")


def test_what_takes_the_inputs_folder_is_done_again_when_that_is_another_one(tried: Path) -> None:
    as_noted_now(tried)
    other = tried.with_name(f"{tried.name} other")
    other.mkdir()
    for name in LABELS:
        (tried / f"{name}.ipynb").rename(other / f"{name}.ipynb")
    found = kept_labels(WORKFLOW, run(), other, Artefacts(tried / "out"), notebook_hashes(WORKFLOW, other))
    assert list(found) == ["first", "second", "third"]


def test_a_text_that_merely_looks_like_a_path_of_ours_is_another_parameter(tried: Path) -> None:
    as_noted_now(tried)
    file = _folder(tried, "second") / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "relative_to_outputs": []}))
    assert list(kept(tried)) == ["first", "alone"]


@pytest.mark.parametrize(("now", "stands"), [(["2015-12-31"], True), (["2015-12-30"], False), ([], False), (None, False)])
def test_a_label_that_got_other_missing_dates_is_executed_again(now: list[str] | None, stands: bool, tried: Path) -> None:
    one = NotebookSpecification(label="alone", filename="alone.ipynb", parameters={"lacks": "missing_dates"})
    workflow = WorkflowSpecification(name="days", notebooks=(one,))
    (_folder(tried, "alone") / "config.json").write_text(json.dumps({"parameters": {"lacks": ["2015-12-31"]}}))
    found = kept_labels(workflow, run(), tried, Artefacts(tried / "out"), notebook_hashes(workflow, tried), now)
    assert ("alone" in found) == stands
