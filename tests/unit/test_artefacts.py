import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workers.artefacts import (
    LONGEST_PART_BYTES,
    Artefacts,
    OutputsError,
    path_in_run,
    path_part,
    read_record,
    why_unreadable,
    write_atomically,
)
from workers.kept_paths import found_path
from workers.runs.latest_links import linked_instances, point_latest
from workers.runs.old_outputs import folders_of, has_folders

RUN = ("flows", "2016-01-02_1e6bbce8", "report")


def left_by_a_run(artefacts, text, run=RUN):
    artefacts.notebook_folder(*run).mkdir(parents=True)
    artefacts.notebook(*run).write_text(text)


def test_the_layout_of_an_outputs_folder():
    artefacts = Artefacts(Path("/out"))
    assert artefacts.notebook_folder(*RUN) == Path("/out/notebooks/flows/2016-01-02_1e6bbce8/report")
    assert artefacts.notebook(*RUN) == Path("/out/notebooks/flows/2016-01-02_1e6bbce8/report/report.ipynb")
    assert artefacts.report(*RUN) == Path("/out/reports/flows/2016-01-02_1e6bbce8/report.pdf")
    assert artefacts.attempt_folder(*RUN, 2) == Path("/out/notebooks/flows/2016-01-02_1e6bbce8/.attempts/2/report")


