"""Output that comes late, and output without end."""

import os
import threading

import nbformat
import psutil
import pytest

from tests.acceptance.conftest import run_json
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks.kernel_output import OutputLimits
from workers.notebooks.notebook_run import NotebookFailed, run_notebook

TASK = """import asyncio
begun = asyncio.Event()
async def work():
    await begun.wait()
    for step in range(3):
        print("WARNING: step", step)
task = asyncio.create_task(work())"""
THREAD = """import threading
asked = threading.Event()
def work():
    asked.wait()
    print("from the thread")
thread = threading.Thread(target=work); thread.start()"""
LIMITS = OutputLimits(printed_bytes=3_000_000, displayed_bytes=3_000_000)


def texts(notebook):
    return ["".join(o.get("text", "") for o in cell.outputs) for cell in nbformat.read(notebook, 4).cells if "outputs" in cell]


def test_what_a_task_prints_after_its_cell_is_in_the_cell_that_runs_then(run, write, into):
    done = run(write("a = 1", TASK, "print('waiting'); begun.set(); await task; print('done')"), {}, into)
    assert texts(done.path)[1:] == ["", "waiting\nWARNING: step 0\nWARNING: step 1\nWARNING: step 2\ndone\n"]
    assert done.warnings == ("WARNING: step 0", "WARNING: step 1", "WARNING: step 2")


def test_what_a_thread_prints_after_its_cell_is_in_the_cell_that_runs_then(run, write, into):
    done = run(write("a = 1", THREAD, "print('first'); asked.set(); thread.join(); print('last')"), {}, into)
    assert texts(done.path)[1:] == ["", "first\nfrom the thread\nlast\n"]


def test_what_a_task_displays_after_its_cell_is_in_the_cell_that_runs_then(run, write, into):
    body = "    await begun.wait()\n    display({'a': 1})\n"
    show = f"import asyncio\nbegun = asyncio.Event()\nasync def work():\n{body}task = asyncio.create_task(work())"
    done = run(write("a = 1", show, "begun.set(); await task"), {}, into)
    outputs = [cell.outputs for cell in nbformat.read(done.path, 4).cells]
    assert [[output.output_type for output in each] for each in outputs] == [[], [], ["display_data"]]


PRINTERS = {
    "long lines": "while True: print('x' * 100_000)",
    "short lines": "while True: print('x' * 100)",
    "flushed lines": "while True: print('x' * 10_000, flush=True)",
    "exceptions swallowed": "while True:\n    try: print('x' * 10_000)\n    except BaseException: pass",
    "a subprocess": "!yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "one text": "print('x' * 50_000_000)",
    "standard error": "import sys\nwhile True: print('x' * 10_000, file=sys.stderr)",
}


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=PRINTERS)
def test_a_notebook_that_prints_without_end_is_stopped_and_what_it_printed_is_kept(run, write, into, printer):
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", printer, "print('next')"), {}, into, output_limits=LIMITS, timeout_seconds=300)
    assert failed.value.cause == "OutputLimitExceeded: printed more than its limit of 3 MB; output_limit sets it"
    assert failed.value.cell == 2
    [*_, text] = [text for text in texts(failed.value.notebook) if text]
    assert len(text) == 3_000_000
    assert 3_000_000 <= (into / "output.txt").stat().st_size <= 3_000_001
    assert run_json(into)["status"] == "failed"


@pytest.mark.parametrize("kind", ["display", "result"])
def test_a_notebook_that_displays_too_much_is_stopped(run, write, into, kind):
    cell = "from IPython.display import HTML\n" + (
        "while True: display(HTML('x' * 500_000))" if kind == "display" else "HTML('x' * 5_000_000)"
    )
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", cell, "print('next')"), {}, into, output_limits=LIMITS, timeout_seconds=300)
    assert failed.value.cause == "OutputLimitExceeded: displayed more than its limit of 3 MB; output_limit sets it"
    assert failed.value.notebook.stat().st_size < 4_000_000


def test_a_printer_that_nobody_limits_ends_when_its_time_is_over(run, write, into):
    limits = OutputLimits(printed_bytes=None, displayed_bytes=None)
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", PRINTERS["flushed lines"]), {}, into, output_limits=limits, timeout_seconds=5)
    assert failed.value.ename == "TimeoutError"


