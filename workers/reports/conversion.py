"""From the file of a notebook to the file of a report."""

import os
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workers.reports.compilation import NotTypeset, typeset
from workers.reports.draft import Draft, Title
from workers.reports.html import html_code
from workers.reports.markdown import markdown_html
from workers.reports.notebook import ShownCell, UnreadableNotebook, read_notebook, shown_notebook
from workers.reports.outputs import outputs_code
from workers.reports.text import monospaced, preformatted
from workers.reports.typst_code import Code, call, content, literal


class ReportError(Exception):
    """There is no report; the message says in one sentence why."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What of a notebook a report shows, and how."""

    code: bool = False  #: show the input of code cells that do not hide it
    streams: bool = False  #: show what cells printed (stdout and stderr)
    title: str | None = None  #: instead of the first heading of level 1
    reference_date: str | None = None  #: printed under the title and in the running head, as it is
    font_directories: tuple[
        Path, ...
    ] = ()  #: fonts besides Typst's own (Libertinus Serif, New Computer Modern, DejaVu Sans Mono)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report that has been written."""

    path: Path
    pages: int
    warnings: tuple[str, ...]  #: one line each, such as "cell 7: the image could not be read (cut short)"


def convert_report(notebook: Path, pdf: Path, options: ReportOptions = ReportOptions()) -> Report:
    """Write the report of an executed notebook to ``pdf``, creating the folders above it.

    The first heading of level 1, also one in an output, becomes the title. What cannot be printed leaves a visible note and
    a warning. Nothing is executed or fetched; besides the notebook and ``options.font_directories``, only those pictures are
    read that its prose shows and that lie inside its own folder. A file at ``pdf`` is replaced in one step or, when there is
    an error, left alone. The same notebook and options give the same bytes. May be called from several threads at once.

    Raises:
        ReportError: ``notebook`` is missing or not a notebook, it cannot be typeset at all, or ``pdf`` cannot be written.
    """
    notebook, pdf = Path(notebook), Path(pdf)
    try:
        shown = shown_notebook(read_notebook(notebook), code=options.code)
    except UnreadableNotebook as reason:
        raise ReportError(f"not a readable notebook: {notebook} ({reason})") from reason
    draft = Draft(folder=notebook.absolute().parent)
    given_title = options.title or shown.title
    if given_title:
        draft.title = Title(text=given_title, shown=literal(given_title))
    cells = []
    for cell in shown.cells:
        draft.cell = cell.number
        cells.append((cell.number, _cell_code(draft, cell, shown.language, options)))
    finished = _moment(shown.finished)
    title = draft.title.text if draft.title else notebook.stem
    try:
        data, pages = typeset(
            draft,
            cells,
            {
                "title": draft.title.shown if draft.title else None,
                "title_text": literal(title),
                "short_title": literal(title if len(title) <= 90 else title[:88].rstrip() + "…"),
                "reference_date": literal(options.reference_date) if options.reference_date else None,
                "is_dated": finished is not None,
            },
            finished=finished,
            fonts=options.font_directories,
        )
    except NotTypeset as reason:
        raise ReportError(f"the notebook cannot be typeset: {notebook} ({reason})") from reason
    except OSError as error:
        raise ReportError(f"the notebook cannot be typeset: {notebook} ({error.strerror or error})") from error
    _write(pdf, data)
    return Report(path=pdf, pages=pages, warnings=tuple(draft.warnings))


def _cell_code(draft: Draft, cell: ShownCell, language: str, options: ReportOptions) -> Code:
    match cell.kind:
        case "prose":
            return html_code(draft, markdown_html(cell.source, cell.attachments))
        case "html":
            return html_code(draft, cell.source)
        case "plain":
            return monospaced(cell.source)
        case "failure":
            return _failure_code(cell.source)
    shown = [preformatted(cell.source, language)] if cell.source else []
    return content([*shown, *outputs_code(draft, cell.outputs, streams=options.streams)])


def _failure_code(source: str) -> Code:
    """papermill's banner over a failed notebook and over its failed cell, without its screen-sized red letters."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^<>]*>", "", source)).strip()
    return call("report.failure", literal(text))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # papermill writes UTC without saying so
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)


def _write(pdf: Path, data: bytes) -> None:
    unfinished = pdf.with_name(f".{pdf.name}.{uuid.uuid4().hex}.part")
    try:
        pdf.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, pdf)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"the report cannot be written to {pdf}: {error.strerror or error}") from error
