r"""Words within formulas, ``\text{...}`` and the like: notations of TeX that the ``latex2mathml`` package does not read."""

import re
import unicodedata
from collections.abc import Iterator

#: noncharacters of Unicode that go through latex2mathml in place of signs that mean something to it
STAND_INS = {
    "\ufdd6": "{", "\ufdd7": "}", "\ufdd8": "$", "\ufdd9": "%", "\ufdda": "&", "\ufddb": "_", "\ufddc": "#", "\ufddd": "\\",
    "\ufdde": "~", "\ufddf": "^",
}  # fmt: skip
STANDS_FOR = str.maketrans(STAND_INS)
_STAND_IN = {sign: letter for letter, sign in STAND_INS.items()}

_COMMAND = re.compile(r"\\(text(?:rm|normal|up|md|bf|it|sl|tt|sf|sc)?|emph|mbox|hbox|fbox|intertext)\s*\{")
# of those, what latex2mathml does not know, and its own
_KNOWN = {
    "mbox": "text", "fbox": "text", "hbox": "text", "intertext": "text", "textup": "text", "textmd": "text", "textrm": "text",
    "textnormal": "text", "textsc": "text", "textsl": "textit", "emph": "textit",
}  # fmt: skip
# boxes in colours, of which only the frame is drawn
_COLOURED = re.compile(r"\\(?:(color)|fcolor)box\s*(?:\[[A-Za-z]+\]\s*)?\{[^{}]*\}\s*(?(1)|\{[^{}]*\}\s*)(?=\{)")
_INNER = re.compile(r"(?<!\\)\$((?:[^$\\]|\\.)*)\$|\\\((.*?)\\\)", re.DOTALL)
_ESCAPED = re.compile(r"\\([{}$%&_#])")
_NAMES = {
    "textbackslash": "\\", "textdollar": "$", "textasciitilde": "~", "textasciicircum": "^", "textunderscore": "_",
    "textpercent": "%", "textdegree": "°", "textellipsis": "…", "ldots": "…", "dots": "…", "textquoteright": "\u2019",
    "textendash": "\u2013", "textemdash": "\u2014", "quad": "\u2003", "qquad": "\u2003\u2003", "pounds": "£", "euro": "€",
    "texteuro": "€", "ss": "ß", "ae": "æ", "oe": "œ", "aa": "å", "o": "ø", "l": "ł", "AE": "Æ", "OE": "Œ", "AA": "Å", "O": "Ø",
    "L": "Ł", "i": "\u0131", "S": "§", "copyright": "©",
}  # fmt: skip
_NAMED = re.compile(r"\\([A-Za-z]+)(?![A-Za-z])[ \t]*(?:\{\})?")
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307", "c": "\u0327",
    "v": "\u030c", "u": "\u0306", "H": "\u030b", "r": "\u030a", "k": "\u0328",
}  # fmt: skip
_ACCENTED = re.compile(r"""\\(?:(['`^"~=.])\s*|([cvuHrk])(?:\s+|(?=\{)))(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))""")
_SPACES = re.compile(r"\\[ ,:;!]|~")


class NotWords(Exception):
    """The words contain a command that would be shown as it is written."""


def with_words_prepared(source: str) -> str:
    r"""Return ``source`` with formulas and other fonts taken out of its words, and no command left in them.

    ``\text{costs \$5 if $x>0$}`` becomes three pieces one after the other, of which the second is a formula.

    Raises:
        NotWords: the rest of the words is no text.
    """
    source = _COLOURED.sub(lambda found: r"\text" if found.group(1) else r"\fbox", source)
    written: list[str] = []
    place = 0
    while found := _COMMAND.search(source, place):
        end = group_end(source, found.end() - 1)
        if end is None:
            break
        written += [source[place : found.start()], _joined(found.group(1), source[found.end() : end - 1], 0)]
        place = end
    return "".join((*written, source[place:]))


def group_end(source: str, start: int) -> int | None:
    """Return the index after the brace that closes the one at ``start``; None if there is none."""
    depth = 0
    place = start
    while place < len(source):
        match source[place]:
            case "\\":
                place += 1
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if not depth:
                    return place + 1
        place += 1
    return None


def _joined(command: str, words: str, depth: int) -> str:
    pieces = list(_pieces(command, words, depth))
    if command == "fbox":
        return f"\\boxed{{{''.join(pieces)}}}"
    return pieces[0] if len(pieces) == 1 else f"{{{''.join(pieces)}}}"


def _pieces(command: str, words: str, depth: int) -> Iterator[str]:
    if depth > 10:
        raise NotWords
    place = 0
    while place < len(words):
        inner, other = _INNER.search(words, place), _COMMAND.search(words, place)
        if inner is not None and (other is None or inner.start() < other.start()):
            yield from _text(command, words[place : inner.start()])
            yield f"{{{inner.group(1) if inner.group(1) is not None else inner.group(2)}}}"
            place = inner.end()
        elif other is not None and (end := group_end(words, other.end() - 1)) is not None:
            yield from _text(command, words[place : other.start()])
            yield _joined(other.group(1), words[other.end() : end - 1], depth + 1)
            place = end
        else:
            yield from _text(command, words[place:])
            return


def _text(command: str, words: str) -> Iterator[str]:
    shown = _ESCAPED.sub(lambda found: _STAND_IN[found.group(1)], words.replace("\\\\", " "))
    shown = _ACCENTED.sub(_accented, shown)
    shown = _NAMED.sub(_named, shown)
    shown = _SPACES.sub("\u00a0", shown)
    shown = re.sub(r"[{}]", "", shown)
    if "\\" in shown:
        raise NotWords
    if shown:
        yield f"\\{_KNOWN.get(command, command)}{{{''.join(_STAND_IN.get(sign, sign) for sign in shown)}}}"


def _accented(found: re.Match[str]) -> str:
    mark, letter = _ACCENTS[found.group(1) or found.group(2)], found.group(3) or found.group(4)
    return unicodedata.normalize("NFC", letter + mark)


def _named(found: re.Match[str]) -> str:
    if (sign := _NAMES.get(found.group(1))) is None:
        raise NotWords
    return _STAND_IN.get(sign, sign)
