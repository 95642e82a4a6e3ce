"""Widths that the columns of a table need, in units of the font size and without the space between columns.

Widths unknown to Python, of pictures, formulas and letters of other fonts, are left for Typst to measure: a `Need` lists them.
``column-widths`` in ``report.typ`` distributes the width of the page.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import groupby

from . import css
from .cell_values import is_moment, is_number, moments
from .grids import grid_of
from .letter_widths import FIXED_WIDTH, text_width
from .stylesheet import Stylesheet
from .text import breakable
from .tree import Element, Text

#: the space that ``report.typ`` leaves between the texts of two columns
SPACE = 1.1
#: a column of prose is given this many characters before the type is made smaller for it, and wraps
COLUMN_CHARACTERS = 40
#: the least width to which pictures are reduced; notes in their place need it, too
PICTURE_LEAST = 10.0
#: the number of words of a column that Typst measures: the longest
WORDS_ASKED = 60
_LINES_ASKED = 3
#: the number of positions of each kind, nearest its middle, at which a name is tried on two lines
_PLACES_TRIED = 20
#: of tables within cells of tables, widths are looked at down to here
_NESTED_LIMIT = 3

_BLANKS = re.compile(r"[ \t\r\n\f]+")
_GIVEN_BREAKS = re.compile("[ \u200b]+")
# a line can be broken between any two of these but for punctuation, and all are as wide as the type is high
_WIDE_LETTERS = (
    "\u2e80-\u303f\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003ffff"
)
_WIDE = re.compile(f"[{_WIDE_LETTERS}]")
_WIDE_UNITS = re.compile(f"[{_WIDE_LETTERS}]{{1,3}}|[^{_WIDE_LETTERS}]+")
# fixed type is set at nine tenths; with the box around program text in the smallest type that is likely
_FIXED_SHARE, _CODE_SPACE, _PROGRAM_SPACE, _INDENT = 0.9, 0.9, 2.8, 2.5
_LINE_ENDS = frozenset((
    "br", "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "center", "section", "figure", "figcaption", "details", "summary", "tr", "td", "th", "caption",
))  # fmt: skip
# headings have their own sizes, whatever the table's is
_HEADING_FACTORS = {"h1": 2.9, "h2": 2.4, "h3": 2.0, "h4": 1.8, "h5": 1.8, "h6": 1.8}
_INDENTING = frozenset(("ul", "ol", "dl", "blockquote"))
_SLANTED = frozenset(("em", "i", "cite", "var", "dfn", "address"))
_PLAYED = frozenset(("iframe", "video", "audio", "canvas", "embed", "object"))
_FIXED = frozenset(("code", "tt", "kbd", "samp", "pre"))


@dataclass(eq=False)
class Need:
    """The width that one column needs."""

    least: float = 0.5  #: the widest word; a column is never narrower
    wanted: float = 0.5  #: the longest text, up to what a column of prose is given: type is made smaller for the sake of it
    whole: float = 0.5  #: the longest text on one line
    words: dict[str, None] = field(default_factory=dict)  #: to be measured by Typst, for what is least
    lines: dict[str, None] = field(default_factory=dict)  #: to be measured by Typst, for what is wanted
    texts: dict[str, None] = field(default_factory=dict)  #: all, where a template may have another face
    factor: float = 1.0  #: of the size of the type of what is to be measured
    beside: float = 0.0  #: the room for bullets, boxes and the like beside it
    pictures: list[Element] = field(default_factory=list)  #: cells to be measured by Typst
    formulas: list[Element] = field(default_factory=list)  #: the same

    @property
    def is_known(self) -> bool:
        """True if nothing is left for Typst to measure."""
        return not (self.words or self.lines or self.pictures or self.formulas)

    @property
    def estimate(self) -> float:
        """About what is wanted, when some of it is still to be measured."""
        asked = max((0.6 * len(line) + 0.5 * len(_WIDE.findall(line)) for line in (*self.words, *self.lines)), default=0.0)
        drawn = max((min(20.0, 2.0 + 0.4 * len(cell.get_text())) for cell in self.formulas), default=0.0)
        return max(self.wanted, asked, drawn)


def _slanted(text: str, upright: float) -> float:
    """Return an upper bound for the width of a text in bold italics that is ``upright`` wide without: some letters are wider, J
    much.
    """
    return 1.1 * upright + 0.15 * text.count("J")


def longest_words(texts: Iterable[str]) -> list[str]:
    """Return the words of ``texts`` that are worth measuring."""
    words = {word for text in texts for word in units(text)}
    return sorted(words, key=lambda word: (-(text_width(word, bold=True) or 0.7 * len(word)), word))[:WORDS_ASKED]


def longest_lines(texts: Iterable[str]) -> list[str]:
    """Return those of ``texts`` that are worth measuring, cut to the width of a column of prose."""
    return sorted({text[:COLUMN_CHARACTERS] for text in texts}, key=lambda text: (-len(text), text))[:_LINES_ASKED]


class Ruler:
    """Measures texts for needs. Where letters may have other widths than in Typst's own faces, the texts are kept as well."""

    def __init__(self, sheet: Stylesheet, *, knows_letters: bool) -> None:
        self._sheet, self._knows_letters = sheet, knows_letters

    def width(self, text: str, *, bold: bool) -> float | None:
        """Return the width of a text on one line, or slightly more; None if Typst must measure it."""
        if (width := text_width(text, bold=bold)) is None and _WIDE.search(text):
            others, wide = _WIDE.subn("", text)
            rest = text_width(others, bold=bold)
            return None if rest is None else rest + wide
        return width

    def take_text(self, need: Need, text: str, *, bold: bool, factor: float = 1.0) -> None:
        """Take a cell of plain text into account, set in type of ``factor`` times the size of the table's."""
        if not self._knows_letters:
            need.texts[text] = None
            need.factor = max(need.factor, factor)
        whole = self.width(text, bold=bold)
        if whole is None or factor != 1.0:
            self._take(need, text, lambda part: self.width(part, bold=bold), factor, beside=0.0)
            return
        if whole <= need.least:
            return
        need.whole = max(need.whole, whole)
        if whole > need.wanted:
            short = whole if len(text) <= COLUMN_CHARACTERS else self.width(text[:COLUMN_CHARACTERS], bold=bold)
            need.wanted = max(need.wanted, short or whole)
        need.least = max(need.least, *(self.width(word, bold=bold) or 0.0 for word in units(text)))
        need.wanted = max(need.wanted, need.least)

    def take_heading(self, need: Need, text: str) -> None:
        """Take a cell of the head into account, which may be set on two lines."""
        places = sorted({*_middle_places(" +", text), *_middle_places("[ \u200b]+", text)})
        parts = [(text[:place].rstrip(" "), text[place:]) for place in places]
        widths = [(self.width(first, bold=True), self.width(second, bold=True)) for first, second in parts]
        known = [max(first, second) for first, second in widths if first is not None and second is not None]
        whole = self.width(text, bold=True)
        if not self._knows_letters:
            need.texts.update(dict.fromkeys(min(parts, key=lambda part: max(map(len, part)), default=(text,))))
        if whole is None:
            for part in min(parts, key=lambda part: max(map(len, part)), default=(text,)):
                self._take(need, part, lambda it: self.width(it, bold=True), 1.0, beside=0.0)
            return
        two_lines = min((*known, whole))
        # where there is room, a name is not broken at its underscore
        at_blanks = [
            max(first, second)
            for (before, _), (first, second) in zip(parts, widths, strict=True)
            if first is not None and second is not None and not before.endswith("\u200b")
        ]
        need.least = max(need.least, *(self.width(word, bold=True) or 0.0 for word in units(text)))
        need.wanted = max(need.wanted, need.least, min(two_lines, COLUMN_CHARACTERS * 0.6))
        need.whole = max(need.whole, need.wanted, min((*at_blanks, whole)))

    def take_element(self, need: Need, cell: Element, *, nested: int = 0) -> None:
        """Take a cell with markup in it into account."""
        markup = _Markup(cell, self._sheet)
        beside = markup.indent * _INDENT + (_PROGRAM_SPACE if markup.has_program else 0.0)
        fixed = FIXED_WIDTH * _FIXED_SHARE

        def width(part: str) -> float | None:
            text = self.width(part, bold=True)
            if text is None:
                return None
            text = _slanted(part, text) if markup.has_slant else text
            return max(text, fixed * len(part)) + _CODE_SPACE if markup.has_code else text

        for line in markup.lines:
            self._take(need, line, width, markup.factor, beside)
        for table in markup.tables:
            self._take_table(need, table, nested + 1)
        if markup.has_picture:
            need.pictures.append(cell)
            need.least = max(need.least, PICTURE_LEAST)
            need.wanted, need.whole = max(need.wanted, need.least), max(need.whole, need.least)
        elif markup.has_formula:
            need.formulas.append(cell)

    def _take_table(self, need: Need, table: Element, nested: int) -> None:
        if nested > _NESTED_LIMIT:
            return
        grid = grid_of(table)
        inner = [Need() for _ in range(grid.column_count)]
        for row in grid.cells:
            for cell in row:
                if len(cell.columns) == 1:
                    self.take_element(inner[cell.columns.start], cell.tag, nested=nested)
        for caption in table.own("caption"):
            text = breakable(" ".join(caption.get_text().split()))
            self._take(need, text, lambda part: self.width(part, bold=True), 1.0, beside=0.0)
        # an inner table has type of nine points wherever it stands, until that does not fit
        space = SPACE * (len(inner) + 1)
        need.least = max(need.least, sum(one.least for one in inner) + space)
        need.wanted = max(need.wanted, need.least, 1.5 * sum(one.estimate for one in inner) + space)
        need.whole = max(need.whole, need.wanted, 1.5 * sum(max(one.whole, one.estimate) for one in inner) + space)

    def _take(self, need: Need, text: str, width: Callable[[str], float | None], factor: float, beside: float) -> None:
        if not self._knows_letters:
            need.texts[text] = None
        need.factor, need.beside = max(need.factor, factor), max(need.beside, beside)
        for word in units(text):
            if (wide := width(word)) is None:
                need.words[word] = None
            else:
                need.least = max(need.least, wide * factor + beside)
        short = text[:COLUMN_CHARACTERS]
        for part in (short, text):
            if (wide := width(part)) is None:
                need.lines[short] = None
            elif part is text:
                need.whole = max(need.whole, wide * factor + beside)
            else:
                need.wanted = max(need.wanted, wide * factor + beside)
        need.wanted = max(need.wanted, need.least)
        need.whole = max(need.whole, need.wanted)


