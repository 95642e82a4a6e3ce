"""Writing MathML for browsers, which support less of it than latex2mathml writes, and reading MathML from HTML."""

import re
import unicodedata
from html import escape, unescape
from typing import TYPE_CHECKING

from . import tree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ATTRIBUTE = re.compile(
    r"(?:xmlns=http://www\.w3\.org/1998/Math/MathML|(?:mathvariant|display|displaystyle|form|fence|stretchy|accent|accentunder"
    r"|movablelimits|linethickness|columnalign|notation|minsize|maxsize|width|height|depth|lspace|rspace|voffset|rowspacing"
    r"|columnspacing|scriptlevel|mathsize|separator)=[\w .%+-]{1,40}|mathcolor=#[0-9a-f]{6})"
)
_ELEMENTS = frozenset((
    "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder",
    "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose", "semantics",
))  # fmt: skip
# Of the variants, MathML Core keeps "normal" alone (https://www.w3.org/TR/mathml-core/#the-mathvariant-attribute). For the
# others Unicode has letters of their own, some of them older than their alphabet and named apart from it.
_ALPHABETS = {
    "bold": ("MATHEMATICAL BOLD",),
    "italic": ("MATHEMATICAL ITALIC",),
    "bold-italic": ("MATHEMATICAL BOLD ITALIC", "MATHEMATICAL BOLD"),
    "double-struck": ("MATHEMATICAL DOUBLE-STRUCK", "DOUBLE-STRUCK"),
    "script": ("MATHEMATICAL SCRIPT", "SCRIPT"),
    "fraktur": ("MATHEMATICAL FRAKTUR", "BLACK-LETTER"),
    "sans-serif": ("MATHEMATICAL SANS-SERIF",),
    "monospace": ("MATHEMATICAL MONOSPACE",),
}
_SCRIPT_OF_A_NAME = re.compile(r"LATIN |GREEK |LUNATE |LETTER ")


def markup(element: "Element", classes: str = "") -> str:
    """Return ``element`` as text, escaped, with only those elements and attributes that draw something.

    Properties of tables that browsers ignore become classes of their cells: lines (``ruled-right``, ``ruled-below``), the side
    of a column (``to-left``, ``to-right``), and that aligned equations have no room between their sides (``close``).
    """
    kept = {name: value for name, value in element.attrib.items() if _ATTRIBUTE.fullmatch(f"{name}={value}")}
    text = unescape(element.text or "")
    lettered = "".join(_letter(character, kept.get("mathvariant", "")) for character in text)
    if lettered != text:
        del kept["mathvariant"]
    if classes:
        kept["class"] = classes
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
    inner = _rows(element) if element.tag == "mtable" else "".join(map(markup, element))
    return f"<{element.tag}{attributes}>{escape(lettered)}{inner}</{element.tag}>"


def of_html(found: "tree.Element", depth_limit: int) -> "Element | None":
    """Return the ``<math>`` of HTML as latex2mathml would write it; None if it is nested deeper than ``depth_limit``, or holds
    anything but MathML.

    Of content in several forms the first is used.
    """
    from xml.etree.ElementTree import Element

    if depth_limit < 0 or found.name not in _ELEMENTS:
        return None
    element = Element(found.name, {name: value or "" for name, value in found.attributes.items()})
    element.text = escape(" ".join("".join(child.text for child in found.children if isinstance(child, tree.Text)).split()))
    inner = [child for child in found.children if isinstance(child, tree.Element) and not child.name.startswith("annotation")]
    for child in inner:
        if (made := of_html(child, depth_limit - 1)) is None:
            return None
        if made.tag == "semantics":
            element.extend(made[:1])
        else:
            element.append(made)
    if len(element):
        element.text = None
    return element


def lines(table: "Element", attribute: str) -> list[int]:
    """Return the columns (``columnlines``) or rows (``rowlines``) of a table after which a line is drawn, counted from 1."""
    return [place for place, line in enumerate(table.get(attribute, "").split(), start=1) if line != "none"]


def _rows(table: "Element") -> str:
    right, below = lines(table, "columnlines"), lines(table, "rowlines")
    written = []
    for number, row in enumerate(table, start=1):
        cells: list[str] = []
        for column, cell in enumerate(row, start=1):
            classes = ["ruled-right"] * (column in right) + ["ruled-below"] * (number in below)
            if (side := cell.get("columnalign")) in ("left", "right"):
                classes += [f"to-{side}"] + ["close"] * (table.get("displaystyle") == "true")
            cells.append(markup(cell, " ".join(classes)))
        written.append(f"<{row.tag}>{''.join(cells)}</{row.tag}>")
    return "".join(written)


def _letter(character: str, variant: str) -> str:
    name = _SCRIPT_OF_A_NAME.sub("", unicodedata.name(character, ""))
    for alphabet in _ALPHABETS.get(variant, ()):
        try:
            return unicodedata.lookup(f"{alphabet} {name}")
        except KeyError:
            continue
    return character
