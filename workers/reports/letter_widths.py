"""Widths of text in Typst's own fonts, known without asking Typst.

The table beside this module holds, for each letter of Libertinus Serif, its advance and the most by which kerning pushes the
next letter away, so that the sum over a text is never less than its width (ligatures and other kerning only narrow it).
``python -m workers.reports.letter_widths`` writes the table anew from the fonts within the installed Typst.
"""

import json
import math
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

#: of all letters of DejaVu Sans Mono
FIXED_WIDTH = 0.6021
_TABLE = Path(__file__).with_name("letter_widths.json")
_WEIGHTS = ("regular", "bold")
#: text of all ASCII, by which Typst can tell whether a face is the one of the table
PROBE = "".join(map(chr, range(0x20, 0x7F)))
_BLOCKS = (
    range(0x20, 0x7F), range(0xA0, 0x250), range(0x370, 0x400), range(0x400, 0x500), range(0x1E00, 0x1F00),
    range(0x2010, 0x2060),
    range(0x20A0, 0x20C0), range(0x2100, 0x2150), range(0x2190, 0x2200), range(0x2200, 0x2300), range(0xFB00, 0xFB05),
)  # fmt: skip
# as cells of tables are set
_MEASURED = r"""
#set text(size: 1000pt, number-width: "tabular", number-type: "lining", hyphenate: false)
#let width(face, weight, it) = measure(text(font: face, weight: weight, it)).width.pt()
#context [#metadata(json(bytes(sys.inputs.asked)).map(((face, weight, it)) => width(face, weight, it))) <widths>]
"""
_FACE, _OTHER_FACE = "Libertinus Serif", "DejaVu Sans Mono"
_NO_LETTER = "\U0010fffe"
_NO_LETTERS = frozenset(("Cc", "Cf", "Cn", "Mn", "Mc", "Me", "Zl", "Zp"))


def text_width(text: str, *, bold: bool) -> float | None:
    """Return an upper bound of the width of ``text`` on one line, in units of the font size.

    None if it has a letter of unknown width: of another font, joined to its neighbours, or a mark over them.
    Places to break (U+200B) have no width.
    """
    try:
        return sum(map(_widths(bold).__getitem__, text))
    except KeyError:
        return None


@cache
def _widths(bold: bool) -> dict[str, float]:
    table = _table()[_WEIGHTS[bold]]
    known = {letter: int(width) / 1000 for width, letters in table.items() for letter in letters}
    return {**known, "\u200b": 0.0}


@cache
def _table() -> Any:
    return json.loads(_TABLE.read_text(encoding="utf-8"))


def probe_widths() -> list[float]:
    """Return the widths of `PROBE`, regular and bold."""
    return [int(width) / 1000 for width in _table()["probe"]]


@lru_cache(maxsize=4)
def are_those_of(fonts: Any) -> bool:
    """Return True if text set with ``fonts`` (Typst's) is as wide as the table says: a folder may hold another Libertinus
    Serif.
    """
    asked = [(_FACE, weight, it) for weight in _WEIGHTS for it in (PROBE, *PROBE[33:59])]
    return all(
        found <= 1000 * (text_width(it, bold=weight == "bold") or 0.0) + 1
        for found, (_, weight, it) in zip(_measured(asked, fonts), asked, strict=True)
    )


def _measured(asked: Sequence[tuple[str | tuple[str, str], str, str]], fonts: Any) -> list[float]:
    import typst

    inputs = {"asked": json.dumps(asked)}
    found: list[float] = json.loads(
        typst.query(_MEASURED.encode(), "<widths>", field="value", one=True, font_paths=fonts, sys_inputs=inputs)
    )
    return found


def table_of(fonts: Any) -> dict[str, Any]:
    """Return, for each weight, the letters of each width in thousandths of the size: the content of the file beside this
    module.

    It takes a minute.
    """
    blocks = [[letter for letter in map(chr, block) if unicodedata.category(letter) not in _NO_LETTERS] for block in _BLOCKS]
    letters = [letter for block in blocks for letter in block]
    advances = {weight: _advances(letters, weight, _FACE, fonts) for weight in _WEIGHTS}
    # what another font has to help out with, or none has, is not of this face; both weights are asked, for a letter may be as
    # wide as the box that stands for those that are not there
    present = set()
    for weight, own in advances.items():
        helped = _advances(letters, weight, (_FACE, _OTHER_FACE), fonts)
        present |= {it for it in letters if own[it] == helped[it] != own[_NO_LETTER]}
    probes = _measured([(_FACE, weight, PROBE) for weight in _WEIGHTS], fonts)
    table: dict[str, Any] = {"probe": [round(probe) for probe in probes]}
    for weight, own in advances.items():
        by_width: dict[int, list[str]] = defaultdict(list)
        for block in blocks:
            after = [it for it in (*blocks[0], *(block if block is not blocks[0] else ())) if it in present]
            for letter in (it for it in block if it in present):
                pairs = _measured([(_FACE, weight, letter + it) for it in after], fonts)
                pushed = max(pair - own[letter] - own[it] for pair, it in zip(pairs, after, strict=True))
                by_width[math.ceil(own[letter] + max(0.0, pushed) - 0.01)].append(letter)
        table[weight] = {str(width): "".join(by_width[width]) for width in sorted(by_width)}
    return table


def _advances(letters: list[str], weight: str, face: str | tuple[str, str], fonts: Any) -> dict[str, float]:
    asked = [*letters, _NO_LETTER]
    return dict(zip(asked, _measured([(face, weight, it) for it in asked], fonts), strict=True))


if __name__ == "__main__":
    from .compilation import typeset_fonts

    _TABLE.write_text(json.dumps(table_of(typeset_fonts(())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
