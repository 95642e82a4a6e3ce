r"""Formulas of Markdown, found by a scanner of our own: JupyterLab's delimiters, and what reads as prose or amounts of money.

Beside the report's own reader, so that one may find what the other misses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: the first of the letters that stand for formulas in the Markdown, one each, in their order
FIRST = 0xF0000
PLACES = re.compile("[\U000f0000-\U000fffff]")

_FENCE = re.compile(r"[ \t>]*(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})")
_END_OF_PARAGRAPH = re.compile(r"\n[ \t>]*\n")
_ENVIRONMENT = re.compile(r"\\begin\{([a-zA-Z]*\*?)\}")
_TEX_SIGN = re.compile(r"[\\_^{}=]")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z][a-z]{2,}(?![A-Za-z(])")

# what takes an argument that is not printed, and how many of them
_UNPRINTED = {
    **dict.fromkeys(("begin", "end", "label", "ref", "eqref", "hspace", "vspace", "color", "textcolor", "require", "href"), 1),
    **dict.fromkeys(("phantom", "hphantom", "vphantom", "style", "class", "cssId"), 1),
    **dict.fromkeys(("newcommand", "renewcommand", "DeclareMathOperator"), 2),
}


@dataclass(frozen=True)
class Found:
    """A formula of a Markdown text."""

    tex: str  #: without its delimiters
    source: str


def taken_out(markdown: str) -> tuple[str, list[Found]]:
    """``markdown`` with one letter in place of each formula, and the formulas."""
    text = markdown.replace("\r\n", "\n").replace("\r", "\n")
    written: list[str] = []
    formulas: list[Found] = []
    place = 0
    while place < len(text):
        if place == 0 or text[place - 1] == "\n":
            past = _past_fence(text, place)
            if past > place:
                written.append(text[place:past])
                place = past
                continue
        past = _past_code(text, place)
        if past > place:
            written.append(text[place:past])
            place = past
            continue
        found = _formula_at(text, place)
        if found is not None:
            written.append(chr(FIRST + len(formulas)))
            formulas.append(found)
            place += len(found.source)
        else:
            step = 2 if text[place] == "\\" and text[place : place + 2] != "\\\n" else 1
            if text.startswith("$$", place):
                step = 2
            written.append(text[place : place + step])
            place += step
    return "".join(written), formulas


def put_back(text: str, formulas: list[Found]) -> str:
    """``text`` with the source of each formula in its place, as it stands in code."""
    return PLACES.sub(lambda letter: formulas[ord(letter.group()) - FIRST].source, text)


def _past_fence(text: str, place: int) -> int:
    opening = _FENCE.match(text, place)
    if opening is None:
        return place
    mark = opening.group(1)
    closing = re.compile(rf"^[ \t>]*{re.escape(mark)}{re.escape(mark[0])}*[ \t]*$", re.MULTILINE)
    line = text.find("\n", place)
    if mark[0] == "`" and "`" in text[opening.end() : line if line >= 0 else len(text)]:
        return place  # code within a line
    found = closing.search(text, line) if line >= 0 else None
    return found.end() if found else len(text)


def _past_code(text: str, place: int) -> int:
    if text[place] != "`" or (place and text[place - 1] == "`"):
        return place
    run = len(text) - place - len(text[place:].lstrip("`"))
    end = _END_OF_PARAGRAPH.search(text, place)
    closing = re.compile(rf"(?<!`)`{{{run}}}(?!`)").search(text, place + run, end.start() if end else len(text))
    return closing.end() if closing else place + run


def _formula_at(text: str, place: int) -> Found | None:
    for opening, closing in (("$$", "$$"), ("$", "$"), (r"\\(", r"\\)"), (r"\\[", r"\\]")):
        if text.startswith(opening, place):
            end = _closing(text, place + len(opening), closing)
            if end is None:
                return None
            tex = text[place + len(opening) : end]
            past = end + len(closing)
            if not tex.strip() or (opening == "$" and not _is_mathematics(tex, text[past : past + 2])):
                return None
            return Found(tex, text[place:past])
    if environment := _ENVIRONMENT.match(text, place):
        closing = rf"\end{{{environment.group(1)}}}"
        end = _closing(text, environment.end(), closing)
        if end is not None:
            source = text[place : end + len(closing)]
            return Found(source, source)
    return None


def _closing(text: str, place: int, closing: str) -> int | None:
    """Where ``closing`` begins: outside of braces, or else the last one before the end of the paragraph."""
    end = _END_OF_PARAGRAPH.search(text, place)
    last, depth = None, 0
    limit = end.start() if end else len(text)
    while place < limit:
        if text.startswith(closing, place):
            if depth <= 0:
                return place
            last = place
            place += len(closing)
        elif text[place] == "\\":
            place += 2
        else:
            if text[place] == "`" and closing == "$":
                return last
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            place += 1
    return last


def _is_mathematics(tex: str, after: str) -> bool:
    if re.search(r"</[a-zA-Z]|<(?:br|td|tr|th|li|img|p|pre|table)\b", tex):
        return False  # dollar signs of two cells, say
    blanks = tex[0].isspace() + tex[-1].isspace()
    has_sign, words = bool(_TEX_SIGN.search(tex)), _WORD.findall(tex)
    if not has_sign and re.match(r"\s*\d", tex) and re.match(r"\s*\d", after):
        return False
    if blanks == 0:
        return not after[:1].isdigit()
    if blanks == 2:
        return has_sign or len(tex.split()) < 2 or not words
    return not after[:1].isdigit() and ((has_sign and len(words) < 2) or (len(tex.strip()) == 1 and tex.strip().isalpha()))


def letters_of(tex: str) -> str:
    """Letters and digits of ASCII that a reader of the formula sees, in any order; those of commands are left out."""
    seen: list[str] = []
    tex = re.sub(r"(?<!\\)%[^\n]*", "", tex)
    place = 0
    while place < len(tex):
        command = re.compile(r"\\([a-zA-Z]+)\*?").match(tex, place)
        if command is None:
            if tex[place] == "\\":
                place += 2
                if tex[place - 1 : place] == "\\" and (length := re.compile(r"\s*\[[^\]]{0,20}\]").match(tex, place)):
                    place = length.end()
                continue
            if tex[place].isascii() and tex[place].isalnum():
                seen.append(tex[place])
            place += 1
            continue
        place = command.end()
        name = command.group(1)
        for _ in range(_UNPRINTED.get(name, 0)):
            place = _past_argument(tex, place)
        if name == "begin" and re.match(r"\\begin\*?\s*\{(?:array|alignat|alignedat|subarray|tabular)", tex[command.start() :]):
            place = _past_argument(tex, place)
        if name in ("kern", "mkern", "hskip", "mskip", "rule"):
            length = re.compile(r"\s*-?[\d.]*\s*(?:em|ex|mu|pt|px|cm)?").match(tex, place)
            place = length.end() if length else place
    return "".join(seen)


def _past_argument(tex: str, place: int) -> int:
    """Behind one argument in braces; options in brackets before it are passed over."""
    option = re.compile(r"\s*\[[^\]]*\]").match(tex, place)
    place = option.end() if option else place
    opening = re.compile(r"\s*\{").match(tex, place)
    if opening is None:
        return place
    depth, place = 1, opening.end()
    while place < len(tex) and depth:
        depth += {"{": 1, "}": -1}.get(tex[place], 0)
        place += 1
    return place