def _middle_places(blanks: str, text: str) -> list[int]:
    """Return the positions of ``text`` at which a second line can begin after ``blanks``, a pattern, nearest its middle."""
    ends = (found.end() for found in re.finditer(blanks, text))
    return nsmallest(_PLACES_TRIED, ends, key=lambda end: abs(2 * end - len(text)))


def units(text: str) -> list[str]:
    """Return the pieces of a text that no line may break: words, and numbers and moments with the blanks in them."""
    if " " not in text and "\u200b" not in text:
        return [text] if _WIDE.search(text) is None else _WIDE_UNITS.findall(text)
    if is_number(text) or is_moment(text):
        return [text]
    for span in moments(text):
        text = text[: span.start] + text[span.start : span.stop].replace(" ", "\u00a0") + text[span.stop :]
    words = [word for word in _GIVEN_BREAKS.split(text) if word]
    return [unit for word in words for unit in ([word] if _WIDE.search(word) is None else _WIDE_UNITS.findall(word))] or [""]


def widen_for_spans(needs: Sequence[Need], spans: Iterable[tuple[Sequence[int], Need]]) -> None:
    """Widen columns to the needs of cells that span several of them."""
    for columns, need in spans:
        covered = [needs[column] for column in columns]
        lacking = need.least - sum(one.least for one in covered) - SPACE * (len(covered) - 1)
        if lacking > 0:
            for one in covered:
                one.least += lacking / len(covered)
                one.wanted, one.whole = max(one.wanted, one.least), max(one.whole, one.least)


