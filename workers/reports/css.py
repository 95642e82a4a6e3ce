"""The little of CSS that notebooks use to say something: colours, weight, slant, alignment."""

import re
from typing import TYPE_CHECKING, Any

from workers.reports.typst_code import Code, Value, colour, em, literal

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

#: rules beyond this many are not looked at, and rules with a selector other than an id cost a search each
RULE_LIMIT = 20_000
SELECTOR_LIMIT = 100

Declarations = dict[str, str]

_READ = frozenset((
    "color", "background", "background-color", "font-weight", "font-style", "text-align", "text-decoration",
    "font-size", "display", "visibility",
))  # fmt: skip
_ID_SELECTOR = re.compile(r"#([\w-]+)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(em|rem|px|pt|%)")
_EM_PER_UNIT = {"em": 1.0, "rem": 1.0, "px": 1 / 14, "pt": 1 / 10.5, "%": 0.01}
_BOLD = frozenset(("bold", "bolder", "600", "700", "800", "900"))


def declarations(style: str) -> Declarations:
    """The declarations of a ``style`` attribute that this package reads; broken ones are left out."""
    import tinycss2

    return _read(tinycss2.parse_declaration_list(style, skip_comments=True, skip_whitespace=True))


def _read(nodes: list[Any]) -> Declarations:
    import tinycss2

    return {
        node.lower_name: tinycss2.serialize(node.value).strip()
        for node in nodes
        if node.type == "declaration" and node.lower_name in _READ
    }


class Stylesheet:
    """The rules of the ``<style>`` elements of one output. A later rule wins; a ``style`` attribute wins over all."""

    def __init__(self, soup: "BeautifulSoup") -> None:
        self._by_id: dict[str, Declarations] = {}
        self._by_element: dict[int, Declarations] = {}
        sheets = [style.get_text() for style in soup.find_all("style")]
        if sheets:
            self._take(soup, "\n".join(sheets))

    def of(self, tag: "Tag") -> Declarations:
        """What applies to ``tag`` itself; nothing is inherited."""
        found = dict(self._by_element.get(id(tag), ()))
        if self._by_id and (identifier := tag.get("id")):
            found.update(self._by_id.get(str(identifier), ()))
        if style := tag.get("style"):
            found.update(declarations(str(style)))
        return found

    def _take(self, soup: "BeautifulSoup", sheet: str) -> None:
        import tinycss2

        searches = 0
        for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)[:RULE_LIMIT]:
            if rule.type != "qualified-rule":
                continue
            declared = _read(tinycss2.parse_blocks_contents(rule.content))
            if not declared:
                continue
            for selector in tinycss2.serialize(rule.prelude).split(","):
                if only_id := _ID_SELECTOR.fullmatch(selector.strip()):
                    self._by_id.setdefault(only_id.group(1), {}).update(declared)
                # pandas gives every frame the same rules for a screen; tables have their own look here
                elif ".dataframe" not in selector and searches < SELECTOR_LIMIT:
                    searches += 1
                    for tag in _matches(soup, selector):
                        self._by_element.setdefault(id(tag), {}).update(declared)


def _matches(soup: "BeautifulSoup", selector: str) -> "list[Tag]":
    from soupsieve.util import SelectorSyntaxError

    try:
        return list(soup.select(selector))
    except (SelectorSyntaxError, NotImplementedError):
        return []  # a browser ignores a rule that it does not understand


def colour_code(value: str) -> Code | None:
    """A CSS colour; None when it is none, or wholly transparent."""
    from tinycss2.color3 import parse_color

    parsed = parse_color(value)
    if parsed is None or isinstance(parsed, str) or parsed.alpha == 0:
        return None
    red, green, blue, alpha = (round(255 * min(1.0, max(0.0, component))) for component in parsed)
    return colour(red, green, blue, alpha)


def text_arguments(declared: Declarations) -> dict[str, Value]:
    """Named arguments of Typst's ``text`` for ``declared``; sizes are held between half and twice the size around."""
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


def background_code(declared: Declarations) -> Code | None:
    """The plain background colour, if there is one."""
    value = declared.get("background-color") or declared.get("background")
    return colour_code(value) if value else None


def hidden(declared: Declarations) -> bool:
    """Whether a browser would not show it at all."""
    return declared.get("display") == "none" or declared.get("visibility") == "hidden"
