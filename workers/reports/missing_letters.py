"""Letters that no font has, for which Typst sets boxes without a message."""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .draft import Draft
from .typst_code import Code

_MOST_SHOWN = 10
_TITLE = 0  #: cells are counted from 1
#: Latin, Greek, Cyrillic, and punctuation, arrows and mathematics, which Typst's own fonts have
_AT_HAND = (range(0x0530), range(0x2000, 0x2300))
# A letter that no font has is set as the first font's box. Two fonts' boxes differ in width, while a letter that any font has
# is the same whichever of the two was asked first; so what has the width of the box twice is a box.
_MEASURED = r"""
#let faces = ("Libertinus Serif", "DejaVu Sans Mono")
#let width(face, letter) = measure(text(font: face, letter)).width
#let is-box(letter) = faces.all(face => width(face, letter) == width(face, "\u{10FFFE}"))
#context [#metadata(json(bytes(sys.inputs.letters)).filter(is-box)) <boxes>]
"""


def warn_of_missing_letters(
    draft: Draft, title: Code, cells: Sequence[tuple[int, Code]], fonts: Any, directories: Sequence[Path]
) -> None:
    """Add a warning to ``draft`` for the title and each cell of a typeset report in which letters are boxes.

    ``fonts`` are Typst's; in ``directories``, whether they exist or not, it looks for more.
    """
    letters: dict[int, set[str]] = {}
    for number, code in cells:
        letters.setdefault(number, set()).update(_unusual(code))
    letters[_TITLE] = _unusual(title).difference(*letters.values())
    asked = sorted(set().union(*letters.values()))
    if not asked:
        return
    boxes = set(_boxes(asked, fonts))
    for number, there in letters.items():
        if missing := sorted(there & boxes):
            shown = " ".join(missing[:_MOST_SHOWN]) + (" ..." if len(missing) > _MOST_SHOWN else "")
            draft.cell = number
            where = f"the folder {directories[0]}" if directories else "a folder 'fonts' beside the workflow file"
            sentence = f"no font has {shown}; put one that does into {where}"
            if number == _TITLE:
                draft.warnings.append(f"title: {sentence}")
            else:
                draft.warn(sentence)


def _unusual(code: str) -> set[str]:
    if code.isascii():
        return set()
    return {
        letter
        for letter in set(code)
        if not any(ord(letter) in known for known in _AT_HAND) and unicodedata.category(letter)[0] not in "CMZ"
    }


def _boxes(letters: list[str], fonts: Any) -> list[str]:
    import typst

    found: list[str] = json.loads(
        typst.query(
            _MEASURED.encode(),
            "<boxes>",
            field="value",
            one=True,
            font_paths=fonts,
            sys_inputs={"letters": json.dumps(letters)},
        )
    )
    return found
