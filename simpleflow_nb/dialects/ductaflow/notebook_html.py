"""Executed notebooks as web pages, made by nbconvert."""

from __future__ import annotations

from pathlib import Path

from workers.artefacts import write_atomically


def convert_notebook_to_html(notebook_path: str | Path, html_path: str | Path | None = None, template: str = "lab") -> Path:
    """Write a notebook as a web page, and return its path; by default it stands beside the notebook.

    ``template`` is one of nbconvert's: ``lab``, ``classic`` or ``basic``, or the name of an installed one.

    Raises:
        OSError: the notebook cannot be read, or the page not be written.
        Exception: whatever nbconvert raises for a template that it does not have, or a notebook that it cannot convert.
    """
    from nbconvert import HTMLExporter

    page = Path(html_path) if html_path is not None else Path(notebook_path).with_suffix(".html")
    text, _ = HTMLExporter(template_name=template).from_filename(str(notebook_path))
    write_atomically(page, text)
    return page
