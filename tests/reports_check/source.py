"""What a reader of a notebook sees, read from its source: HTML by lexbor, Markdown by markdown-it, formulas taken out first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from tests.reports_check import formulas
from workers.reports import outputs
from workers.reports.draft import Draft
from workers.reports.notebook import read_notebook, shown_notebook
from workers.reports.tables import rows_at_each_end
from workers.reports.text import breakable, printed, shortened, without_escapes
from workers.reports.visible_text import FORMULA

#: what no reader should see outside of program text: TeX, and tables of Markdown that were not read
MARKUP = re.compile(r"\\[a-zA-Z]{2,}|\\[{}]|\|\s*:?-{3,}")

_UNSEEN = frozenset((
    "script", "style", "head", "title", "template", "noscript", "meta", "link", "base", "object", "embed", "select", "option",
    "button", "textarea", "svg", "param", "source", "iframe", "video", "audio", "canvas", "-comment", "math", "datalist",
))  # fmt: skip
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr", "label", "time",
))  # fmt: skip
_UNSHOWN = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_DRAWING = re.compile(r"<svg\b.*?</svg\s*>", re.IGNORECASE | re.DOTALL)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_MARKDOWN.validateLink = lambda url: True  # it takes drawings for unsafe, which reports do not


@dataclass(kw_only=True)
class Expected:
    """What is to be found in a report."""

    texts: list[str] = field(default_factory=list)  #: with a place to break the line where the report may have one
    formulas: list[str] = field(default_factory=list)  #: TeX
    pictures: int = 0

    def markup(self) -> set[str]:
        """The pieces of markup that are meant to be read: in code, and where the other parsers leave them in the text."""
        return {found for text in self.texts for found in MARKUP.findall(text.replace("\u200b", ""))}


def expected_of(notebook: Path, *, streams: bool = False) -> Expected:
    """What the report of ``notebook`` has to show."""
    shown = shown_notebook(read_notebook(notebook), code=False)
    draft = Draft(folder=notebook.absolute().parent)
    found = Expected()
    for cell in shown.cells:
        match cell.kind:
            case "prose":
                _add_markdown(found, cell.source)
            case "html":
                _add_html(found, cell.source)
            case "plain":
                _add_terminal(found, cell.source)
        for part in outputs.shown_parts(draft, cell.outputs, streams=streams):
            _add_part(found, part)
    return found


def _add_part(found: Expected, part: Any) -> None:
    match part:
        case outputs.Html(source):
            _add_html(found, source)
        case outputs.Prose():
            _add_markdown(found, part.source)
        case outputs.Text(text):
            _add_terminal(found, text)
        case outputs.Source(text, _):
            _add_text(found, text)
        case outputs.Figure():
            found.pictures += 1
        case outputs.Formula(tex):
            found.formulas.append(tex)
        case outputs.Note(text):
            found.texts.append(text)
        case outputs.Failure(headline, trace):
            _add_text(found, headline)
            _add_terminal(found, trace)


def _add_terminal(found: Expected, text: str) -> None:
    _add_text(found, shortened(without_escapes(printed(text))))


def _add_text(found: Expected, text: str) -> None:
    found.texts.append(breakable(text))


def _add_markdown(found: Expected, source: str) -> None:
    text, taken = formulas.taken_out(source)
    _add_html(found, _MARKDOWN.render(text), taken)


def _add_html(found: Expected, html: str, taken: list[formulas.Found] | None = None) -> None:
    """The text of ``html`` as browsers show it; ``taken`` are the formulas for which letters stand in it."""
    taken = taken or []
    body = LexborHTMLParser(_DRAWING.sub("<img>", html)).body
    if body is None:
        return
    pieces: list[str] = []

    def formula(tex: str) -> str:
        found.formulas.append(tex)
        return FORMULA

    # a stack, not recursion: HTML may be nested thousands deep
    stack: list[tuple[Any, str, bool]] = [(body, "", False)]
    while stack:
        node, within, is_end = stack.pop()
        name = node.tag
        if is_end:
            pieces.append("\n")
            continue
        if name == "-text":
            text = node.text_content or ""
            if within:
                text = formulas.put_back(text, taken)
            else:
                text = formulas.PLACES.sub(lambda letter: formula(taken[ord(letter.group()) - formulas.FIRST].tex), text)
            pieces.append(text)
            continue
        attributes = node.attributes
        if name in _UNSEEN or "hidden" in attributes or _UNSHOWN.search(attributes.get("style") or ""):
            continue
        if name == "img":
            found.pictures += 1
        elif name == "tex":
            pieces.append(formula(node.text() or ""))
        elif name in ("br", "hr"):
            pieces.append("\n")
        else:
            if name not in _INLINE:
                pieces.append("\n")
                stack.append((node, within, True))
            code = name if name in ("pre", "code", "samp", "kbd", "tt") else within
            stack.extend((child, code, False) for child in reversed(_shown_children(node)))
    found.texts.append(breakable("".join(pieces).replace("_", "_\u200b")))


def _shown_children(node: Any) -> list[Any]:
    children = list(node.iter(include_text=True))
    if node.tag == "tbody":
        rows = [child for child in children if child.tag == "tr"]
        if rows:
            ends = rows_at_each_end(len([cell for cell in rows[0].iter() if cell.tag in ("td", "th")]))
            if len(rows) > 2 * ends:
                return rows[:ends] + rows[-ends:]
    return children
