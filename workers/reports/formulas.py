r"""Formulas of Markdown, taken out before it is read, as JupyterLab does: whatever reads it eats their ``_``, ``\{`` and ``|``.

Each is replaced by its source in characters that pass through Markdown and HTML unchanged, wherever they occur.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

# noncharacters of Unicode, which no text has: "<begin>digits<end>" for a formula, for code and for a block of code
_FORMULA, _FORMULA_END, _CODE, _CODE_END, _BLOCK, _BLOCK_END = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5"
_RESERVED = re.compile("[\ufdd0-\ufdd5]")
_HELD = re.compile(f"(?:{_FORMULA}|%EF%B7%90)([0-9a-f]+)(?:{_FORMULA_END}|%EF%B7%91)")
_KEPT = re.compile(f"[{_CODE}{_BLOCK}](\\d+)[{_CODE_END}{_BLOCK_END}]")

_IN_LISTS_AND_QUOTES = r"^(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t]){0,20}"
_FENCED = re.compile(
    rf"{_IN_LISTS_AND_QUOTES}(?:(`{{3,}})[^`\n]*\n|(~{{3,}})[^\n]*\n)"
    r"(?:.*?^[ \t>]*(?(1)\1`*|\2~*)[ \t]*$|.*\Z)",
    re.MULTILINE | re.DOTALL,
)
_BACKTICKS = re.compile(r"`+")
_PARAGRAPH_END = re.compile(r"\n[ \t>]*\n")
_ADDRESS = re.compile(r"https?://[^\s<>{}|\\^`\"']*")
_TOKENS = re.compile(
    rf"\$\$?|\\(?:begin|end)\{{[a-zA-Z]*\*?\}}|\\\\[()\[\]]|\\[{{}}$\\]|[{{}}]|(?:\n[ \t>]*)+|{_BLOCK}\d+{_BLOCK_END}"
    rf"|[^$\\{{}}\n{_BLOCK}]+|."
)
_CLOSING = {"$": "$", "$$": "$$", r"\\(": r"\\)", r"\\[": r"\\]"}
_QUOTED = re.compile(r"[ \t]*((?:>[ \t]?)+)")
_DELIMITERS = (("$$", "$$", True), ("$", "$", False), (r"\\(", r"\\)", False), (r"\\[", r"\\]", True))
#: a formula is not longer than this, in characters
_LONGEST = 20_000

# what tells a formula from prose with amounts of dollars in it
_SIGNS = re.compile(r"[\\_^{}=]")
_WORDS = re.compile(r"(?<![\\A-Za-z])(?:[A-Z][a-z]{2,}|[a-z]{3,})(?![A-Za-z(])")
_WORDS_OF_TEX = re.compile(r"\\[A-Za-z]+\s*\{[A-Za-z ,.;:-]*\}")
_OF_A_SHELL = re.compile(r"\{[A-Z][A-Z_]+\}")
_AMOUNT_IN_A_CELL = re.compile(r"[\d.,]+[^|$]*\|")
_AMOUNT = re.compile(r"\s*[\d.,]+\s*[-\u2013/,;]?\s*")
_NUMBER_NEXT = re.compile(r"\s*\d")
_TAG = re.compile(r"</[A-Za-z]|<(?:br|td|th|tr|div|span|img|li|ul|em|strong)\b[^<>]*>|<a\s[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class HeldFormula:
    """A formula in its place in the text."""

    source: str  #: with its delimiters
    tex: str  #: without them
    display: bool  #: whether it stands on a line of its own


def with_formulas_held(markdown: str) -> str:
    """Return ``markdown`` with each formula replaced by a text that `held_formulas` finds again. Code is not changed.

    Formulas stand between ``$``, ``$$``, ``\\\\(`` and ``\\\\)``, ``\\\\[`` and ``\\\\]`` (two backslashes in Markdown) or
    ``\\begin{x}`` and ``\\end{x}``. Between single dollar signs there may be blanks at both ends too, but no end of a
    paragraph, and nothing that reads as prose between two amounts: "from $5 to $10", "$ 5 and $ 10".
    """
    text = _RESERVED.sub("", markdown.replace("\r\n", "\n").replace("\r", "\n"))
    if "$" not in text and "\\" not in text:
        return text
    kept: list[str] = []
    text = _without_code(text, kept)
    tokens = _TOKENS.findall(text)
    return _restored("".join(_with_held(tokens, kept)), kept)


def held_formulas(text: str) -> Iterator[str | HeldFormula]:
    """Yield the pieces of ``text``: formulas, and the text between them."""
    place = 0
    for found in _HELD.finditer(text):
        if found.start() > place:
            yield text[place : found.start()]
        yield _formula(_source(found))
        place = found.end()
    if place < len(text):
        yield text[place:]


def without_held(text: str) -> str:
    """Return ``text`` as it was written, formulas as their source."""
    return _HELD.sub(_source, text)


def has_held(text: str) -> bool:
    """Return True if there may be a formula in it."""
    return _FORMULA in text or "%EF%B7%90" in text


def _source(found: re.Match[str]) -> str:
    try:
        return bytes.fromhex(found.group(1)).decode("utf-8", "surrogatepass")
    except ValueError:  # not written here
        return found.group()


def _formula(source: str) -> HeldFormula:
    for opening, closing, display in _DELIMITERS:
        if source.startswith(opening) and source.endswith(closing) and len(source) >= len(opening) + len(closing):
            return HeldFormula(source, source[len(opening) : -len(closing)], display)
    return HeldFormula(source, source, True)


def _held(source: str) -> str:
    return f"{_FORMULA}{source.encode('utf-8', 'surrogatepass').hex()}{_FORMULA_END}"


def _without_code(text: str, kept: list[str]) -> str:
    def keep_block(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"{_BLOCK}{len(kept) - 1}{_BLOCK_END}"

    def keep_address(found: re.Match[str]) -> str:
        if "$" not in found.group():
            return found.group()
        kept.append(found.group())
        return f"{_CODE}{len(kept) - 1}{_CODE_END}"

    if "```" in text or "~~~" in text:
        text = _FENCED.sub(keep_block, text)
    if "`" in text:
        pieces, place = [], 0
        for start, end in _code_spans(text):
            kept.append(text[start:end])
            pieces += [text[place:start], f"{_CODE}{len(kept) - 1}{_CODE_END}"]
            place = end
        text = "".join((*pieces, text[place:]))
    return _ADDRESS.sub(keep_address, text)


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of code in lines: between two runs of equally many backticks in one paragraph."""
    ends = [end.start() for end in _PARAGRAPH_END.finditer(text)]
    runs = [run.span() for run in _BACKTICKS.finditer(text)]
    by_length: dict[int, list[int]] = {}
    for start, end in runs:
        by_length.setdefault(end - start, []).append(start)
    past = 0
    for start, end in runs:
        if start < past:
            continue
        if start and text[start - 1] == "\\" and not _is_escaped(text, start - 1):
            start += 1  # the first of them is no backtick of code
        same = by_length.get(end - start, [])
        closing = bisect_left(same, end)
        paragraph = bisect_left(ends, end)
        if start == end or closing == len(same) or (paragraph < len(ends) and ends[paragraph] < same[closing]):
            continue
        past = same[closing] + end - start
        yield start, past


