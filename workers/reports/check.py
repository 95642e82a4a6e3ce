"""Check of a typeset report by reading it back: finds content that is overprinted, runs off the page, or is missing."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .readback import Misplaced, Where, read_back, read_piece_by_piece
from .typst_code import Code
from .visible_text import FORMULA, visible_text

#: for the title and what stands with it; cells are counted from 1
ABOVE = 0
PICTURE = "a picture"

How = Where | Literal["into its neighbour", "missing"]
_SENTENCES = {
    "over the edge": ("runs over the edge of the page", "run over the edge of the page"),
    "over the margin": ("runs over the head or the foot of the page", "run over the head or the foot of the page"),
    "over a picture": ("stands over another one", "stand over others"),
    "cut off": ("is cut off", "are cut off"),
    "over text": ("stands over other text", "stand over other text"),
    "into its neighbour": ("runs into what stands beside it", "run into what stands beside them"),
    "missing": ("is missing", "are missing"),
}

_WORD = re.compile(r"\w+")
# the scripts whose letters come out of a PDF one by one and in their order
_SPELT = re.compile(r"[0-9A-Za-z_\u00c0-\u024f\u0370-\u052f]+")
_BREAK = "\u200b"  # where a line may be broken
_BREAKABLE = re.compile(rf"[\w{_BREAK}]+")
# words that stand against a formula are one word with it in the PDF
_AT_FORMULA = re.compile(rf"[\w{_BREAK}]*{FORMULA}[\w{_BREAK}{FORMULA}]*")
# Content that Typst sets in one way only (paragraphs, lists, program text, pictures and formulas on separate lines, tables
# whose widths are known before) is whole wherever it is set. These share a line or a cell, are measured, or are made smaller.
_AT_RISK = re.compile(
    r"\breport\.(?:cell-blocks|inline-image|high-equation|framed-math|formula-in-cell)\(|\bmath\.mat\(|\basked: |\browspan: "
)
_TABLE, _LINE_END = "report.data-table(", "linebreak("
_MANY_LINES = 25  # of an equation, say
_MOST_SHOWN = 40
_MOST_PAGES = 10


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Content of a report that a reader cannot see, or cannot read."""

    cells: frozenset[int] | None  #: it came from one of these, possibly ``ABOVE``; None if unknown
    page: int | None  #: from 1; None for what stands on no page
    top: float  #: in points from the upper edge of that page
    what: str  #: the quoted text, or ``PICTURE``
    how: How


@dataclass(frozen=True, kw_only=True)
class CellStart:
    """The position at which a cell begins on the pages of a report."""

    cell: int
    page: int
    top: float


def is_at_risk(codes: Iterable[Code]) -> bool:
    """Return True if a report of these cells may lose content. Reading it back takes a tenth of its time or more."""
    return any(
        _AT_RISK.search(code) or ((ends := code.count(_LINE_END)) and _TABLE in code) or ends > _MANY_LINES for code in codes
    )


def losses(pdf: bytes, cells: Sequence[tuple[int, Code]], *, pictures: bool, words: bool) -> list[Loss]:
    """Return the content of ``cells``, pairs of number and code, that cannot be read in ``pdf``; empty for a good report.

    Edges of the paper and running heads and feet are always looked at, pictures if there are any. With ``words`` every word of
    Latin, Greek or Cyrillic letters and digits is looked for: an author's template may leave some out, or write them otherwise.
    """
    back = read_back(pdf, pictures=pictures)
    found = [_misplaced(piece) for piece in back.misplaced]
    if words and (lost := _lost_words(cells, back.pages)) and (sure := _lost_words(cells, read_piece_by_piece(pdf))):
        missed = {loss.what for loss in sure}
        found += [loss for loss in lost if loss.what in missed]
    return found


def located(found: Iterable[Loss], starts: Sequence[CellStart]) -> list[tuple[int, Loss]]:
    """Return each loss with the cell that it came from; ``starts`` are in the order of the report."""
    pairs: list[tuple[int, Loss]] = []
    for loss in found:
        on_its_page = [
            start.cell
            for start, following in zip(starts, [*starts[1:], None], strict=True)
            if loss.page is not None and start.page <= loss.page and (following is None or loss.page <= following.page)
        ]
        before = [start.cell for start in starts if (start.page, start.top - 1) <= (loss.page or 0, loss.top)]
        if loss.cells is None:
            pairs.append((before[-1] if before else ABOVE, loss))
        else:
            pairs.append((next((cell for cell in on_its_page if cell in loss.cells), min(loss.cells)), loss))
    return pairs


def on_pages_of(found: Iterable[Loss], moved: Iterable[Loss]) -> list[Loss]:
    """Return the losses ``found`` in a report, on the pages of ``moved``: the same ones after insertions before them."""
    pages: dict[tuple[str, str], list[int | None]] = {}
    for loss in moved:
        pages.setdefault((loss.what, loss.how), []).append(loss.page)
    left = {key: iter(numbers) for key, numbers in pages.items()}
    return [replace(loss, page=next(left.get((loss.what, loss.how), iter(())), loss.page)) for loss in found]