class _Markup:
    """The parts of a cell's markup that affect its width."""

    def __init__(self, cell: Element, sheet: Stylesheet) -> None:
        self.factor = css.size_factor(sheet.of(cell))
        self.indent = 0
        self.has_code = self.has_program = self.has_picture = self.has_formula = False
        self.has_slant = "font-style" in sheet.of(cell)
        self.tables: list[Element] = []
        pieces = list(self._pieces(cell, sheet))
        texts = ("".join(group) for ends, group in groupby(pieces, key=lambda piece: piece == "\n") if not ends)
        self.lines = [breakable(text) for text in texts if text.strip()]

    def _pieces(self, cell: Element, sheet: Stylesheet) -> Iterator[str]:
        """Yield the text, line ends as pieces of their own."""
        stack: list[tuple[Iterator[Element | Text], str, bool, float]] = [(iter(cell.children), "", False, self.factor)]
        while stack:
            children, _, in_program, factor = stack[-1]
            child = next(children, None)
            if child is None:
                stack.pop()
                continue
            if isinstance(child, Text):
                kept = in_program or sheet.kept_blanks(child.parent)
                yield from re.split("(\n)", child.text) if kept else [_BLANKS.sub(" ", child.text)]
                continue
            if child.name in _LINE_ENDS:
                yield "\n"
            match child.name:
                case "wbr":
                    yield "\u200b"
                case "input":
                    yield "xx "
                case "img":
                    self.has_picture = True
                    # what is said in its place if it cannot be read
                    named = child.get("alt")[:200] or child.get("src")[:80]
                    yield from ("\n", "" if named.lower().startswith("data:") else named, "\n")
                case name if name in _PLAYED:
                    self.has_picture = True  # a note of some words
                case "tex":
                    self.has_formula = True
                case "table":
                    self.tables.append(child)
                    yield "\n"
                case name:
                    declared = sheet.of(child)
                    self.has_slant = self.has_slant or name in _SLANTED or "font-style" in declared
                    self.has_code = self.has_code or name in _FIXED
                    self.has_program = self.has_program or name == "pre"
                    inner = factor * css.size_factor(declared) * _HEADING_FACTORS.get(name, 1.0)
                    self.factor = max(self.factor, inner)
                    if name in _INDENTING:
                        self.indent = max(self.indent, 1 + sum(1 for _, outer, _, _ in stack if outer in _INDENTING))
                    stack.append((iter(child.children), name, in_program or name == "pre", inner))
