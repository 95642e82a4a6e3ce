"""Notebooks of what no page can hold, of what is read otherwise than it looks, and of what reports have lost: a kind each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.unit.reports.samples import code, png_text, prose, shown

Cells = list[dict[str, Any]]

# 63 lines of 9 points fill a page
_MORE_THAN_A_PAGE = 110
_MUCH_MORE = 160


def _html(*sources: str) -> Cells:
    return [code(shown(text_html=source, text_plain="...")) for source in sources]


def _lines(word: str, count: int = _MORE_THAN_A_PAGE, between: str = "<br>") -> str:
    return between.join(f"{word}{number}" for number in range(count))


def _table(rows: Iterable[Sequence[str]], head: Sequence[str] = (), caption: str = "") -> str:
    top = f"<thead><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<caption>{caption}</caption>' if caption else ''}{top}<tbody>{body}</tbody></table>"


def _address(width: int, height: int) -> str:
    return f"data:image/png;base64,{png_text(width, height)}"


def _picture(width: int, height: int) -> str:
    return f'<img src="{_address(width, height)}">'


def _drawing(inner: str, width: int = 300) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="90">{inner}</svg>'


def _rows(count: int) -> str:
    return r" \\ ".join(f"x_{{{row}}} &= {row}" for row in range(count))


def _sum(count: int, letter: str = "x") -> str:
    return "+".join(f"{letter}_{{{number}}}" for number in range(count))


#: what no page can hold
TALL: dict[str, Cells] = {
    "a cell of lines": _html(_table([("1", _lines("line"))])),
    "a cell of a list": _html(_table([("1", f"<ul><li>{_lines('item', between='<li>')}</ul>")])),
    "a cell of program text": _html(_table([("1", f"<pre>{_lines('row', between=chr(10))}</pre>"), ("2", "short")])),
    "a cell of paragraphs": _html(_table([("1", "".join(f"<p>paragraph{each}</p>" for each in range(60)))])),
    "a cell of pictures": _html(_table([("1", _picture(500, 700) + _picture(500, 700) + _picture(500, 700))])),
    "a cell of Markdown": [prose(f"| a | b |\n|---|---|\n| 1 | {_lines('step')} |")],
    "a cell over three rows": _html(
        f"<table><tr><td rowspan=3>span</td><td>{_lines('a', 60)}</td></tr><tr><td>{_lines('b', 60)}</td></tr>"
        f"<tr><td>{_lines('c', 60)}</td></tr></table>"
    ),
    "a table in a cell": _html(_table([("outer", _table([("inner", _lines("deep"))]))])),
    "a head": _html(_table([("one", "two")], head=(_lines("head"), "b"))),
    "a head over many rows": _html(_table([(f"r{each}", "x") for each in range(40)], head=(_lines("head"), "b"))),
    "a head of a third of a page": _html(_table([(f"r{each}", "x") for each in range(90)], head=(_lines("head", 24), "b"))),
    "a caption": _html(_table([("1", "2")], caption="caption words " * 400)),
    "a coloured block": _html(f'<div style="background: #eee">{_table([(_lines("s"), "x")])}</div>'),
    "what can be unfolded": _html(f"<details><summary>more</summary>{_table([(_lines('d'), 'x')])}</details>"),
    "definitions": _html("<dl>" + "".join(f"<dt>term{each}<dd>{_lines(f'd{each}x', 30)}" for each in range(5)) + "</dl>"),
    "a table in a list": [prose(f"- item\n\n  {_table([(_lines('li'), 'x')])}")],
    "program text in a quotation": [prose(f"> <pre>{_lines('q', _MUCH_MORE, chr(10))}</pre>")],
    "a title": [prose("# " + "title words " * 300), prose("text below")],
    "a heading": [prose("# Top"), prose("## " + "heading words " * 400), prose("text below")],
    "headings alone": [prose("# Top"), prose("\n\n".join(f"## heading{each}" for each in range(60)) + "\n\nthe end")],
    "paragraphs that announce": [prose("\n\n".join("announced " * 30 + f"number{each}:" for each in range(60)))],
    "equations": [prose(f"$$\\begin{{align}}{_rows(90)}\\end{{align}}$$")],
    "a matrix": [prose("$$\\begin{pmatrix}" + r" \\ ".join(f"{each} & 1" for each in range(90)) + "\\end{pmatrix}$$")],
    "a matrix in a line": [prose("a $\\begin{matrix}" + r" \\ ".join(map(str, range(90))) + "\\end{matrix}$ b")],
    "a picture in a list": [prose(f"1. one\n\n   ![]({_address(900, 1_500)})\n\n2. two")],
    "a picture beside text": _html(_table([(_picture(700, 900), "some words beside it " * 8)] * 2)),
    "printed lines that stay together": [code(shown(text_plain="\n".join("w" * 100 for _ in range(14))))],
    "a traceback": [
        code({"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": [_lines("frame", 150, "\n")]})
    ],
}  # fmt: skip

#: what no line can hold
WIDE: dict[str, Cells] = {
    "pictures in a row": _html(_table([(_picture(400, 100),) * 4, ("a", "b", "c", "d")])),
    "a drawing in a cell": _html(_table([(_drawing('<path stroke="red" d="M0 9L900 9"/>', 900), "x", "y")])),
    "a wide matrix": [prose("$$\\begin{pmatrix}" + " & ".join(f"x_{{{each}}}" for each in range(60)) + "\\end{pmatrix}$$")],
    "a formula in a line": [prose(f"a ${_sum(80)}$ b")],
    "formulas in cells": [prose(f"| a | b |\n|--|--|\n| ${_sum(60)}$ | ${_sum(60, 'y')}$ |")],
    "long words in columns": _html(
        _table([[f"Wortungetuem{row}{each}" * 3 for each in range(9)] for row in range(4)], [f"h{each}" for each in range(9)])
    ),
    "long words in a head": _html(_table([["1"] * 14] * 4, head=[f"Donaudampfschifffahrt{each}" for each in range(14)])),
    "cities beside numbers": _html(
        _table([("BIRMINGHAM", "NaN", *["2016-03-14 12:30:00"] * 9)] * 3, ["city", "n", *(f"at_{each}" for each in range(9))])
    ),
    "prose beside numbers": _html(_table([("word " * 110, *["12345.678"] * 10)] * 5)),
    "words without an end": [prose("x" * 400), code(shown(text_plain="y" * 400)), *_html(_table([("z" * 400, "1")]))],
    "a caption of a long word": _html(_table([("1", "2")], caption="x" * 300)),
    "a caption within a narrow cell": _html(
        _table([(*["wwwwwwwwww"] * 12, _table([("1", "2")], caption=f"{'w' * 61} and {'v' * 35}"), "beside")])
    ),
    "addresses": [prose("https://example.org/" + "/".join(f"part{each}" for each in range(60)))],
}  # fmt: skip

#: what is read otherwise than it looks
ODD: dict[str, Cells] = {
    "rows and cells without ends": _html("<table><tr><th>shop<th>sales<tr><td>Bern<td>10<tr><td>Oslo<td>20</table>"),
    "cells without rows": _html('<table><td><a href="https://example.org/">first</a></td><td>second</td></table>'),
    "items and paragraphs without ends": _html("<ul><li>one<li>two<li>three</ul><p>first<p>second"),
    "a paragraph around a table": _html(f"<p>before{_table([('in', 'side')])}after"),
    "a table within bold": _html(f"<b>before{_table([('in', 'side')])}</b> after"),
    "blocks of every kind in a cell": _html(
        _table([
            ("<details><summary>more</summary>below</details>", "<dl><dt>term<dd>meaning</dl>", "<center>mid</center>dle"),
            ("<section>one</section>two", "<figure>three<figcaption>four</figcaption></figure>", "<address>five</address>six"),
        ])
    ),
    "a body that scrolls": _html(f"<style>tbody {{display: block; overflow: auto}}</style>{_table([('one', 'two')], 'kv')}"),
    "a head and rows that are tables": _html(
        f"<style>thead, tbody tr {{display: table; width: 100%}}</style>{_table([('one', 'two')] * 3, 'kv')}"
    ),
    "a cell that is a box": _html('<table><tr><td>one<td style="display: flex">two<td>three</table>'),
    "a caption that is a block": _html('<table><caption style="display: block">over it</caption><tr><td>one</table>'),
    "text between rows": _html("<table>loose<tr><td>cell</table>"),
    "what is hidden": _html('<p hidden>gone</p><p style="display: none">away</p><p>here</p>'),
    "deep lists": [prose("\n".join("  " * each + f"- level{each}" for each in range(16)))],
    "deep quotations": [prose("\n".join("> " * each + f"quote{each}\n" + "> " * each for each in range(1, 15)))],
    "from right to left": _html(_table([("אבג", "שלום עולם"), ("1", "2")])),
    "a formula between blanks": [
        prose(
            "Given $ x_1, \\ldots, x_k $ and $ \\{a_t\\}_{t=0}^\\infty $ we know $y_1$, $ y_2$, $y_3 $ and $ n $.\n\n"
            "Prices: it costs $5 or $6, and from $ 10 to $ 20. The $i$th of $ 2^n$."
        )
    ],
    "a formula that Markdown would eat": [
        prose("$a_1 * b_1 * c_1$ and $\\{x\\}$ and $$\\begin{array}{c} 1 \\\\ 2 \\end{array}$$ `$not_one$`")
    ],
    "sized delimiters": [
        prose("$\\bigl\\{x\\bigr\\}$, $\\Big\\|y\\Big\\|$, $\\bigl\\langle z \\bigr\\rangle$ and $\\biggl( w \\biggr)$")
    ],
    "money in a formula": [prose("$\\text{cost \\$5} + x$")],
    "short and long rows": [prose("| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n| x |\n| y | z |")],
    "a bar in code": [prose("| a | b |\n|---|---|\n| `x\\|y` | 2 |\n| 3 | 4 |")],
    "a bar in a formula": [prose("| a | m |\n|---|---|\n| 1 | $P(A|B)$ |\n| 2 | $|x|$ |")],
    "a table in a list": [prose("- item\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |")],
    "a table in a quotation": [prose("> | a | b |\n> |---|---|\n> | 1 | 2 |")],
    "a drawing that cuts off": [
        code(shown(image_svg=_drawing('<path stroke="red" d="M-9000 9L9000 40"/><text x="-700" y="20">off</text>')))
    ],
    "two drawings in a line": _html(_drawing('<rect width="20" height="20"/>', 20) * 2 + " icons"),
}  # fmt: skip
