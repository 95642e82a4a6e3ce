"""A kernel behaves the same wherever it comes from: held in a pool, forked, or a program of its own."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from tests.acceptance.conftest import wait_until
from tests.settings import count
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks.notebook_run import run_notebook
from workers.notebooks.scraps import read_scraps

from .conftest import failure_of

pytestmark = pytest.mark.usefixtures("temporary", "no_kernel_is_left")

# What a cell can see of its process, less what differs between any two processes.
LOOK_AROUND = """\
import gc, json, locale, os, pathlib, resource, signal, socket, sys, tempfile, threading, time, warnings
from IPython import get_ipython
strip = lambda text: text.replace(os.path.dirname(get_ipython().kernel.parent.connection_file), "FOLDER")
seen = {
    "argv": [strip(word) for word in sys.argv],
    "path": sys.path,
    "flags": str(sys.flags),
    "main": sorted(name for name in vars(sys.modules["__main__"]) if not name.startswith("_")),
    "name": __name__,
    "dh": [str(folder) for folder in _dh],
    "cwd": os.getcwd(),
    "environment": {key: strip(value) for key, value in os.environ.items() if key not in ("JPY_PARENT_PID", "SHLVL", "_")},
    "leads": (os.getpid() == os.getpgrp() == os.getsid(0)),
    "parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "signals": {number.name: str(signal.getsignal(number)).split(" at ")[0] for number in signal.valid_signals()
                if isinstance(number, signal.Signals)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "stdin": (sys.stdin.read() if sys.stdin and not sys.stdin.closed else None),
    "streams": [type(stream).__name__ for stream in (sys.stdout, sys.stderr)],
    "threads": sorted(thread.name for thread in threading.enumerate() if not thread.name.startswith("Thread-")),
    "main thread": threading.current_thread() is threading.main_thread(),
    "gc": (gc.isenabled(), gc.get_threshold()),
    "locale": (locale.getlocale(), sys.getfilesystemencoding(), sys.getdefaultencoding()),
    "umask": os.umask(0o22),
    "limits": [resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)],
    "recursion": sys.getrecursionlimit(),
    "hooks": [sys.excepthook.__qualname__, sys.displayhook.__class__.__name__, sys.breakpointhook.__qualname__],
    "colours": get_ipython().colors,
    "tempdir": tempfile.gettempdir(),
    "zone": time.tzname,
    "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("workers", "deciders", "simpleflow_nb")),
    "history": get_ipython().history_manager.hist_file,
    "descriptors": len(os.listdir("/proc/self/fd")),
}
print(json.dumps(seen, default=str))"""


def test_a_cell_sees_the_same_process_wherever_its_kernel_comes_from(write, tmp_path, forking, pool_now):
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # see `run`
    path = write("a = 1", LOOK_AROUND)
    spawning = KernelSupply(KernelSettings(forks=False))
    pool_now.wait_ready()
    seen = {}
    environment = {"TZ": "Asia/Tokyo", "MINE": "é \n x", "EMPTY": ""}
    for name, supply in (("spawn", spawning), ("fork", forking), ("pool", pool_now)):
        run_notebook(path, {}, tmp_path / "place", environment=environment, kernels=supply)
        assert json.loads((tmp_path / "place" / "run.json").read_text())["kernel"]["origin"] == name
        seen[name] = json.loads((tmp_path / "place" / "output.txt").read_text())
    descriptors = {name: there.pop("descriptors") for name, there in seen.items()}
    assert max(descriptors["fork"], descriptors["pool"]) <= descriptors["spawn"]  # nothing of the fork server is left open
    assert seen["spawn"]["cwd"] == str(tmp_path / "place")
    assert seen["spawn"]["zone"] == ["JST", "JST"]
    assert seen["fork"]["environment"] == seen["spawn"]["environment"]
    assert {**seen["fork"], "ours": []} == seen["spawn"]
    assert {**seen["pool"], "ours": []} == seen["spawn"]
    assert [seen["fork"]["ours"], seen["pool"]["ours"]] == [[], []]


def test_nothing_of_one_notebook_is_seen_by_the_next(write, run):
    path = write(
        "a = 1",
        "import os, sys, random, uuid, numpy\n"
        "print('left' in globals(), os.environ.get('LEFT'), 'left' in sys.modules)\n"
        "left = sys.modules['left'] = os.environ['LEFT'] = 'x'\n"
        "kernel = get_ipython().kernel.parent.connection_file\n"
        "print(os.getpid(), kernel, random.random(), numpy.random.rand(), numpy.random.default_rng().random(), uuid.uuid4())",
    )
    first, second = run(path).splitlines(), run(path).splitlines()
    assert (first[0], second[0]) == ("False None False", "False None False")
    assert set(first[1].split()) & set(second[1].split()) == set()


def test_what_subprocesses_and_file_descriptors_print_is_captured_in_order_of_arrival(write, run):
    path = write(
        "import os, subprocess, sys",
        "print('python'); sys.stdout.flush(); subprocess.run(['echo', 'program'])",
        "os.system('echo shell; echo error >&2')",
        "os.write(1, b'raw\\n'); os.write(2, b'caf\\xe9\\n')",
        "!echo bang",
        "print('\\u2603', ascii('\\udce9'))",
        "print('\\udce9')",
    )
    said = run(path)
    assert set(said.splitlines()) == {
        "python",
        "program",
        "shell",
        "error",
        "raw",
        "caf\ufffd",
        "bang",
        "\u2603 '\\udce9'",
        "\ufffd",
    }


FIGURES = (
    "import matplotlib.pyplot as plt, matplotlib, json",
    "figure = plt.figure(); plt.plot([1, 2])",
    "plt.plot([3]); plt.show(); print(plt.get_backend())",
    "print(json.dumps([matplotlib.rcParams[k] for k in ('figure.dpi', 'figure.figsize', 'interactive', 'figure.facecolor')]))",
)


# What reads the pipes beside the cells takes its time with what it has read, from the second time on.
SLOW_READERS = """\
import os, threading, time
def read(*arguments, read=os.read):
    content = read(*arguments)
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.3)
    return content
