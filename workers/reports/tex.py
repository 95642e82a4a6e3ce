r"""TeX of formulas, prepared for the ``latex2mathml`` package, and prose with formulas in LaTeX outputs."""

import re
from html import escape

from .formula_colours import with_plain_colours
from .formula_text import STAND_INS, NotWords, with_words_prepared

# environments that latex2mathml lacks, and their replacements
_RENAMED_ENVIRONMENTS = {
    "align": "align*", "aligned": "align*", "alignat": "align*", "alignedat": "align*", "eqnarray": "align*",
    "eqnarray*": "align*", "gather": "gather*", "gathered": "gather*", "multline": "gather*", "multline*": "gather*",
    "dcases": "cases", "smallmatrix": "matrix", "flalign": "align*", "flalign*": "align*",
}  # fmt: skip
_TRANSPARENT_ENVIRONMENTS = frozenset(("equation", "equation*", "displaymath", "math"))
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([a-zA-Z]+\*?)\}(\{\d+\})?")
_SILENT = re.compile(r"\\(?:nonumber|notag|allowbreak)(?![a-zA-Z])|\\label\s*\{[^{}]*\}|(?<!\\)%[^\n]*")
# commands that it lacks, and their replacements; the first is the end of a line, no part of which is a command
_UNKNOWN = re.compile(
    r"\\(?:\\|&|(?:arg|lbrace|rbrace|newline|P|copyright|textdegree|mathellipsis)(?![A-Za-z])|(?:vspace|vphantom|require)\s*\{[^{}]*\})"
)
_IN_ITS_TERMS = {
    r"\\": r"\\", r"\&": "\\text{\ufdda}", r"\arg": r"\operatorname{arg}", r"\lbrace": r"\{", r"\rbrace": r"\}",
    r"\newline": r"\\", r"\P": r"\text{¶}", r"\copyright": r"\text{©}", r"\textdegree": r"\text{°}",
    r"\mathellipsis": r"\ldots ",
}  # fmt: skip
_NOT = re.compile(r"\\not\s*([=<>|])")
_NEGATED = {"=": r"\neq ", "<": r"\nless ", ">": r"\ngtr ", "|": r"\nmid "}
_TAG = re.compile(r"\\tag(?=\s*\*?\s*\{)")
_BLACKBOARD = re.compile(r"\\math(?:ds|bbm)(?![a-zA-Z])")
# latex2mathml makes a letter that stands alone italic, and the braces keep it from that
_ROMAN_LETTER = re.compile(r"\\mathrm\s*\{\s*([a-zA-Z])\s*\}")
# names of letters alone are understood as they are
_OPERATOR = re.compile(r"\\operatorname\s*(\*?)\s*\{(?![a-zA-Z\s]*\})((?:[^{}]|\{[^{}]*\})*)\}(\s*[_^])?")

_ARRAY = re.compile(r"\\begin\s*\{array\}\s*(?:\[[a-z]\]\s*)?(?:\{([^{}]*)(\}?))?")
_COLUMNS = re.compile(r"[lcr]+(?:\|[lcr]+)*")
_RULE = re.compile(r"\\hline(?![a-zA-Z])")
_RULE_BETWEEN_ROWS = re.compile(r"\\\\\s*(?:\[[^\]]{0,20}\]\s*)?\\hline(?!\s*\\(?:hline|end)(?![a-zA-Z]))(?![a-zA-Z])")

# latex2mathml takes the backslash of a command for the delimiter
_SIZED = re.compile(
    r"\\((?:big|Big|bigg|Bigg)[lrm]?)(?![A-Za-z])\s*(?:(\\[A-Za-z]+|\\[{}|]|[<>.])|\{\s*(\\[A-Za-z]+|\\[{}|]|[^{}\\])\s*\})"
)
_DELIMITERS = {
    r"\{": "\ufdd6", r"\lbrace": "\ufdd6", r"\}": "\ufdd7", r"\rbrace": "\ufdd7", r"\backslash": "\ufddd",
    r"\|": "‖", r"\Vert": "‖", r"\lVert": "‖", r"\rVert": "‖", r"\vert": "|", r"\lvert": "|", r"\rvert": "|", r"\mid": "|",
    "<": "⟨", ">": "⟩", r"\langle": "⟨", r"\rangle": "⟩", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
    r"\lbrack": "[", r"\rbrack": "]", r"\lgroup": "⟮", r"\rgroup": "⟯", r"\lmoustache": "⎰", r"\rmoustache": "⎱",
    r"\ulcorner": "⌜", r"\urcorner": "⌝", r"\llcorner": "⌞", r"\lrcorner": "⌟", r"\uparrow": "↑", r"\downarrow": "↓",
    r"\updownarrow": "↕", r"\Uparrow": "⇑", r"\Downarrow": "⇓", r"\Updownarrow": "⇕",
}  # fmt: skip
_ANGLED = re.compile(r"\\(left|right|middle)\s*([<>])")

