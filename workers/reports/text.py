"""Plain text as programs print it: escape sequences, rewritten lines, very long lines."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from .typst_code import Code, call, colour, content, keyword, literal

#: more than this of one output is cut in its middle; about 40 pages
TEXT_LIMIT = 200_000
#: output of up to this many lines is not parted by the end of a page
WHOLE_LINES = 15

_LONG_RUN = re.compile(r"[^\s\u200b]{40,}")
_RUN_PIECE = re.compile(r".{1,30}")
_SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)[ -/]*([@-~])")
# window titles and hyperlinks, character set choices, lone escapes
_OTHER_SEQUENCES = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[()][0-9A-B]|\x1b[^\[]")

Rgb = tuple[int, int, int]
# dark enough to be read on white paper, unlike a terminal's own sixteen
_PALETTE: tuple[Rgb, ...] = (
    (0, 0, 0), (178, 24, 43), (26, 127, 55), (154, 103, 0), (9, 105, 218), (130, 80, 223), (27, 124, 131), (110, 119, 129),
    (87, 96, 106), (207, 34, 46), (36, 130, 60), (170, 120, 0), (33, 110, 220), (150, 90, 230), (40, 130, 150), (60, 60, 60),
)  # fmt: skip


@dataclass(frozen=True)
class Ink:
    """The colours and style of a piece of terminal text."""

    fill: Rgb | None = None
    background: Rgb | None = None
    bold: bool = False
    italic: bool = False


def breakable(text: str) -> str:
    """Return ``text`` with a place to break the line (zero width) every 30 characters in runs of 40 or more without blanks."""
    return _LONG_RUN.sub(lambda run: "\u200b".join(_RUN_PIECE.findall(run.group())), text)


def is_right_to_left(text: str) -> bool:
    """Return True if the first character with a direction is of a right-to-left script (Unicode's rule P2)."""
    for character in text:
        match unicodedata.bidirectional(character):
            case "L":
                return False
            case "R" | "AL":
                return True
    return False


def shortened(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return ``text``, its middle replaced by a line with the number of omitted characters if it is longer than ``limit``
    characters.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"


def printed(text: str) -> str:
    """Return the text left on a terminal after ``text``: the last version of lines rewritten by carriage returns, backspaces
    applied.
    """
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n"))
    return "\n".join(_without_backspaces(line) if "\b" in line else line for line in lines)


def _without_backspaces(line: str) -> str:
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def without_escapes(text: str) -> str:
    """Remove terminal escape sequences from ``text``."""
    return _SEQUENCE.sub("", _OTHER_SEQUENCES.sub("", text))


def monospaced(text: str) -> Code:
    """Set terminal output: fixed width, blanks and line ends kept, colours and bold honoured, lines that are too
    long wrapped.
    """
    shown = shortened(printed(text)).strip("\n").rstrip()
    whole = shown.count("\n") < WHOLE_LINES and len(shown) < 100 * WHOLE_LINES
    if "\x1b" not in shown:
        return call("report.output-text", call("raw", literal(breakable(shown)), block=True), whole=whole)
    return call("report.output-text", content(_lines(shown)), whole=whole)


def _lines(text: str) -> Iterator[Code]:
    runs = ((ink, line) for ink, run in inked(text) for line in re.split("(\n)", run) if line)
    for ink, group in groupby(runs, key=lambda run: run[0]):
        for _, line in group:
            yield call("linebreak") if line == "\n" else _printed_run(ink, line)


def _printed_run(ink: Ink, line: str) -> Code:
    run = literal(breakable(line))
    if ink.fill or ink.bold or ink.italic:
        named: dict[str, Code] = {}
        if ink.fill:
            named["fill"] = colour(*ink.fill)
        if ink.bold:
            named["weight"] = literal("bold")
        if ink.italic:
            named["style"] = literal("italic")
        run = call("text", run, **named)
    if ink.background:
        run = call("highlight", run, fill=colour(*ink.background))
    return run


def inked(text: str) -> Iterator[tuple[Ink, str]]:
    """Yield the pieces of terminal text and their style; the escape sequences are gone."""
    ink, start = Ink(), 0
    text = _OTHER_SEQUENCES.sub("", text)
    for sequence in _SEQUENCE.finditer(text):
        if sequence.start() > start:
            yield ink, text[start : sequence.start()]
        start = sequence.end()
        if sequence.group(2) == "m":
            ink = _ink_after(ink, [int(code) if code else 0 for code in re.split("[;:]", sequence.group(1)[:200])])
    if start < len(text):
        yield ink, text[start:]


def _ink_after(ink: Ink, codes: list[int]) -> Ink:
    remaining = iter(codes)
    for code in remaining:
        if code == 0:
            ink = Ink()
        elif code in (1, 22):
            ink = replace(ink, bold=code == 1)
        elif code in (3, 23):
            ink = replace(ink, italic=code == 3)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            ink = replace(ink, fill=_PALETTE[code - 30 if code < 90 else code - 82])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            ink = replace(ink, background=_pale(_PALETTE[code - 40 if code < 100 else code - 92]))
        elif code == 38:
            ink = replace(ink, fill=_extended(remaining))
        elif code == 48:
            background = _extended(remaining)
            ink = replace(ink, background=background and _pale(background))
        elif code == 39:
            ink = replace(ink, fill=None)
        elif code == 49:
            ink = replace(ink, background=None)
    return ink


def _extended(codes: Iterator[int]) -> Rgb | None:
    """Parse the colour of ``5;n`` or ``2;r;g;b`` (ECMA-48 as extended by xterm); None if it is cut short."""
    kind = next(codes, None)
    if kind == 5 and (number := next(codes, None)) is not None:
        return _of_256(min(number, 255))
    if kind == 2:
        red, green, blue = next(codes, None), next(codes, None), next(codes, None)
        if red is not None and green is not None and blue is not None:
            return min(red, 255), min(green, 255), min(blue, 255)
    return None


def _of_256(number: int) -> Rgb:
    if number < 16:
        return _PALETTE[number]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    red, green, blue = (0 if step == 0 else 55 + 40 * step for step in _cube(number - 16))
    return red, green, blue


def _cube(number: int) -> Rgb:
    return number // 36, number // 6 % 6, number % 6


def _pale(rgb: Rgb) -> Rgb:
    red, green, blue = (255 - (255 - component) // 4 for component in rgb)
    return red, green, blue


def preformatted(code: str, language: str | None) -> Code:
    """Set program text in a light box, highlighted if Typst knows ``language``."""
    shown = call("raw", literal(breakable(code.strip("\n").rstrip())), block=True, lang=_language(language))
    return call("report.code-box", shown)


def _language(name: str | None) -> Code:
    return literal(name) if name and re.fullmatch(r"[A-Za-z0-9+#-]{1,20}", name) else keyword("none")
