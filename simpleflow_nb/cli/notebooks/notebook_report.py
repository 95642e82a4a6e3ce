"""``notebook.pdf``: the report of one executed notebook, outside of any workflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...application.files.packages import require_application
from ...application.notebooks.notebook_reports import make_notebook_report
from ...application.states.run_states import shown_seconds
from ...exceptions import DefinitionError
from ...inspection.tables import counted
from ..printing import json_option, print_document

if TYPE_CHECKING:
    from workers.reports import ReportOptions


@click.command("notebook.pdf")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The report, such as FILE.html; FILE.pdf if not given.")
@click.option("--template", type=click.Path(path_type=Path), help="A Typst (.typ) or asciidoc (.tpl, .asciidoc.j2) template.")
@click.option("--code", is_flag=True, help="Show the code of the cells.")
@click.option("--streams", is_flag=True, help="Show what the cells printed.")
@click.option("--parameters", is_flag=True, help="Show the parameters of the run under the title.")
@click.option("--fonts", type=click.Path(path_type=Path), help="Folder of fonts; 'fonts' beside FILE if there is one.")
@json_option
def notebook_pdf(
    file: Path,
    output: Path | None,
    template: Path | None,
    code: bool,
    streams: bool,
    parameters: bool,
    fonts: Path | None,
    as_json: bool,
) -> None:
    """Make the report of an executed notebook, FILE.ipynb: PDF, or the format that the name of the output ends in.

    Nothing is run: the report shows what the notebook holds.
    """
    require_application()
    if file.is_dir():
        raise DefinitionError(f"not a readable notebook: {file} (it is a folder)")
    output = output if output is not None else file.with_suffix(".pdf")
    options = _options(file, output, template, fonts, code=code, streams=streams, parameters=parameters)
    report = make_notebook_report(file, output, options)
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        print_document(report.to_dict())
        return
    pages = f"{counted(report.pages, 'page')}, " if report.pages is not None else ""
    click.echo(f"{output}: {pages}{report.size_bytes / 1e3:,.0f} kB in {shown_seconds(report.seconds)}")


def _options(
    file: Path, output: Path, template: Path | None, fonts: Path | None, *, code: bool, streams: bool, parameters: bool
) -> ReportOptions:
    """Return the options of the report, with its files checked.

    Raises:
        DefinitionError: the output, the template or the folder of fonts is none.
    """
    from deciders.report_templates import ASCIIDOC_TEMPLATES
    from deciders.values.report_format import REPORT_FORMATS, TYPESET, format_of_ending
    from workers.reports import ReportOptions

    format = format_of_ending(output.suffix)
    if format is None:
        endings = " or ".join(f".{one}" for one in REPORT_FORMATS)
        raise DefinitionError(f"{output}: a report is a {endings} file")
    if output.absolute() == file.absolute():
        raise DefinitionError(f"{output} is the notebook itself; name another file with -o")
    if template is not None:
        if format != TYPESET:
            raise DefinitionError(f"--template is for {TYPESET.upper()}; {format.upper()} has one look")
        if not template.name.endswith((".typ", *ASCIIDOC_TEMPLATES)):
            raise DefinitionError(f"{template}: a template ends in .typ (Typst), .tpl or .asciidoc.j2 (asciidoc)")
        if not template.is_file():
            raise DefinitionError(f"{template}: there is no such file")
    if fonts is not None and not fonts.is_dir():
        raise DefinitionError(f"{fonts}: there is no such folder")
    found = fonts if fonts is not None else file.absolute().parent / "fonts"
    return ReportOptions(
        format=format,
        code=code,
        streams=streams,
        parameters=parameters,
        template=template.absolute() if template is not None else None,
        font_directories=(found.absolute(),),
    )
