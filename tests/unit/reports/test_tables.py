import re

import pandas as pd
import pytest

from tests.unit.reports.samples import frame_html
from workers.reports import grids, tables
from workers.reports.column_widths import Need
from workers.reports.draft import Draft
from workers.reports.html import html_code
from workers.reports.markdown import markdown_html
from workers.reports.tree import parsed


@pytest.fixture
def draft(tmp_path):
    return Draft(folder=tmp_path, cell=1)


def grid(html: str) -> grids.Grid:
    table = parsed(html).find("table")
    assert table is not None
    return grids.grid_of(table)


def argument(code: str, name: str) -> str:
    """The value of a named argument of the only table."""
    found: list[str] = re.findall(rf"\b{name}: (\([^()]*\)|\"[^\"]*\"|\w+)", code)
    return found[0]


def test_a_frame_has_a_head_an_index_and_numbers_to_the_right(draft):
    html = (
        "<table><thead><tr><th></th><th>name</th><th>flows</th></tr></thead>"
        "<tbody><tr><th>0</th><td>North</td><td>1,200</td></tr><tr><th>1</th><td>South</td><td>-3.5</td></tr></tbody></table>"
    )
    assert html_code(draft, html) == (
        "report.data-table((widths: ((0.52, 0.52, 0.52, ), (2.53, 2.53, 2.53, ), (2.58, 2.58, 2.58, ), ), "
        'align: (right, left, right, ), header: ((strong(""), strong("name"), strong("flows"), ), ), '
        'body: (report.row-number("0"), "North", "1,200", report.row-number("1"), "South", "-3.5", ), '
        "head-lines: 1, caption: none, level: true, ), whole: true)"
    )


@pytest.mark.parametrize(
    ("texts", "numeric"),
    [
        (["1", "2.5", "-3", "+4", "1e-5", "1,234.5", "12 %", "$ 5", "(3)", ".5"], True),
        (["1", "NaN", "", "None", "<NA>"], True),
        (["1", "...", "60"], True),  # the row in which pandas leaves out others
        (["1", "\u2026", "60"], True),
        (["NaN", ""], False),  # nothing says that they are numbers
        (["2016-01-01"], False),
        (["1", "two"], False),
        ([], False),
    ],
)
def test_a_column_is_numeric_when_all_that_is_present_is_a_number(texts, numeric):
    cells = "".join(f"<tr><td>{text.replace('<', '&lt;')}</td></tr>" for text in texts)
    assert grid(f"<table><thead><tr><th>x</th></tr></thead><tbody>{cells}</tbody></table>").numeric[:1] == [numeric]


def test_a_frame_in_which_pandas_leaves_out_rows_keeps_its_numbers_to_the_right(draft):
    frame = pd.DataFrame({"name": ["north"] * 70, "flows": range(70), "share": [0.5] * 70})
    assert argument(html_code(draft, frame._repr_html_()), "align") == "(right, left, right, right, )"


def test_a_cell_stands_where_its_style_or_its_attribute_says(draft):
    cells = "<td style='text-align: center'>a</td><td align=right>b</td><td align=url(x)>c</td>"
    code = html_code(draft, f"<table><tbody><tr>{cells}</tr></tbody></table>")
    assert 'body: (table.cell("a", align: center), table.cell("b", align: right), "c", )' in code


def test_spans_of_head_and_index_are_kept(draft):
    html = (
        "<table><thead><tr><th></th><th colspan=2>2015</th></tr><tr><th></th><th>mean</th><th>sd</th></tr></thead><tbody>"
        "<tr><th rowspan=2>a</th><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></tbody></table>"
    )
    code = html_code(draft, html)
    assert 'report.group-heading(strong("2015"), colspan: 2, align: center)' in code
    assert 'body: (table.cell(report.row-name("a"), rowspan: 2), "1", "2", "3", "4", )' in code


def test_the_names_of_an_index_move_up_to_the_line_of_the_columns():
    found = grid(
        "<table><thead><tr><th></th><th>flows</th></tr><tr><th>region</th><th></th></tr></thead>"
        "<tbody><tr><th>a</th><td>1</td></tr></tbody></table>"
    )
    assert found.header_rows == 1
    assert [[cell.text for cell in row] for row in found.cells] == [["region", "flows"], ["a", "1"]]


def test_a_line_of_the_head_with_something_over_the_index_is_left_alone():
    found = grid(
        "<table><thead><tr><th>year</th><th>2015</th></tr><tr><th>region</th><th></th></tr></thead>"
        "<tbody><tr><th>a</th><td>1</td></tr></tbody></table>"
    )
    assert found.header_rows == 2