_TEXT = re.compile(r"\\(?:text[a-z]*|mbox|hbox)\s*\{[^{}]*\}")
_INNER_DELIMITER = re.compile(r"(?<!\\)(?:\\\\)*(?:\$|\\[(\[])")
_OPENING = re.compile(r"(?<!\\)(?:\$\$|\$|\\\[|\\\()")
_CLOSING = {
    "$$": re.compile(r"\$\$"),
    "$": re.compile(r"(?<!\\)\$"),
    r"\[": re.compile(r"\\\]"),
    r"\(": re.compile(r"\\\)"),
}
_PARAGRAPH_END = re.compile(r"\n\s*\n")


_NO_STAND_INS = dict.fromkeys(map(ord, STAND_INS))


class NotUnderstood(Exception):
    """A formula that would be shown wrongly or not at all."""


def bare(tex: str) -> str:
    r"""Return ``tex`` without the delimiters around it: dollar signs, ``\(``, ``\[``, and ``\displaystyle`` in front."""
    shown = tex.strip()
    for opening, closing in (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)")):
        if shown.startswith(opening) and shown.endswith(closing) and len(shown) > len(opening) + len(closing):
            shown = shown[len(opening) : -len(closing)].strip()
    return re.sub(r"^\\displaystyle(?![a-zA-Z])\s*", "", shown)


def prepared(tex: str) -> str:
    r"""Return ``tex`` in a form that latex2mathml shows correctly: without delimiters, ``\label`` and the like.

    Raises:
        NotUnderstood: an array with columns or lines of a kind that latex2mathml takes for something else, a command among
            words, or a delimiter that is not known.
    """
    source = _SILENT.sub("", bare(tex.translate(_NO_STAND_INS)))
    try:
        source = with_plain_colours(with_words_prepared(source))
    except NotWords as error:
        raise NotUnderstood from error
    source = _SIZED.sub(_sized, _ANGLED.sub(lambda found: f"\\{found.group(1)}{_DELIMITERS[found.group(2)]}", source))
    source = _UNKNOWN.sub(lambda found: _IN_ITS_TERMS.get(found.group(), "{}"), source)
    _check_arrays(source)
    source = _BLACKBOARD.sub(r"\\mathbb", _NOT.sub(lambda found: _NEGATED[found.group(1)], source))
    source = _OPERATOR.sub(_operator, _TAG.sub(r"\\qquad\\tag", source))
    source = _ROMAN_LETTER.sub(r"\\mathrm{{\1}}", source)
    return _ENVIRONMENT.sub(_renamed, source).strip()


def _sized(found: re.Match[str]) -> str:
    size, delimiter = found.group(1), found.group(2) or found.group(3)
    if delimiter == ".":  # the side that has none
        return ""
    if delimiter[0] == "\\" and delimiter not in _DELIMITERS:
        raise NotUnderstood
    return f"\\{size} {_DELIMITERS.get(delimiter, delimiter)}"


def _check_arrays(source: str) -> None:
    for array in _ARRAY.finditer(source):
        if not array.group(2) or not _COLUMNS.fullmatch(re.sub(r"\s+", "", array.group(1))):
            raise NotUnderstood
    # lines above the first row and below the last are not told from those between rows
    if len(_RULE.findall(source)) != len(_RULE_BETWEEN_ROWS.findall(source)):
        raise NotUnderstood


def _operator(found: re.Match[str]) -> str:
    starred, name, script = found.groups()
    limits = r"\limits" if starred and script else ""
    return rf"\mathop{{\mathrm{{{name.replace('~', chr(92) + ' ')}}}}}{limits}{script or ''}"


def _renamed(found: re.Match[str]) -> str:
    name = found.group(2)
    if name in _TRANSPARENT_ENVIRONMENTS:
        return ""
    count = "" if name.startswith("align") else found.group(3) or ""
    return f"\\{found.group(1)}{{{_RENAMED_ENVIRONMENTS.get(name, name)}}}{count}"


def prose_html(latex: str) -> str | None:
    r"""Convert LaTeX that is prose with formulas between dollar signs (or ``\(``, ``\[``) to HTML, as Jupyter shows it.

    None when it is one formula as a whole.
    """
    if not _INNER_DELIMITER.search(_TEXT.sub("", bare(latex))):
        return None
    return "".join(f"<p>{_with_formulas(paragraph)}</p>" for paragraph in _PARAGRAPH_END.split(latex.strip()))


def _with_formulas(prose: str) -> str:
    pieces: list[str] = []
    written = place = 0
    never_closed: set[str] = set()  # each is looked for to the end of the text once
    while opening := _OPENING.search(prose, place):
        place, kind = opening.end(), opening.group()
        closing = None if kind in never_closed else _CLOSING[kind].search(prose, place + 1)
        if closing is None:
            never_closed.add(kind)
            continue
        display = " display" if kind in ("$$", r"\[") else ""
        formula = f"<tex{display}>{escape(prose[place : closing.start()])}</tex>"
        pieces += [_plain(prose[written : opening.start()]), formula]
        written = place = closing.end()
    return "".join((*pieces, _plain(prose[written:])))


def _plain(text: str) -> str:
    return escape(text.replace(r"\$", "$").replace(r"\%", "%").replace(r"\&", "&")).replace(r"\\", "<br>")
