"""Conversion of formulas: TeX to MathML by the ``latex2mathml`` package, and its tree to Typst's math calls.

The result consists of string literals and calls only, so a formula cannot contain Typst code. The caller shows formulas that
are not understood as TeX in a code box rather than subtly wrong.
"""

import re
from collections.abc import Sequence
from html import escape, unescape
from typing import TYPE_CHECKING

from . import css
from .formula_text import STANDS_FOR
from .mathml import lines, markup, of_html
from .tex import NotUnderstood, prepared
from .typst_code import EMPTY, Code, Value, array, call, content, dictionary, em, keyword, literal

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from . import tree

#: longer sources are not formulas that anybody reads
SOURCE_LIMIT = 5_000
DEPTH_LIMIT = 40
#: a formula within a line that has more, of all its matrices, may be higher than a page
ROWS_IN_LINE = 20

_ACCENTS = {
    "^": "\u0302", "~": "\u0303", "¯": "\u0304", "˘": "\u0306", "˙": "\u0307", "¨": "\u0308", "˚": "\u030a", "ˇ": "\u030c",
    "`": "\u0300", "\u00b4": "\u0301", "→": "\u20d7", "←": "\u20d6",
}  # fmt: skip
_LINES = frozenset("―‾_¯")
_VARIANTS = {
    "bold": ("math.bold", "math.upright"),
    "normal": ("math.upright",),
    "italic": ("math.italic",),
    "bold-italic": ("math.bold", "math.italic"),
    "double-struck": ("math.bb",),
    "script": ("math.cal",),
    "fraktur": ("math.frak",),
    "sans-serif": ("math.sans",),
    "monospace": ("math.mono",),
}
_LIMIT_OPERATORS = frozenset((
    "lim", "max", "min", "sup", "inf", "det", "Pr", "gcd", "limsup", "liminf", "argmax", "argmin",
))  # fmt: skip
# operators that latex2mathml treats as letters, without blanks around them; \\sim is a tilde there
_OPERATORS_AS_LETTERS = {sign: sign for sign in "⩽⩾⪯⪰⟺⟹⟶⟂±⨁"} | {"~": "\u223c"}
_EM_PER_UNIT = {"em": 1.0, "ex": 0.43, "mu": 1 / 18, "pt": 0.1, "px": 0.08, "cm": 2.85, "mm": 0.285, "in": 7.23}
_OPENING, _CLOSING = frozenset("([{|‖⟨⌊⌈"), frozenset(")]}|‖⟩⌋⌉")


def formula(tex: str, *, display: bool) -> Code | None:
    """Return the formula as a Typst equation, on a line of its own if ``display``; None if the source is not understood.

    Dollar signs and the like around the source are taken off.
    """
    tree = _tree(tex, "inline")
    try:
        body = _row(list(tree), depth=0) if tree is not None else None
    except (NotUnderstood, RecursionError):
        return None
    if body is None:
        return None
    if display:
        return call("report.display-equation", body)
    is_high = tree is not None and sum(1 for _ in tree.iter("mtr")) > ROWS_IN_LINE
    return call("report.high-equation" if is_high else "report.inline-equation", body)


def mathml(tex: str, *, display: bool) -> str | None:
    """Return the formula as MathML; None where `formula` returns None.

    The text is that of the formula, escaped; elements and attributes are only those that draw something.
    """
    if formula(tex, display=display) is None or (tree := _tree(tex, "block" if display else "inline")) is None:
        return None
    return markup(tree)


def formula_of_html(element: "tree.Element", *, display: bool) -> Code | None:
    """Return a ``<math>`` of HTML as a Typst equation; None if it is not understood."""
    try:
        found = of_html(element, DEPTH_LIMIT)
        body = _row(list(found), depth=0) if found is not None else None
    except (NotUnderstood, RecursionError):
        return None
    if body is None:
        return None
    return call("report.display-equation" if display else "report.inline-equation", body)