def _is_escaped(text: str, place: int) -> bool:
    before = place
    while before and text[before - 1] == "\\":
        before -= 1
    return (place - before) % 2 == 1


def _restored(text: str, kept: list[str]) -> str:
    while _KEPT.search(text):  # code within a block of code within a quotation
        text = _KEPT.sub(lambda found: kept[int(found.group(1))], text)
    return text


def _with_held(tokens: list[str], kept: list[str]) -> Iterator[str]:
    places: dict[str, list[int]] = {}
    for place, token in enumerate(tokens):
        places.setdefault(_PARAGRAPH if _ends_paragraph(token) else token, []).append(place)
    place = 0
    plain_until = 0
    while place < len(tokens):
        token = tokens[place]
        closing = _CLOSING.get(token) or (f"\\end{token[6:]}" if token.startswith("\\begin") else None)
        end, is_balanced = _end(tokens, places, place, closing) if closing and place >= plain_until else (None, True)
        if end is None:
            yield token
        elif not _is_formula(tokens, place, end):
            # what closes no formula may open one
            yield token
            plain_until = plain_until if is_balanced else end
        else:
            yield _held(_restored(_unquoted("".join(tokens[place : end + 1]), tokens, place), kept))
            place = end
        place += 1


_PARAGRAPH = "\n\n"


