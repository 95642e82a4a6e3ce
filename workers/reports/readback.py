"""Reading back a PDF that Typst has made: its text, and content that no reader sees because of its position."""

import ctypes
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

#: running heads and feet stand within this many points of the edges of the paper
_MARGIN = 80.0
#: a smaller overhang is that of a letter, or the thickness of a line
_TOLERANCE = 2.0
#: two pictures that share less than this of the smaller one only touch
_SHARED = 0.2
#: the share of a picture that is all of it
_WHOLE = 0.98
#: text that is set closer than this, in points, is kerned or slanted
_OVERHANG = 1.5
_STRIP = 12.0
_TEXT_LIMIT, _LONG_TEXT = 200, 20_000

_TEXT, _IMAGE, _ARTIFACT = 1, 3, "Artifact".encode("utf-16-le")
# PDFium is not made for several threads, and the four lengths are written by every call
_pdfium = threading.Lock()
_LEFT, _BOTTOM, _RIGHT, _TOP = (ctypes.c_float() for _ in range(4))

#: the margin: onto the running head or foot; each is said of the piece that stands over the other one
Where = Literal["over the edge", "over the margin", "over a picture", "over text", "cut off"]
Box = tuple[float, float, float, float]  #: left, bottom, right, top in points from the lower left corner of the paper


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """A piece of text or a picture of which a reader does not see everything."""

    page: int  #: from 1
    top: float  #: of the piece, in points from the upper edge of the paper
    where: Where
    text: str  #: empty for a picture


@dataclass(kw_only=True)
class ReadBack:
    """The content of the PDF that a reader sees."""

    #: text of each page, heads and feet included, in the order in which it was set
    pages: list[str] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)  #: page by page


def read_back(pdf: bytes, *, pictures: bool) -> ReadBack:
    """Return the text of ``pdf`` and misplaced content on its pages; pictures are checked with ``pictures``.

    Text is given as it was set, also where it stands off the paper or two pieces of it stand over each other: what runs
    together in print runs together here. Heads, feet, rules and repeated heads of tables are known by Typst's marks.
    """
    import pypdfium2

    found = ReadBack()
    with _pdfium:
        document = pypdfium2.PdfDocument(pdf)
        try:
            for index in range(len(document)):
                page = document[index]
                text = page.get_textpage()
                # not the text of an area: it joins cells of a table that stand beside each other
                found.pages.append(text.get_text_range(errors="ignore"))
                found.misplaced += _misplaced_text(page, text, index + 1)
                if pictures:
                    found.misplaced += _misplaced_pictures(page, index + 1)
                text.close()
                page.close()
        finally:
            document.close()
    return found


def read_piece_by_piece(pdf: bytes) -> list[str]:
    """Read the text of each page, assembled by the positions of its pieces: slower.

    PDFium treats lines of one letter, on a page with little else, as one word.
    """
    import pypdfium2
    import pypdfium2.raw as pdfium

    pages: list[str] = []
    with _pdfium:
        document = pypdfium2.PdfDocument(pdf)
        try:
            for page in document:
                read, written = page.get_textpage(), list[str]()
                last: Box = (0.0, 0.0, 0.0, 0.0)
                for index in range(pdfium.FPDFPage_CountObjects(page.raw)):
                    thing = pdfium.FPDFPage_GetObject(page.raw, index)
                    if pdfium.FPDFPageObj_GetType(thing) != _TEXT or not (text := _text(thing, read, limit=_LONG_TEXT)):
                        written.append(" ")
                        continue
                    pdfium.FPDFPageObj_GetBounds(thing, _LEFT, _BOTTOM, _RIGHT, _TOP)
                    box = (_LEFT.value, _BOTTOM.value, _RIGHT.value, _TOP.value)
                    lower = min(box[3] - box[1], last[3] - last[1])
                    is_beside = min(box[3], last[3]) - max(box[1], last[1]) > lower / 4 and abs(box[0] - last[2]) < _OVERHANG
                    written += ["" if is_beside else "\n", text]
                    last = box
                pages.append("".join(written))
                read.close()
                page.close()
        finally:
            document.close()
    return pages


