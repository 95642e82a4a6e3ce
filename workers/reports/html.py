"""Conversion of HTML, of prose and of outputs, to Typst code."""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from . import css, figures, math, tables
from .draft import Draft, Title
from .paragraphs import BLANKS, collapsed, is_blank, is_formula_line, text_of
from .stylesheet import Stylesheet
from .tex import bare
from .text import breakable, is_right_to_left, preformatted
from .tree import BLOCKS, Document, Element, Node, Text, parsed
from .typst_code import EMPTY, Code, Value, call, content, keyword, literal

#: Typst gives up on lists and quotes nested in each other about 20 times; what lies deeper is set as plain text
DEPTH_LIMIT = 12
#: elements that draw nothing themselves (div, span) may be nested this deep
TAG_DEPTH_LIMIT = 150
#: parsing takes about a second for each megabyte
BYTE_LIMIT = 5_000_000

_INTERACTIVE = frozenset(("iframe", "video", "audio", "canvas", "embed"))
_INLINE_CALLS = {
    **dict.fromkeys(("strong", "b"), "strong"),
    **dict.fromkeys(("em", "i", "cite", "var", "dfn"), "emph"),
    **dict.fromkeys(("del", "s", "strike"), "strike"),
    **dict.fromkeys(("u", "ins"), "underline"),
    "sub": "sub",
    "sup": "super",
    "mark": "highlight",
}
_CALLS_AROUNDBLOCKS = {name: function for name, function in _INLINE_CALLS.items() if function not in ("sub", "super")}
_SEEN = frozenset(("table", "img", "input", "hr"))
_DRAWN = re.compile(r"<(?:table|img|svg)\b", re.IGNORECASE)
_MAY_HIDE = re.compile(r"<(?:script|template|noscript|!--)|hidden|display|visibility", re.IGNORECASE)
#: the line that pandas writes under a frame that it shortens
SIZE_OF_FRAME = re.compile(r"\s*[\d,.]+ rows \u00d7 [\d,.]+ columns\s*")
LINK = re.compile(r"(?:https?|mailto|ftp):[^\s\"<>]+", re.IGNORECASE)


def html_code(draft: Draft, html: str) -> Code:
    """Return the Typst code of a piece of HTML. Pages, scripts and players in it leave a note, hidden elements nothing.

    The first heading of level 1 of the whole report becomes its title, unless that was given, and leaves no code here. The
    first that says the same as a title that was given leaves none either.
    """
    html = tables.with_fewer_rows(html)
    if len(html) > BYTE_LIMIT:
        return draft.omission(
            f"An output of {len(html) / 1e6:,.1f} MB of HTML is too large to be printed.",
            "an HTML output over 5 MB was left out",
        )
    return HtmlWriter(draft, parsed(html)).code()


def is_empty(html: str, *, without_pages: bool = False) -> bool:
    """Return True if the HTML shows nothing without its scripts: no text, picture or table.

    Pages, films and sounds within it count as something, as their notes do, but ``without_pages``.
    """
    if _DRAWN.search(html) and not _MAY_HIDE.search(html):
        return False
    document = parsed(html[:BYTE_LIMIT])
    Stylesheet(document)
    for page in document.find_all("iframe"):
        page.children = []  # for browsers that know no pages within pages
    return not document.get_text().strip() and not document.holds(
        lambda tag: tag.name in _SEEN or (not without_pages and is_interactive(tag))
    )


def anchor_name(text: str) -> str:
    """Return the name by which links reach a heading or an element: Jupyter's, in lower case."""
    return "to-" + re.sub(r"\s+", "-", text.strip()).lower()


def heading_anchor(heading: Element) -> str:
    """Return the `anchor_name` of a heading, whose formulas are named with the dollar signs around them."""
    for formula in heading.find_all("tex"):
        formula.children = [Text(f"${formula.get_text()}$", formula)]
    named = anchor_name(heading.get_text())
    for formula in heading.find_all("tex"):
        formula.children = [Text(formula.get_text()[1:-1], formula)]
    return named


