"""Bodies in processes of their own: their results, how they are ended, and that nothing is left of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from simpleflow_nb.processes import isolated_call
from simpleflow_nb.processes.process_groups import ProcessGroups
from simpleflow_nb.testing import harness

from . import isolated_bodies as bodies
from .one_activity import Cancelling, One, ended_as

_PATIENCE_SECONDS = 300

needs_guardian = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to a guardian")


def _wait_until(is_so):
    until = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def _pids(file: Path) -> list[int]:
    _wait_until(file.exists)
    return [int(pid) for pid in file.read_text().split()]


def _are_gone(pids: list[int]) -> bool:
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            continue
    return True


def test_cancelling_an_isolated_body_ends_its_whole_family(monkeypatch, tmp_path):
    monkeypatch.setattr(Cancelling, "task", bodies.family)
    with harness(Cancelling) as opened:
        started = opened.start(Cancelling, str(tmp_path / "pids"))
        pids = _pids(tmp_path / "pids")
        assert len(pids) == 4
        assert not _are_gone(pids[3:])
        opened.signal(started[0], "cancel")
        assert opened.result(*started)[:2] == ["CANCELLED", "TaskCanceled"]
        assert _are_gone(pids)


def test_a_timeout_ends_an_isolated_body_and_its_whole_family(one, tmp_path):
    out, _ = one(bodies.short_lived_family, str(tmp_path / "pids"))
    assert out["error"].endswith("timeout START_TO_CLOSE")
    pids = _pids(tmp_path / "pids")
    _wait_until(lambda: _are_gone(pids))


def test_a_harness_that_is_closed_leaves_no_body_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(Cancelling, "task", bodies.family)
    with harness(Cancelling) as opened:
        opened.start(Cancelling, str(tmp_path / "pids"))
        pids = _pids(tmp_path / "pids")
    assert _are_gone(pids)


def test_an_isolated_body_returns_its_result(one):
    assert one(bodies.add, 1, y=2)[0] == {"result": 3, "error": None}


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raise", r"ValueError: nope"),
        ("exit", r"SystemExit: 3"),
        ("die", r"process \d+ died: exit code 7"),
        ("kill", r"process \d+ died: exit code -9"),
        ("fork and die", r"process \d+ died: exit code 7"),
        ("not JSON", r"TypeError: the result of [\w.]+\.spoil: builtins.object is not a JSON value: <object object at 0x\w+>"),
    ],
)
def test_an_isolated_body_that_fails_says_what(one, how, reason):
    _, history = one(bodies.spoil, how)
    assert re.fullmatch(reason, ended_as(history)["reason"])


@needs_guardian
@pytest.mark.parametrize("how", ["return", "raise", "exit", "die", "kill"])
def test_a_daemon_that_an_isolated_body_has_started_ends_with_it_however_that_ends(one, tmp_path, how):
    one(bodies.leave_a_daemon, how, str(tmp_path / "pids"))
    assert _are_gone(_pids(tmp_path / "pids"))


def test_what_an_isolated_body_starts_finds_nothing_to_read(one):
    assert one(bodies.read_everything)[0]["result"] == ""


def test_all_that_an_isolated_body_prints_comes_out(one, capfd):
    assert one(bodies.talk, 2_000)[0]["result"] == 2_000
    assert capfd.readouterr().out.splitlines() == [f"line {n} of a body" for n in range(2_000)]


def test_a_thread_that_an_isolated_body_has_left_does_not_hold_its_result_for_ever(one, monkeypatch):
    monkeypatch.setattr(isolated_call, "_EXIT_SECONDS", 0.5)
    assert one(bodies.leave_a_thread)[0]["result"] == "done"


def test_progress_of_an_isolated_body_is_kept(one):
    _, history = one(bodies.beats)
    assert "cell 2" in ended_as(history)["details"]


_PARENT = """
import sys
from simpleflow_nb import Workflow
from simpleflow_nb.testing import harness
from tests.service.isolated_bodies import family

class Run(Workflow):
    name = "orphans"
    def run(self, pids):
        return self.submit(family, pids).result

with harness(Run) as opened:
    opened.result(*opened.start(Run, sys.argv[1]))
"""


def test_a_worker_that_is_killed_leaves_no_isolated_body_behind(tmp_path):
    file = tmp_path / "pids"
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(file)], cwd=Path(__file__).parents[2])
    try:
        pids = _pids(file)
        assert not _are_gone(pids[:1])
    finally:
        parent.kill()
        parent.wait()
    _wait_until(lambda: _are_gone(pids))


@pytest.fixture
def sleeper():
    """A process that leads a group of its own, with a child in it."""
    code = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); time.sleep(600)"
    leader = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert leader.stdout is not None
    child = int(leader.stdout.readline())
    yield leader, child
    for pid in (leader.pid, child):
        try:
            psutil.Process(pid).kill()
        except psutil.Error:
            pass  # as it should be
    leader.communicate()


def test_process_groups_that_a_dead_worker_left_are_killed_by_the_next_one(tmp_path, sleeper):
    leader, child = sleeper
    ProcessGroups(tmp_path).record(leader.pid)
    assert ProcessGroups(tmp_path).kill_left_over() == [leader.pid]
    leader.wait()
    _wait_until(lambda: _are_gone([leader.pid, child]))
    assert ProcessGroups(tmp_path).kill_left_over() == []


def test_a_group_is_killed_also_when_its_leader_is_gone(tmp_path, sleeper):
    leader, child = sleeper
    ProcessGroups(tmp_path).record(leader.pid)
    leader.kill()
    leader.wait()
    assert ProcessGroups(tmp_path).kill_left_over() == [leader.pid]
    _wait_until(lambda: _are_gone([child]))


@pytest.mark.parametrize("is_led", [True, False])
def test_the_copy_of_a_folder_of_notes_kills_nothing_and_the_moved_folder_does(tmp_path, sleeper, is_led):
    leader, child = sleeper
    ProcessGroups(tmp_path / "notes").record(leader.pid)
    shutil.copytree(tmp_path / "notes", tmp_path / "copy")
    if not is_led:
        leader.kill()
        leader.wait()
    assert ProcessGroups(tmp_path / "copy").kill_left_over() == []
    assert (list((tmp_path / "copy").iterdir()), _are_gone([child])) == ([], False)
    (tmp_path / "notes").rename(tmp_path / "moved")
    assert ProcessGroups(tmp_path / "moved").kill_left_over() == [leader.pid]


@pytest.mark.parametrize("started", ["1", ""])
def test_a_process_that_merely_has_a_former_id_is_left_alone(tmp_path, sleeper, started):
    leader, child = sleeper
    (tmp_path / str(leader.pid)).write_text(started)
    (tmp_path / "notes.txt").write_text("not a group")
    assert ProcessGroups(tmp_path).kill_left_over() == []
    assert not _are_gone([leader.pid])
    assert not _are_gone([child])
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_body_that_ends_leaves_no_note_of_its_group(tmp_path, monkeypatch):
    groups = ProcessGroups(tmp_path / "groups")
    with harness(One) as opened:
        opened.engine.worker.process_groups = groups
        monkeypatch.setattr(One, "task", bodies.add)
        assert opened.result(*opened.start(One, 1, 2))["result"] == 3
    assert list((tmp_path / "groups").iterdir()) == []