def test_holes_are_filled_and_spans_cut_at_the_edge(draft):
    code = html_code(draft, "<table><tr><td rowspan=99>a</td><td>b</td><td>c</td></tr><tr><td>d</td></tr></table>")
    assert 'body: (table.cell("a", rowspan: 2), "b", "c", "d", [], )' in code


def test_columns_that_only_a_span_reaches_are_left_out():
    assert grid("<table><tr><td colspan=9999>x</td></tr><tr><td>y</td></tr></table>").column_count == 1


def test_a_head_without_a_body_is_shown_as_the_body():
    assert grid("<table><thead><tr><th>only</th></tr></thead></table>").header_rows == 0


@pytest.mark.parametrize(("rows", "cut"), [(1000, False), (1001, True), (5000, True)])
def test_of_more_than_1000_rows_the_first_and_last_500_are_shown(draft, rows, cut):
    code = html_code(draft, frame_html(rows))
    shown = [int(row) for row in re.findall(r'report\.row-number\("(\d+)"\)', code)]
    if not cut:
        assert shown == list(range(rows))
        assert "caption: none" in code
    else:
        assert shown == [*range(500), *range(rows - 500, rows)]
        assert f'caption: "first 500 and last 500 of {rows:,} rows"' in code
        assert f'report.rows-left-out(columns: 3, text: "{rows - 1000:,} rows left out")' in code


def test_an_index_cell_that_reaches_over_the_rows_left_out_is_repeated_after_them(draft):
    rows = "".join(f"<tr>{'<th rowspan=1200>a</th>' if row == 0 else ''}<td>{row}</td></tr>" for row in range(1200))
    code = html_code(draft, f"<table><thead><tr><th>i</th><th>x</th></tr></thead><tbody>{rows}</tbody></table>")
    assert code.count('table.cell(report.row-name("a"), rowspan: 500)') == 2


def test_a_table_with_many_columns_shows_fewer_rows(draft):
    code = html_code(draft, frame_html(500, columns=99))
    assert "first 60 and last 60 of 500 rows" in code


def test_tables_after_very_many_cells_show_their_ends(draft):
    draft.table_cells = tables.REPORT_CELL_LIMIT - 400
    captions = [argument(html_code(draft, frame_html(rows)), "caption") for rows in (100, 100)]
    assert captions == ["none", '"first 10 and last 10 of 100 rows"']


def test_a_wide_table_is_split_in_balanced_pieces_with_the_index_repeated(draft):
    code = html_code(draft, frame_html(3, columns=40))

    assert re.findall(r"columns (\d+) to (\d+) of 40", code) == [("1", "21"), ("22", "40")]
    assert code.count('report.row-number("0")') == 2
    assert [len(re.findall("right|left", piece)) for piece in re.findall(r"align: \(([^()]*)\)", code)] == [22, 20]


@pytest.mark.parametrize(
    ("widths", "index", "pieces"),
    [
        ([10.0] * 4, 0, [[0, 1, 2, 3]]),
        ([10.0] * 6, 1, [[1, 2, 3], [4, 5]]),
        ([20.0] * 4, 0, [[0, 1], [2, 3]]),
        ([20.0] * 5, 0, [[0, 1], [2], [3, 4]]),  # one more than their sum needs
        ([22.0] * 9, 3, [[3], [4], [5], [6], [7], [8]]),  # an index wider than the page
    ],
)
def test_pieces_of_a_wide_table_are_about_equally_wide_and_hold_each_column_once(widths, index, pieces):
    found = tables.column_pieces([Need(wanted=width) for width in widths], index)
    assert found == pieces


def test_a_group_heading_is_cut_where_the_table_is_split(draft):
    heads = "".join(f"<th>{'x' * 20}{column}</th>" for column in range(10))
    html = (
        f"<table><thead><tr><th></th><th colspan=10>group</th></tr><tr><th></th>{heads}</tr></thead>"
        f"<tbody><tr><th>0</th>{'<td>1</td>' * 10}</tr></tbody></table>"
    )
    spans = [
        int(span) for span in re.findall(r'report\.group-heading\(strong\("group"\), colspan: (\d+)', html_code(draft, html))
    ]
    assert spans == [3, 4, 3]


def test_more_than_200_columns_are_cut_and_the_caption_says_so(draft):
    code = html_code(draft, frame_html(2, columns=300))
    assert 'caption: "columns 183 to 199 of 199 · 101 more columns left out"' in code


