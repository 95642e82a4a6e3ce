"""The visible text of generated Typst code: its strings, without names, addresses and formulas."""

import re
from functools import lru_cache

#: stands in the text for a formula
FORMULA = "\ue010"

# A string, or what leads to strings that nobody sees. A beginning of a formula is looked for outside of strings alone, as the
# strings before it are taken whole.
_TOKEN = re.compile(
    r"""
      (?P<formula> \breport\.[a-z]+-equation\( )
    | (?: \breport\.(?:anchor|jump|figure-image|inline-image)\( | \blink\( | \b(?:alt|lang|anchor|weight|style|font)\ ?:\ )
      " (?:[^"\\]|\\.)* "
    | (?P<measured> \basked:\ \( )
    | " (?P<seen> (?:[^"\\]|\\.)* ) "
    """,
    re.VERBOSE | re.DOTALL,
)
_PAREN = re.compile(r'"(?:[^"\\]|\\.)*"|[()]', re.DOTALL)
_WITHIN = re.compile(r'\brgb\([^()]*\)|\b(?:report\.jump|link)\("(?:[^"\\]|\\.)*", |"(?:[^"\\]|\\.)*"', re.DOTALL)
# what parts two strings; anything else between them is within a line
_PARTED = re.compile(
    r"\bpar\(|\btable\.|\bparbreak\(|\blinebreak\(|\blist\(|\benum\(|\bgrid\("
    r"|\breport\.(?!(?:inline-code|jump|anchor|inline-image|checkbox|note-in-line)\b)|,\s(?![a-z-]+: )"
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def visible_text(code: str) -> str:
    """Return the text of ``code``; words of two strings run together only where they do on the page. A formula
    is ``FORMULA``.
    """
    pieces: list[str] = []
    end = place = 0
    while token := _TOKEN.search(code, place):
        place = token.end()
        seen = token["seen"]
        if token["formula"] or token["measured"]:
            place = _end_of_call(code, place)
            seen = FORMULA if token["formula"] else None
        if seen is None:
            continue
        if _is_parted(code[end : token.start()]):
            pieces.append("\n")
        pieces.append(_ESCAPE.sub(_unescaped, seen) if "\\" in seen else seen)
        end = place
    return "".join(pieces)


def _end_of_call(code: str, place: int) -> int:
    depth = 1
    for found in _PAREN.finditer(code, place):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    return len(code)


@lru_cache(maxsize=4_096)
def _is_parted(between: str) -> bool:
    return _PARTED.search(_WITHIN.sub("", between)) is not None


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found.group(1) == "n" else found.group(1)
