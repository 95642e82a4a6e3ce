"""Declarations of CSS that apply to an element: from style sheets, from its own style, and from attributes older than CSS."""

import re
from itertools import islice

from .css import WHITE_SPACE, Declarations, declarations, is_visible, read_declarations, taken_out
from .tree import BLOCKS, TABLE_PARTS, Document, Element

#: rules beyond this number are ignored; each rule with a selector other than an id costs a search
RULE_LIMIT = 20_000
SELECTOR_LIMIT = 100
#: characters of all style sheets of an output that are read: about 2 seconds of parsing
SHEET_LIMIT = 1_000_000

_ID_SELECTOR = re.compile(r"#([\w-]+)")
# the innermost one: neither its name nor what stands in for it has another in it
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\((?:[^()]|\([^()]*\))*\))*))?\)", re.IGNORECASE)
_VARIABLE_LIMIT = 20
_ANCESTOR_LIMIT = 200
_NONE: Declarations = {}
_CELLS = frozenset(("td", "th"))
_OWN_LINES = frozenset(("block", "flex", "grid", "table", "list-item", "flow-root"))
_BARE_HEX = re.compile(r"(?:[0-9a-fA-F]{3}){1,2}")
_FONT_SIZES = {"1": "0.63em", "2": "0.82em", "3": "1em", "4": "1.13em", "5": "1.5em", "6": "2em", "7": "3em"}
_BY_NAME: dict[str, Declarations] = {
    "small": {"font-size": "0.83em"},
    "big": {"font-size": "1.2em"},
    "dialog": {"display": "none"},
}
# the boxes of Bootstrap, which every front end of Jupyter has
_ALERTS: dict[str, Declarations] = {
    "alert-info": {"color": "#31708f", "background-color": "#d9edf7"},
    "alert-success": {"color": "#3c763d", "background-color": "#dff0d8"},
    "alert-warning": {"color": "#8a6d3b", "background-color": "#fcf8e3"},
    "alert-danger": {"color": "#a94442", "background-color": "#f2dede"},
    "alert-error": {"color": "#a94442", "background-color": "#f2dede"},
}


