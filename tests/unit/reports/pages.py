"""What stands on the pages of a PDF, read back."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter with its edges in points, from the left and from the foot of its page."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True, kw_only=True)
class Pages:
    """All pages of a PDF."""

    texts: list[str]
    letters: list[Letter]
    pictures: list[tuple[int, float, float, float, float]]  #: page, left, bottom, right, top
    sizes: list[tuple[float, float]]
    type_sizes: Counter[float]

    def words(self) -> Counter[str]:
        return Counter(word for text in self.texts for word in text.split())

    def where(self, word: str) -> list[list[Letter]]:
        """The letters of each place where ``word`` stands in one piece."""
        flow = "".join(letter.text for letter in self.letters)
        places = [place for place in range(len(flow)) if flow.startswith(word, place)]
        return [self.letters[place : place + len(word)] for place in places]

    def outside(self, margin: float = 18.0) -> list[Letter]:
        """Letters nearer than ``margin`` to the edge of their page, or off it."""
        return [
            letter
            for letter in self.letters
            if not letter.text.isspace()
            and not (
                margin <= letter.left
                and letter.right <= self.sizes[letter.page][0] - margin
                and margin <= letter.bottom
                and letter.top <= self.sizes[letter.page][1] - margin
            )
        ]


def pages_of(pdf: Path | bytes) -> Pages:
    document: Any = pypdfium2.PdfDocument(pdf)
    texts, letters, pictures, sizes, type_sizes = [], [], [], [], Counter[float]()
    for number, page in enumerate(document):
        sizes.append(page.get_size())
        text_page = page.get_textpage()
        texts.append(text_page.get_text_range())
        for place in range(text_page.count_chars()):
            left, bottom, right, top = text_page.get_charbox(place)
            code = pdfium.FPDFText_GetUnicode(text_page.raw, place)
            letters.append(Letter(text=chr(code), page=number, left=left, right=right, bottom=bottom, top=top))
            type_sizes[round(pdfium.FPDFText_GetFontSize(text_page.raw, place), 2)] += 1
        pictures += [(number, *image.get_bounds()) for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])]
    return Pages(texts=texts, letters=letters, pictures=pictures, sizes=sizes, type_sizes=type_sizes)
