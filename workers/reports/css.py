"""The part of CSS by which notebooks convey meaning: colours, weight, slant, alignment, size, visibility."""

import re
from functools import lru_cache
from typing import Any

from .tree import Element
from .typst_code import Code, Value, array, call, colour, em, literal, percent

Declarations = dict[str, str]

_READ = frozenset((
    "color", "background", "background-color", "background-image", "font-weight", "font-style", "text-align", "text-decoration",
    "font-size", "display", "visibility", "white-space", "width", "height",
))  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(em|rem|px|pt|%)")
_LENGTH = re.compile(r"\+?(\d{1,5}(?:\.\d+)?|\.\d+)\s*(em|rem|px|pt|pc|in|cm|mm|%|)", re.IGNORECASE)
# pixels as figures are printed: 0.62 points each; a unit of paper is that on paper
_PIXELS_PER_UNIT = {"": 1.0, "px": 1.0, "em": 17.0, "rem": 17.0, "pt": 1.387, "pc": 16.64, "in": 116.1, "cm": 45.7, "mm": 4.57}
_EM_PER_UNIT = {"em": 1.0, "rem": 1.0, "px": 1 / 14, "pt": 1 / 10.5, "%": 0.01}
# a comma that is not inside of rgb(...)
_OUTER_COMMA = re.compile(r",(?![^()]*\))")
_STOP = re.compile(r"(.+?)(?:\s+(\d+(?:\.\d+)?)%)?(?:\s+(\d+(?:\.\d+)?)%)?")
_KEYWORDS = {
    "font-weight": ("normal", "bold", "bolder", "lighter", "400", "500", "600", "700", "800", "900"),
    "font-style": ("normal", "italic", "oblique"),
    "text-align": ("left", "right", "center", "justify"),
    "text-decoration": ("underline", "line-through"),
}
#: values of ``white-space``, and whether blanks are kept ("all"), line ends alone ("lines"), or neither
WHITE_SPACE = {"pre": "all", "pre-wrap": "all", "break-spaces": "all", "pre-line": "lines", "normal": "", "nowrap": ""}
# of others, such as tables and pictures, the attribute says where they stand themselves
_WITH_ALIGN = frozenset(("p", "div", "center", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th"))
_VISIBLE = {"visible": True, "initial": True, "hidden": False, "collapse": False}
_BOLD = frozenset(("bold", "bolder", "600", "700", "800", "900"))


@lru_cache(maxsize=4096)
def declarations(style: str) -> Declarations:
    """Parse the declarations of a ``style`` attribute that this package uses; broken ones are left out. Do not change the
    result.
    """
    import tinycss2

    return read_declarations(tinycss2.parse_declaration_list(style, skip_comments=True, skip_whitespace=True))


def read_declarations(nodes: list[Any]) -> Declarations:
    """Return the declarations that this package uses, and variables (``--name``), from tinycss2's parse."""
    import tinycss2

    return {
        node.name if node.name.startswith("--") else node.lower_name: tinycss2.serialize(node.value).strip()
        for node in nodes
        if node.type == "declaration" and (node.lower_name in _READ or node.name.startswith("--"))
    }


Rgba = tuple[int, int, int, int]  #: components of 0 to 255 each


@lru_cache(maxsize=4096)
def rgba(value: str) -> Rgba | None:
    """Parse a CSS colour; None if it is none, or in a colour space beyond RGB, HSL and HWB."""
    from tinycss2.color4 import parse_color

    parsed = parse_color(value)
    if parsed is None or isinstance(parsed, str):
        return None
    try:
        components = parsed.to("srgb")
    except NotImplementedError:
        return None
    red, green, blue, alpha = (round(255 * min(1.0, max(0.0, component))) for component in components)
    # transparent is black in CSS, and a viewer that blends at the edge of a bar would show it
    return (red, green, blue, alpha) if alpha else (255, 255, 255, 0)


def colour_code(value: str) -> Code | None:
    """Return the code of a CSS colour; None if it is none, or wholly transparent."""
    components = rgba(value)
    return colour(*components) if components is not None and components[3] else None


def bar(declared: Declarations) -> list[tuple[Rgba, float]] | None:
    """Return the stops, colour and per cent from the left, of a background that runs from left to right: the bars of pandas'
    Styler.

    Offsets only rise, the first is 0 and the last 100; None for any other background.
    """
    value = declared.get("background") or declared.get("background-image") or ""
    if "gradient" not in value.lower():
        return None
    import tinycss2

    for component in tinycss2.parse_component_value_list(value):
        if component.type == "function" and component.lower_name == "linear-gradient":
            parts = tinycss2.serialize(component.arguments)
            direction, *stops = (part.strip() for part in _OUTER_COMMA.split(parts))
            return _stops(stops) if direction in ("90deg", "to right") else None
    return None


def _stops(texts: list[str]) -> list[tuple[Rgba, float]] | None:
    stops: list[tuple[Rgba, float]] = []
    for number, text in enumerate(texts[:50]):
        found = _STOP.fullmatch(text)
        components = rgba(found.group(1)) if found else None
        if found is None or components is None:
            return None
        places = [float(place) for place in found.group(2, 3) if place] or [100.0 * number / max(1, len(texts) - 1)]
        stops += [(components, min(100.0, max(place, stops[-1][1] if stops else 0.0))) for place in places]
    if len(stops) < 2:
        return None
    # what begins at the right edge has no width, and would still be seen there as a thin line
    seen = [stop for number, stop in enumerate(stops) if not number or stops[number - 1][1] < 100.0]
    return [(seen[0][0], 0.0), *seen, (seen[-1][0], 100.0)]


def text_arguments(declared: Declarations) -> dict[str, Value]:
    """Return named arguments of Typst's ``text`` for ``declared``; sizes are limited to half to twice the surrounding size."""
    named: dict[str, Value] = {}
    if "color" in declared and (fill := colour_code(declared["color"])):
        named["fill"] = fill
    if declared.get("font-weight") in _BOLD:
        named["weight"] = literal("bold")
    elif declared.get("font-weight") in ("normal", "400"):
        named["weight"] = literal("regular")
    if declared.get("font-style") in ("italic", "oblique"):
        named["style"] = literal("italic")
    if size := _SIZE.fullmatch(declared.get("font-size", "")):
        named["size"] = em(min(2.0, max(0.5, float(size.group(1)) * _EM_PER_UNIT[size.group(2)])))
    return named


def size_factor(declared: Declarations) -> float:
    """Return the ratio of the font size of ``declared`` to that around it, 1 if it is the same."""
    size = _SIZE.fullmatch(declared.get("font-size", ""))
    return min(2.0, max(1.0, float(size.group(1)) * _EM_PER_UNIT[size.group(2)])) if size else 1.0


def decorated(body: Code, declared: Declarations) -> Code:
    """Return ``body`` with the line through it or under it that its style asks for."""
    lines = declared.get("text-decoration", "").lower().split()
    body = call("strike", body) if "line-through" in lines else body
    return call("underline", body) if "underline" in lines else body


def background_code(declared: Declarations) -> Code | None:
    """Return the background, plain or a bar, if there is one."""
    if stops := bar(declared):
        shown = (array((colour(*components), percent(place))) for components, place in stops)
        return call("gradient.linear", *shown)
    value = declared.get("background-color") or declared.get("background")
    return colour_code(value) if value else None


def safe_style(declared: Declarations) -> str:
    """Write the declarations as CSS again, every value rebuilt from what was parsed: nothing in it can point anywhere."""
    written: list[str] = []
    for name in ("color", "background-color"):
        value = declared.get(name) or (declared.get("background") if name == "background-color" else None)
        if value and (components := rgba(value)):
            written.append(f"{name}:{_css_colour(components)}")
    if stops := bar(declared):
        shown = ",".join(f"{_css_colour(components)} {place:.2f}%" for components, place in stops)
        written.append(f"background:linear-gradient(90deg,{shown})")
    for name, allowed in _KEYWORDS.items():
        if declared.get(name) in allowed:
            written.append(f"{name}:{declared[name]}")
    if declared.get("white-space") in WHITE_SPACE:
        written.append(f"white-space:{declared['white-space']}")
    if size := _SIZE.fullmatch(declared.get("font-size", "")):
        written.append(f"font-size:{min(2.0, max(0.5, float(size.group(1)) * _EM_PER_UNIT[size.group(2)])):.2f}em")
    return ";".join(written)


def _css_colour(components: Rgba) -> str:
    red, green, blue, alpha = components
    return f"rgba({red},{green},{blue},{alpha / 255:.3g})"


def alignment(tag: Element, declared: Declarations) -> str | None:
    """Return the alignment of the text in ``tag``, "left", "right" or "center", by its style, its attribute or its name."""
    given = declared.get("text-align")
    if given is None and tag.name in _WITH_ALIGN:
        given = "center" if tag.name == "center" else tag.get("align").strip().lower()
    return given if given in ("left", "right", "center") else None


def is_visible(declared: Declarations) -> bool | None:
    """Return True if a browser would show the content, False if it would hide it; None if that is inherited."""
    return _VISIBLE.get(declared.get("visibility", "").lower())


def taken_out(declared: Declarations) -> bool:
    """Return True if a browser would not even leave room for it."""
    return declared.get("display", "").lower() == "none"


def pixels(length: str, *, whole: float) -> float | None:
    """Convert a length of CSS, or of an attribute such as ``width``, to pixels as figures are printed; ``whole`` is 100 %.

    None if it is no length, such as ``auto``.
    """
    found = _LENGTH.fullmatch(length.strip())
    if found is None:
        return None
    number, unit = float(found.group(1)), found.group(2).lower()
    return number * whole / 100 if unit == "%" else number * _PIXELS_PER_UNIT[unit]
