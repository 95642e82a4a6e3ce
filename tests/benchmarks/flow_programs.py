"""Programs written for nextpipe, as files: nextpipe reads the source of a class. It imports nothing, as peers import it too."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

_folder = tempfile.TemporaryDirectory()  # removed at the end of the process
_numbers = itertools.count(1)


def chain(steps: int) -> str:
    """The source of a flow of so many steps, of which each adds 1 to what the one before gave."""
    lines = ["class Flow(FlowSpec):", "    @step", "    def s0(x):", "        return x + 1"]
    for number in range(1, steps):
        lines += [f"    @needs(predecessors=[s{number - 1}])", "    @step", f"    def s{number}(x):", "        return x + 1"]
    return "\n".join(lines)


def fan(items: int) -> str:
    """The source of a flow that runs a step for each of so many items, and joins them."""
    return f"""class Flow(FlowSpec):
    @foreach()
    @step
    def split(x):
        return list(range({items}))

    @needs(predecessors=[split])
    @step
    def work(x):
        return x + 1

    @join()
    @needs(predecessors=[work])
    @step
    def merge(rows):
        return len(rows)
"""


def imported(source: str, package: str) -> Any:
    """Return the class of a program that imports the words of a package."""
    name = f"program_{next(_numbers)}"
    file = Path(_folder.name) / f"{name}.py"
    file.write_text(f"from {package} import FlowSpec, foreach, join, needs, step\n\n\n{source}\n", "utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # nextpipe looks there for the source of a class
    spec.loader.exec_module(module)
    return module.Flow