def _misplaced_text(page: "PdfPage", read: "PdfTextPage", number: int) -> Iterator[Misplaced]:
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    raw, get_object, get_type, get_bounds = (
        page.raw, pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType, pdfium.FPDFPageObj_GetBounds,
    )  # fmt: skip
    things: list[tuple[Any, Box]] = []
    in_margins: list[tuple[Any, Box]] = []
    for index in range(pdfium.FPDFPage_CountObjects(raw)):
        thing = get_object(raw, index)
        if get_type(thing) != _TEXT:
            continue
        get_bounds(thing, _LEFT, _BOTTOM, _RIGHT, _TOP)
        left, bottom, right, top = _LEFT.value, _BOTTOM.value, _RIGHT.value, _TOP.value
        things.append((thing, (left, bottom, right, top)))
        if bottom < _MARGIN or top > height - _MARGIN or left < -_TOLERANCE or right > width + _TOLERANCE:
            in_margins.append(things[-1])
    running = [box for thing, box in in_margins if _is_artifact(thing)]
    for thing, box in in_margins:
        is_off = _is_off(box, width, height)
        if not is_off and not any(_shared(box, other) > 1 for other in running):
            continue
        seen = _clipped(thing, box)
        if seen is None or _is_artifact(thing) or not (text := _text(thing, read)):
            continue
        if not is_off or _is_off(seen, width, height):
            where: Where = "over the edge" if is_off else "over the margin"
            things = [each for each in things if each[0] is not thing]
            yield Misplaced(page=number, top=height - box[3], where=where, text=text)
    for thing, box in _over_each_other(things, read):
        yield Misplaced(page=number, top=height - box[3], where="over text", text=_text(thing, read))


def _over_each_other(things: list[tuple[Any, Box]], read: "PdfTextPage") -> Iterator[tuple[Any, Box]]:
    """Yield the left one of each two overlapping pieces of text in a line; pieces of formulas and drawings may overlap."""
    told: set[int] = set()
    # what shares a line is in one of two sets of strips, and beside each other when sorted by its left edge
    for shift in (0.0, _STRIP / 2):
        strips: dict[int, list[tuple[Any, Box]]] = {}
        for pair in things:
            strips.setdefault(int((pair[1][1] + pair[1][3] + shift) // _STRIP), []).append(pair)
        for strip in strips.values():
            strip.sort(key=lambda pair: pair[1][0])
            last = strip[0]
            for pair in strip[1:]:
                if last[1][2] - pair[1][0] > _OVERHANG and id(last) not in told and _is_overprinted(last, pair, read):
                    told.add(id(last))
                    yield last
                if pair[1][2] > last[1][2]:
                    last = pair


def _is_overprinted(one: tuple[Any, Box], other: tuple[Any, Box], read: "PdfTextPage") -> bool:
    import pypdfium2.raw as pdfium

    (thing, box), (second, its_box) = one, other
    lower = min(box[3] - box[1], its_box[3] - its_box[1])
    across = min(box[2], its_box[2]) - its_box[0]
    upright = min(box[3], its_box[3]) - max(box[1], its_box[1])
    if across < max(_OVERHANG, lower / 3) or upright < lower / 2:
        return False
    marked = pdfium.FPDFPageObj_GetMarkedContentID(thing)
    if marked == pdfium.FPDFPageObj_GetMarkedContentID(second) or _is_mathematics(thing) or _is_mathematics(second):
        return False
    seen, its = _clipped(thing, box), _clipped(second, its_box)
    if seen is None or its is None or _shared(seen, its) <= 0:
        return False
    # marks that are heaped on a letter reach over its neighbours, and what has no letters covers nothing
    texts = _text(thing, read), _text(second, read)
    return all(texts) and not any(unicodedata.category(letter)[0] == "M" for text in texts for letter in text)


def _is_mathematics(thing: Any) -> bool:
    import pypdfium2.raw as pdfium

    name, font = ctypes.create_string_buffer(100), pdfium.FPDFTextObj_GetFont(thing)
    pdfium.FPDFFont_GetBaseFontName(font, name, 100)
    return b"Math" in name.value


def _misplaced_pictures(page: "PdfPage", number: int) -> Iterator[Misplaced]:
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    raw, get_object, get_type = page.raw, pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType
    # a drawing is many paths, which have one number in common; rules and fills are artifacts, and have none
    drawn: dict[int, Box] = {}
    pieces: Counter[int] = Counter()
    cut: set[int] = set()
    for index in range(pdfium.FPDFPage_CountObjects(raw)):
        thing = get_object(raw, index)
        if get_type(thing) == _TEXT:
            continue
        marked = pdfium.FPDFPageObj_GetMarkedContentID(thing)
        if marked < 0:
            continue
        pdfium.FPDFPageObj_GetBounds(thing, _LEFT, _BOTTOM, _RIGHT, _TOP)
        # what a drawing cuts off may reach far over its frame; Typst cuts pictures that are too large for their place
        whole = (_LEFT.value, _BOTTOM.value, _RIGHT.value, _TOP.value)
        box = _clipped(thing, whole)
        pieces[marked] += 1
        if get_type(thing) == _IMAGE and (box is None or _area(box) < _WHOLE * _area(whole)):
            cut.add(marked)
        if box is not None:
            known = drawn.get(marked, box)
            drawn[marked] = (min(known[0], box[0]), min(known[1], box[1]), max(known[2], box[2]), max(known[3], box[3]))
    for marked in cut:
        if pieces[marked] == 1:
            yield Misplaced(page=number, top=height - drawn.get(marked, (0, 0, 0, height))[3], where="cut off", text="")
    boxes = list(drawn.values())
    for place, box in enumerate(boxes):
        if _is_off(box, width, height):
            yield Misplaced(page=number, top=height - box[3], where="over the edge", text="")
        elif any(_shared(box, other) > 2 and _covers(box, other) for other in boxes[:place]):
            yield Misplaced(page=number, top=height - box[3], where="over a picture", text="")


def _is_off(box: Box, width: float, height: float) -> bool:
    left, bottom, right, top = box
    return left < -_TOLERANCE or bottom < -_TOLERANCE or right > width + _TOLERANCE or top > height + _TOLERANCE


def _shared(one: Box, other: Box) -> float:
    """Return the shorter side of the area that two boxes share; 0 or less if there is none."""
    return min(min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1]))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _covers(one: Box, other: Box) -> bool:
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return width * height > _SHARED * min(_area(one), _area(other))


