"""What is higher or wider than a page: it breaks or is made smaller, and nothing of it is lost."""

import re
from pathlib import Path

import pytest

from tests.unit.reports.pages import Pages, pages_of
from tests.unit.reports.samples import code, notebook, png_text, prose, saved, shown
from workers.reports import ReportOptions, convert_report


def lines(count: int, word: str = "line", between: str = "<br>") -> str:
    return between.join(f"{word}{number}" for number in range(count))


def picture(width: int, height: int) -> str:
    return f'<img src="data:image/png;base64,{png_text(width, height)}">'


def table(*rows: tuple[str, ...], head: tuple[str, ...] = ()) -> str:
    top = "<thead><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr></thead>" if head else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def typeset_pages(folder: Path, *cells: dict, look: str | None = None) -> Pages:
    options = ReportOptions(streams=True)
    if look is not None:
        template = folder / "look.typ"
        template.write_text(f'#import "/report.typ"\n#let style(about, body) = report.document(..about, {look}, body)\n')
        options = ReportOptions(streams=True, template=template)
    report = convert_report(saved(folder, notebook(*cells)), folder / "fitting.pdf", options)
    assert report.warnings == ()
    return pages_of(report.path)


BLOCKS = {
    "a cell of many lines": table(("r", lines(150)), ("s", "x")),
    "a cell with a list": table(("r", f"<ul><li>{lines(150, between='<li>')}</ul>")),
    "a cell with program text": table(("r", f"<pre>{lines(150, between=chr(10))}</pre>")),
    "a cell with paragraphs": table(("r", f"<p>{lines(80, between='<p>')}")),
    "a cell with a table": table(("r", table(("s", lines(150))))),
    "a table in a list": f"<ul><li>{table((lines(150), 'x'))}</ul>",
    "a table in a quotation": f"<blockquote>{table((lines(150), 'x'))}</blockquote>",
    "a table in a coloured block": f"<div style='background: #eee'>{table((lines(150), 'x'))}</div>",
    "rows that belong together": "<table><tr><td rowspan=3>span</td>"
    + "</tr><tr>".join(f"<td>{lines(50, f'part{number}line')}</td>" for number in range(3))
    + "</tr></table>",
    "a head": table(("body1", "body2"), head=(lines(150), "b")),
    "a head of many rows": table(*(("row", "x") for _ in range(60)), head=(lines(60), "b")),
    "a quotation": f"<blockquote><pre>{lines(150, between=chr(10))}</pre></blockquote>",
    "definitions": "<dl>" + "".join(f"<dt>term{number}<dd>{lines(40, f'dd{number}x')}" for number in range(4)) + "</dl>",
    "a caption": f"<table><caption>{lines(900, 'caption', ' ')}</caption><tr><td>1</table>",
}


@pytest.mark.parametrize("look", [None, 'paper: "a6", margin: 1cm, size: 14pt'], ids=["ours", "a6"])
@pytest.mark.parametrize("html", BLOCKS.values(), ids=BLOCKS.keys())
def test_what_no_page_can_hold_breaks(tmp_path, html, look):
    pages = typeset_pages(tmp_path, code(shown(text_html=html)), look=look)
    words = set(re.findall(r"\b[a-z]+[0-9]+(?:[a-z]+[0-9]+)?\b", re.sub("<[^>]*>", " ", html)))
    assert words - pages.words().keys() == set()
    assert pages.outside(8) == []


def test_a_head_that_takes_much_of_a_page_is_not_repeated_on_each(tmp_path):
    pages = typeset_pages(tmp_path, code(shown(text_html=BLOCKS["a head of many rows"])))
    assert len(pages.texts) <= 3
    assert pages.words()["line0"] == 1
    small = table(*((str(number), "x") for number in range(100)), head=("number", "letter"))
    pages = typeset_pages(tmp_path, code(shown(text_html=small)))
    assert pages.words()["number"] == len(pages.texts)


def test_a_small_table_stays_whole(tmp_path):
    cells = [prose("\n\n".join(f"filled{number}" for number in range(34))), code(shown(text_html=table(*[("row", "x")] * 14)))]
    pages = typeset_pages(tmp_path, *cells)
    assert [text.count("row") for text in pages.texts] == [0, 14]


ROWS = r"\\".join(f"x_{{{number}}} &= {number}" for number in range(1000, 1090))
FORMULAS = {
    "lines": f"$$\\begin{{align}}{ROWS}\\end{{align}}$$",
    "a matrix": f"$$\\begin{{pmatrix}}{ROWS.replace('=', '')}\\end{{pmatrix}}$$",
    "a matrix within a line": f"a $\\begin{{matrix}}{ROWS.replace('=', '')}\\end{{matrix}}$ b",
    "a matrix within one of several lines": "$$\\begin{aligned}a&=\\begin{matrix}"
    + ROWS.replace("=", "")
    + r"\end{matrix}\\b&=1000\end{aligned}$$",
    "a wide matrix": "$$\\begin{pmatrix}" + "&".join(map(str, range(1000, 1060))) + "\\end{pmatrix}$$",
    "a long sum": "$$" + "+".join(map(str, range(1000, 1060))) + "$$",
    "a long sum within a line": "a $" + "+".join(map(str, range(1000, 1060))) + "$ b",
    "long sums in cells": "| a | b |\n|--|--|\n| $" + "+".join(map(str, range(1000, 1060))) + "$ | c |",
    "a matrix in a cell": "| a | b |\n|--|--|\n| $\\begin{matrix}"
    + " & ".join(map(str, range(1000, 1060)))
    + "\\end{matrix}$ | c |",
}  # fmt: skip


