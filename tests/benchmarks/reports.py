"""Reports of 4 to 5 pages, a different notebook each time: warm, cold, and the memory of many."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import unittest.mock
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks import peers
from tests.benchmarks.figures import Contestant, Sample, compared, milliseconds, print_table, ratio
from workers.reports import (
    ReportOptions,
    check,
    compilation,
    conversion_process,
    convert_report,
    end_idle_children,
    make_report,
)
from workers.reports.asciidoc import missing_programs

SUMMARY = "a report of 4 to 5 pages, warm and cold, and the memory of 200; beside asciidoctor-pdf and nbconvert's webpdf"
REPEATS = 5

_WARM_REPORTS = 60
_MANY_REPORTS = 200

#: as AutoFlow's own: outputs and Markdown, tables by pandoc, no code
_ASCIIDOC = """\
{% extends 'asciidoc/index.asciidoc.j2' %}
{% block input %}{% endblock input %}
{% block stream %}{% endblock stream %}
{% block output_group %}{% block outputs scoped %}{{ super() }}{% endblock outputs %}{% endblock output_group %}
{% block data_png %}

image::{{ output.metadata.filenames['image/png'] }}[pdfwidth=90%]

{% endblock data_png %}
{% block data_html %}
{{ output.data['text/html'] | convert_pandoc('html', 'asciidoc') }}
{% endblock data_html %}
"""


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(end_idle_children)
        notebooks = _notebooks(folder)
        others = stack.enter_context(peers.running(("webpdf",) if with_peers else ()))
        html = ReportOptions(format="html")
        _measure_warm(notebooks, 2 if tiny else _WARM_REPORTS)
        contestants: dict[str, Contestant] = {
            "ours, warm": _timed(lambda: make_report(next(notebooks), folder / "warm.pdf")),
            "ours, HTML, warm": _timed(lambda: make_report(next(notebooks), folder / "warm.html", html)),
            "ours, a new child": _timed(lambda: make_report(next(notebooks), folder / "cold.pdf"), first=end_idle_children),
            "ours, the command": _timed(lambda: _command(next(notebooks), folder / "command.pdf")),
        }
        if with_peers and not missing_programs():
            template = folder / "own.tpl"
            template.write_text(_ASCIIDOC)
            options = ReportOptions(template=template)
            contestants["asciidoctor-pdf, warm"] = _timed(lambda: make_report(next(notebooks), folder / "adoc.pdf", options))
        elif with_peers:
            raise peers.PeerError("; ".join(missing_programs()) + "; --no-peers leaves it out")
        contestants |= {peer.name: _asking(peer, notebooks) for peer in others.values()}
        figures = compared(contestants, repeats)
        print_table(
            f"One report, ms ({repeats} rounds, another notebook each time)",
            ("", "minimum", "median", "of ours, warm"),
            [
                (name, milliseconds(one.minimum), milliseconds(one.median), ratio(one, figures["ours, warm"]))
                for name, one in figures.items()
            ],
        )
        _measure_check(notebooks, 2 if tiny else _WARM_REPORTS)
        _measure_memory(notebooks, 3 if tiny else _MANY_REPORTS)


def _measure_check(notebooks: Iterator[Path], reports: int) -> None:
    """What it takes to read a report back, were it at risk, beside making it: CPU of this process, both of one report."""
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def noted(*given: Any, **named: Any) -> list[Any]:
        asked.append((given, named))
        return []

    made, read = [], []
    with (
        unittest.mock.patch.object(compilation, "is_at_risk", return_value=True),
        unittest.mock.patch.object(compilation, "losses", noted),
    ):
        for number in range(reports + 1):
            source = next(notebooks)
            began = time.process_time()
            convert_report(source, source.with_suffix(".pdf"))
            done = time.process_time()
            given, named = asked.pop()
            check.losses(*given, **named)
            if number:  # the first one also imports
                made.append(done - began)
                read.append(time.process_time() - done)
    print_table(
        f"Reading {reports} reports back, CPU ms; done for those that may lose something",
        ("", "minimum", "median"),
        [
            ("a report", milliseconds(min(made)), milliseconds(statistics.median(made))),
            ("read back", milliseconds(min(read)), milliseconds(statistics.median(read))),
            ("share of the report", f"{sum(read) / sum(made):.1%}", ""),
        ],
    )


def _measure_warm(notebooks: Iterator[Path], reports: int) -> None:
    """Reports one after another: how long each takes, and the pages of a second."""
    make_report(next(notebooks), Path(tempfile.gettempdir()) / "first.pdf").path.unlink()
    seconds, pages = [], 0
    for source in (next(notebooks) for _ in range(reports)):
        began = time.perf_counter()
        pages += make_report(source, source.with_suffix(".pdf")).pages
        seconds.append(time.perf_counter() - began)
    seconds.sort()
    print_table(
        f"{reports} different reports of {pages / reports:.1f} pages, warm",
        ("", "minimum", "median", "95 %"),
        [
            (
                "a report, ms",
                milliseconds(seconds[0]),
                milliseconds(statistics.median(seconds)),
                milliseconds(seconds[int(0.95 * (reports - 1))]),
            ),
            ("pages a second", *(f"{pages / reports / each:.0f}" for each in (seconds[0], statistics.median(seconds))), ""),
            ("pages a second over all", f"{pages / sum(seconds):.0f}", "", ""),
        ],
    )


def _measure_memory(notebooks: Iterator[Path], reports: int) -> None:
    """A child that has grown too large is not kept, and is seen at work alone: both are measured."""
    end_idle_children()
    peers_of_it = set(psutil.Process().children(recursive=True))
    peaks: dict[int, int] = {}  # by process
    kept: list[int] = []

    def look() -> None:
        for child in set(psutil.Process().children(recursive=True)) - peers_of_it:
            with suppress(psutil.NoSuchProcess):
                peaks[child.pid] = max(peaks.get(child.pid, 0), _peak_bytes(child))

    for _ in range(reports):
        source = next(notebooks)
        make_report(source, source.with_suffix(".pdf"), on_wait=look)
        look()
        kept += [child.memory_bytes(with_children=False) for child in conversion_process.idle_children()]
    held = [f"{each / 1e6:.0f}" for each in (max(kept), kept[-1])] if kept else ["none", "none"]
    at_work = f"while they were made; {len(peaks)} processes in all"
    print_table(
        f"Memory of {reports} different reports, MB",
        ("", "most", "at the end"),
        [
            (at_work, f"{max(peaks.values()) / 1e6:.0f}", ""),
            ("kept between reports", *held),
        ],
    )


def _peak_bytes(process: psutil.Process) -> int:
    """The most resident memory that a process has had; what it has now where the system does not tell."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return int(process.memory_info().rss)
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(peak.group(1)) * 1024 if peak else 0  # a process that has ended, and was not waited for


