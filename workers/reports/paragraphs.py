"""The text of paragraphs of HTML: what of it is seen, and its blanks as a browser runs them together."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag
    from bs4.element import PageElement

UNSEEN = frozenset((
    "script", "style", "head", "title", "template", "noscript", "meta", "link", "base", "object", "embed", "select",
    "button", "textarea", "svg", "param", "source",
))  # fmt: skip
BLANKS = re.compile(r"[ \t\r\n\f]+")


def is_formula_line(tag: "Tag") -> bool:
    """Whether it is a formula that stands on a line of its own, wherever it is written."""
    return tag.name == "tex" and tag.has_attr("display")


def text_of(run: "Iterable[PageElement]") -> str:
    """The text of several nodes as it is written, blanks and formulas included."""
    return "".join(node.get_text() for node in run)


def is_blank(node: "PageElement") -> bool:
    """Whether it is a comment or the like, or text of blanks alone."""
    from bs4.element import NavigableString, PreformattedString

    return isinstance(node, PreformattedString) or (isinstance(node, NavigableString) and not node.strip())


def collapsed(run: "Iterable[PageElement]") -> dict[int, str]:
    """Each piece of text of a paragraph as it is printed, by the identity of its node."""
    from bs4 import Tag
    from bs4.element import NavigableString, PreformattedString

    printed: dict[int, str] = {}
    last: int | None = None
    after_blank = True

    def take(nodes: "Iterable[PageElement]") -> None:
        nonlocal last, after_blank
        for node in nodes:
            if isinstance(node, PreformattedString):  # comments and the like
                continue
            if isinstance(node, NavigableString):
                text = BLANKS.sub(" ", node)
                text = text.lstrip(" ") if after_blank else text
                if text:
                    printed[id(node)] = text
                    last, after_blank = id(node), text.endswith(" ")
            elif isinstance(node, Tag) and node.name not in UNSEEN:
                if node.name == "br" or is_formula_line(node):
                    after_blank = True
                elif node.name in ("img", "tex", "code", "input"):
                    last, after_blank = None, False
                else:
                    stack.append(iter(node.children))
                    return

    # a stack of iterators, not recursion: hostile HTML nests thousands deep
    stack = [iter(run)]
    while stack:
        height = len(stack)
        take(stack[-1])
        if len(stack) == height:
            stack.pop()
    if last is not None:
        printed[last] = printed[last].rstrip(" ")
    return printed