@pytest.mark.parametrize("look", [None, 'paper: "a6"'], ids=["ours", "a6"])
@pytest.mark.parametrize("source", FORMULAS.values(), ids=FORMULAS.keys())
def test_formulas_break_between_their_lines_or_are_made_smaller(tmp_path, source, look):
    pages = typeset_pages(tmp_path, prose(source), look=look)
    flow = re.sub(r"\s", "", "".join(pages.texts))
    assert [number for number in set(re.findall(r"\b10\d\d\b", source)) if number not in flow] == []
    assert pages.outside(12) == []


@pytest.mark.parametrize("look", [None, 'paper: "a6"', 'paper: "a6", margin: 5mm'], ids=["ours", "a6", "narrow margins"])
@pytest.mark.parametrize(
    "html",
    [
        picture(400, 4000),
        picture(4000, 400),
        f"<p>in a line {picture(400, 4000)} of text</p>",
        f"<p>in a line {picture(4000, 400)} of text</p>",
        f"<ul><li>one {picture(900, 1500)}</ul>",
        f"<img title='{'words of a caption ' * 20}' src=\"data:image/png;base64,{png_text(400, 4000)}\">",
        table((picture(700, 900), "words beside it " * 8), (picture(700, 900), "x")),
        table(tuple(picture(400, 100) for _ in range(6)), tuple("abcdef")),
        table((f"<ul><li>{picture(900, 3000)}</ul>", "x")),
        table((table((picture(900, 900), picture(900, 900))), picture(900, 900))),
    ],
)
def test_pictures_are_whole_within_the_page_and_over_no_other(tmp_path, html, look):
    pages = typeset_pages(tmp_path, code(shown(text_html=html)), look=look)
    assert len(pages.pictures) == html.count("<img")
    for number, (page, left, bottom, right, top) in enumerate(pages.pictures):
        width, height = pages.sizes[page]
        assert min(left, bottom, width - right, height - top) >= 12
        assert min(right - left, top - bottom) > 4
        for other, far_left, below, far_right, above in pages.pictures[:number]:
            apart = right <= far_left + 0.1 or far_right <= left + 0.1 or top <= below + 0.1 or above <= bottom + 0.1
            assert page != other or apart


def test_what_stands_for_a_picture_or_a_player_fits_its_column(tmp_path):
    row = (
        "<td>12345.25</td>" * 4 + "<td><img src='missing-picture.png'></td><td><video src='https://example.org/v'></video></td>"
    )
    options = ReportOptions()
    report = convert_report(
        saved(tmp_path, notebook(code(shown(text_html=f"<table><tr>{row}</tr></table>")))), tmp_path / "a.pdf", options
    )
    pages = pages_of(report.path)
    assert {"included:", "missing-picture.png", "notebook."} <= pages.words().keys()
    assert pages.outside(40) == []
    assert len(report.warnings) == 2


def test_an_empty_formula_is_no_obstacle(tmp_path):
    pages = typeset_pages(tmp_path, prose("$$\\,$$ and $\\,$ or\n\n| a |\n|--|\n| $\\,$ |\n\nafter"))
    assert "after" in pages.words()


def test_printed_text_that_no_page_can_hold_is_not_kept_whole(tmp_path):
    printed = {"output_type": "stream", "name": "stdout", "text": "\n".join(f"line{n} " + "w" * 90 for n in range(14))}
    pages = typeset_pages(tmp_path, code(printed), look='paper: "a6"')
    assert {f"line{number}" for number in range(14)} <= pages.words().keys()
    assert pages.outside(12) == []


MOMENTS = ("2024-01-01 10:20:30", "5 January 2024", "12:30 PM", "2024-01-01T10:00:00+05:45")


def test_dates_and_times_are_never_broken_in_tables(tmp_path):
    prosaic = f"late since {MOMENTS[0]}, by {MOMENTS[1]}, and again at {MOMENTS[2]} or {MOMENTS[3]} " * 3
    row = "".join(f"<td>{cell}</td>" for cell in (*MOMENTS, prosaic, prosaic, "12,345.25 CHF"))
    for look in (None, 'paper: "a6"', 'face: "DejaVu Sans Mono"'):
        pages = typeset_pages(tmp_path, code(shown(text_html=f"<table><tr>{row}</tr></table>")), look=look)
        for moment in (*MOMENTS, "12,345.25 CHF"):
            places = pages.where(moment)
            assert len(places) == (1 if "CHF" in moment else 7)
            for letters in places:
                assert max(one.bottom for one in letters) < min(one.top for one in letters if one.text != " ")


@pytest.mark.parametrize(
    "cell",
    [
        prose("x" * 300),
        prose(f"`{'x' * 300}`"),
        prose(f"[{'x' * 300}](https://example.org/{'y' * 300})"),
        code(shown(text_html=table(("y" * 120, "departure_delay_minutes"), head=("departure_delay_minutes", "a_b")))),
        code({"output_type": "stream", "name": "stdout", "text": "z" * 300}),
        code({"output_type": "stream", "name": "stdout", "text": "\x1b[31m" + "z" * 300}),
        code(shown(text_html="super<wbr>califragilistic")),
        prose("a user's own\u200bbreak"),
    ],
)
def test_long_words_break_and_no_zero_width_space_is_copied_from_the_page(tmp_path, cell):
    pages = typeset_pages(tmp_path, cell)
    flow = "".join(pages.texts)
    assert pages.outside() == []
    assert not set(flow) & set("\u200b\u00ad\ufffe")
    whole = re.sub(r"\s", "", flow)
    assert any(part in whole for part in ("x" * 300, "y" * 120, "z" * 300, "supercalifragilistic", "ownbreak"))
