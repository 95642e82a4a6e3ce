"""Listings of runs: the latest of each instance, in order, against an implementation that is plain and slow."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciders.specification import NotebookSpecification, Specification, WorkflowSpecification
from simpleflow_nb.application.places import Place
from simpleflow_nb.application.records.run_rows import RunRow, run_rows
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from workers.records.run_records import RecordsError, RunRecord, RunRecords, records_file

NOON = datetime(2016, 1, 5, 12, tzinfo=UTC)
NAMES = ("a", "b", "c")  #: the file has the first two
STATES = ("succeeded", "failed", "skipped", "cancelled", "timed out", "terminated", "partial")

HISTORIES = st.lists(
    st.fixed_dictionaries(
        {
            "workflow_name": st.sampled_from(NAMES),
            "reference_date": st.sampled_from((None, "2016-01-01", "2016-01-02")),
            "region": st.sampled_from((None, "north", "south", 10, [1, "x"])),
            "state": st.sampled_from(STATES),
            "error": st.sampled_from((None, "", "count failed: ValueError: no rows\nat all")),
            "reason": st.sampled_from((None, "", "first run")),
            "labels": st.sampled_from(({}, {"count": "done"})),
            "notes": st.sampled_from(({}, {"count": ["warning: few rows"]})),
            "notebooks": st.sampled_from((None, {}, {"count.ipynb": "0" * 64})),
            "missing_dates": st.sampled_from((None, [], ["2015-12-31"])),
            "kind": st.sampled_from((None, "dated", "by hand")),
            "parent_index": st.sampled_from((None, 0, 3)),
        }
    ),
    max_size=12,
)


def record(number: int, region: Any, **values: Any) -> RunRecord:
    identity = f"{region}".encode().hex().ljust(32, "0")
    day = values["reference_date"]
    began = NOON + timedelta(minutes=number)
    return RunRecord(
        **values,
        identity=identity,
        instance=f"{day}_{identity[:8]}" if day else identity[:8],
        parameters={"reference_date": day, "region": region},
        light="green",
        started=began,
        ended=began + timedelta(seconds=number),
        attempt=number,
        workflow_id=f"run-{number}",
        run_id=f"run-{number}",
        artefacts={"count": f"/out/{number}.ipynb"},
    )


@contextmanager
def recorded(history: list[dict[str, Any]]) -> Iterator[tuple[Path, list[RunRecord]]]:
    """A folder of outputs with these records, and the records."""
    kept = [record(number, **values) for number, values in enumerate(history)]
    with TemporaryDirectory() as folder:
        with RunRecords.open(Path(folder)) as records:
            for one in kept:
                records.record(one)
        yield Path(folder), kept


def latest(kept: list[RunRecord]) -> list[RunRecord]:
    newest = {(one.workflow_name, one.instance): one for one in kept if one.state != "partial"}
    return sorted(newest.values(), key=lambda one: (one.workflow_name, one.reference_date or "", one.instance))


def specification() -> Specification:
    notebooks = (NotebookSpecification(label="count", filename="count.ipynb"),)
    workflows = tuple(WorkflowSpecification(name=name, notebooks=notebooks) for name in NAMES[:2])
    return Specification(path=Path("workflows.yml"), inputs_dir=Path(), workflows=workflows, sensor=None)


def values(row: RunRow) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(RunRow)}


@settings(max_examples=40)
@given(history=HISTORIES)
def test_the_latest_records_are_those_of_a_plain_implementation(history: list[dict[str, Any]]) -> None:
    kept = [record(number, **values) for number, values in enumerate(history)]
    with RunRecords("sqlite://") as records:
        for one in kept:
            records.record(one)
        assert records.latest() == latest(kept)
        assert records.latest("b") == [one for one in latest(kept) if one.workflow_name == "b"]
        assert records.runs() == kept


@settings(max_examples=25)  # each opens a database of its own
@given(history=HISTORIES)
def test_rows_are_equal_to_rows_of_whole_records_and_in_order(history: list[dict[str, Any]]) -> None:
    with recorded(history) as (outputs, kept):
        place = Place(None, "", PayloadDirectory(outputs))
        for every_run, chosen in ((False, latest(kept)), (True, kept)):
            expected = [
                {name: getattr(one, "workflow_name" if name == "workflow" else name) for name in RunRow.__dataclass_fields__}
                for one in chosen
                if one.workflow_name in NAMES[:2]
            ]
            rows = run_rows(specification(), outputs, place, every_run=every_run)
            ordered = sorted(rows, key=lambda row: (row.workflow, row.reference_date or "", row.set))
            assert [*map(id, rows)] == [*map(id, ordered)]
            assert sorted(map(values, rows), key=_run_id) == sorted(expected, key=_run_id)


def _run_id(row: dict[str, Any]) -> Any:
    return row["run_id"]


def test_a_row_decodes_what_is_read_of_it_and_has_nothing_else() -> None:
    run = {"workflow_name": "a", "reference_date": "2016-01-01", "region": "north", "state": "failed", "error": "no rows"}
    with recorded([run]) as (outputs, _):
        [row] = run_rows(specification(), outputs, Place(None, "", PayloadDirectory(outputs)))
    assert not {"parameters", "state", "labels", "artefacts", "started"} & row.__dict__.keys()
    assert row.parameters is row.parameters
    assert (row.title, row.set) == ("a/2016-01-01_6e6f7274", "region=north")
    with pytest.raises(AttributeError, match=r"^'RunRow' object has no attribute 'notebooks'$"):
        row.notebooks  # type: ignore[attr-defined]


def test_a_record_has_no_other_values_than_were_asked_for() -> None:
    run = {"workflow_name": "a", "reference_date": None, "region": "north", "state": "failed", "error": "no rows"}
    with recorded([run]) as (outputs, [kept]), RunRecords.open(outputs) as records:
        for [found] in (records.latest(values=("run_id", "started")), records.runs(values=("run_id", "started"))):
            assert (found.run_id, found.started, found.instance) == (kept.run_id, kept.started, kept.instance)
            with pytest.raises(AttributeError, match=r"^'RunRecord' object has no attribute 'error'$"):
                found.error


def test_wherever_the_file_is_damaged_a_listing_says_so(tmp_path: Path) -> None:
    history = [{"workflow_name": "a", "region": number, "state": "succeeded", "error": "x" * 900} for number in range(40)]
    kept = [record(number, reference_date=None, **values) for number, values in enumerate(history)]
    with RunRecords.open(tmp_path) as records:
        for one in kept:
            records.record(one)
    file = records_file(tmp_path)
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    whole, page = file.read_bytes(), 4096
    said = Counter[Any]()
    for at in range(page, len(whole), page):
        file.write_bytes(whole[:at] + b"\xff" * page + whole[at + page :])
        try:
            with RunRecords.open(tmp_path, to_look=True) as records:
                said[len(records.latest())] += 1
        except RecordsError as error:
            said[str(error).removeprefix(f"run records in {file} ")] += 1
    assert said.keys() <= {40, "cannot be used: database disk image is malformed"}
    assert said["cannot be used: database disk image is malformed"] > 10
