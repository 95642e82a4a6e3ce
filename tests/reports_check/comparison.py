"""A notebook and its report side by side: what of the one is not in the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from selectolax.lexbor import LexborHTMLParser

from tests.reports_check.formulas import letters_of
from tests.reports_check.source import MARKUP, Expected
from workers.reports.check import missing_words
from workers.reports.readback import read_back, read_piece_by_piece

#: what stands for a picture that was left out
_PICTURE_NOTE = re.compile(r"Image\s+not\s+included|An\s+image\s+here\s+could\s+not")
#: of a page, what is not within a line
_LINES = (
    "br, hr, p, div, center, table, td, th, li, ul, ol, h1, h2, h3, h4, h5, h6, pre, dt, dd, dl, "
    "summary, details, caption, img, section, figure, figcaption, blockquote, .note, .missing"
)
#: a formula that is shown as its source has a warning
_FORMULA_WARNING = re.compile(r"formula")


def alarms_of_pdf(pdf: Path, expected: Expected, warnings: tuple[str, ...]) -> list[str]:
    """What of ``expected`` is not in the report at ``pdf``, or not to be read there; empty for a good report.

    A picture with a note, and formulas of which a warning says that they are shown as their source, count as shown.
    """
    data = pdf.read_bytes()
    back = read_back(data, pictures=True)
    said = []
    for where in ("over the edge", "over the margin", "over a picture", "over text", "cut off"):
        pieces = [piece for piece in back.misplaced if piece.where == where]
        if pieces:
            shown = [piece.text or "a picture" for piece in pieces[:3]]
            said.append(f"page {pieces[0].page}: {len(pieces)} pieces {where}: {shown}")
    missing = missing_words(expected.texts, back.pages)
    if missing and (missing := sorted({*missing} & {*missing_words(expected.texts, read_piece_by_piece(data))})):
        said.append(f"{len(missing)} words missing: {missing[:8]}")
    text = "\n".join(back.pages)
    notes = len(_PICTURE_NOTE.findall(text))
    pictures = data.count(b"/S/Figure")
    if pictures + notes < expected.pictures:
        said.append(f"{expected.pictures - pictures - notes} of {expected.pictures} pictures missing")
    return said + list(_formula_alarms(expected, text, data.count(b"/S/Formula"), _formula_letters(data), warnings))


def alarms_of_page(page: Path, expected: Expected, warnings: tuple[str, ...]) -> list[str]:
    """The same for a report in HTML."""
    tree = LexborHTMLParser(page.read_text(encoding="utf-8"))
    said = []
    pictures, formulas = len(tree.css("main img")), tree.css("main math")
    letters = Counter("".join(each.text() for each in formulas))
    count = len(formulas)
    for each in tree.css("math"):
        each.replace_with("\ue010")
    for line in tree.css(_LINES):
        line.insert_before("\n")
        line.insert_after("\n")
    text = tree.body.text() if tree.body else ""
    if missing := missing_words(expected.texts, [text]):
        said.append(f"{len(missing)} words missing: {missing[:8]}")
    notes = len(_PICTURE_NOTE.findall(text))
    if pictures + notes < expected.pictures:
        said.append(f"{expected.pictures - pictures - notes} of {expected.pictures} pictures missing")
    return said + list(_formula_alarms(expected, text, count, letters, warnings))


def _formula_alarms(
    expected: Expected, text: str, count: int, letters: Counter[str], warnings: tuple[str, ...]
) -> Iterator[str]:
    is_told = any(_FORMULA_WARNING.search(warning) for warning in warnings)
    extra = [piece for piece in MARKUP.findall(text) if piece not in expected.markup()]
    if extra and not is_told:
        yield f"{len(extra)} pieces of markup in the text: {sorted(set(extra))[:6]}"
    if count < len(expected.formulas) and not is_told:
        yield f"{len(expected.formulas) - count} of {len(expected.formulas)} formulas missing"
    wanted = Counter("".join(map(letters_of, expected.formulas)))
    if (lost := wanted - _folded(letters)) and not is_told:
        yield f"letters of formulas missing: {dict(lost)}"


def _folded(letters: Counter[str]) -> Counter[str]:
    import unicodedata

    folded: Counter[str] = Counter()
    for letter, count in letters.items():
        for plain in unicodedata.normalize("NFKC", letter):
            folded[plain] += count
    return folded


def _formula_letters(pdf: bytes) -> Counter[str]:
    """The letters of all that Typst has marked as formulas."""
    letters: Counter[str] = Counter()
    document = pypdfium2.PdfDocument(pdf)
    for index in range(len(document)):
        page = document[index]
        read = page.get_textpage()
        tree = pdfium.FPDF_StructTree_GetForPage(page.raw)
        marked: set[int] = set()
        roots = [
            pdfium.FPDF_StructTree_GetChildAtIndex(tree, each) for each in range(pdfium.FPDF_StructTree_CountChildren(tree))
        ]
        stack = [(root, False) for root in roots if root]
        while stack:
            element, within = stack.pop()
            within = within or _kind(element) == "Formula"
            if within:
                count = pdfium.FPDF_StructElement_GetMarkedContentIdCount(element)
                marked.update(
                    pdfium.FPDF_StructElement_GetMarkedContentIdAtIndex(element, each) for each in range(max(0, count))
                )
            for each in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
                if child := pdfium.FPDF_StructElement_GetChildAtIndex(element, each):
                    stack.append((child, within))
        for each in range(pdfium.FPDFPage_CountObjects(page.raw)):
            thing = pdfium.FPDFPage_GetObject(page.raw, each)
            if pdfium.FPDFPageObj_GetType(thing) == 1 and pdfium.FPDFPageObj_GetMarkedContentID(thing) in marked:
                letters.update(_text(thing, read))
        pdfium.FPDF_StructTree_Close(tree)
        read.close()
        page.close()
    document.close()
    return letters


def _kind(element: Any) -> str:
    name = (pdfium.FPDF_WCHAR * 32)()
    size = pdfium.FPDF_StructElement_GetType(element, name, 64)
    return bytes(name)[: max(0, size - 2)].decode("utf-16-le")


def _text(thing: Any, read: Any) -> str:
    size = pdfium.FPDFTextObj_GetText(thing, read.raw, None, 0)
    letters = (pdfium.FPDF_WCHAR * max(1, size // 2))()
    pdfium.FPDFTextObj_GetText(thing, read.raw, letters, size)
    return bytes(letters)[: max(0, size - 2)].decode("utf-16-le", "replace")