def test_a_long_heading_may_be_broken_after_an_underscore(draft):
    html = "<table><thead><tr><th>departure_delay_minutes</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    assert 'strong("departure_\u200bdelay_\u200bminutes")' in html_code(draft, html)


def test_colours_of_styled_cells_are_kept(draft):
    html = (
        "<style>#T_1 td {color: red} #T_1_row0_col0, #T_1_row1_col0 {background-color: #00ff00; font-weight: bold}</style>"
        "<table id=T_1><tr><td id=T_1_row0_col0>x</td></tr></table>"
    )
    assert 'table.cell(text("x", fill: rgb(255, 0, 0, 255), weight: "bold"), fill: rgb(0, 255, 0, 255))' in html_code(
        draft, html
    )


def test_markdown_alignment_wins_over_the_guess(draft):
    code = html_code(draft, markdown_html("| a |\n|:-:|\n| x |"))
    assert 'table.cell("x", align: center)' in code


def test_a_table_without_rows_prints_nothing(draft):
    assert html_code(draft, "<table></table>") == "[]"


def test_rows_and_cells_without_end_tags_are_a_table(draft):
    code = html_code(draft, "<table><tr><th>shop<th>sales<tr><td>Bern<td>10<tr><td>Oslo<td>20</table>")
    assert 'header: ((strong("shop"), strong("sales"), ), ), body: ("Bern", "10", "Oslo", "20", )' in code


def test_line_ends_in_cells_are_kept_where_their_style_says_so(draft):
    code = html_code(draft, "<table><tr><td style='white-space: pre-wrap'>a\n b</td><td>c\nd</td></tr></table>")
    assert 'body: ({\n"a"\nlinebreak()\n" b"\n}, "c d", )' in code


def test_a_value_that_is_struck_out_is_seen_to_be(draft):
    code = html_code(draft, "<table><tr><td style='text-decoration: line-through'>7</td></tr></table>")
    assert 'body: (strike("7"), )' in code


def test_bars_of_styled_cells_are_drawn_and_have_room(draft):
    style = "background: linear-gradient(90deg, #5fba7d 25.0%, transparent 25.0%)"
    assert (
        'table.cell(report.bar-text("7"), fill: gradient.linear((rgb(95, 186, 125, 255), 0.00%, ), '
        "(rgb(95, 186, 125, 255), 25.00%, ), (rgb(255, 255, 255, 0), 25.00%, ), (rgb(255, 255, 255, 0), 100.00%, )))"
    ) in html_code(draft, f"<table><tr><td style='{style}'>7</td></tr></table>")


def test_columns_of_scripts_from_right_to_left_stand_to_the_right(draft):
    code = html_code(draft, "<table><tr><td>شمال</td><td>north</td></tr></table>")
    assert "align: (right, left, )" in code
    assert 'report.right-to-left("شمال")' in code


def test_a_full_bar_has_no_edge_at_its_end(draft):
    style = "background: linear-gradient(90deg, #5fba7d 100.0%, transparent 100.0%)"
    assert "gradient.linear((rgb(95, 186, 125, 255), 0.00%, ), (rgb(95, 186, 125, 255), 100.00%, ), " in (
        code := html_code(draft, f"<table><tr><td style='{style}'>7</td></tr></table>")
    )
    assert "255, 255, 255" not in code


@pytest.mark.parametrize(
    ("cells", "side"),
    [
        (["12,346 CHF", "-9,876 CHF", "0 CHF"], "right"),
        (["$1,234", "$-5", "NaN"], "right"),
        (["€ 1 200", "€ 5", "-"], "right"),
        (["1.23***", "0.5*", "-0.4"], "right"),
        (["1.2 ± 0.3", "10.0 ± 1.1", "5 ± 2"], "right"),
        (["12 km", "1.5 km"], "right"),
        (["2024-01-01", "2024-01-02"], "left"),
        (["12A", "7"], "left"),
    ],
)
def test_amounts_stand_to_the_right_whatever_belongs_to_them(draft, cells, side):
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in cells)
    assert argument(html_code(draft, f"<table>{rows}</table>"), "align") == f"({side}, )"


def test_a_moment_in_a_longer_text_is_kept_in_one_piece(draft):
    code = html_code(draft, "<table><tr><td>since 2024-01-01 10:00, late</td><td>2024-01-01 10:00</td></tr></table>")
    assert 'body: ({\n"since "\nbox("2024-01-01 10:00")\n", late"\n}, "2024-01-01 10:00", )' in code
