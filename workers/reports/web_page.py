"""A report as one HTML file: it contains all that it shows, and nothing in it can run or be loaded from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from .draft import Draft
from .markdown import markdown_html
from .notebook import ShownCell, ShownNotebook, early_end_warning
from .outputs import Failure, Figure, Formula, Html, Note, Part, Prose, Source, Text, shown_parts
from .parameters import shown_parameters
from .text import Ink, inked, printed, shortened
from .typst_code import printable
from .web_markup import MarkupWriter, note

_LOOK = Path(__file__).with_name("report.css")
# a second line of defence: no script, frame, form or remote address, whatever may have slipped through
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page_markup(
    draft: Draft,
    shown: ShownNotebook,
    *,
    title: str | None,
    fallback_title: str,
    reference_date: str | None,
    parameters: Mapping[str, Any],
    streams: bool,
) -> str:
    """Return the whole page. ``title`` wins over the first heading; ``fallback_title`` only names the window.

    What cannot be shown leaves a note, and a warning in ``draft``.
    """
    writer = MarkupWriter(draft, title=title)
    body = "\n".join(markup for cell in shown.cells for markup in _cell(writer, cell, shown.language, streams))
    # written last: the title may stand in an output
    head = [f'<h1 dir="auto">{writer.title_markup}</h1>'] if writer.title else []
    if reference_date:
        head.append(f'<p class="date">Reference date: {escape(reference_date)}</p>')
    if parameters:
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in shown_parameters(parameters))
        head.append(f'<dl class="parameters">{rows}</dl>')
    look = _LOOK.read_text(encoding="utf-8")
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(writer.title or fallback_title)}</title>\n<style>\n{look}</style>\n</head>\n<body>\n<main>\n"
        + (f"<header>{''.join(head)}</header>\n" if head else "")
        + f"{body}\n</main>\n</body>\n</html>\n"
    )
    return printable(page)


def _cell(writer: MarkupWriter, cell: ShownCell, language: str, streams: bool) -> Iterator[str]:
    writer.draft.cell = cell.number
    match cell.kind:
        case "prose":
            yield writer.markup(markdown_html(cell.source, cell.attachments))
        case "html":
            yield writer.markup(cell.source)
        case "plain":
            yield _terminal(cell.source)
        case "failure":
            yield f'<div class="failure">{escape(cell.source)}</div>'
        case "early end":
            writer.draft.warn_of_whole(early_end_warning(cell.source))
            yield note(cell.source)
        case "code":
            if cell.source:
                yield _program(cell.source, language)
            for part in shown_parts(writer.draft, cell.outputs, streams=streams):
                yield _part(writer, part)


def _part(writer: MarkupWriter, part: Part) -> str:
    match part:
        case Figure():
            shown = writer.picture(part.data, part.alternative, part.width_pixels)
            return f'<div class="figure">{shown}</div>' if shown.startswith("<img") else shown
        case Formula(tex):
            return writer.formula(tex, display=True)
        case Html(source):
            return f'<div class="output">{writer.markup(source)}</div>'
        case Prose(source):
            return writer.markup(markdown_html(source))
        case Text(text):
            return _terminal(text)
        case Source(text, language):
            return _program(text, language)
        case Note(text):
            return note(text)
        case Failure(headline, trace):
            return f'<div class="failure"><strong>{escape(headline)}</strong>{_terminal(trace) if trace else ""}</div>'


def _terminal(text: str) -> str:
    shown = shortened(printed(text)).strip("\n").rstrip()
    return f'<pre class="terminal">{"".join(_run(ink, run) for ink, run in inked(shown))}</pre>'


def _run(ink: Ink, text: str) -> str:
    style = [f"color:rgb{ink.fill}"] if ink.fill else []
    style += [f"background:rgb{ink.background}"] if ink.background else []
    style += ["font-weight:bold"] if ink.bold else []
    style += ["font-style:italic"] if ink.italic else []
    return f'<span style="{";".join(style)}">{escape(text)}</span>' if style else escape(text)


def _program(source: str, language: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.lexers.special import TextLexer
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        lexer = TextLexer()
    coloured = highlight(source.strip("\n"), lexer, HtmlFormatter(noclasses=True, nowrap=True, style="friendly"))
    return f'<pre class="program">{coloured.rstrip()}</pre>'
