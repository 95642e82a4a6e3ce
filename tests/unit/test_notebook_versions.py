"""Which content of its notebooks a run was made with, and what counts as a change of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from deciders.runs.reruns import LastEnd, NotebookChanges, changed_notebooks, notebook_changes, of_label
from deciders.specification import NotebookSpecification, SensorSpecification, Specification, WorkflowSpecification
from deciders.values.label_state import LabelState
from tests.unit.test_run_records import FIRST, KEY, run
from workers.artefacts import Artefacts
from workers.records.run_records import RunRecords
from workers.runs.notebook_versions import as_executed, at_start, changes_since, with_hashes_of_folders

NOON = datetime(2016, 1, 2, 12, tzinfo=UTC)
THEN = {"count.ipynb": "c1", "report.ipynb": "r1"}


def flow(files: Mapping[str, str]) -> WorkflowSpecification:
    """Of notebooks by label."""
    notebooks = tuple(NotebookSpecification(label=label, filename=name) for label, name in files.items())
    return WorkflowSpecification(name="flows", notebooks=notebooks)


BOTH = {"count": "count.ipynb", "report": "report.ipynb"}


def end(notebooks: Mapping[str, str] | None) -> LastEnd:
    return LastEnd(state="succeeded", ended=NOON, notebooks=notebooks)


@pytest.mark.parametrize(
    ("files", "now", "changes", "changes_of_early_versions"),
    [
        (BOTH, THEN, ((), ()), ((), ())),
        (BOTH, {**THEN, "report.ipynb": "r2"}, (("report.ipynb",), ()), (("report.ipynb",), ())),
        (BOTH, {"count.ipynb": "c1"}, (("report.ipynb",), ()), (("report.ipynb",), ())),  # it cannot be read
        ({"count": "count.ipynb"}, THEN, ((), ()), ((), ())),  # a label less
        ({**BOTH, "new": "new.ipynb"}, {**THEN, "new.ipynb": "n1"}, ((), ("new.ipynb",)), (("new.ipynb",), ())),
        # a label more, of a file that another one has had already
        ({**BOTH, "again": "count.ipynb"}, THEN, ((), ("count.ipynb",)), ((), ())),
        # another name of the same content, and with it another content
        ({**BOTH, "report": "new.ipynb"}, {"count.ipynb": "c1", "new.ipynb": "r1"}, ((), ()), ((), ())),
        (
            {**BOTH, "report": "new.ipynb"},
            {"count.ipynb": "c1", "new.ipynb": "r2"},
            (("new.ipynb",), ()),
            (("new.ipynb",), ()),
        ),
        # two labels that have changed their files with each other
        (
            {"count": "report.ipynb", "report": "count.ipynb"},
            THEN,
            (("report.ipynb", "count.ipynb"), ()),
            ((), ()),
        ),
        # another label of the same file, and of another content of it
        ({"counted": "count.ipynb", "report": "report.ipynb"}, THEN, ((), ()), ((), ())),
        (
            {"counted": "count.ipynb", "report": "report.ipynb"},
            {**THEN, "count.ipynb": "c2"},
            ((), ("count.ipynb",)),
            (("count.ipynb",), ()),
        ),
    ],
)
def test_a_notebook_has_changed_when_its_label_would_be_executed_from_another_content(
    files: dict[str, str],
    now: dict[str, str],
    changes: tuple[tuple[str, ...], tuple[str, ...]],
    changes_of_early_versions: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    made = end(at_start(flow(BOTH), THEN))
    assert notebook_changes(flow(files), made, now) == NotebookChanges(*changes)
    assert changed_notebooks(flow(files), made, now) == [*changes[0], *changes[1]]
    assert notebook_changes(flow(files), end(THEN), now) == NotebookChanges(*changes_of_early_versions)
    assert notebook_changes(flow(files), end(None), now) is None


def test_a_former_content_that_is_restored_is_no_change() -> None:
    made = end(at_start(flow(BOTH), THEN))
    edited = {**THEN, "report.ipynb": "r2"}
    assert changed_notebooks(flow(BOTH), made, edited) == ["report.ipynb"]
    assert changed_notebooks(flow(BOTH), made, THEN) == []
    assert changed_notebooks(flow(BOTH), end(at_start(flow(BOTH), edited)), THEN) == ["report.ipynb"]


def executed(outputs: Path, label: str, digest: str) -> None:
    name, _, item = label.partition("/")
    folder = Artefacts(outputs).notebook_folder("flows", FIRST.instance, name, item or None)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"source_sha256": digest}))


def test_a_run_notes_what_its_labels_were_executed_from_though_files_were_edited_while_it_waited(tmp_path: Path) -> None:
    noted = at_start(flow(BOTH), THEN)
    executed(tmp_path, "count", "c2")
    executed(tmp_path, "report", "of a former run")
    labels = {"count": LabelState.SUCCEEDED, "report": LabelState.NOT_RUN, "report:count": LabelState.FAILED}
    assert as_executed(noted, tmp_path, "flows", FIRST.instance, labels) == {**noted, of_label("count"): "c2"}
    # one that was refused before it began has left nothing
    labels = {"count": LabelState.SUCCEEDED, "report": LabelState.FAILED}
    (Artefacts(tmp_path).notebook_folder("flows", FIRST.instance, "report") / "run.json").unlink()
    assert as_executed(noted, tmp_path, "flows", FIRST.instance, labels) == {**noted, of_label("count"): "c2"}
    assert as_executed(None, tmp_path, "flows", FIRST.instance, labels) is None
    assert as_executed(THEN, tmp_path, "flows", FIRST.instance, labels) == THEN  # it was started by an early version


def test_a_label_whose_items_were_executed_from_several_contents_has_that_of_its_start(tmp_path: Path) -> None:
    noted = at_start(flow(BOTH), THEN)
    labels = {"count": LabelState.SUCCEEDED, "report": LabelState.SUCCEEDED}
    items = [{"label": label, "index": index, "folder": str(index)} for label in ("count", "report") for index in range(2)]
    items.append({"label": "count", "index": 2, "folder": "2", "began": False})
    for index, digest in enumerate(("c2", "c2")):
        executed(tmp_path, f"count/{index}", digest)
    for index, digest in enumerate(("r2", "r3")):
        executed(tmp_path, f"report/{index}", digest)
    assert as_executed(noted, tmp_path, "flows", FIRST.instance, labels, items) == {**noted, of_label("count"): "c2"}


def test_what_early_versions_have_not_recorded_is_read_from_the_folders_as_far_as_they_are_there(tmp_path: Path) -> None:
    for name in BOTH.values():
        (tmp_path / name).write_text(name)
    now = {name: sha256(name.encode()).hexdigest() for name in BOTH.values()}
    executed(tmp_path, "count", now["count.ipynb"])
    executed(tmp_path, "report", "another")
    specification = Specification(
        path=Path("workflows.yml"),
        inputs_dir=tmp_path,
        workflows=(flow(BOTH),),
        sensor=SensorSpecification(schedule=None, workflows=()),
    )
    with RunRecords(f"sqlite:///{tmp_path}/runs.sqlite3") as records:
        records.record(FIRST)
        records.record(run(2, identity="b" * 32, instance="2016-01-02_cleaned"))
        records.record(run(3, identity="c" * 32, notebooks=at_start(flow(BOTH), now)))
        records.record(run(4, workflow_name="gone", identity="d" * 32))
        assert records.unhashed() == {
            KEY: FIRST.instance,
            ("flows", "b" * 32): "2016-01-02_cleaned",
            ("gone", "d" * 32): FIRST.instance,
        }
        ends = with_hashes_of_folders(specification, tmp_path, records, records.ends())
    assert changes_since(specification, ends) == {
        KEY: NotebookChanges(("report.ipynb",), ()),
        ("flows", "b" * 32): None,
        ("flows", "c" * 32): NotebookChanges((), ()),
    }
