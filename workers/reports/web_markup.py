"""HTML, of prose and of outputs, to HTML that shows the same and can do nothing: no script, no style sheet, no address to load.

Nothing is passed on as it came: elements and attributes on the lists below are written anew, all text is escaped.
"""

import base64
import re
from collections.abc import Iterator
from html import escape
from urllib.parse import unquote

from . import css, figures, math, tables
from .cell_values import is_moment
from .draft import Draft
from .grids import grid_of
from .html import BYTE_LIMIT, LINK, SIZE_OF_FRAME, TAG_DEPTH_LIMIT, anchor_name, heading_anchor, is_interactive, picture_size
from .stylesheet import Stylesheet
from .tex import bare
from .tree import BLOCKS, Element, parsed

_VOID = frozenset(("br", "hr", "wbr", "col"))
_KEPT = frozenset((
    "a", "abbr", "b", "blockquote", "caption", "center", "cite", "code", "dd", "del", "details", "dfn", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s",
    "samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "u", "ul", "var", "colgroup",
)) | _VOID  # fmt: skip
_NUMBERS = {"td": ("colspan", "rowspan"), "th": ("colspan", "rowspan"), "col": ("span",), "ol": ("start",), "li": ("value",)}
_MEDIA_TYPES = {"png": "png", "jpg": "jpeg", "gif": "gif", "webp": "webp", "svg": "svg+xml"}
_LONGEST_TITLE = 500


