"""The text of paragraphs of HTML, with blanks collapsed as in a browser."""

import re
from collections.abc import Callable, Iterable

from .tree import Element, Node, Text

BLANKS = re.compile(r"[ \t\r\n\f]+")
_SPACES = re.compile(r"[ \t\r\f]+")
_AROUND_LINE_END = re.compile(r" ?\n ?")


def is_formula_line(element: Element) -> bool:
    """Return True if it is a formula on a line of its own, wherever it is written."""
    return (element.name == "tex" and element.has("display")) or (element.name == "math" and element.get("display") == "block")


def text_of(run: Iterable[Node]) -> str:
    """Return the text of several nodes as it is written, blanks and formulas included."""
    return "".join(node.get_text() for node in run)


def is_blank(node: Node) -> bool:
    """Return True if it is text of blanks alone."""
    return isinstance(node, Text) and not node.text.strip()


def collapsed(run: Iterable[Node], kept_blanks: Callable[[Element], str]) -> dict[int, str]:
    """Return each piece of text of a paragraph as it is printed, by the identity of its node.

    ``kept_blanks`` returns for an element which blanks of its text are kept ("all", "lines"); line feeds are then line ends.
    """
    printed: dict[int, str] = {}
    last: int | None = None
    after_blank = True

    def take(nodes: Iterable[Node]) -> None:
        nonlocal last, after_blank
        for node in nodes:
            if isinstance(node, Text):
                if kept := kept_blanks(node.parent):
                    printed[id(node)] = node.text if kept == "all" else _AROUND_LINE_END.sub("\n", _SPACES.sub(" ", node.text))
                    last, after_blank = None, False
                    continue
                text = BLANKS.sub(" ", node.text)
                text = text.lstrip(" ") if after_blank else text
                if text:
                    printed[id(node)] = text
                    last, after_blank = id(node), text.endswith(" ")
            elif node.name == "br" or is_formula_line(node):
                after_blank = True
            elif node.name in ("img", "tex", "math", "code", "input"):
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