@pytest.mark.parametrize(
    "cell",
    [
        "shown = display(HTML('x' * 500_000), display_id=True)\nfor _ in range(20): shown.update(HTML('x' * 500_000))",
        "from IPython.display import clear_output\nfor _ in range(20):\n    clear_output()\n    display(HTML('x' * 500_000))",
    ],
)
def test_what_is_replaced_or_cleared_does_not_count(run, write, into, cell):
    done = run(write("a = 1", f"from IPython.display import HTML\n{cell}"), {}, into, output_limits=LIMITS)
    assert done.status == "succeeded"
    assert done.path.stat().st_size < 1_000_000


def test_a_kernel_that_fails_to_answer_is_a_failure_and_no_hang(run, write, into, monkeypatch):
    monkeypatch.setattr("workers.notebooks.notebook_client.ANSWER_SECONDS", 1.0)
    cell = "get_ipython().payload_manager.write_payload({'source': 'x', 'value': object()})"
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", cell, "print('next')"), {}, into)
    assert failed.value.cause == "KernelError: the kernel gave no answer at the end of the cell"


class Peaks:
    """The most resident memory that the processes of a kernel have had, in MB, looked at all the time."""

    def __init__(self):
        self.kernel = self.worker = 0.0
        self._over = threading.Event()
        self._thread = None

    def watch(self, pid):
        processes = psutil.Process(pid), psutil.Process()

        def look():
            while not self._over.wait(0.01):
                try:
                    kernel, worker = (process.memory_info().rss / 1e6 for process in processes)
                except psutil.NoSuchProcess:
                    return
                self.kernel, self.worker = max(self.kernel, kernel), max(self.worker, worker)

        self._thread = threading.Thread(target=look)
        self._thread.start()

    def end(self):
        self._over.set()
        self._thread.join()


@pytest.mark.parametrize("printer", ["long lines", "a subprocess"])
def test_the_memory_of_a_kernel_that_prints_without_end_stays_small(write, into, temporary, printer):
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    peaks, before = Peaks(), psutil.Process().memory_info().rss / 1e6
    with pytest.raises(NotebookFailed):
        run_notebook(
            write("a = 1", PRINTERS[printer]),
            {},
            into,
            kernels=KernelSupply(KernelSettings(forks=False)),
            output_limits=OutputLimits(printed_bytes=20_000_000),
            timeout_seconds=300,
            on_kernel_started=peaks.watch,
        )
    peaks.end()
    assert peaks.kernel < 150
    assert peaks.worker - before < 300  # the text itself, and the file as it is written


def test_a_kernel_that_cannot_be_prepared_still_tells_a_failure_from_a_success_and_is_orange(write, into, monkeypatch):
    monkeypatch.setattr(
        "workers.notebooks.kernel_start.code_that_prepares", lambda settings: "raise ImportError('no such IPython')"
    )
    kernels = KernelSupply(KernelSettings(forks=False))
    done = run_notebook(write("a = 1", "exit()", "print('next')"), {}, into, kernels=kernels)
    assert (done.light, done.ended_in_cell) == ("orange", 2)
    assert done.warnings == ("kernel 'python3' could not be prepared, so warnings may be missed: no such IPython",)
    with pytest.raises(NotebookFailed, match="failed in cell 2: SystemExit: 3"):
        run_notebook(write("a = 1", "exit(3)", "print('next')"), {}, into, kernels=kernels)


@pytest.mark.parametrize(
    ("command", "text", "status"),
    [
        ("echo hi; echo err >&2; exit 3", "hi\nerr\n", 3),
        ("kill -9 $$", "", -9),
        ("printf 'no end'", "no end", 0),
        ("test -t 1 && echo a terminal", "a terminal\n", 0),
    ],
)
def test_a_command_prints_as_it_does_in_a_terminal_and_its_status_is_known(run, write, into, command, text, status):
    done = run(write("a = 1", f"!{command}", "print(_exit_code)"), {}, into)
    assert [printed.replace("\r", "") for printed in texts(done.path)[1:]] == [text, f"{status}\n"]


def test_a_command_that_is_stopped_ends(run, write, into):
    with pytest.raises(NotebookFailed) as failed:
        run(write("a = 1", "!echo begun; sleep 600"), {}, into, cell_timeout_seconds=3)
    assert failed.value.ename == "TimeoutError"
    assert (into / "output.txt").read_text().startswith("begun")
