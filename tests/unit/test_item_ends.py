"""What the records say of the items of runs: written by their workers, settled by the run."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exceptions import ActivityCanceled
from workers.artefacts import Artefacts
from workers.notebooks.notebook_errors import NotebookSkipped
from workers.records.run_records import ItemRecord, RunRecords
from workers.runs.item_ends import ItemPlace, ends_of_items, recorded_item

from .test_run_records import FIRST, NOON

_FOLDER = f"notebooks/flows/{FIRST.instance}"


def ran(outputs: Path, label: str, attempt: int = 1, light: str = "green", minute: int = 1) -> None:
    """Leave the ``run.json`` of an attempt."""
    folder = outputs / _FOLDER / label
    folder.mkdir(parents=True, exist_ok=True)
    began = NOON + timedelta(minutes=minute)
    left = {"attempt": attempt, "light": light, "started": began.isoformat(), "ended": (began + timedelta(1)).isoformat()}
    (folder / "run.json").write_text(json.dumps(left))


def work(outputs: Path, label: str, attempt: int = 1, error: Exception | None = None, run_id: str = "run-1") -> None:
    """Carry out an item, which ends with this error."""
    expected = pytest.raises(type(error)) if error is not None else nullcontext()
    with expected, recorded_item(run_id, ItemPlace(Artefacts(outputs), "flows", FIRST.instance, label), attempt):
        if error is not None:
            raise error


def items(outputs: Path, run_id: str = "run-1") -> list[ItemRecord]:
    with RunRecords.open(outputs) as records:
        return records.items(run_id)


def end(outputs: Path, labels: dict[str, str], causes: dict[str, str] | None = None, **more: Any) -> None:
    record = replace(FIRST, artefacts={}, labels=labels, **more)
    with RunRecords.open(outputs) as records:
        former = records.runs()
        records.record(record, ends_of_items(record, Artefacts(outputs), former, causes))


@pytest.mark.parametrize(
    ("error", "state", "light", "reason", "said"),
    [
        (None, "succeeded", "orange", None, None),
        (ValueError("no rows"), "failed", "red", None, "no rows"),
        (NotebookSkipped("no flights"), "skipped", "orange", "no flights", None),
        (ActivityCanceled("a was cancelled"), "cancelled", "red", None, "a was cancelled"),
    ],
)
def test_a_worker_writes_how_an_item_ended(
    error: Exception | None, state: str, light: str, reason: str | None, said: str | None, tmp_path: Path
) -> None:
    ran(tmp_path, "a", light="orange")
    work(tmp_path, "a", error=error)
    [item] = items(tmp_path)
    assert (item.state, item.light, item.reason, item.error) == (state, light, reason, said)
    assert (item.index, item.kind, item.attempt, item.folder) == (0, "notebook", 1, f"{_FOLDER}/a")
    assert (item.started, item.ended) == (NOON + timedelta(minutes=1), NOON + timedelta(days=1, minutes=1))


def test_a_retry_overwrites_the_row_of_the_attempt_before_and_never_the_other_way_round(tmp_path: Path) -> None:
    work(tmp_path, "a", 2, ValueError("no rows"))
    ran(tmp_path, "a", 3)
    work(tmp_path, "a", 3)
    work(tmp_path, "a", 2, ActivityCanceled("it was thought to be dead"))
    assert [(item.state, item.attempt, item.error) for item in items(tmp_path)] == [("succeeded", 3, None)]


def test_nothing_is_written_of_an_item_whose_process_is_being_ended(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        recorded_item("run-1", ItemPlace(Artefacts(tmp_path), "flows", FIRST.instance, "a"), 1),
    ):
        raise KeyboardInterrupt
    assert items(tmp_path) == []


def test_an_item_whose_worker_cannot_reach_the_records_is_written_with_the_end_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran(tmp_path, "a", 2, "orange")
    with monkeypatch.context() as away, caplog.at_level(logging.WARNING):
        away.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/missing/runs")
        work(tmp_path, "a", 2)
    assert caplog.messages == [
        f"a of flows/{FIRST.instance} is recorded with the end of the run: "
        f"run records in {tmp_path}/missing/runs cannot be used: unable to open database file"
    ]
    end(tmp_path, {"a": "done"})
    [item] = items(tmp_path)
    assert (item.state, item.light, item.attempt, item.started) == ("succeeded", "orange", 2, NOON + timedelta(minutes=1))


def test_what_a_run_saw_otherwise_than_the_worker_said_is_settled_and_the_rest_stands(tmp_path: Path) -> None:
    for label in ("a", "b"):
        ran(tmp_path, label)
        work(tmp_path, label)
    end(tmp_path, {"a": "done", "b": "failed"}, {"b": "it took longer than it may"}, state="failed")
    found = {item.label: (item.state, item.light, item.error) for item in items(tmp_path)}
    assert found == {"a": ("succeeded", "green", None), "b": ("failed", "red", "it took longer than it may")}


def test_what_was_not_run_or_was_taken_over_is_written_with_the_end_of_the_run(tmp_path: Path) -> None:
    ran(tmp_path, "a", light="orange")
    end(tmp_path, {"a": "done", "b": "failed"}, run_id="run-0", state="failed")
    causes = {"c": "b, which it needs, failed", "d": "not asked for"}
    labels = {"a": "cached", "b": "failed", "c": "not run", "d": "not run", "report:a": "cached"}
    end(tmp_path, labels, causes, state="failed", error="b failed: no rows", started=NOON + timedelta(minutes=9))
    a, b, c, d = items(tmp_path)
    assert (a.state, a.light, a.taken_from, a.attempt, a.started) == ("cached", "orange", "run-0", 1, None)
    assert (b.state, b.light, b.error, b.attempt, b.started) == ("failed", "red", "b failed: no rows", None, None)
    assert [(one.state, one.reason, one.folder, one.light) for one in (c, d)] == [
        ("skipped", "b, which it needs, failed", None, None),
        ("skipped", "not asked for", None, None),
    ]


def test_recording_the_end_of_a_run_again_changes_no_item(tmp_path: Path) -> None:
    ran(tmp_path, "a")
    work(tmp_path, "a")
    for _ in range(2):
        end(tmp_path, {"a": "done", "b": "not run"})
    assert [(item.label, item.state, item.attempt) for item in items(tmp_path)] == [
        ("a", "succeeded", 1),
        ("b", "skipped", None),
    ]


def test_errors_are_kept_without_secrets_and_with_paths_that_move_with_the_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWAPI_TOKEN", "tok-1234567890")
    outputs = tmp_path / "outputs"
    work(outputs, "a", error=ValueError(f"tok-1234567890 (see {outputs}/{_FOLDER}/a/a.ipynb)\0"))
    outputs.rename(tmp_path / "moved")
    [item] = items(tmp_path / "moved")
    assert item.error == f"*** (see {tmp_path}/moved/{_FOLDER}/a/a.ipynb)"


def test_a_fan_without_items_is_recorded_as_such(tmp_path: Path) -> None:
    nothing = {"label": "day", "index": None, "folder": None, "state": "succeeded", "began": False, "items": 0}
    record = replace(FIRST, artefacts={}, labels={"count": "done", "day": "done"})
    with RunRecords.open(tmp_path) as records:
        records.record(record, ends_of_items(record, Artefacts(tmp_path), (), {}, [nothing]))
    found = {item.label: (item.index, item.kind, item.slug, item.state, item.reason) for item in items(tmp_path)}
    assert found == {
        "count": (0, "notebook", None, "succeeded", None),
        "day": (0, "empty fan", None, "succeeded", None),
    }