class MarkupWriter:
    """Writes pieces of HTML for one page. The first heading of level 1 becomes its title and is not written.

    Nor is the first that says the same as a title that was given.
    """

    def __init__(self, draft: Draft, *, title: str | None = None) -> None:
        self.draft = draft
        self.title = title  #: its text
        self.title_markup = escape(title or "")  #: as it is shown
        self._has_title_heading = False
        self._numbers: set[int] = set()  # identities of the cells in columns of numbers, of the piece being written

    def markup(self, html: str) -> str:
        """``html`` made safe. Pages, scripts and players in it leave a note, hidden elements nothing."""
        html = tables.with_fewer_rows(html)
        if len(html) > BYTE_LIMIT:
            self.draft.warn("an HTML output over 5 MB was left out")
            return note(f"An output of {len(html) / 1e6:,.1f} MB of HTML is too large to be shown.")
        document = parsed(html)
        self._numbers = set()  # an identity is given again once its cell is gone
        sheet = Stylesheet(document)
        return "".join(self._children(document, sheet, 0))

    def picture(
        self,
        data: bytes,
        alternative: str,
        width_pixels: float | None = None,
        height_pixels: float | None = None,
        caption: str = "",
    ) -> str:
        """A checked picture within the page itself; a note if it cannot be used."""
        try:
            picture = figures.checked_picture(data)
        except figures.UnusablePicture as reason:
            self.draft.warn(f"the image could not be read ({reason})")
            named = f": {alternative[:200]}" if alternative else ""
            return note(f"An image here could not be read{named}.")
        width = width_pixels or figures.width_for_height(picture, height_pixels)
        width = width if width and 0 < width < 100_000 else None
        if width is None and picture.width_points:
            width = picture.width_points / figures.POINTS_PER_PIXEL
        address = f"data:image/{_MEDIA_TYPES[picture.extension]};base64,{base64.b64encode(picture.data).decode('ascii')}"
        sized = f' width="{width:.0f}"' if width else ""
        shown = f'<img src="{address}" alt="{escape(alternative[:_LONGEST_TITLE])}"{sized}>'
        if figures.loses_text(self.draft, data):
            shown += f'<span class="missing">{escape(figures.LOST_TEXT)}</span>'
        return f"<figure>{shown}<figcaption>{escape(caption)}</figcaption></figure>" if caption else shown

    def formula(self, tex: str, *, display: bool) -> str:
        """A formula as MathML, which browsers typeset themselves; as TeX, with a warning, when it is not understood."""
        shown = math.mathml(tex, display=display)
        if shown is not None:
            return shown
        self.draft.warn(f"a formula was not understood and is shown as TeX: {bare(tex)[:60]}")
        return f'<pre class="program">{escape(bare(tex))}</pre>' if display else f"<code>{escape(bare(tex))}</code>"

    def _children(self, parent: Element, sheet: Stylesheet, depth: int) -> Iterator[str]:
        for child in parent.children:
            if isinstance(child, Element):
                yield self._element(child, sheet, depth + 1)
            else:
                yield escape(child.text)

    def _element(self, tag: Element, sheet: Stylesheet, depth: int) -> str:
        declared = sheet.of(tag)
        if depth > TAG_DEPTH_LIMIT:
            return escape(tag.get_text(" "))
        match tag.name:
            case "tex":
                return self.formula(tag.get_text(), display=tag.has("display"))
            case "math":
                return self._formula_of_html(tag)
            case "img":
                return self._image(tag, declared)
            case "input":
                checked = " checked" if tag.has("checked") else ""
                return f'<input type="checkbox" disabled{checked}>' if tag.get("type") == "checkbox" else ""
            case _ if is_interactive(tag):
                return self._interactive(tag)
            case "h1" if self.title is None and (text := " ".join(tag.get_text().split())):
                self.title = text
                self.title_markup = "".join(self._children(tag, sheet, depth)).strip()
                self._has_title_heading = True
                return ""
            case "h1" if not self._has_title_heading and self.title and tag.get_text().split() == self.title.split():
                self._has_title_heading = True
                return ""
        if tag.name == "table":
            grid = grid_of(tag)
            columns = (column for column, numeric in zip(grid.columns, grid.numeric, strict=True) if numeric)
            self._numbers |= {id(cell.tag) for column in columns for cell in column}
            heads = (cell for row in grid.cells[: grid.header_rows] for cell in row if len(cell.columns) == 1)
            self._numbers |= {id(cell.tag) for cell in heads if grid.numeric[cell.columns.start]}
        inner = "".join(self._children(tag, sheet, depth))
        name = tag.name
        if name not in _KEPT:
            name = "div" if name in BLOCKS else "span"
            if name == "span" and not css.safe_style(declared):
                return inner
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self._attributes(tag, declared))
        if name in _VOID:
            return f"<{name}{attributes}>"
        element = f"<{name}{attributes}>{inner}</{name}>"
        return f'<div class="wide">{element}</div>' + _rows_left_out(tag) if tag.name == "table" else element

    def _formula_of_html(self, tag: Element) -> str:
        shown = math.mathml_of_html(tag, display=tag.get("display") == "block")
        if shown is not None:
            return shown
        text = " ".join(tag.get_text(" ").split())
        self.draft.warn(f"a formula in MathML was not understood and is shown as text: {text[:60]}")
        return f"<code>{escape(text)}</code>"

    def _attributes(self, tag: Element, declared: css.Declarations) -> Iterator[tuple[str, str]]:
        if (side := css.alignment(tag, declared)) and tag.name != "center":
            declared = {**declared, "text-align": side}
        if style := css.safe_style(declared):
            yield "style", style
        if tag.get("dir") in ("ltr", "rtl", "auto"):
            yield "dir", tag.get("dir")
        elif tag.name in ("p", "li", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dd", "dt"):
            yield "dir", "auto"
        if id(tag) in self._numbers:
            yield "class", "number"
        elif tag.name in ("td", "th") and is_moment(" ".join(tag.get_text().split())):
            yield "class", "moment"
        elif tag.name == "pre":
            yield "class", "program"
        elif "alert" in tag.get("class").split():
            yield "class", "alert"
        elif tag.name == "p" and SIZE_OF_FRAME.fullmatch(tag.get_text()):
            yield "class", "caption"
        for name in _NUMBERS.get(tag.name, ()):
            if re.fullmatch(r"\d{1,4}", tag.get(name)):
                yield name, tag.get(name)
        if tag.name == "ol" and tag.get("type") in ("a", "A", "i", "I"):
            yield "type", tag.get("type")
        if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6"):
            yield "id", heading_anchor(tag)
        elif tag.get("id"):
            yield "id", anchor_name(tag.get("id"))
        if tag.name == "a":
            address = tag.get("href").strip()
            if address.startswith("#") and len(address) > 1:
                yield "href", "#" + anchor_name(unquote(address[1:]))
            elif LINK.fullmatch(address):
                yield "href", address
                yield "rel", "noopener noreferrer"
        if tag.get("title"):
            yield "title", tag.get("title")[:_LONGEST_TITLE]

    def _image(self, tag: Element, declared: css.Declarations) -> str:
        address, alternative = tag.get("src"), tag.get("alt")
        try:
            data = figures.address_bytes(address, self.draft.folder)
        except figures.UnusablePicture as reason:
            name = "" if address[:5].lower() == "data:" else f" {address[:120]}"
            self.draft.warn(f"the image{name} was left out ({reason})")
            return f'<span class="missing">Image not included: {escape(alternative[:200] or address[:80])}</span>'
        width, height = picture_size(tag, declared)
        return self.picture(data, alternative, width, height, tag.get("title")[:_LONGEST_TITLE])

    def _interactive(self, tag: Element) -> str:
        source = tag.get("src")
        kind = {"video": "A video", "audio": "A sound"}.get(tag.name, "An interactive page")
        self.draft.warn_of_kind(f"{kind.lower()} cannot be printed")
        return note(f"{kind} is shown here in the notebook." + (f" {source}" if LINK.fullmatch(source) else ""))


def note(text: str) -> str:
    """What stands for something that cannot be shown."""
    return f'<div class="note">{escape(text)}</div>'


def _rows_left_out(table: Element) -> str:
    cut, ends = table.get("data-rows-cut"), table.get("data-rows-end")
    if not re.fullmatch(r"\d{1,9}", cut) or not re.fullmatch(r"\d{1,3}", ends):
        return ""
    return f'<p class="caption">first {int(ends) + 1} and last {ends} of {int(cut) + 2 * int(ends) + 1:,} rows</p>'