os.read = read
os.write(1, b'first'); os.write(2, b'first');
"""


def test_what_is_written_past_python_at_the_end_of_a_cell_is_in_that_cell(write, run, into):
    cells = ["os.write(1, b'raw\\n');", "os.write(2, b'error\\n');", "os.system('echo shell');", "os.write(1, b'last'); 1 / 0"]
    failure_of(run, write(SLOW_READERS, *cells, "never"))
    found = [cell.outputs for cell in nbformat.read(into / "report.ipynb", 4).cells if cell.cell_type == "code"]
    assert [[output.get("text", output.get("ename")) for output in outputs] for outputs in found[1:]] == [
        ["raw\n"],
        ["error\n"],
        ["shell\n"],
        ["last", "ZeroDivisionError"],
        [],
    ]


def test_figures_are_inline_and_look_the_same(write, run, into):
    said = run(write(*FIGURES)).splitlines()
    assert said[0] in ("inline", "module://matplotlib_inline.backend_inline")
    assert json.loads(said[1]) == [100.0, [6.4, 4.8], True, "white"]
    cells = nbformat.read(into / "report.ipynb", 4).cells
    pictures = [len([out for out in cell.outputs if "image/png" in out.get("data", {})]) for cell in cells]
    assert pictures == [0, 1, 1, 0]


def test_another_backend_of_figures_is_honoured(write, run):
    assert run(write(*FIGURES[:3]), environment={"MPLBACKEND": "agg"}).splitlines()[-1] == "agg"


def test_libraries_with_threads_and_processes_of_their_own_work(write, run):
    path = write(
        "import io, multiprocessing as mp, threading, asyncio, concurrent.futures as cf",
        "import numpy as np, pandas as pd, pyarrow as pa, pyarrow.compute as pc\n"
        "x = np.ones((300, 300)); print((x @ x)[0, 0], round(np.linalg.svd(x)[1][0]))\n"
        "frame = pd.DataFrame({'a': range(50_000), 's': ['x'] * 50_000}); b = io.BytesIO(); frame.to_parquet(b); b.seek(0)\n"
        "print(len(pd.read_parquet(b)), pc.sum(pa.array(range(1000))))",
        "with mp.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, -2]))",
        "with cf.ProcessPoolExecutor(1, mp_context=mp.get_context('spawn')) as e: print(list(e.map(abs, [-3])))",
        "with mp.get_context('forkserver').Pool(1) as p: print(p.map(abs, [-4]))",
        "await asyncio.sleep(0.01); print('awaited')",
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
    )
    assert run(path) == "300.0 300\n50000 499500\n[1, 2]\n[3]\n[4]\nawaited\nthread\n"


def test_functions_for_the_exit_run_and_may_print_to_a_file(write, run, into):
    run(write("import atexit, threading, time", "def late():\n    open('late.txt', 'w').write('x')\natexit.register(late)"))
    assert (into / "late.txt").read_text() == "x"


def test_output_of_any_length_is_all_there(write, run):
    """100,000 lines everywhere; as much as 50 MB under --soak."""
    lines, width = count(small=100_000, soak=500_000), count(small=6, soak=99)
    said = run(write("a = 1", f"for n in range({lines}): print(f'{{n:0{width}}}')"))
    assert said == "".join(f"{n:0{width}}\n" for n in range(lines))


def test_a_question_to_the_user_is_refused(write, run):
    failed = failure_of(run, write("a = 1", "input('name?')"))
    assert (failed.cell, failed.ename) == (2, "StdinNotImplementedError")


def test_a_module_beside_the_notebook_may_have_the_name_of_one_of_ours(write, run, into):
    into.mkdir(parents=True)
    (into / "workers.py").write_text("name = 'theirs'")
    assert run(write("a = 1", "import workers; print(workers.name)")) == "theirs\n"


def test_four_notebooks_at_a_time_do_not_meet(write, tmp_path, forking, pool_now):
    path = write("n = 0", "import os; print(n, os.getcwd(), os.environ['N'], os.getpid())")
    supplies = [forking, pool_now, KernelSupply(KernelSettings(forks=False))]

    def run(number):
        folder = tmp_path / str(number)
        run_notebook(path, {"n": number}, folder, environment={"N": str(number * 2)}, kernels=supplies[number % 3])
        return (folder / "output.txt").read_text().split()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(run, range(12)))
    assert [line[:3] for line in found] == [[str(n), str(tmp_path / str(n)), str(n * 2)] for n in range(12)]
    assert len({line[3] for line in found}) == 12


def test_progress_is_told_while_the_notebook_runs_and_its_output_is_there_at_once(write, run, into):
    seen = []

    def look(cell, cells, heading):
        if cell == 4:
            wait_until(lambda: (into / "output.txt").read_text() == "one\n")
        seen.append((cell, cells, heading))

    run(write("a = 1", "## First part", "print('one')", "print('two')"), on_progress=look)
    assert seen == [(1, 4, ""), (2, 4, "First part"), (3, 4, "First part"), (4, 4, "First part")]


def test_a_cell_is_saved_while_it_runs_but_not_after_every_message(write, run, into):
    files = set()
    end = threading.Event()

    def look():
        while not end.is_set():
            try:
                files.add(os.stat(into / "report.ipynb").st_ino)
            except FileNotFoundError:
                pass
            time.sleep(0.001)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        run(write("import sys, time", "for n in range(500):\n    print(n); sys.stdout.flush()", *["a = 1"] * 50))
    finally:
        end.set()
        thread.join()
    assert len(files) < 40


def test_numbers_are_glued_as_they_are_or_a_warning_says_what_became_of_them(write, run, into):
    path = write(
        "a = 1",
        "import numpy, scrapbook as sb",
        "sb.glue('whole', [2**63, 10**30, -(2**70)]); sb.glue('mean', {'of': [1.5, float('nan'), numpy.float64('-inf')]})",
        "sb.glue('none', float('inf'))",
    )
    run(path)
    wholes = {"whole": [2**63, 10**30, -(2**70)]}
    assert read_scraps(into / "report.ipynb") == {**wholes, "mean": {"of": [1.5, None, None]}, "none": None}
    told = json.loads((into / "run.json").read_text())
    assert told["light"] == "orange"
    assert told["warnings"] == [
        "WARNING: the scrap 'mean' has nan at ['of'][1] and 1 more, which JSON does not have; it is kept as null",
        "WARNING: the scrap 'none' has inf, which JSON does not have; it is kept as null",
    ]
