"""Conversion of a notebook file to a report file."""

import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from deciders.report_templates import ASCIIDOC_TEMPLATES
from deciders.values.report_format import ReportFormat
from simpleflow_nb.exceptions import SimpleflowError

from .asciidoc import TemplateFailed, asciidoc_pdf
from .compilation import BadTemplate, NotTypeset, page_count, typeset, typeset_fonts
from .draft import Draft, Title
from .html import html_code
from .letter_widths import are_those_of
from .markdown import markdown_html
from .notebook import ShownCell, ShownNotebook, UnreadableNotebook, early_end_warning, read_notebook, shown_notebook
from .outputs import outputs_code
from .parameters import shown_parameters
from .text import breakable, monospaced, preformatted
from .typst_code import Code, array, call, content, literal
from .web_page import page_markup


class ReportError(SimpleflowError):
    """No report was made; the message says why, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Options for the content and the style of a report."""

    format: ReportFormat = "pdf"
    code: bool = False  #: show the input of code cells that do not hide it
    streams: bool = False  #: show what cells printed (stdout and stderr)
    parameters: bool = False  #: show the parameters of the run under the title
    title: str | None = None  #: instead of the first heading of level 1
    reference_date: str | None = None  #: printed under the title and in the running head, as it is
    #: the author's own look of a PDF: a Typst file, or an asciidoc template of nbconvert, which then decides everything
    template: Path | None = None
    #: folders of fonts for PDF, besides Typst's own (Libertinus Serif, New Computer Modern, DejaVu Sans Mono)
    font_directories: tuple[Path, ...] = ()  #: looked into if they exist


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report that has been written."""

    path: Path
    pages: int | None  #: None for a format without pages
    warnings: tuple[str, ...]  #: one line each, such as "cell 7: the image could not be read (cut short)"


def convert_report(notebook: Path, target: Path, options: ReportOptions = ReportOptions()) -> Report:
    """Write the report of an executed notebook to ``target``, creating the folders above it.

    The first heading of level 1, also one in an output, becomes the title. What cannot be shown leaves a visible note and
    a warning. Nothing is executed or fetched; besides the notebook and what ``options`` name, only those pictures are read
    that its prose shows and that lie inside its own folder. A file at ``target`` is replaced in one step or, when there is
    an error, left alone. The same notebook and options give the same bytes. May be called from several threads at once.

    Raises:
        ReportError: ``notebook`` is missing or not a notebook, it or the template cannot be typeset at all, or ``target``
            cannot be written.
    """
    notebook, target = Path(notebook), Path(target)
    try:
        source = read_notebook(notebook)
        shown = shown_notebook(source, code=options.code)
    except UnreadableNotebook as reason:
        raise ReportError(f"not a readable notebook: {notebook} ({reason})") from reason
    draft = Draft(folder=notebook.absolute().parent)
    pages: int | None = None
    match options.format:
        case "html":
            data = _page(draft, shown, notebook, options).encode("utf-8")
        case "pdf" if options.template is not None and options.template.name.endswith(ASCIIDOC_TEMPLATES):
            try:
                data = asciidoc_pdf(draft, source, shown, options.template)
            except TemplateFailed as reason:
                raise ReportError(f"template {reason}") from reason
            pages = page_count(data)
        case "pdf":
            data, pages = _pdf(draft, shown, notebook, options)
        case _:
            assert_never(options.format)
    write_report(target, data)
    return Report(path=target, pages=pages, warnings=tuple(draft.warnings))


def _page(draft: Draft, shown: ShownNotebook, notebook: Path, options: ReportOptions) -> str:
    return page_markup(
        draft,
        shown,
        title=options.title or shown.title,
        fallback_title=notebook.stem,
        reference_date=options.reference_date,
        parameters=shown.parameters if options.parameters else {},
        streams=options.streams,
    )


def _pdf(draft: Draft, shown: ShownNotebook, notebook: Path, options: ReportOptions) -> tuple[bytes, int]:
    # a template may choose other faces
    draft.knows_letters = options.template is None and are_those_of(typeset_fonts(options.font_directories))
    given_title = options.title or shown.title
    if given_title:
        draft.title = Title(text=given_title, shown=literal(given_title))
    cells = []
    for cell in shown.cells:
        draft.cell = cell.number
        cells.append((cell.number, _cell_code(draft, cell, shown.language, options)))
    finished = _moment(shown.finished)
    title = draft.title.text if draft.title else notebook.stem
    parameters = shown_parameters(shown.parameters) if options.parameters else ()
    try:
        return typeset(
            draft,
            cells,
            {
                "title": draft.title.shown if draft.title else None,
                "title_text": literal(title),
                "short_title": literal(title if len(title) <= 90 else title[:88].rstrip() + "…"),
                "reference_date": literal(options.reference_date) if options.reference_date else None,
                "parameters": array(array((literal(name), literal(breakable(value)))) for name, value in parameters),
                "is_dated": finished is not None,
            },
            finished=finished,
            fonts=options.font_directories,
            template=options.template,
        )
    except BadTemplate as reason:
        raise ReportError(f"template {reason}") from reason
    except NotTypeset as reason:
        raise ReportError(f"the notebook cannot be typeset: {notebook} ({reason})") from reason
    except OSError as error:
        raise ReportError(f"the notebook cannot be typeset: {notebook} ({error.strerror or error})") from error


def _cell_code(draft: Draft, cell: ShownCell, language: str, options: ReportOptions) -> Code:
    match cell.kind:
        case "prose":
            return html_code(draft, markdown_html(cell.source, cell.attachments))
        case "html":
            return html_code(draft, cell.source)
        case "plain":
            return monospaced(cell.source)
        case "failure":
            return call("report.failure", literal(cell.source))
        case "early end":
            draft.warn_of_whole(early_end_warning(cell.source))
            return call("report.note", literal(cell.source))
    shown = [preformatted(cell.source, language)] if cell.source else []
    return content([*shown, *outputs_code(draft, cell.outputs, streams=options.streams)])


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # papermill writes UTC without saying so
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)


def write_report(target: Path, data: bytes) -> None:
    """Write the file of a report in one step, creating the folders above it.

    Raises:
        ReportError: it cannot be written; what was there is left alone.
    """
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"the report cannot be written to {target}: {error.strerror or error}") from error