def mathml_of_html(element: "tree.Element", *, display: bool) -> str | None:
    """Return a ``<math>`` of HTML in the form of `mathml`; None where `formula_of_html` returns None."""
    if formula_of_html(element, display=display) is None or (found := of_html(element, DEPTH_LIMIT)) is None:
        return None
    return markup(found)


def _tree(tex: str, display: str) -> "Element | None":
    from latex2mathml.converter import convert_to_element

    if len(tex) > 4 * SOURCE_LIMIT:
        return None
    try:
        source = prepared(tex)
    except NotUnderstood:
        return None
    if not source or len(source) > SOURCE_LIMIT:
        return None
    try:
        tree = convert_to_element(source, display=display)
    except Exception:
        # on TeX that it does not know, latex2mathml raises nearly every builtin exception (KeyError, IndexError, ...)
        return None
    for element in tree.iter():
        if element.text and not element.text.isascii():
            element.text = escape(unescape(element.text).translate(STANDS_FOR), quote=False)
    for element in tree.iter("mi"):
        if _text(element) in _OPERATORS_AS_LETTERS:
            element.tag, element.text = "mo", _OPERATORS_AS_LETTERS[_text(element)]
    return tree  # type: ignore[no-any-return, unused-ignore]


def _text(element: "Element") -> str:
    return unescape(element.text or "")


def _row(elements: "Sequence[Element]", depth: int) -> Code:
    if depth > DEPTH_LIMIT:
        raise NotUnderstood
    pieces: list[Code] = []
    position = 0
    while position < len(elements):
        element = elements[position]
        following = elements[position + 1 : position + 3]
        if _is_binomial(element, following):
            above, below = following[0]
            pieces.append(call("math.binom", _one(above, depth), _one(below, depth)))
            position += 3
        elif _is_fenced_table(element, following):
            pieces.append(
                call("math.lr", content((_glyph(_text(element)), _table(following[0], depth), _one(following[1], depth))))
            )
            position += 3
        elif _is_stroke(element) and following:
            pieces.append(call("math.cancel", _one(following[0], depth)))
            position += 2
        elif element.tag == "mi" and element.get("mathvariant") == "normal":
            word = [element]
            while position + len(word) < len(elements) and elements[position + len(word)].get("mathvariant") == "normal":
                word.append(elements[position + len(word)])
            pieces.append(call("math.upright", literal("".join(map(_text, word)))))
            position += len(word)
        else:
            pieces.append(_one(element, depth))
            position += 1
    return content(pieces)


def _is_stroke(element: "Element") -> bool:
    r"""Return True if it is the stroke that ``\\not`` puts over a sign without a negated form of its own."""
    return element.tag == "mpadded" and element.get("width") == "0" and "".join(element.itertext()) in ("\u29f8", "&#x029F8;")


def _is_binomial(element: "Element", following: "Sequence[Element]") -> bool:
    return (
        len(following) == 2
        and element.tag == following[1].tag == "mo"
        and (_text(element), _text(following[1])) == ("(", ")")
        and following[0].tag == "mfrac"
        and following[0].get("linethickness") == "0"
        and len(following[0]) == 2
    )


def _is_fenced_table(element: "Element", following: "Sequence[Element]") -> bool:
    return (
        len(following) == 2
        and element.tag == following[1].tag == "mo"
        and following[0].tag == "mtable"
        and _text(element) in _OPENING
        and _text(following[1]) in _CLOSING
    )


def _children(element: "Element", count: int, depth: int) -> list[Code]:
    if len(element) != count:
        raise NotUnderstood
    return [_one(child, depth + 1) for child in element]


