import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reports.samples import png_text
from workers.reports.draft import Draft
from workers.reports.html import html_code
from workers.reports.markdown import markdown_html
from workers.reports.tree import parsed

RULE = "|---|---|"


def table(markdown: str) -> list[list[str]]:
    """The cells of the only table, row by row, formulas between dollar signs."""
    found = parsed(markdown_html(markdown)).find_all("table")
    if not found:
        return []
    (only,) = found
    for formula in only.find_all("tex"):
        formula.children = parsed(f"${formula.get_text()}$").children
    return [[cell.get_text() for cell in row.own("td", "th")] for row in only.find_all("tr")]


@pytest.mark.parametrize(
    ("markdown", "rows"),
    [
        (f"| a | b |\n{RULE}\n| 1 | 2 |", [["a", "b"], ["1", "2"]]),
        ("a | b\n--- | ---\n1 | 2", [["a", "b"], ["1", "2"]]),
        ("| a |\n|---|\n| 1 |", [["a"], ["1"]]),
        # rows that are too short or too long
        (f"| a | b |\n{RULE}\n| 1 |\n| 2 | 3 |", [["a", "b"], ["1", ""], ["2", "3"]]),
        (f"| a | b |\n{RULE}\n1\n| 2 | 3", [["a", "b"], ["1", ""], ["2", "3"]]),
        (f"| a | b |\n{RULE}\n| 1 | 2 | 3 |", [["a", "b", ""], ["1", "2", "3"]]),
        (f"| a | b |\n{RULE}\n| | 2 |", [["a", "b"], ["", "2"]]),
        (f"| a | b |\n{RULE}", [["a", "b"]]),
        # bars in code, in formulas, and escaped
        (f"| a | b |\n{RULE}\n| `x|y` | 2 |", [["a", "b"], ["x|y", "2"]]),
        (f"| a | b |\n{RULE}\n| ``x|`y`` | `z\\|` |", [["a", "b"], ["x|`y", "z|"]]),
        (f"| a | b |\n{RULE}\n| $P(A|B)$ | $|x|$ |", [["a", "b"], ["$P(A|B)$", "$|x|$"]]),
        (f"| a | b |\n{RULE}\n| $ |x| $ | \\| |", [["a", "b"], ["$ |x| $", "|"]]),
        # where tables stand
        (f"text before\n| a | b |\n{RULE}\n| 1 | 2 |", [["a", "b"], ["1", "2"]]),
        (f"> | a | b |\n> {RULE}\n> | 1 |", [["a", "b"], ["1", ""]]),
        (f"- item\n\n  | a | b |\n  {RULE}\n  | 1 | 2 | 3 |", [["a", "b", ""], ["1", "2", "3"]]),
        (f"1. | a | b |\n   {RULE}\n   | 1 | 2 |", [["a", "b"], ["1", "2"]]),
        (f"| a | b |\n{RULE}\n| 1 | 2 |\n\nafter | it", [["a", "b"], ["1", "2"]]),
        (f"| a | b |\n{RULE}\n| 1 | 2 |\n# Heading | no row", [["a", "b"], ["1", "2"]]),
        (f"| a | b |\n{RULE}\n| 1 | 2 |\n- no row", [["a", "b"], ["1", "2"]]),
        (f"| *a* | [b](https://c.d) |\n{RULE}\n| ~~1~~ | <b>2</b> |", [["a", "b"], ["1", "2"]]),
        # no tables
        ("a | b\nc | d", []),
        ("| a | b |\n|---|", []),
        (f"| a |\n{RULE}\n| 1 |", []),
        ("Heading | text\n---", []),
        (f"```\n| a | b |\n{RULE}\n```", []),
    ],
)
def test_tables_of_markdown_are_read_as_github_reads_them(markdown, rows):
    assert table(markdown) == rows


def test_columns_stand_where_the_line_below_the_head_says():
    html = markdown_html("| a | b | c | d |\n|:-|:-:|-:|-|\n| 1 | 2 | 3 | 4 | 5 |")
    assert re.findall(r"<th( [^>]*)?>", html) == [
        ' style="text-align:left"', ' style="text-align:center"', ' style="text-align:right"', "", "",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["| a | b |\n", "|---|---|\n", "|", "| `", "a | b\n--- | ---\n"])
def test_very_many_lines_of_tables_are_read_in_one_go(line):
    assert "a" in markdown_html("a\n\n" + line * 5_000)


_CELLS = st.lists(st.sampled_from(["word", "7", "`a|b`", "$|x|$", "*it*", "", "a\\|b", "$5"]), min_size=1, max_size=5)


@given(st.lists(_CELLS, min_size=1, max_size=5), st.sampled_from(["", "> ", "- "]))
def test_every_cell_of_a_table_is_kept_however_long_its_rows_are(rows, before):
    lines = ["| x | y |", RULE, *(f"| {' | '.join(cells)} |" for cells in rows)]
    after = "  " if before == "- " else before
    found = table("\n".join((before if number == 0 else after) + line for number, line in enumerate(lines)))
    plain = {"`a|b`": "a|b", "*it*": "it", "a\\|b": "a|b"}
    assert [[cell for cell in row if cell] for row in found[1:]] == [
        [plain.get(cell, cell) for cell in cells if cell] for cells in rows
    ]


@pytest.mark.parametrize(
    ("name", "markdown"),
    [
        ("q.png", "![a](attachment:q.png)"),
        ("my%20q.png", "![a](attachment:my%20q.png)"),
        ("my q.png", "![a](attachment:my%20q.png)"),
        ("q.png", '<img src="attachment:q.png" alt="a"/>'),
        ("q.png", "<img alt=a src=attachment:q.png>"),
        ("q.png", "<IMG alt=a SRC = 'attachment:q.png' width='4'>"),
        ("my q.png", '<img src="attachment:my%20q.png" alt="a">'),
        ("a&b.png", '<img src="attachment:a&amp;b.png" alt="a">'),
        ("q.png", '<p align="center"><img src="attachment:q.png" alt="a"></p>'),
    ],
)
def test_an_attached_picture_is_shown_whichever_way_it_is_named(name, markdown):
    draft = Draft(folder=Path(), cell=7)
    code = html_code(draft, markdown_html(markdown, {name: {"image/png": png_text()}}))
    assert 'report.figure-image("figure-1.png"' in code
    assert draft.warnings == []


def test_an_attached_picture_in_a_line_of_text_and_in_a_table_is_shown():
    draft = Draft(folder=Path(), cell=7)
    picture = '<img src="attachment:q.png">'
    source = f"see {picture} here\n\n| a | b |\n{RULE}\n| {picture} | ![b](attachment:q.png) |"
    code = html_code(draft, markdown_html(source, {"q.png": {"image/png": png_text()}}))
    assert code.count("report.inline-image(") == 3
    assert draft.warnings == []


def test_an_attachment_that_is_missing_leaves_a_note_and_a_warning():
    draft = Draft(folder=Path(), cell=7)
    assert html_code(draft, markdown_html('<img src="attachment:no.png" alt="flows">')) == 'report.missing-image("flows")'
    assert draft.warnings == ["cell 7: the image attachment:no.png was left out (an attachment that is missing)"]