def _timed(action: Callable[[], object], *, first: Callable[[], object] = lambda: None) -> Contestant:
    def contestant() -> Sample:
        first()
        began = time.perf_counter()
        action()
        return Sample(time.perf_counter() - began, 0.0)  # the work is done by other processes

    return contestant


def _asking(peer: peers.Peer, notebooks: Iterator[Path]) -> Contestant:
    return lambda: peer.ask(notebook=str(next(notebooks)))


def _command(notebook: Path, pdf: Path) -> None:
    words = [sys.executable, "-m", "simpleflow_nb", "notebook.pdf", str(notebook), "-o", str(pdf)]
    home = str(Path(__file__).resolve().parents[2])
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": home})


def _notebooks(folder: Path) -> Iterator[Path]:
    """Files of notebooks, no two alike."""
    for number in count():
        place = folder / str(number % 400)  # their space is used again
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        path = place / "report.ipynb"
        path.write_text(json.dumps(_notebook(random.Random(number))))
        yield path


def _notebook(draw: random.Random) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [_prose(f"# Flows of {draw.randrange(10**9)}"), _prose(_words(draw, 120))]
    for title in ("By region", "By day", "By hour"):
        cells.append(
            _prose(f"## {title}\n\n{_words(draw, 60)}\n\n$$\\sum_{{i=1}}^{{{draw.randrange(99)}}} \\frac{{x_i}}{{n}}$$")
        )
        cells.append(_code({"text/html": _table(draw, 25, 7), "text/plain": "..."}))
    cells.append(_code({"text/html": _styled(draw), "text/plain": "..."}))
    cells.append(_code({"image/png": _png(draw, 640, 360), "text/plain": "<Figure>"}))
    cells.append(_code({"image/png": _png(draw, 640, 360), "text/plain": "<Figure>"}))
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def _prose(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, "id": f"c{abs(hash(source)) % 10**12}"}


def _code(data: dict[str, str]) -> dict[str, Any]:
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    cell = {"cell_type": "code", "metadata": {}, "source": "show()", "execution_count": 1, "outputs": [output]}
    return {**cell, "id": f"c{abs(hash(str(data))) % 10**12}"}


def _words(draw: random.Random, number: int) -> str:
    return " ".join("".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(number)) + "."


def _table(draw: random.Random, rows: int, columns: int) -> str:
    head = "".join(f"<th>{_words(draw, 1)}</th>" for _ in range(columns))
    body = "".join(
        f"<tr><th>{row}</th>{''.join(f'<td>{draw.uniform(0, 1e4):.2f}</td>' for _ in range(columns))}</tr>"
        for row in range(rows)
    )
    return f'<table border="1" class="dataframe"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>'


def _styled(draw: random.Random) -> str:
    cells = [(row, column) for row in range(12) for column in range(5)]
    rules = "".join(f"#T_row{r}_col{c} {{background-color: #{draw.randrange(1 << 24):06x}}}" for r, c in cells)
    body = "".join(
        "<tr>" + "".join(f'<td id="T_row{row}_col{column}">{draw.random():.3f}</td>' for column in range(5)) + "</tr>"
        for row in range(12)
    )
    return f"<style>{rules}</style><table id=T><tbody>{body}</tbody></table>"


def _png(draw: random.Random, width: int, height: int) -> str:
    """Lines on white, as a plot has them."""
    pixels = bytearray(b"\x00" + b"\xff" * width * 3) * height
    for _ in range(6):
        place = draw.randrange(height)
        for x in range(width):
            place = min(height - 1, max(0, place + draw.randint(-2, 2)))
            start = place * (width * 3 + 1) + 1 + x * 3
            pixels[start : start + 3] = b"\x1f\x4e\x79"

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(pixels))
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return base64.b64encode(picture).decode("ascii")