def _one(element: "Element", depth: int) -> Code:
    match element.tag:
        case "mpadded" if element.get("width") == "0":
            raise NotUnderstood  # one sign over another
        case "math" | "mpadded":
            return _row(list(element), depth + 1)
        case "mrow":
            return _group(element, depth)
        case "mstyle":
            body = _row(list(element), depth + 1)
            style = {"true": "math.display", "false": "math.inline"}.get(element.get("displaystyle", ""))
            body = call(style, body) if style else body
            fill = css.colour_code(element.get("mathcolor", ""))
            return call("text", body, fill=fill) if fill else body
        case "mi" | "mo":
            return _symbol(element)
        case "mn":
            return _styled(literal(_text(element)), element.get("mathvariant"))
        case "mtext":
            return _styled(literal(_text(element)), element.get("mathvariant"))
        case "mspace":
            return _space(element)
        case "mfrac":
            above, below = _children(element, 2, depth)
            if element.get("linethickness") == "0":
                return call("math.mat", array((above,)), array((below,)), delim=None)
            return call("math.frac", above, below)
        case "msqrt":
            return call("math.sqrt", _row(list(element), depth + 1))
        case "mroot":
            body, degree = _children(element, 2, depth)
            return call("math.root", degree, body)
        case "msub" | "msup" | "msubsup":
            return _scripts(element, depth)
        case "munder" | "mover" | "munderover":
            return _stacked(element, depth)
        case "mtable":
            return _table(element, depth)
        case "mphantom":
            return call("hide", _row(list(element), depth + 1))
        case "menclose":
            body = _row(list(element), depth + 1)
            return call("math.cancel", body) if "strike" in element.get("notation", "") else call("report.framed-math", body)
        case _:
            raise NotUnderstood


def _group(element: "Element", depth: int) -> Code:
    children = list(element)
    is_sign = len(children) == 1 and children[0].tag == "mo" and not len(children[0])
    if is_sign and not _text(children[0])[:1].isalpha():  # TeX's way to take the blanks off a comma or an operator: {,}
        return call("math.class", literal("normal"), _symbol(children[0]))
    body = _row(children, depth + 1)
    ends = children[:1] + children[-1:]
    if len(children) > 1 and any(end.get("fence") == "true" and end.get("form") for end in ends):
        return call("math.lr", body)
    return body


def _symbol(element: "Element") -> Code:
    if len(element):  # \mathop{abc}
        return call("math.op", _row(list(element), 1))
    text = _text(element).strip()
    if not text:
        if element.tag == "mo" and not element.attrib:  # the name of an operator that was not read
            raise NotUnderstood
        return EMPTY
    if (text.startswith("\\") and len(text) > 1) or (text in ("&", "}", "{") and element.tag == "mi"):
        raise NotUnderstood  # an unknown command, or a brace or tab stop in a wrong place
    if text[0].isalpha() and (len(text) > 1 or (element.tag == "mo" and text.isascii())):
        name = re.sub("[\u2006\u2009]", " ", text)
        has_limits = name.replace(" ", "") in _LIMIT_OPERATORS or element.get("movablelimits") == "true"
        return call("math.op", literal(name), limits=has_limits)
    if len(text) > 1:
        return literal(text)
    if size := re.fullmatch(r"(\d(?:\.\d+)?)em", element.get("minsize", "")):
        return call("math.lr", _glyph(text), size=em(float(size.group(1))))
    return _styled(_glyph(text), element.get("mathvariant"))


def _glyph(character: str) -> Code:
    return call("report.glyph", literal(character))


def _styled(body: Code, variant: str | None) -> Code:
    for function in _VARIANTS.get(variant or "", ()):
        body = call(function, body)
    return body


def _space(element: "Element") -> Code:
    if element.get("linebreak") == "newline":
        return call("linebreak")
    width = re.fullmatch(r"(-?\d*\.?\d+)(em|ex|mu|pt|px|cm|mm|in)", element.get("width", ""))
    if width is None:
        return EMPTY
    return call("h", em(max(-1.0, min(10.0, float(width.group(1)) * _EM_PER_UNIT[width.group(2)]))))


