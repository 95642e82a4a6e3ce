"""Timing that can be compared, and the tables it is printed in.

All contestants of a comparison take turns, round after round, so that whatever else the machine does falls on each of
them alike. Minima say what the code costs; medians say how much the machine disturbed it. CPU seconds are those of
all threads of the process, and stand beside the elapsed ones because they hardly depend on the neighbours.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement, in seconds."""

    elapsed: float
    cpu: float


Contestant = Callable[[], Sample]


@dataclass(frozen=True, slots=True)
class Figures:
    """All measurements of one contestant, in seconds."""

    samples: tuple[Sample, ...]

    @property
    def minimum(self) -> float:
        return min(sample.elapsed for sample in self.samples)

    @property
    def median(self) -> float:
        return statistics.median(sample.elapsed for sample in self.samples)

    @property
    def cpu(self) -> float:
        """Least CPU time of a round."""
        return min(sample.cpu for sample in self.samples)


def timed(action: Callable[[], object], times: int = 1) -> Contestant:
    """A contestant that does the action so many times in a row; the figures are for one.

    Short actions need it: the first one finds the processor's caches full of the contestant before. Garbage of the
    round before is collected outside the measurement.
    """

    def contestant() -> Sample:
        gc.collect()
        cpu, start = time.process_time(), time.perf_counter()
        for _ in range(times):
            action()
        return Sample((time.perf_counter() - start) / times, (time.process_time() - cpu) / times)

    return contestant


def compared(contestants: Mapping[str, Contestant], repeats: int) -> dict[str, Figures]:
    """The figures of each contestant after so many rounds in which all of them took turns."""
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, contestant in contestants.items():
            samples[name].append(contestant())
    return {name: Figures(tuple(measured)) for name, measured in samples.items()}


def machine() -> str:
    """One line: which machine measured."""
    busy = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}{busy}"
    )


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they need to be: the first to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    print(f"\n{title}")
    for row in cells:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join([first.strip().ljust(widths[0]), *others]).rstrip(), flush=True)


def milliseconds(seconds: float) -> str:
    """Three digits that count: ``0.0712``, ``7.12``, ``712``."""
    value = seconds * 1e3
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 4}f}"


def ratio(of: Figures, to: Figures) -> str:
    """How many times longer ``of`` takes than ``to``, by minima and (medians)."""
    return f"{of.minimum / to.minimum:.1f}x ({of.median / to.median:.1f}x)"