class HtmlWriter:
    """Writes one parsed piece of HTML into a draft."""

    def __init__(self, draft: Draft, document: Document) -> None:
        self.draft = draft
        self.sheet = Stylesheet(document)
        self._document = document

    def code(self) -> Code:
        """Return the code of the whole document."""
        return content(self.blocks(self._document, 0, 0))

    def blocks(self, parent: Element, depth: int, tags: int) -> list[Code]:
        """Return the code of the children of ``parent``, runs of text and inline elements gathered into paragraphs."""
        written: list[Code] = []
        run: list[Node] = []
        for child in parent.children:
            if isinstance(child, Element) and (_is_block(child) or child.holds(_is_block)):
                written += self._paragraph(run, depth, tags)
                run = []
                written += self._block(child, depth, tags + 1)
            else:
                run.append(child)
        return written + self._paragraph(run, depth, tags)

    def _paragraph(self, run: Sequence[Node], depth: int, tags: int) -> list[Code]:
        solid = [node for node in run if isinstance(node, Element) or not is_blank(node)]
        if len(solid) == 1 and isinstance(solid[0], Element):
            alone = solid[0]
            if alone.name == "a" and len(only := [node for node in alone.children if not is_blank(node)]) == 1:
                alone = only[0] if isinstance(only[0], Element) and only[0].name == "img" else alone
            if alone.name == "img":
                return [self._picture(alone, block=True)]
            if alone.name in ("tex", "math"):
                return [self._formula(alone)]
        pieces = self.inline(run, depth, tags)
        if not pieces:
            return []
        text = text_of(run)
        # a paragraph that announces what follows stays on its page
        paragraph = call("par", content(pieces))
        if text.rstrip().endswith(":"):
            paragraph = call("report.announcement", paragraph)
        return [_directed(paragraph, run, text)]

    def _block(self, tag: Element, depth: int, tags: int) -> list[Code]:
        if depth > DEPTH_LIMIT or tags > TAG_DEPTH_LIMIT:
            text = BLANKS.sub(" ", tag.get_text(" ")).strip()
            return [call("par", literal(breakable(text)))] if text else []
        match tag.name:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return self._heading(tag, int(tag.name[1]), depth, tags)
            case "ul" | "ol":
                # the break sets a list off from the paragraph before it; a list within an item stays close
                return [call("parbreak"), *(_directed(code, [tag], text_of([tag])) for code in self._list(tag, depth, tags))]
            case "blockquote":
                return [call("report.quotation", content(self.blocks(tag, depth + 1, tags)))]
            case "pre":
                return self._preformatted(tag)
            case "hr":
                return [call("report.rule")]
            case "tex" | "math":
                return [self._formula(tag)]
            case "table":
                return tables.table_code(tag, self, depth + 4, tags) or self._container(tag, depth, tags)
            case "p" if SIZE_OF_FRAME.fullmatch(text := tag.get_text()):
                return [call("report.table-note", literal(text.strip()))]
            case "dt":
                return [call("report.term", content(self.inline(list(tag.children), depth, tags)))]
            case "dd":
                return [call("report.indented", content(self.blocks(tag, depth + 1, tags)))]
            case _ if is_interactive(tag):
                return [self._interactive(tag)]
            case _:
                return self._container(tag, depth, tags)

    def _container(self, tag: Element, depth: int, tags: int) -> list[Code]:
        declared = self.sheet.of(tag)
        inner = self.blocks(tag, depth, tags)
        fill, named = css.background_code(declared), css.text_arguments(declared)
        emphasis, side = _CALLS_AROUNDBLOCKS.get(tag.name), css.alignment(tag, declared)
        lined = "text-decoration" in declared
        if inner and (fill or named or emphasis or side or lined or tag.name == "a"):
            body = css.decorated(content(inner), declared)
            body = call(emphasis, body) if emphasis else body
            body = call("text", body, **named) if named else body
            body = self._link(tag, body) if tag.name == "a" else body
            body = call("report.aligned", keyword(side), body) if side else body
            inner = [call("report.coloured-block", body, fill=fill) if fill else body]
        return [*self._anchor(tag), *inner]

    def _anchor(self, tag: Element) -> list[Code]:
        name = tag.get("id") or (tag.get("name") if tag.name == "a" else "")
        return [call("report.anchor", literal(anchor_name(name)))] if name.strip() else []

    def _heading(self, tag: Element, level: int, depth: int, tags: int) -> list[Code]:
        text = BLANKS.sub(" ", tag.get_text()).strip()
        for formula in tag.find_all("tex"):
            formula.attributes.pop("display", None)  # a heading is one line
        pieces = self.inline(list(tag.children), depth, tags)
        if not pieces:
            return []
        shown, anchor = (
            _directed(content(pieces), [tag], text),
            literal(heading_anchor(tag) if text else anchor_name("picture")),
        )
        if level == 1 and self.draft.title is None:
            self.draft.title = Title(text=text, shown=shown)
        if level == 1 and self.draft.takes_as_title(text):
            return [call("report.anchor", anchor)]
        section = call("report.section", shown, level=level, anchor=anchor)
        if side := css.alignment(tag, self.sheet.of(tag)):
            section = call("report.aligned", keyword(side), section)
        return [*self._anchor(tag), section]

    def _list(self, tag: Element, depth: int, tags: int) -> list[Code]:
        if depth > DEPTH_LIMIT:
            return [literal(breakable(BLANKS.sub(" ", tag.get_text(" ")).strip()))]
        stray: list[Node] = []  # what stands before the first item
        nodes: list[tuple[Element, list[Node]]] = []
        for child in tag.children:
            if isinstance(child, Element) and child.name == "li":
                nodes.append((child, list(child.children)))
            else:  # a list within a list belongs to the item before it
                (nodes[-1][1] if nodes else stray).append(child)
        if not nodes:
            return self.blocks(tag, depth + 1, tags + 1)
        items = [self._numbered(tag, item, content(self._item(inner, depth + 1, tags + 1))) for item, inner in nodes]
        named: dict[str, Value] = {"tight": tag.find("p") is None}
        if tag.name == "ol" and re.fullmatch(r"\d{1,6}", tag.get("start")):
            named["start"] = int(tag.get("start"))
        if tag.name == "ol" and tag.get("type") in ("a", "A", "i", "I"):
            named["numbering"] = literal(f"{tag.get('type')}.")
        if tag.name == "ul" and any(ticked.get("type") == "checkbox" for ticked in tag.find_all("input")):
            named["marker"] = EMPTY
        around = Element("div", {}, tag)
        around.children = stray
        return [*self.blocks(around, depth + 1, tags + 1), call("enum" if tag.name == "ol" else "list", *items, **named)]

    def _numbered(self, tag: Element, item: Element, body: Code) -> Code:
        if tag.name == "ol" and re.fullmatch(r"\d{1,6}", item.get("value")):
            return call("enum.item", Code(item.get("value")), body)
        return body

    def _item(self, nodes: list[Node], depth: int, tags: int) -> list[Code]:
        written: list[Code] = []
        run: list[Node] = []
        for child in [*nodes, None]:
            if child is not None and not (isinstance(child, Element) and child.name in BLOCKS):
                run.append(child)
                continue
            # not a paragraph of its own, or the list would be spread out
            written += self.inline(run, depth, tags)
            run = []
            if isinstance(child, Element) and child.name in ("ul", "ol"):
                written += self._list(child, depth, tags + 1)
            elif isinstance(child, Element):
                written += self._block(child, depth, tags + 1)
        return written

    def _preformatted(self, tag: Element) -> list[Code]:
        text = tag.get_text()
        if not text.strip():
            return []
        if any("color" in (declared := self.sheet.of(part)) or "font-weight" in declared for part in tag.elements()):
            return [call("report.output-text", content(self._terminal(tag, 0)))]
        inner = tag.find("code")
        classes = f"{tag.get('class')} {inner.get('class') if inner else ''}"
        language = re.search(r"language-(\S+)", classes)
        return [preformatted(text, language.group(1) if language else None)]

    def _terminal(self, parent: Element, tags: int) -> Iterator[Code]:
        """Yield the code of coloured output of programs, as HTML: every blank and every line end counts."""
        if tags > TAG_DEPTH_LIMIT:
            yield literal(breakable(parent.get_text()))
            return
        for child in parent.children:
            if isinstance(child, Element):
                if child.name == "br":
                    yield call("linebreak")
                    continue
                declared = self.sheet.of(child)
                body = content(self._terminal(child, tags + 1))
                if body == EMPTY:
                    continue
                if child.name in _INLINE_CALLS:
                    body = call(_INLINE_CALLS[child.name], body)
                named, fill = css.text_arguments(declared), css.background_code(declared)
                body = css.decorated(call("text", body, **named) if named else body, declared)
                body = call("highlight", body, fill=fill) if fill else body
                yield self._link(child, body) if child.name == "a" else body
            else:
                for number, line in enumerate(child.text.split("\n")):
                    yield from [call("linebreak")] * (number > 0) + [literal(breakable(line))] * bool(line)

    def _interactive(self, tag: Element) -> Code:
        source = tag.get("src")
        kind = {"video": "A video", "audio": "A sound"}.get(tag.name, "An interactive page")
        where = f" {source}" if LINK.fullmatch(source) else ""
        self.draft.warn_of_kind(f"{kind.lower()} cannot be printed")
        return call("report.note", literal(f"{kind} is shown here in the notebook.{where}"))

    def inline(self, run: Sequence[Node], depth: int, tags: int) -> list[Code]:
        """Return the code of text and inline elements of one paragraph: blanks are collapsed, and removed at its ends."""
        return self._inline(run, collapsed(run, self.sheet.kept_blanks), depth, tags)

    def _inline(self, run: Iterable[Node], texts: dict[int, str], depth: int, tags: int) -> list[Code]:
        written: list[Code] = []
        for node in run:
            if isinstance(node, Element):
                written += self._inline_tag(node, texts, depth, tags + 1)
            elif text := texts.get(id(node)):
                for number, line in enumerate(text.split("\n")):
                    written += [call("linebreak")] * (number > 0) + [literal(breakable(line))] * bool(line)
        return written

    def _inline_tag(self, tag: Element, texts: dict[int, str], depth: int, tags: int) -> list[Code]:
        declared = self.sheet.of(tag)
        if tags > TAG_DEPTH_LIMIT or depth > DEPTH_LIMIT * 2:
            return [literal(breakable(BLANKS.sub(" ", tag.get_text())))]
        match tag.name:
            case "br":
                return [call("linebreak")]
            case "img":
                return [self._picture(tag, block=False)]
            case "tex" | "math":
                return [self._formula(tag)]
            case "code" | "tt" | "kbd" | "samp":
                text = BLANKS.sub(" ", tag.get_text())
                return [call("report.inline-code", literal(breakable(text)))] if text.strip() else []
            case "input":
                ticked = tag.has("checked")
                return [call("report.checkbox", Code("true" if ticked else "false"))] if tag.get("type") == "checkbox" else []
            case "wbr":
                return [literal("\u200b")]
            case _ if is_interactive(tag):
                return [self._interactive(tag)]
        wraps = tag.name in _INLINE_CALLS
        inner = self._inline(tag.children, texts, depth + wraps, tags)
        if not inner:
            return self._anchor(tag)
        body = content(inner)
        if wraps:
            body = call(_INLINE_CALLS[tag.name], body)
        if tag.name == "q":
            body = content([literal("\u201c"), body, literal("\u201d")])
        body = css.decorated(body, declared)
        if named := css.text_arguments(declared):
            body = call("text", body, **named)
        if fill := css.background_code(declared):
            body = call("highlight", body, fill=fill)
        if tag.name == "a":
            body = self._link(tag, body)
        return [*self._anchor(tag), body]

    def _link(self, tag: Element, body: Code) -> Code:
        address = tag.get("href").strip()
        if address.startswith("#") and len(address) > 1:
            return call("report.jump", literal(anchor_name(unquote(address[1:]))), body)
        return call("link", literal(address), body) if LINK.fullmatch(address) else body

    def _formula(self, tag: Element) -> Code:
        if tag.name == "math":
            return self._formula_of_html(tag)
        source, display = tag.get_text(), tag.has("display")
        code = math.formula(source, display=display)
        if code is not None:
            return code
        self.draft.warn(f"a formula was not understood and is shown as TeX: {bare(source)[:60]}")
        if display:
            return preformatted(bare(source), "latex")
        return call("report.inline-code", literal(breakable(bare(source))))

    def _formula_of_html(self, tag: Element) -> Code:
        code = math.formula_of_html(tag, display=is_formula_line(tag))
        if code is not None:
            return code
        text = " ".join(tag.get_text(" ").split())
        self.draft.warn(f"a formula in MathML was not understood and is shown as text: {text[:60]}")
        return call("report.inline-code", literal(breakable(text)))

    def _picture(self, tag: Element, *, block: bool) -> Code:
        address, alternative = tag.get("src"), tag.get("alt")
        width, height = picture_size(tag, self.sheet.of(tag))
        try:
            data = figures.address_bytes(address, self.draft.folder)
        except figures.UnusablePicture as reason:
            name = "" if address[:5].lower() == "data:" else f" {address[:120]}"
            self.draft.warn(f"the image{name} was left out ({reason})")
            return call("report.missing-image", literal(breakable(alternative[:200] or address[:80])))
        if block:
            return figures.figure(
                self.draft,
                data,
                alternative=alternative,
                width_pixels=width,
                height_pixels=height,
                caption=tag.get("title")[:500],
            )
        return figures.inline_picture(self.draft, data, alternative=alternative, width_pixels=width, height_pixels=height)


