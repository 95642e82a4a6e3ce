"""``notebook.pdf``: the report of one executed notebook, outside of any workflow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from ...application.packages import require_application
from ...application.run_states import shown_seconds
from ...exceptions import DefinitionError

_FORMATS = {".pdf": "pdf", ".html": "html"}


@click.command("notebook.pdf")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The report, .pdf or .html; FILE.pdf if not given.")
@click.option("--template", type=click.Path(path_type=Path), help="A Typst (.typ) or asciidoc (.tpl, .asciidoc.j2) template.")
@click.option("--code", is_flag=True, help="Show the code of the cells.")
@click.option("--streams", is_flag=True, help="Show what the cells printed.")
@click.option("--parameters", is_flag=True, help="Show the parameters of the run under the title.")
@click.option("--fonts", type=click.Path(path_type=Path), help="Folder of fonts; 'fonts' beside FILE if there is one.")
def notebook_pdf(
    file: Path,
    output: Path | None,
    template: Path | None,
    code: bool,
    streams: bool,
    parameters: bool,
    fonts: Path | None,
) -> None:
    """Make the report of an executed notebook, FILE.ipynb: PDF, or HTML if the name of the output says so.

    Nothing is run: the report shows what the notebook holds.
    """
    require_application()
    from deciders.report_templates import ASCIIDOC_TEMPLATES
    from workers.reports import ReportOptions, end_idle_children, make_report
    from workers.reports.notebook import UnreadableNotebook, read_notebook

    if file.is_dir():
        raise DefinitionError(f"not a readable notebook: {file} (it is a folder)")
    output = output if output is not None else file.with_suffix(".pdf")
    format = _FORMATS.get(output.suffix.lower())
    if format is None:
        raise DefinitionError(f"{output}: a report is a .pdf or an .html file")
    if output.absolute() == file.absolute():
        raise DefinitionError(f"{output} is the notebook itself; name another file with -o")
    if template is not None:
        if format == "html":
            raise DefinitionError("--template is for PDF; HTML has one look")
        if not template.name.endswith((".typ", *ASCIIDOC_TEMPLATES)):
            raise DefinitionError(f"{template}: a template ends in .typ (Typst), .tpl or .asciidoc.j2 (asciidoc)")
        if not template.is_file():
            raise DefinitionError(f"{template}: there is no such file")
    if fonts is not None and not fonts.is_dir():
        raise DefinitionError(f"{fonts}: there is no such folder")
    try:
        has_run = _has_run(read_notebook(file))
    except UnreadableNotebook as reason:
        raise DefinitionError(f"not a readable notebook: {file} ({reason})") from None
    found = fonts if fonts is not None else file.absolute().parent / "fonts"
    options = ReportOptions(
        format="html" if format == "html" else "pdf",
        code=code,
        streams=streams,
        parameters=parameters,
        template=template.absolute() if template is not None else None,
        font_directories=(found.absolute(),),
    )
    began = time.monotonic()
    try:
        report = make_report(file, output, options)
    finally:
        end_idle_children()
    if not has_run:
        click.echo(
            f"warning: no cell of {file} has been run, so that there are no results to show; notebook.run runs it", err=True
        )
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    pages = "" if format == "html" else f"{report.pages} page{'' if report.pages == 1 else 's'}, "
    click.echo(f"{output}: {pages}{output.stat().st_size / 1e3:,.0f} kB in {shown_seconds(time.monotonic() - began)}")


def _has_run(notebook: dict[str, Any]) -> bool:
    """Whether anything of a notebook has been executed; one without code needs not be."""
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return not cells or any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
