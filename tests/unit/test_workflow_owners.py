"""Which file a workflow belongs to: the rule, over moved, copied, linked and shared folders."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workers.records.run_records import RunRecords
from workers.records.workflow_owners import LOCAL, WorkflowOwners, WorkflowTaken, domain_service


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with two workflow files, which is all that the rule needs to know of them."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("a.yml", "b.yml"):
        (folder / name).write_text(name)
    return folder


def claim(file: Path, *names: str, outputs: Path | None = None, service: str = LOCAL, adopt: bool = False) -> list[str]:
    outputs = outputs or file.parent / "outputs"
    with RunRecords.open(outputs) as records:
        return WorkflowOwners(records, file, outputs).claim(names or ["w"], service, adopt=adopt)


def foreign(file: Path, *names: str, outputs: Path | None = None) -> list[tuple[str, Path, bool]]:
    outputs = outputs or file.parent / "outputs"
    with RunRecords.open(outputs, to_look=True) as records:
        found = WorkflowOwners(records, file, outputs).foreign(names or ["w"])
    return [(one.name, one.owner, one.is_there) for one in found]


def test_the_first_file_owns_a_name_and_another_is_refused_with_both_paths(project: Path) -> None:
    assert claim(project / "a.yml", "w", "v") == []
    assert claim(project / "a.yml", "w", "v") == []
    with pytest.raises(WorkflowTaken) as refused:
        claim(project / "b.yml", "u", "w")
    assert str(refused.value) == (
        f"workflow 'w' belongs to {project}/a.yml (outputs in {project}/outputs), and {project}/b.yml names it too; give it "
        "another name there, or --adopt (of sensor.start, workflow.start, backfill and runs.retry) takes its runs over"
    )
    assert foreign(project / "b.yml", "w", "v") == [(name, project / "a.yml", True) for name in ("v", "w")]
    assert foreign(project / "b.yml", "u") == []  # what was refused has taken nothing
    assert claim(project / "b.yml", "u") == []


def test_several_names_are_one_sentence(project: Path) -> None:
    claim(project / "a.yml", "w", "v")
    with pytest.raises(WorkflowTaken) as refused:
        claim(project / "b.yml", "v", "w")
    assert str(refused.value).startswith(
        f"workflow 'v' (and 1 more) belongs to {project}/a.yml (outputs in {project}/outputs), "
    )


def test_a_renamed_file_is_told_what_to_type_and_adopts_its_runs(project: Path) -> None:
    claim(project / "a.yml")
    (project / "a.yml").rename(project / "c.yml")
    with pytest.raises(WorkflowTaken) as refused:
        claim(project / "c.yml")
    assert str(refused.value) == (
        f"workflow 'w' belongs to {project}/a.yml (outputs in {project}/outputs), which is not there any more; if "
        f"{project}/c.yml is that file, moved or renamed, --adopt (of sensor.start, workflow.start, backfill and runs.retry) "
        "takes its runs over"
    )
    assert foreign(project / "c.yml") == [("w", project / "a.yml", False)]
    assert claim(project / "c.yml", adopt=True) == [f"workflow 'w' is taken over from {project}/a.yml"]
    assert claim(project / "c.yml", adopt=True) == []
    assert foreign(project / "c.yml") == []


def _as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    return project / "a.yml", project / "outputs"


def _written_otherwise(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.chdir(project)
    return Path("./../project/a.yml"), Path("outputs/../outputs")


def _by_a_link(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    (project / "link.yml").symlink_to("a.yml")
    return project / "link.yml", project / "outputs"


def _by_a_linked_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    (project.parent / "elsewhere").symlink_to(project)
    return project.parent / "elsewhere" / "a.yml", project / "outputs"


def _moved_as_a_whole(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    moved = project.rename(project.with_name("moved"))
    return moved / "a.yml", moved / "outputs"


def _copied_as_a_whole(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    copy = Path(shutil.copytree(project, project.with_name("copy")))
    return copy / "a.yml", copy / "outputs"


def _edited_by_replacing_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    (project / "new").write_text("edited")
    os.replace(project / "new", project / "a.yml")
    return project / "a.yml", project / "outputs"


@pytest.mark.parametrize(
    "seen",
    [
        _as_it_is,
        _written_otherwise,
        _by_a_link,
        _by_a_linked_folder,
        _moved_as_a_whole,
        _copied_as_a_whole,
        _edited_by_replacing_it,
    ],
)
def test_the_same_file_stays_the_owner_without_a_word(
    seen: Callable[..., tuple[Path, Path]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(project / "a.yml")
    file, outputs = seen(project, monkeypatch)
    assert foreign(file, outputs=outputs) == []
    assert claim(file, outputs=outputs) == []


def test_a_database_that_two_projects_share_keeps_their_files_apart(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/shared.sqlite3")
    claim(project / "a.yml")
    other = Path(shutil.copytree(project, tmp_path / "other"))
    with pytest.raises(WorkflowTaken) as refused:
        claim(other / "a.yml")
    assert str(refused.value) == (
        f"workflow 'w' belongs to {project}/a.yml (run records in {tmp_path}/shared.sqlite3), and {other}/a.yml names it too; "
        "give it another name there, or --adopt (of sensor.start, workflow.start, backfill and runs.retry) takes its runs over"
    )
    assert claim(other / "a.yml", "v") == []


def test_with_a_shared_database_a_project_that_has_moved_is_said_to_count_as_the_same(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/shared.sqlite3")
    claim(project / "a.yml")
    moved = project.rename(tmp_path / "moved")
    assert foreign(moved / "a.yml") == []
    assert claim(moved / "a.yml") == [
        f"workflow 'w' had its outputs in {project}/outputs, where its file is no more; it counts as moved here"
    ]
    assert claim(moved / "a.yml") == []


HERE, THERE = LOCAL, domain_service("D")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (THERE, HERE, ("domain D", "local runs")),
        (HERE, THERE, ("local runs", "domain D")),
        (domain_service("C"), THERE, ("domain C", "domain D")),
    ],
)
def test_outputs_that_one_service_uses_are_not_taken_by_another_unless_it_adopts_them(
    first: str, second: str, words: tuple[str, str], project: Path
) -> None:
    claim(project / "a.yml", service=first)
    for file, name in ((project / "a.yml", "w"), (project / "b.yml", "v")):  # another workflow in the same folder too
        with pytest.raises(WorkflowTaken) as refused:
            claim(file, name, service=second)
        assert str(refused.value) == (
            f"outputs in {project}/outputs are used by {words[0]} for workflow 'w', and {words[1]} would know nothing of those "
            "runs; stop what runs there, then --adopt takes them over"
        )
    assert claim(project / "a.yml", service=second, adopt=True) == [
        f"outputs in {project}/outputs are taken over from {words[0]}; what is open there goes on unless it is stopped"
    ]
    assert claim(project / "a.yml", service=second) == []
    with pytest.raises(WorkflowTaken):
        claim(project / "a.yml", service=first)


def test_in_a_shared_database_other_outputs_may_be_used_by_another_service(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///{tmp_path}/shared.sqlite3")
    claim(project / "a.yml", service=LOCAL)
    assert claim(project / "b.yml", "v", outputs=tmp_path / "other", service=THERE) == []


def test_records_of_an_early_version_are_the_first_users(project: Path) -> None:
    with RunRecords.open(project / "outputs"):
        pass
    assert foreign(project / "b.yml") == []
    assert claim(project / "b.yml", adopt=True) == []


def claim_together(folder: Path, name: str, together: Any, won: Any) -> None:
    for number in range(20):
        together.wait(60)
        try:
            claim(folder / name, f"w{number}")
        except WorkflowTaken:
            continue
        won.put((number, name))


def test_of_two_processes_that_claim_a_name_in_the_same_moment_one_has_it(project: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together, won = context.Barrier(2), context.Queue()
    processes = [context.Process(target=claim_together, args=(project, name, together, won)) for name in ("a.yml", "b.yml")]
    for process in processes:
        process.start()
    winners = dict(won.get(timeout=120) for _ in range(20))
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert won.empty()
    for number, name in winners.items():
        assert foreign(project / name, f"w{number}") == []