def picture_size(tag: Element, declared: css.Declarations) -> tuple[float | None, float | None]:
    """Return the width and the height in pixels that an ``<img>`` is given by its style or else its attributes."""
    sides = (("width", figures.TEXT_PIXELS), ("height", 0.0))  # a share of the height of what has none is no height
    given = (css.pixels(declared.get(side) or tag.get(side), whole=whole) for side, whole in sides)
    width, height = (pixels or None for pixels in given)
    return width, height


def is_interactive(tag: Element) -> bool:
    """Return True if it shows a page, a film, a sound or the drawing of a script."""
    return tag.name in _INTERACTIVE or (tag.name == "object" and not tag.children)


def _is_block(tag: Element) -> bool:
    return tag.name in BLOCKS or is_formula_line(tag) or is_interactive(tag)


def _directed(code: Code, run: Sequence[Node], text: str) -> Code:
    """Set ``code`` from right to left if the nodes of ``run`` say so by ``dir``, or else by the first letter of their text."""
    parents = [node if isinstance(node, Element) else node.parent for node in run[:1]]
    given = next((tag.get("dir") for tag in parents if tag is not None and tag.get("dir") in ("ltr", "rtl")), None)
    backwards = given == "rtl" if given is not None else is_right_to_left(text)
    return call("report.right-to-left", code) if backwards else code