def _clipped(thing: Any, box: Box) -> Box | None:
    """Return the part of ``box`` that is not cut off; None if nothing is left."""
    import pypdfium2.raw as pdfium

    clip = pdfium.FPDFPageObj_GetClipPath(thing)
    for path in range(max(0, pdfium.FPDFClipPath_CountPaths(clip))):
        xs, ys = [], []
        for index in range(max(0, pdfium.FPDFClipPath_CountPathSegments(clip, path))):
            segment = pdfium.FPDFClipPath_GetPathSegment(clip, path, index)
            if pdfium.FPDFPathSegment_GetPoint(segment, _LEFT, _BOTTOM):
                xs.append(_LEFT.value)
                ys.append(_BOTTOM.value)
        if xs:
            box = (max(box[0], min(xs)), max(box[1], min(ys)), min(box[2], max(xs)), min(box[3], max(ys)))
    return box if box[0] <= box[2] and box[1] <= box[3] else None


def _is_artifact(thing: Any) -> bool:
    import pypdfium2.raw as pdfium

    for place in range(pdfium.FPDFPageObj_CountMarks(thing)):
        name, size = (pdfium.FPDF_WCHAR * 16)(), ctypes.c_ulong()
        pdfium.FPDFPageObjMark_GetName(pdfium.FPDFPageObj_GetMark(thing, place), name, 32, size)
        if bytes(name)[: max(0, size.value - 2)] == _ARTIFACT:
            return True
    return False


def _text(thing: Any, read: "PdfTextPage", *, limit: int = _TEXT_LIMIT) -> str:
    import pypdfium2.raw as pdfium

    letters = (pdfium.FPDF_WCHAR * limit)()
    size = pdfium.FPDFTextObj_GetText(thing, read.raw, letters, 2 * limit)
    shown = bytes(letters)[: max(0, min(size, 2 * limit) - 2)].decode("utf-16-le", "replace")
    return shown.strip("\x00 \n\r\t\u200b\u00a0")