def _ends_paragraph(token: str) -> bool:
    return token[0] == _BLOCK or (token[0] == "\n" and token.count("\n") > 1)


def _end(tokens: list[str], places: dict[str, list[int]], start: int, closing: str) -> tuple[int | None, bool]:
    """Return the end of the formula that may begin at ``start``, and whether its braces are balanced."""
    wanted, paragraphs = places.get(closing, []), places.get(_PARAGRAPH, [])
    number = bisect_left(wanted, start + 1)
    paragraph = bisect_left(paragraphs, start)
    limit = paragraphs[paragraph] if paragraph < len(paragraphs) else len(tokens)
    if number == len(wanted):
        return None, True
    if wanted[number] > limit:
        # what is marked at its beginning and its end can only be meant so
        is_marked = closing[0] == "\\" or (closing == "$$" and _is_alone(tokens, start, wanted[number]))
        inner = tokens[start + 1 : min(wanted[number], start + _LONGEST)]
        if not is_marked or sum(map(len, inner)) > _LONGEST or _holds_prose("".join(inner)):
            return None, True
        return wanted[number], True
    braces = length = 0
    last = None
    for place in range(start + 1, limit):
        token = tokens[place]
        length += len(token)
        if length > _LONGEST:
            break
        if token == closing:
            if not braces:
                return place, True
            last = place
        elif token == "{":
            braces += 1
        elif token == "}" and braces:
            braces -= 1
    return last, False


def _holds_prose(text: str) -> bool:
    return any(_words(paragraph) > 2 for paragraph in _PARAGRAPH_END.split(text))


def _words(text: str) -> int:
    return len(_WORDS.findall(_WORDS_OF_TEX.sub("", text)))


def _is_alone(tokens: list[str], start: int, end: int) -> bool:
    return (start == 0 or "\n" in tokens[start - 1]) and (end + 1 == len(tokens) or "\n" in tokens[end + 1])


def _unquoted(source: str, tokens: list[str], start: int) -> str:
    """``source`` without the signs of the quotation in which its lines stand."""
    if "\n" not in source or not start:
        return source
    before = start - 1
    while before and "\n" not in tokens[before]:
        before -= 1
    line = "".join(tokens[before:start]).rpartition("\n")[2]
    quoted = _QUOTED.match(line)
    if quoted is None:
        return source
    return re.sub(rf"\n(?:[ \t]*>){{1,{quoted.group(1).count('>')}}}[ \t]?", "\n", source)


def _is_formula(tokens: list[str], start: int, end: int) -> bool:
    inner = "".join(tokens[start + 1 : end])
    if not inner.strip():
        return False
    if tokens[start] == "$$":
        at_line_start = start == 0 or "\n" in tokens[start - 1]
        return at_line_start or bool(_SIGNS.search(inner)) or not _WORDS.search(inner)
    if tokens[start] != "$":
        return True
    after = tokens[end + 1] if end + 1 < len(tokens) else ""
    if _CODE in inner or _TAG.search(inner):
        return False
    has_signs = bool(_SIGNS.search(inner))
    if _AMOUNT.fullmatch(inner) and _NUMBER_NEXT.match(after):
        return False  # $5-$6; $10, US$ 3
    words = _words(inner)
    opens, closes, digit_behind = not inner[0].isspace(), not inner[-1].isspace(), after[:1].isdigit()
    if opens and closes:
        return not digit_behind or (has_signs and not words)
    if not opens and not closes:
        if not has_signs and _AMOUNT.match(inner) and _NUMBER_NEXT.match(after):
            return False  # from $ 10 to $ 20
        if words and not has_signs and (after[:1].isalnum() or after[:1] in ("\\", "{")):
            return False  # what seems to end a formula begins one: 5$ and $x$
        return has_signs or len(inner.split()) == 1 or not words
    if digit_behind or _OF_A_SHELL.match(inner) or _AMOUNT_IN_A_CELL.match(inner):
        return False
    return (has_signs and words < 2) or (len(inner.strip()) == 1 and inner.strip().isalpha())
