"""Reports made in a child process: kept warm, held within limits, replaced when it dies."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.unit.reports.samples import code as code_cell
from tests.unit.reports.samples import frame_html, notebook, prose, saved, shown
from workers.reports import Limits, ReportError, ReportOptions, ReportStopped, convert_report, end_idle_children, make_report

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder for temporary files; nothing of ours may stay in it."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    end_idle_children()
    yield folder
    end_idle_children()
    assert list(folder.iterdir()) == []


def children() -> list[int]:
    """Those that make reports."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ZombieProcess is one
            if "workers.reports.conversion_server" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return saved(tmp_path, notebook(prose("# Flows"), prose("Some *prose* and $x^2$.")), "small.ipynb")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """Takes many seconds and hundreds of megabytes."""
    frames = [code_cell(shown(text_html=frame_html(1000, columns=30).replace(".", f".{number}"))) for number in range(8)]
    return saved(tmp_path, notebook(*frames), "endless.ipynb")


@pytest.mark.parametrize("format", ["pdf", "html"])
def test_the_child_makes_what_this_process_would_and_is_kept(small, tmp_path, format):
    options = ReportOptions(format=format, reference_date="2016-03-14", font_directories=(tmp_path,))
    here = convert_report(small, tmp_path / "here", options)
    made = make_report(small, tmp_path / "reports" / "made", options)
    first = children()
    again = make_report(small, tmp_path / "again", options)
    assert (made.pages, made.warnings) == (here.pages, here.warnings)
    assert made.path.read_bytes() == again.path.read_bytes() == here.path.read_bytes()
    assert children() == first
    assert len(first) == 1


def test_a_notebook_that_is_refused_costs_no_child(tmp_path, small):
    (tmp_path / "broken.ipynb").write_text("{")
    make_report(small, tmp_path / "a.pdf")
    first = children()
    with pytest.raises(ReportError) as refused:
        make_report(tmp_path / "broken.ipynb", tmp_path / "b.pdf")
    assert str(refused.value) == f"not a readable notebook: {tmp_path / 'broken.ipynb'} (it is not JSON)"
    assert children() == first


def test_a_report_that_needs_too_much_memory_is_given_up_and_the_old_one_stays(tmp_path, small, endless):
    target = tmp_path / "old.pdf"
    target.write_bytes(b"the old report")
    with pytest.raises(ReportStopped) as stopped:
        make_report(endless, target, limits=Limits(memory_bytes=100_000_000))
    assert str(stopped.value) == f"the report of {endless} needed more than 100 MB of memory and was given up"
    assert target.read_bytes() == b"the old report"
    assert children() == []
    assert make_report(small, target).pages == 1


def test_a_report_that_takes_too_long_is_given_up(tmp_path, endless):
    with pytest.raises(ReportStopped) as stopped:
        make_report(endless, tmp_path / "x.pdf", limits=Limits(time_seconds=0.5))
    assert str(stopped.value) == f"the report of {endless} took more than 0.5 s and was given up"
    assert children() == []
    assert [path.name for path in tmp_path.iterdir()] == ["endless.ipynb"]


def test_a_child_that_dies_costs_its_report_alone(tmp_path, small, endless):
    with pytest.raises(ReportStopped) as stopped:
        make_report(endless, tmp_path / "x.pdf", on_wait=lambda: [os.kill(pid, signal.SIGKILL) for pid in children()])
    assert str(stopped.value) == (
        f"the report of {endless} cannot be made: its process was killed by SIGKILL, perhaps because memory ran out"
    )
    make_report(small, tmp_path / "y.pdf")
    [idle] = children()
    os.kill(idle, signal.SIGKILL)
    until(lambda: psutil.Process(idle).status() == psutil.STATUS_ZOMBIE)
    assert make_report(small, tmp_path / "y.pdf").pages == 1
    assert children() != [idle]


def test_what_the_caller_raises_while_it_waits_ends_the_child(tmp_path, endless):
    def cancelled() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_report(endless, tmp_path / "x.pdf", on_wait=cancelled)
    assert children() == []


def test_a_grown_child_is_not_kept(tmp_path, small, monkeypatch):
    monkeypatch.setattr("workers.reports.conversion_process.KEPT_MEMORY_BYTES", 1)
    make_report(small, tmp_path / "x.pdf")
    assert children() == []


def test_several_threads_have_a_child_each(tmp_path, small):
    together = threading.Barrier(2)

    def made(number: int) -> bytes:
        together.wait(60)
        return make_report(small, tmp_path / f"{number}.pdf").path.read_bytes()

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(made, range(2)))) == 1
    assert 1 <= len(children()) <= 2


def test_a_file_of_the_users_is_not_taken_for_a_library(tmp_path, small, monkeypatch):
    (tmp_path / "typst.py").write_text("raise RuntimeError('mine')")
    monkeypatch.chdir(tmp_path)
    assert make_report(small, tmp_path / "x.pdf").pages == 1


def test_the_child_ends_with_a_process_that_is_killed(tmp_path, endless):
    program = f"""
        import os, signal, threading, time
        from pathlib import Path
        import psutil
        from workers.reports import make_report

        def end():
            while not (found := psutil.Process().children()):
                time.sleep(0.05)
            print(found[0].pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Timer(1.5, end).start()
        make_report(Path({str(endless)!r}), Path({str(tmp_path / "x.pdf")!r}))
    """
    folder = tmp_path / "scratch"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = int(done.stdout)
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert list(folder.iterdir()) == []