def sentences(found: Iterable[Loss], *, with_pages: bool) -> list[str]:
    """Describe the losses of one cell: one sentence for each kind."""
    kinds: dict[tuple[str, bool], list[Loss]] = {}
    for loss in found:
        kinds.setdefault((loss.how, loss.what == PICTURE), []).append(loss)
    said: list[str] = []
    for (how, is_picture), several in kinds.items():
        if how == "over the margin" and ("over the edge", is_picture) in kinds:
            continue  # what is too long for the page runs over its foot first
        one, many = _SENTENCES[how]
        where = _pages(sorted({loss.page for loss in several if loss.page is not None})) if with_pages else ""
        if len(several) == 1:
            said.append(f"{where}{several[0].what} {one}")
        elif is_picture:
            said.append(f"{where}{len(several)} pictures {many}")
        else:
            said.append(f"{where}{several[0].what} and more {many}")
    return said


def _pages(numbers: list[int]) -> str:
    if len(numbers) < 2:
        return f"page {numbers[0]}: " if numbers else ""
    is_row = numbers[-1] - numbers[0] == len(numbers) - 1
    if len(numbers) > 2 and is_row:
        return f"pages {numbers[0]} to {numbers[-1]}: "
    return f"pages {', '.join(map(str, numbers[:_MOST_PAGES]))}{' ...' if len(numbers) > _MOST_PAGES else ''}: "


def _misplaced(piece: Misplaced) -> Loss:
    what = _quoted(_plain(piece.text)) if piece.text else PICTURE
    return Loss(cells=None, page=piece.page, top=piece.top, what=what, how=piece.where)


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + '…'}'"


def _lost_words(cells: Sequence[tuple[int, Code]], pages: list[str]) -> list[Loss]:
    texts = [(number, visible_text(code)) for number, code in cells]
    found: list[Loss] = []
    for word in missing_words([text for _, text in texts], pages):
        glued = re.compile(rf"\w{re.escape(word)}|{re.escape(word)}\w")
        page = next((place for place, text in enumerate(pages, start=1) if glued.search(_plain(text))), None)
        found.append(
            Loss(
                cells=frozenset(number for number, text in texts if word in _plain(text).replace(_BREAK, "")),
                page=page,
                top=0.0,
                what=_quoted(word),
                how="into its neighbour" if page else "missing",
            )
        )
    return sorted(found, key=lambda loss: (loss.page or 0, loss.what))


def missing_words(texts: Iterable[str], pages: Iterable[str]) -> list[str]:
    """Return the words of ``texts`` that occur less often on ``pages``, sorted; ``FORMULA`` stands in ``texts`` for formulas.

    A word may be broken by the end of a line anywhere, and by the end of a page where a zero-width space stands in it.
    """
    wanted, printed = [_plain(text) for text in texts], [_plain(text) for text in pages]
    missing = Counter(_words(wanted))
    missing.subtract(_words(printed))
    suspects = {word: count for word, count in missing.items() if count > 0 and _SPELT.fullmatch(word)}
    if not suspects:
        return []
    stream = _Stream("\n".join(printed))
    lost = {word for word, count in suspects.items() if stream.count_in_pieces(word, count) < count}
    for text in wanted:
        for breakable in _BREAKABLE.findall(text) if lost and _BREAK in text else ():
            # the end of a page, with its head and foot, may stand between its pieces
            if (
                (word := breakable.replace(_BREAK, "")) in lost
                and _BREAK in breakable
                and stream.has_all(breakable.split(_BREAK))
            ):
                lost.discard(word)
    return sorted(lost)


def _words(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _WORD.findall(_AT_FORMULA.sub(" ", text).replace(_BREAK, ""))


def _plain(text: str) -> str:
    if not text.isascii():
        # PDFium takes a hyphen at the end of a line for one that hyphenation has put there
        text = unicodedata.normalize("NFKC", text).replace("\ufffe", "-").replace("\u00ad", "")
    return text.replace("\x02", "-")


class _Stream:
    """The words of a text without the characters between them, to find words broken by the ends of lines."""

    def __init__(self, text: str) -> None:
        words = _WORD.findall(text.replace(_BREAK, " "))
        self._text = "".join(words)
        self._starts, self._ends, length = set[int](), set[int](), 0
        for word in words:
            self._starts.add(length)
            length += len(word)
            self._ends.add(length)

    def count_in_pieces(self, word: str, most: int) -> int:
        """Count, up to ``most``, the occurrences of ``word`` in several pieces with nothing else within them."""
        count = place = 0
        while count < most and (place := self._text.find(word, place)) >= 0:
            end = place + len(word)
            is_broken = any(inner in self._starts for inner in range(place + 1, end))
            count += is_broken and place in self._starts and end in self._ends
            place += 1
        return count

    def has_all(self, pieces: Iterable[str]) -> bool:
        """Return True if each piece occurs, whatever is between them."""
        return all(piece in self._text for piece in pieces)