class Stylesheet:
    """The rules of the ``<style>`` elements of one output. A later rule wins; a ``style`` attribute wins over all.

    Once it is made, elements that are not to be seen are gone from the document, and those that stand on lines of their own by
    their style alone are within a ``<div>``. Parts of tables and formulas never are: they mean nothing but where they stand.
    """

    def __init__(self, document: Document) -> None:
        self._by_id: dict[str, Declarations] = {}
        self._by_element: dict[int, Declarations] = {}
        self._read: set[str] = set()  # names of what the sheets declare
        if document.sheets:
            self._take(document, "\n".join(document.sheets)[:SHEET_LIMIT])
        self._keeps_blanks = "white-space" in self._read
        self._settle(document)

    def of(self, element: Element) -> Declarations:
        """Return the declarations for ``element`` itself; only values of variables are inherited. Do not change the result."""
        declared = self._declared(element)
        if any("var(" in value.lower() for value in declared.values()):
            return self._with_values(declared, element)
        return declared

    def kept_blanks(self, element: Element) -> str:
        """Return which blanks in the text of ``element`` are kept: "all", line ends ("lines"), or none (empty)."""
        if self._keeps_blanks:
            for around in islice(element.ancestors(), _ANCESTOR_LIMIT):
                if (kept := WHITE_SPACE.get(self.of(around).get("white-space", ""))) is not None:
                    return kept
        return ""

    def _declared(self, element: Element) -> Declarations:
        found = self._by_element.get(id(element), _NONE)
        attributes = element.attributes
        if (by_name := _BY_NAME.get(element.name)) is not None and not (element.name == "dialog" and "open" in attributes):
            found = {**by_name, **found}
        if not attributes:
            return found
        if by_attributes := _by_attributes(element):
            found = {**by_attributes, **found}
        if self._by_id and (by_id := self._by_id.get(element.get("id"))):
            found = {**found, **by_id}
        if style := attributes.get("style"):
            found = {**found, **declarations(style)}
        return found

    def _with_values(self, declared: Declarations, element: Element) -> Declarations:
        valued: Declarations = {}
        for name, value in declared.items():
            for _ in range(_VARIABLE_LIMIT):
                if (variable := _VARIABLE.search(value)) is None:
                    break
                known = self._variable(variable.group(1), element)
                # without a value a declaration does not count
                meant = known if known is not None else variable.group(2)
                value = "" if meant is None else f"{value[: variable.start()]}{meant.strip()}{value[variable.end() :]}"
                value = value[:1_000]  # variables that name each other grow without end
            if value and "var(" not in value.lower():
                valued[name] = value
        return valued

    def _variable(self, name: str, element: Element) -> str | None:
        for around in islice(element.ancestors(), _ANCESTOR_LIMIT):
            if (value := self._declared(around).get(name)) is not None:
                return value
        return None

    def _settle(self, document: Document) -> None:
        anywhere = not self._read.isdisjoint(("display", "visibility"))
        replaced: dict[int, list[Element]] = {}
        parents: dict[int, Element] = {}
        unseen: dict[int, Element] = {}  # those not visible, by their own style or that of what holds them
        needed: set[int] = set()  # those of them that hold something visible
        for element in document.elements():
            attributes = element.attributes
            if is_within := id(element.parent) in unseen:
                unseen[id(element)] = element
            if not anywhere and "hidden" not in attributes and "style" not in attributes and element.name != "dialog":
                continue
            declared = self.of(element)
            self._keeps_blanks |= "white-space" in declared
            if (parent := element.parent) is None:
                continue
            if (visible := is_visible(declared)) is False:
                unseen[id(element)] = element
            elif visible and is_within:
                del unseen[id(element)]
                for around in parent.ancestors():
                    if id(around) not in unseen or id(around) in needed:
                        break
                    needed.add(id(around))
            if taken_out(declared):
                replaced[id(element)] = []
            elif declared.get("display", "").lower() in _OWN_LINES and _may_stand_in_a_box(element):
                box = Element("div", {}, parent)
                box.children.append(element)
                replaced[id(element)] = [box]
            else:
                continue
            parents[id(parent)] = parent
        for element in unseen.values():
            # a cell keeps its place, or those behind it would stand under the wrong names
            if id(element) in needed or (element.name in _CELLS and id(element) not in replaced):
                element.children = [child for child in element.children if isinstance(child, Element)]
            elif (parent := element.parent) is not None:
                replaced[id(element)] = []
                parents[id(parent)] = parent
        for parent in parents.values():
            parent.children = [kept for child in parent.children for kept in replaced.get(id(child), [child])]
        for box in (box for boxes in replaced.values() for box in boxes):
            box.children[0].parent = box

    def _take(self, document: Document, sheet: str) -> None:
        import tinycss2

        searches = 0
        for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)[:RULE_LIMIT]:
            if rule.type != "qualified-rule":
                continue
            declared = read_declarations(tinycss2.parse_blocks_contents(rule.content))
            if not declared:
                continue
            self._read |= declared.keys()
            for selector in tinycss2.serialize(rule.prelude).split(","):
                if only_id := _ID_SELECTOR.fullmatch(selector.strip()):
                    self._by_id.setdefault(only_id.group(1), {}).update(declared)
                # pandas gives every frame the same rules for a screen; tables have their own look here
                elif ".dataframe" not in selector and searches < SELECTOR_LIMIT:
                    searches += 1
                    for element in document.select(selector):
                        self._by_element.setdefault(id(element), {}).update(declared)


def _may_stand_in_a_box(element: Element) -> bool:
    if element.name in BLOCKS or element.name in TABLE_PARTS:
        return False
    return all(around.name != "math" for around in islice(element.ancestors(), 1, _ANCESTOR_LIMIT))


def _by_attributes(element: Element) -> Declarations:
    """Return the declarations from attributes older than CSS, and from classes for which front ends have rules."""
    attributes = element.attributes
    found: Declarations = {}
    if "hidden" in attributes:
        found["display"] = "none"
    if background := attributes.get("bgcolor"):
        found["background-color"] = _colour(background)
    if element.name == "font":
        if colour := attributes.get("color"):
            found["color"] = _colour(colour)
        if (size := _FONT_SIZES.get(element.get("size").strip())) is not None:
            found["font-size"] = size
    if "alert" in (attributes.get("class") or ""):
        for name in element.get("class").split():
            found.update(_ALERTS.get(name, _NONE))
    return found


def _colour(value: str) -> str:
    return f"#{value}" if _BARE_HEX.fullmatch(value) else value
