"""The tree of a piece of HTML, read as browsers read it, and no larger than reports need."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from .drawing import drawing_address
from .formulas import has_held, held_formulas, without_held

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

#: elements of which a browser shows nothing, or only what can be clicked or typed into; they are not in the tree
UNSEEN = frozenset((
    "script", "style", "head", "title", "template", "noscript", "meta", "link", "base", "select", "datalist", "button",
    "textarea", "param", "source", "track", "area", "noembed", "noframes", "rp",
))  # fmt: skip
#: elements that stand on lines of their own
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "iframe", "legend", "li", "main", "nav", "ol", "p", "pre", "search", "section", "summary", "table", "ul",
    "video", "audio", "canvas", "embed",
))  # fmt: skip
#: elements that mean nothing but within a table, each in the one that the parser has put around it
TABLE_PARTS = frozenset(("caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th"))
_OLD_NAMES = {"xmp": "pre", "listing": "pre", "plaintext": "pre", "dir": "ul", "menu": "ul"}
_CODE = frozenset(("pre", "code", "kbd", "samp", "tt", "tex"))
# as the notebook puts an output into its page: in the body, and by the rules of today rather than those of 1998
_BEFORE = "<!DOCTYPE html><body>"
_STYLED = re.compile(r"<style\b", re.IGNORECASE)


class Text:
    """A run of text between tags."""

    __slots__ = ("parent", "text")

    def __init__(self, text: str, parent: "Element") -> None:
        self.text, self.parent = text, parent

    def get_text(self) -> str:
        """Return the text."""
        return self.text


class Element:
    """An element: its name and the names of its attributes in lower case, its children in their order."""

    __slots__ = ("attributes", "children", "name", "parent")

    def __init__(self, name: str, attributes: dict[str, str | None], parent: "Element | None") -> None:
        self.name, self.attributes, self.parent = name, attributes, parent
        self.children: list[Node] = []

    def get(self, name: str) -> str:
        """Return the value of an attribute, empty if it is missing or has none."""
        return self.attributes.get(name) or ""

    def has(self, name: str) -> bool:
        """Return True if the attribute exists, with or without a value."""
        return name in self.attributes

    def elements(self) -> "Iterator[Element]":
        """Yield all elements within it, each before its own content."""
        stack = [iter(self.children)]  # not recursion: hostile HTML nests thousands deep
        while stack:
            for child in stack[-1]:
                if isinstance(child, Element):
                    yield child
                    if child.children:
                        stack.append(iter(child.children))
                        break
            else:
                stack.pop()

    def find(self, *names: str) -> "Element | None":
        """Return the first element within it that has one of the names."""
        return next((element for element in self.elements() if element.name in names), None)

    def find_all(self, *names: str) -> "list[Element]":
        """Return all elements within it that have one of the names."""
        return [element for element in self.elements() if element.name in names]

    def holds(self, is_wanted: "Callable[[Element], bool]") -> bool:
        """Return True if it contains an element for which the predicate holds."""
        return any(map(is_wanted, self.elements()))

    def own(self, *names: str) -> "list[Element]":
        """Return its children that are elements and have one of the names."""
        return [child for child in self.children if isinstance(child, Element) and child.name in names]

    def ancestors(self) -> "Iterator[Element]":
        """Yield the element itself, its parent, and so on to the document."""
        element: Element | None = self
        while element is not None:
            yield element
            element = element.parent

    def get_text(self, separator: str = "") -> str:
        """Return all text within it as it is written, ``separator`` between the pieces; a line feed for a ``<br>``."""
        children = self.children
        if len(children) == 1 and isinstance(only := children[0], Text):
            return only.text
        pieces: list[str] = []
        stack: list[Node] = children[::-1]
        while stack:
            node = stack.pop()
            if isinstance(node, Text):
                pieces.append(node.text)
            elif node.name == "br":
                pieces.append("\n")
            else:
                stack += node.children[::-1]
        return separator.join(pieces)


Node = Element | Text


class Document(Element):
    """The whole of a piece of HTML: the content of a page's body."""

    __slots__ = ("_by_address", "_parser", "sheets")

    def __init__(self, parser: "LexborHTMLParser") -> None:
        super().__init__("body", {}, None)
        self.sheets: list[str] = []  #: the text of its style sheets
        self._parser = parser
        self._by_address: dict[int, Element] | None = None

    def select(self, selector: str) -> Sequence[Element]:
        """Return the elements that match a CSS selector; none for one that is not understood, as in browsers."""
        from selectolax.lexbor import SelectolaxError

        try:
            found = self._parser.css(selector)
        except SelectolaxError:
            return ()
        elements = self._by_address if self._by_address is not None else {}
        # one that several of the selectors behind commas name is found several times
        return [elements[place] for place in dict.fromkeys(node.mem_id for node in found) if place in elements]


def parsed(html: str) -> Document:
    """Parse ``html`` without the parts that are never seen; drawings in it become ``<img>``.

    Missing and broken parts are treated as in browsers, except for an unfinished tag at the end, which is text here.
    """
    from selectolax.lexbor import LexborHTMLParser

    end = html.rfind(">") + 1
    parser = LexborHTMLParser(f"{_BEFORE}{html[:end]}{html[end:].replace('<', '&lt;')}", scripting=True)
    document = Document(parser)
    by_address: dict[int, Element] | None = {} if _STYLED.search(html) else None
    if (body := parser.body) is not None:
        _take(body.first_child, document, document.sheets, by_address)
    if by_address is not None:
        for node in (parser.root, body):
            if node is not None:
                by_address[node.mem_id] = document
    document._by_address = by_address
    if has_held(html):
        _place_formulas(document)
    return document


def _place_formulas(document: Document) -> None:
    """Turn the formulas held by Markdown into elements ``<tex>``; within code or a tag they become text again."""
    for element in (document, *document.elements()):
        for name, value in element.attributes.items():
            if value and has_held(value):
                element.attributes[name] = without_held(value)
        if not any(isinstance(child, Text) and has_held(child.text) for child in element.children):
            continue
        is_code = any(around.name in _CODE for around in element.ancestors())
        children: list[Node] = []
        for child in element.children:
            if not isinstance(child, Text):
                children.append(child)
            elif is_code:
                children.append(Text(without_held(child.text), element))
            else:
                for piece in held_formulas(child.text):
                    if isinstance(piece, str):
                        children.append(Text(piece, element))
                    else:
                        formula = Element("tex", {"display": None} if piece.display else {}, element)
                        formula.children.append(Text(piece.tex, formula))
                        children.append(formula)
        element.children = children


def _take(first: "LexborNode | None", document: Document, sheets: list[str], by_address: dict[int, Element] | None) -> None:
    """Put what begins at ``first`` into ``document``."""
    stack: list[tuple[LexborNode | None, Element]] = [(first, document)]
    while stack:
        node, parent = stack.pop()
        add = parent.children.append
        while node is not None:
            name = node.tag
            if name == "-text":
                add(Text(node.text_content or "", parent))
            elif name == "style":
                sheets.append(node.text())
            elif name and name[0] != "-" and name not in UNSEEN:
                if name == "svg":
                    element = Element("img", {**node.attributes, **drawing_address(node)}, parent)
                else:
                    element = Element(_OLD_NAMES.get(name, name), node.attributes, parent)
                    if (inner := node.first_child) is not None:
                        stack.append((inner, element))
                add(element)
                if by_address is not None:
                    by_address[node.mem_id] = element
            node = node.next
