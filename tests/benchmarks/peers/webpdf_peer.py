"""nbconvert's webpdf: a notebook printed by Debian's chromium, a browser for each, as nbconvert does it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import WebPDFExporter
from playwright.async_api import BrowserType  # type: ignore[import-not-found]

from tests.benchmarks.peers.answering import answer


def prepared(notebook: str) -> Callable[[], None]:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise FileNotFoundError("chromium is not installed; apt-get install chromium")
    launch = _launch

    def with_chromium(self: Any, **options: Any) -> Any:
        return launch(self, **options, executable_path=chromium)

    BrowserType.launch = with_chromium  # nbconvert has no setting for it

    def run() -> None:
        exporter = WebPDFExporter(disable_sandbox=True, exclude_input=True)
        pdf, _ = exporter.from_notebook_node(nbformat.read(notebook, as_version=4))
        Path(notebook).with_suffix(".web.pdf").write_bytes(pdf)

    return run


if __name__ == "__main__":
    _launch = BrowserType.launch
    answer(prepared)
