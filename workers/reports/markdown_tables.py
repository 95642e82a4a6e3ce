"""Tables of Markdown as GitHub and JupyterLab read them, whose rows need not be equally long.

mistune's own plugin makes running text of a table that has one such row, and knows no tables in lists and quotations.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistune import BlockParser, BlockState, Markdown

#: a line with a bar in it, and below it one of dashes, colons and bars
_PATTERN = r"^ {0,3}(?=[^\n]*\|)[^\n]*\n(?= {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*(?:\n|$))"
_DELIMITER = re.compile(r":?-+:?")
_SIDES = {(True, True): "center", (True, False): "left", (False, True): "right"}
# what ends a table without a blank line: quotations, headings, code, lists, HTML, rules
_NEW_BLOCK = re.compile(
    r" {0,3}(?:>|#{1,6}(?:\s|$)|`{3}|~{3}|[*+-]\s|\d{1,9}[.)]\s|</?(?:div|p|table|pre|h[1-6]|ul|ol|hr)\b|(?:[*_-][ \t]*){3,}$)"
)
_CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_BAR = re.compile(r"(?<!\\)\|")


def gfm_tables(markdown: "Markdown") -> None:
    """Install the plugin."""
    from mistune.plugins import table

    markdown.block.register("table", _PATTERN, _parse_table, before="paragraph")
    markdown.block.insert_rule(markdown.block.list_rules, "table", before="paragraph")
    markdown.block.insert_rule(markdown.block.block_quote_rules, "table", before="paragraph")
    if markdown.renderer is not None:
        for kind in ("table", "table_head", "table_body", "table_row", "table_cell"):
            markdown.renderer.register(kind, getattr(table, f"render_{kind}"))


def _parse_table(block: "BlockParser", found: re.Match[str], state: "BlockState") -> int | None:
    place = found.end()
    head, line = _cells(found.group()), state.get_line(place)
    marks = _cells(line)
    if len(head) != len(marks) or not all(_DELIMITER.fullmatch(mark) for mark in marks) or "|" not in line:
        return None
    place += len(line)
    rows: list[list[str]] = []
    while place < state.cursor_max:
        line = state.get_line(place)
        if not line.strip() or _NEW_BLOCK.match(line):
            break
        rows.append(_cells(line))
        place += len(line)
    # browsers drop what a row has more than its head; a report loses nothing
    width = max(map(len, (head, *rows)))
    sides = [_SIDES.get((mark[0] == ":", mark[-1] == ":")) for mark in marks] + [None] * (width - len(marks))
    children: list[dict[str, Any]] = [{"type": "table_head", "children": _row(head, sides, is_head=True)}]
    if rows:
        body = [{"type": "table_row", "children": _row(row, sides, is_head=False)} for row in rows]
        children.append({"type": "table_body", "children": body})
    state.append_token({"type": "table", "children": children})
    return place


def _cells(line: str) -> list[str]:
    # a bar in code is no border, whether it is escaped or not
    line = _CODE.sub(lambda code: _BAR.sub(r"\\|", code.group()), line.strip())
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(line)]


def _row(cells: list[str], sides: Sequence[str | None], *, is_head: bool) -> list[dict[str, Any]]:
    filled = cells + [""] * (len(sides) - len(cells))
    return [
        {"type": "table_cell", "text": text, "attrs": {"align": side, "head": is_head}}
        for text, side in zip(filled, sides, strict=True)
    ]
