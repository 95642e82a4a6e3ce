"""Runs ``gallery.py``, makes its report and the pictures of its pages for ``gallery.rst``.

::

    python docs/write_gallery.py FONTS

FONTS is a folder with Noto Sans Devanagari, Noto Naskh Arabic and Noto Sans CJK. Needs pdftoppm (Debian: poppler-utils).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

from workers.reports import ReportOptions, convert_report

HERE = Path(__file__).parent
COLOURS = 96  #: of a picture: enough for pages, and a third of the bytes


def main(fonts: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = folder / "gallery.ipynb"
        content = jupytext.read(HERE / "gallery.py")
        NotebookClient(content, allow_errors=True).execute()  # one cell shows an error
        nbformat.write(content, notebook)
        options = ReportOptions(streams=True, reference_date="2016-03-14", font_directories=(fonts,))
        report = convert_report(notebook, folder / "gallery.pdf", options)
        subprocess.run(["pdftoppm", "-r", "80", "-png", report.path, folder / "page"], check=True)
        for old in (HERE / "images").glob("gallery-*.png"):
            old.unlink()
        for number, page in enumerate(sorted(folder.glob("page*.png")), start=1):
            picture = Image.open(page).convert("RGB").quantize(COLOURS)
            picture.save(HERE / "images" / f"gallery-{number}.png", optimize=True)
        print(f"{report.pages} pages; {'; '.join(report.warnings) or 'no warnings'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