def _scripts(element: "Element", depth: int) -> Code:
    count = 2 if element.tag == "msubsup" else 1
    # latex2mathml puts the parts of a bracketed matrix here one by one
    *base, first = list(element) if count == 1 else list(element)[:-1]
    if len(element) <= count or not base:
        raise NotUnderstood
    attached = {"b": _one(first, depth + 1)} if element.tag != "msup" else {"t": _one(first, depth + 1)}
    if count == 2:
        attached["t"] = _one(element[-1], depth + 1)
    return call("math.attach", _row(base, depth + 1), **attached)


def _stacked(element: "Element", depth: int) -> Code:
    if element.tag == "munderover":
        base, below, above = _children(element, 3, depth)
        return call("math.attach", call("math.limits", base), b=below, t=above)
    if len(element) != 2:
        raise NotUnderstood
    base_element, mark = element
    over = element.tag == "mover"
    if mark.tag == "mo" and not len(mark):
        decorated = _decorated(_one(base_element, depth + 1), base_element, _text(mark), over)
        if decorated is not None:
            return decorated
    braced = _brace_with_note(element, depth)
    if braced is not None:
        return braced
    # out of its braces, a relation keeps the blanks around it
    base = _one(_unwrapped(base_element), depth + 1)
    return call("math.attach", call("math.limits", base), **{"t" if over else "b": _one(mark, depth + 1)})


def _unwrapped(element: "Element") -> "Element":
    while element.tag == "mrow" and len(element) == 1:
        element = element[0]
    return element


def _decorated(base: Code, base_element: "Element", mark: str, over: bool) -> Code | None:
    if mark in ("⏞", "⏟"):
        return call("math.overbrace" if over else "math.underbrace", base)
    single = len("".join(map(unescape, base_element.itertext()))) == 1
    if mark in _LINES and not (mark == "¯" and over and single):
        return call("math.overline" if over else "math.underline", base)
    if over and mark in _ACCENTS:
        return call("math.accent", base, literal(_ACCENTS[mark]))
    return None


def _brace_with_note(element: "Element", depth: int) -> Code | None:
    inner, note = element
    if inner.tag != element.tag or len(inner) != 2 or _text(inner[1]) not in ("⏞", "⏟"):
        return None
    function = "math.overbrace" if element.tag == "mover" else "math.underbrace"
    return call(function, _one(inner[0], depth + 1), _one(note, depth + 1))


def _table(table: "Element", depth: int) -> Code:
    rows = [list(row) for row in table]
    if not rows:
        return EMPTY
    rules = {"hline": lines(table, "rowlines"), "vline": lines(table, "columnlines")}
    if "dashed" in table.get("rowlines", "") + table.get("columnlines", ""):
        raise NotUnderstood
    if max(rules["hline"], default=0) >= len(rows) or max(rules["vline"], default=0) >= max(map(len, rows)):
        raise NotUnderstood
    if table.get("displaystyle") == "true" and depth <= 1:
        return _aligned(rows, depth)
    columns = max(map(len, rows))
    cells = [[_row(list(cell), depth + 1) for cell in row] + [EMPTY] * (columns - len(row)) for row in rows]
    alignment = {cell.get("columnalign", "center") for row in rows for cell in row}
    align = alignment.pop() if len(alignment) == 1 else "center"
    named: dict[str, Value] = {"align": keyword(align if align in ("left", "right") else "center")}
    if any(rules.values()):
        named |= {"row_gap": em(0.4), "column_gap": em(1.0)}  # the lines would touch what they part
        named["augment"] = dictionary(**{kind: array(places) for kind, places in rules.items()})
    return call("math.mat", *map(array, cells), delim=None, **named)


def _aligned(rows: "list[list[Element]]", depth: int) -> Code:
    pieces: list[Code] = []
    for number, row in enumerate(rows):
        if number:
            pieces.append(call("linebreak"))
        for column, cell in enumerate(row):
            if column:
                pieces.append(keyword("report.align-point"))
            pieces.append(_row(list(cell), depth + 1))
    return content(pieces)
