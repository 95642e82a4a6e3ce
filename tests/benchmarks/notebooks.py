"""One notebook from its file to its artefacts, beside papermill as a command and papermill in a warm process."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import nbformat

from tests.benchmarks.figures import Contestant, Figures, Sample, compared, milliseconds, print_table, timed
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks.notebook_run import run_notebook

SUMMARY = "notebooks in spawned, forked and pooled kernels, beside the papermill command and papermill.execute_notebook"
REPEATS = 20

_CLI, _API, _FLOOR = "papermill command", "papermill API, warm", "fork + exec of the cells"

_TRIVIAL = ("a = 1", "print(a)", "a + 1", "b = [a] * 10")
_PANDAS = (
    "a = 1",
    "import pandas as pd\nimport matplotlib.pyplot as plt\nimport scrapbook as sb",
    "frame = pd.DataFrame({'k': list('abab'), 'v': [a, 2, 3, 4]}); sums = frame.groupby('k').sum(); print(sums)",
    "sb.glue('total', int(frame.v.sum())); sb.glue('sums', sums.to_dict())",
)
_TEXT = ("a = 1", "for n in range(50_000): print('x' * 100)", *["a"] * 20)
_PICTURE = (
    "a = 1",
    "import os; from IPython.display import Image\nImage(data=b'\\x89PNG\\r\\n\\x1a\\n' + os.urandom(3_700_000), format='png')",
    *["a"] * 20,
)

#: Imports what the fork server does, then forks and executes cells for each line that it reads; what no kernel can beat.
_FLOOR_PROGRAM = """\
import json, os, sys
for name in sys.argv[1:]: __import__(name)
for line in sys.stdin:
    cells = json.loads(line)
    pid = os.fork()
    if pid == 0:
        sys.stdout = open(os.devnull, "w")
        space = {}
        for cell in cells: exec(cell, space)
        os._exit(0)
    os.waitpid(pid, 0)
    print(flush=True)
"""


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    logging.getLogger("papermill").setLevel(logging.ERROR)
    settings = KernelSettings(preload=()) if tiny else KernelSettings()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        supplies = {"fork": stack.enter_context(_opened(KernelSupply(settings)))}
        if not tiny:
            supplies["spawn"] = KernelSupply(KernelSettings(forks=False))
            supplies["pool"] = stack.enter_context(_opened(KernelSupply(KernelSettings(pool_size=1))))
        server = supplies["fork"].server
        assert server is not None
        print(f"the fork server was ready after {server.start_seconds:.2f} s")
        floor = stack.enter_context(_floor(settings.preload)) if not tiny else None
        cases: dict[str, tuple[str, ...]] = {"trivial": _TRIVIAL}
        if not tiny:
            cases |= {"pandas": _PANDAS, "5 MB of text, 20 cells": _TEXT, "5 MB picture, 20 cells": _PICTURE}
        for name, cells in cases.items():
            file = _notebook(folder / "in.ipynb", cells)
            contestants = {how: _ours(file, folder / how, supply) for how, supply in supplies.items()}
            if with_peers:
                contestants |= {_CLI: _command(file, folder), _API: _warm(file, folder)}
            if floor is not None and cells in (_TRIVIAL, _PANDAS):
                contestants[_FLOOR] = timed(partial(floor, cells))
            if not tiny:
                compared(contestants, 1)  # the first round finds files and caches cold
            _print(name, compared(contestants, repeats))


@contextmanager
def _opened(supply: KernelSupply) -> Iterator[KernelSupply]:
    try:
        supply.wait_ready()
        yield supply
    finally:
        supply.drain()
        supply.close()


@contextmanager
def _floor(preload: tuple[str, ...]) -> Iterator[Callable[[tuple[str, ...]], None]]:
    words = [sys.executable, "-c", _FLOOR_PROGRAM, *preload]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def execute(cells: tuple[str, ...]) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps(cells), file=process.stdin, flush=True)
            process.stdout.readline()

        yield execute
        assert process.stdin is not None
        process.stdin.close()


def _ours(file: Path, into: Path, supply: KernelSupply) -> Contestant:
    def contestant() -> Sample:
        if supply.settings.pool_size:
            supply.wait_ready()  # as it would be after a moment without work
        return timed(lambda: run_notebook(file, {"a": 5}, into, kernels=supply))()

    return contestant


def _command(file: Path, folder: Path) -> Contestant:
    words = [sys.executable, "-m", "papermill", "--no-progress-bar", "-p", "a", "5", str(file), str(folder / "cli.ipynb")]
    return timed(lambda: subprocess.run(words, check=True, capture_output=True, cwd=folder))


def _warm(file: Path, folder: Path) -> Contestant:
    import papermill

    return timed(
        lambda: papermill.execute_notebook(str(file), str(folder / "api.ipynb"), parameters={"a": 5}, progress_bar=False)
    )


def _notebook(path: Path, cells: tuple[str, ...]) -> Path:
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, path)
    return path


def _print(name: str, figures: Mapping[str, Figures]) -> None:
    rows = []
    for who, one in figures.items():
        ordered = sorted(sample.elapsed for sample in one.samples)
        p95 = ordered[round(0.95 * (len(ordered) - 1))]
        row = [who, *map(milliseconds, (one.minimum, one.median, p95, ordered[-1])), f"{p95 / one.median:.1f}x"]
        for peer in (_CLI, _API):
            row.append(f"{figures[peer].median / one.median:.1f}x" if peer in figures else "-")
        row.append(milliseconds(one.median - figures[_FLOOR].median) if _FLOOR in figures else "-")
        rows.append(row)
    headings = ("", "minimum", "median", "p95", "maximum", "p95/median", "command/it", "API/it", "above floor")
    print_table(f"A {name} notebook, ms (ratios of medians)", headings, rows)