def test_whoever_looks_for_files_of_a_run_finds_them_where_the_layout_puts_them(tmp_path):
    workflow, instance, _ = RUN
    artefacts, former = Artefacts(tmp_path), Artefacts(Path("/former/out"))
    assert not has_folders(tmp_path, workflow, instance)
    for made, then in ((artefacts.notebook(*RUN), former.notebook(*RUN)), (artefacts.report(*RUN), former.report(*RUN))):
        made.parent.mkdir(parents=True)
        made.touch()
        assert path_in_run(str(then), workflow, instance) == made.relative_to(tmp_path).as_posix()
        assert found_path(str(then), tmp_path, workflow, instance) == str(made)
        assert has_folders(tmp_path, workflow, instance)
    notebooks, reports = artefacts.notebook_folder(*RUN).parent, artefacts.reports_folder(workflow, instance)
    assert folders_of(tmp_path, workflow, instance) == [notebooks, reports]
    point_latest(tmp_path, workflow, instance, "2016-01-02")
    assert (artefacts.workflow_reports_folder(workflow) / "latest").samefile(reports)
    assert linked_instances(tmp_path, workflow) == {instance}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("flows above normal", "flows above normal"),
        ("2016-01-02_1e6bbce8", "2016-01-02_1e6bbce8"),
        ("é", "é"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("..", "%2E."),
        (".attempts", "%2Eattempts"),
        ("{date}", "{date}"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_a_name_becomes_one_safe_part_of_a_path(name, part):
    assert path_part(name) == part


def test_long_names_are_cut_and_stay_different():
    first, second = path_part("é" * 300 + "1"), path_part("é" * 300 + "2")
    assert first != second
    assert len(first.encode()) <= LONGEST_PART_BYTES


def test_an_empty_name_gets_no_folder():
    with pytest.raises(ValueError, match=r"^a workflow, an instance and a label need a name to get a folder$"):
        path_part("")


def test_attempts_are_counted_and_the_earlier_ones_kept(tmp_path):
    artefacts = Artefacts(tmp_path)
    assert artefacts.begin_attempt(*RUN) == 1
    left_by_a_run(artefacts, "first")
    assert artefacts.begin_attempt(*RUN) == 2
    assert not artefacts.notebook_folder(*RUN).exists()
    left_by_a_run(artefacts, "second")
    assert artefacts.begin_attempt(*RUN) == 3
    kept = [(artefacts.attempt_folder(*RUN, n) / "report.ipynb").read_text() for n in (1, 2)]
    assert kept == ["first", "second"]


def test_beginning_again_after_a_crash_gives_the_same_number(tmp_path):
    artefacts = Artefacts(tmp_path)
    left_by_a_run(artefacts, "first")
    artefacts.attempt_folder(*RUN, 1).parent.mkdir(parents=True)  # died before the rename
    assert artefacts.begin_attempt(*RUN) == 2
    assert artefacts.begin_attempt(*RUN) == 2  # died after it
    artefacts.notebook_folder(*RUN).mkdir()  # died before the attempt left anything
    assert artefacts.begin_attempt(*RUN) == 2


def test_an_attempt_begins_while_the_folder_it_is_moved_into_is_removed_as_empty(tmp_path, monkeypatch):
    """Labels share ``.attempts/<n>``, and one that removes its old attempts takes the folder away once it is empty."""
    artefacts, rename, left = Artefacts(tmp_path), os.rename, [1, 2]
    left_by_a_run(artefacts, "first")

    def rename_when_it_is_gone(source, target):
        if left:
            left.pop()
            target.parent.rmdir()
        rename(source, target)

    monkeypatch.setattr(os, "rename", rename_when_it_is_gone)
    assert artefacts.begin_attempt(*RUN) == 2
    assert (artefacts.attempt_folder(*RUN, 1) / "report.ipynb").read_text() == "first"


def test_a_folder_that_is_gone_itself_is_not_waited_for(tmp_path, monkeypatch):
    artefacts, rename = Artefacts(tmp_path), os.rename
    left_by_a_run(artefacts, "first")

    def rename_too_late(source, target):
        shutil.rmtree(source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", rename_too_late)
    with pytest.raises(FileNotFoundError):
        artefacts.begin_attempt(*RUN)


def test_labels_of_one_instance_count_their_own_attempts(tmp_path):
    artefacts = Artefacts(tmp_path)
    other = (*RUN[:2], "other")
    left_by_a_run(artefacts, "first")
    left_by_a_run(artefacts, "first of the other", other)
    assert artefacts.begin_attempt(*RUN) == 2
    assert artefacts.begin_attempt(*other) == 2
    assert sorted(path.name for path in artefacts.attempt_folder(*RUN, 1).parent.iterdir()) == ["other", "report"]


def test_a_writable_folder_is_made_and_left_empty(tmp_path):
    outputs = tmp_path / "a" / "b"
    Artefacts(outputs).check_writable()
    assert list(outputs.iterdir()) == []


def test_an_outputs_folder_that_is_a_file_is_refused(tmp_path):
    outputs = tmp_path / "outputs"
    outputs.write_text("")
    with pytest.raises(OutputsError) as refused:
        Artefacts(outputs).check_writable()
    assert str(refused.value) == f"outputs folder {outputs} is a file; name a folder"


@pytest.mark.parametrize("below", ["", "a/b"])
@pytest.mark.parametrize("target", ["nowhere", "link"])
def test_an_outputs_folder_behind_a_link_that_leads_nowhere_is_refused(below, target, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    outputs = link / below
    with pytest.raises(OutputsError) as refused:
        Artefacts(outputs).check_writable()
    assert str(refused.value) == (
        f"outputs folder {outputs} cannot be made: {link} is a link to {tmp_path / target}, which is not there"
    )
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[", "not JSON"),
        (b"", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", None),
        (None, None),
    ],
)
def test_it_is_said_why_a_record_cannot_be_read(content, reason, tmp_path):
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content)
    assert why_unreadable(path) == reason
    assert read_record(path) == {}


def test_an_outputs_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    outputs = tmp_path / "file" / "outputs"
    with pytest.raises(OutputsError) as refused:
        Artefacts(outputs).check_writable()
    assert str(refused.value) == f"outputs folder {outputs} does not exist and cannot be made: not a directory"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write to")
def test_an_outputs_folder_that_cannot_be_written_to_is_refused():
    with pytest.raises(OutputsError, match=r"^outputs folder /proc/self cannot be written to: [a-z ]+$"):
        Artefacts(Path("/proc/self")).check_writable()


def test_an_outputs_folder_without_room_is_refused_and_nothing_is_left_in_it(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; from workers.artefacts import Artefacts, OutputsError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))\n"
        "try: Artefacts(Path(sys.argv[1])).check_writable()\n"
        "except OutputsError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert told.stdout == f"outputs folder {tmp_path} cannot be written to: file too large\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "run.json"
    write_atomically(path, "é")
    write_atomically(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


def test_a_written_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    write_atomically(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_write_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "run.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "run.json", "x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]
