import json
import random
import string
from pathlib import Path

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.reports.pages import pages_of
from tests.unit.reports.samples import code, notebook, png_text, saved, shown
from workers.reports import ReportOptions, convert_report
from workers.reports.column_widths import SPACE, Need, Ruler, units, widen_for_spans
from workers.reports.compilation import typeset_fonts
from workers.reports.draft import Draft
from workers.reports.html import html_code
from workers.reports.letter_widths import text_width
from workers.reports.stylesheet import Stylesheet
from workers.reports.tree import parsed

LOOK = Path(__file__).parents[3] / "workers" / "reports" / "report.typ"
SHARED = """
#let cases = json(bytes(sys.inputs.cases))
#context [#metadata(cases.map(((needs, width)) => {
  let size = type-size((needs,), width * 1pt)
  (size / 1pt, column-widths(needs, width * 1pt / size))
})) <widths>]
"""

lengths = st.floats(0.5, 30).map(lambda value: round(value, 2))
needs_of_a_column = st.tuples(lengths, lengths, lengths).map(sorted)
tables = st.tuples(st.lists(needs_of_a_column, min_size=1, max_size=25), st.floats(60, 800))


def shared_out(cases):
    """For each case, needs and a width in points, the size of type and the widths in units of it that Typst comes to."""
    source = LOOK.read_text(encoding="utf-8") + SHARED
    inputs = {"cases": json.dumps(cases)}
    return json.loads(
        typst.query(source.encode(), "<widths>", field="value", one=True, font_paths=typeset_fonts(()), sys_inputs=inputs)
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(tables, min_size=20, max_size=60))
def test_columns_are_never_narrower_than_their_words_and_together_never_wider_than_the_text(cases):
    for (needs, width), (size, widths) in zip(cases, shared_out(cases), strict=True):
        assert 0 < size <= 9
        assert all(found >= least - 1e-9 for found, (least, _, _) in zip(widths, needs, strict=True))
        assert all(found <= whole + 1e-9 for found, (_, _, whole) in zip(widths, needs, strict=True))
        assert (sum(widths) + SPACE * len(widths)) * size <= width + 1e-6


@pytest.mark.parametrize(
    ("needs", "width", "size", "widths"),
    [
        ([(1, 2, 3), (4, 5, 6)], 459, 9, [3, 6]),  # all on one line
        ([(1, 10, 100), (1, 5, 5)], 9 * (40 + 2 * SPACE), 9, [35, 5]),  # prose takes what numbers leave
        ([(5, 30, 30), (5, 30, 30)], 8 * (60 + 2 * SPACE), 8, [30, 30]),  # type is made smaller
        ([(5, 80, 80), (5, 80, 80)], 6 * (60 + 2 * SPACE), 6, [30, 30]),  # not below six points, then lines break
        ([(60, 80, 80), (20, 80, 80)], 3 * (80 + 2 * SPACE), 3, [60, 20]),  # but for words that would not fit
    ],
)
def test_a_table_is_set_in_type_of_9_points_or_as_small_as_it_has_to_be(needs, width, size, widths):
    ((found_size, found),) = shared_out([(needs, width)])
    assert found_size == pytest.approx(size, rel=0.002)
    assert found == pytest.approx(widths, rel=0.005)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [""]),
        ("one", ["one"]),
        ("one two", ["one", "two"]),
        ("departure_\u200bdelay", ["departure_", "delay"]),
        ("12,346 CHF", ["12,346 CHF"]),
        ("2024-01-01 10:00", ["2024-01-01 10:00"]),
        ("at 2024-01-01 10:00 sharp", ["at", "2024-01-01\u00a010:00", "sharp"]),
        ("東京都庁舎", ["東京都", "庁舎"]),
        ("in 東京 now", ["in", "東京", "now"]),
    ],
)
def test_a_line_is_broken_between_words_but_within_no_number_and_no_moment(text, found):
    assert units(text) == found


def need_of(cell: str) -> Need:
    document = parsed(f"<table><tr><td>{cell}</td></tr></table>")
    need = Need()
    Ruler(Stylesheet(document), knows_letters=True).take_element(need, document.find_all("td")[0])
    return need


def test_markup_in_a_cell_makes_it_wider_and_its_lines_are_measured_one_by_one():
    plain, lines = need_of("<i>first</i> second"), need_of("first<br>second")
    assert lines.least == text_width("second", bold=True)
    assert plain.least > lines.least  # some letters are wider in italics
    assert lines.whole < plain.whole
    assert need_of("<ul><li>second</ul>").least > lines.least
    assert need_of("<code>second</code>").least > lines.least
    assert need_of("<span style='font-size: 2em'>second</span>").least == pytest.approx(2 * lines.least)
    assert need_of("<pre>a\nsecond</pre>").whole < need_of("<pre>a second</pre>").whole
    assert need_of("<table><tr><td>second<td>second</table>").least > 2 * lines.least


def test_pictures_formulas_and_letters_of_other_fonts_are_left_to_typst():
    assert len(need_of("<img src=x.png>").pictures) == 1
    assert len(need_of("<tex>x</tex>").formulas) == 1
    assert list(need_of("<b>नेपाल</b> two").words) == ["नेपाल"]
    assert need_of("<b>two</b>").is_known


def test_columns_are_widened_by_what_stands_over_several_of_them():
    needs = [Need(least=1, wanted=1, whole=1), Need(least=1, wanted=4, whole=9)]
    widen_for_spans(needs, [((0, 1), Need(least=6 + SPACE))])
    assert [(need.least, need.wanted, need.whole) for need in needs] == [(3, 3, 3), (3, 4, 9)]


def table_of_words(draw: random.Random) -> tuple[str, list[str]]:
    """A table in which no two words are alike, and its words."""
    columns, words = draw.randint(1, 9), []
    alphabet = draw.choice(
        [string.ascii_letters, string.ascii_uppercase + "JJJJJ", string.digits + "abcdef", "ÄÖÜéñçßŁабвгДЖЩλΩπ"]
    )

    def cell(name: str) -> str:
        made = []
        for _ in range(draw.choice([1, 1, 1, 2, 6])):
            made.append(f"q{len(words)}q" + "".join(draw.choices(alphabet, k=draw.choice([1, 4, 9, 20]))) + "q")
            words.append(made[-1])
        style = draw.choice(["", "", " style='font-style: italic'", " style='font-weight: bold'", " style='font-size: 1.5em'"])
        inner = draw.choice(["{}", "{}", "{}", "<b>{}</b>", "<code>{}</code>", "<ul><li>{}</ul>", "<b><i>{}</i></b>"])
        return f"<{name}{style}>{inner.format(draw.choice([' ', '<br>']).join(made))}</{name}>"

    head = "".join(cell("th") for _ in range(columns))
    rows = "".join(f"<tr>{''.join(cell('td') for _ in range(columns))}</tr>" for _ in range(draw.randint(1, 6)))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>", words


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("look", ["ours", "narrow", "other face"])
def test_no_word_runs_over_the_edge_of_its_column(tmp_path, seed, look):
    draw = random.Random(seed)
    tables = [table_of_words(draw) for _ in range(5)]
    template = tmp_path / "look.typ"
    chosen = {"narrow": 'paper: "a6"', "other face": 'face: "DejaVu Sans Mono"'}.get(look, "")
    template.write_text(
        f'#import "/report.typ"\n#let style(about, body) = report.document(..about, {chosen}, body)\n', encoding="utf-8"
    )
    pdf = tmp_path / "tables.pdf"
    cells = [code(shown(text_html=html)) for html, _ in tables]
    convert_report(saved(tmp_path, notebook(*cells)), pdf, ReportOptions(template=None if look == "ours" else template))
    pages = pages_of(pdf)
    assert pages.outside() == []
    found = pages.words()
    for _, words in tables:
        for word in words:
            assert found[word] >= 1, word
            for letters in pages.where(word):
                assert max(letter.bottom for letter in letters) < min(letter.top for letter in letters), word


def test_pictures_in_cells_share_the_width_that_the_text_leaves(tmp_path):
    picture = f'<img src="data:image/png;base64,{png_text(700, 200)}">'
    row = f"<tr><td>{'a few words beside it ' * 3}</td><td>{picture}</td><td>{picture}</td><td>{picture}</td></tr>"
    pdf = tmp_path / "pictures.pdf"
    convert_report(saved(tmp_path, notebook(code(shown(text_html=f"<table>{row}</table>")))), pdf)
    pages = pages_of(pdf)
    assert len(pages.pictures) == 3
    edges = [edge for _, left, _, right, _ in sorted(pages.pictures) for edge in (left, right)]
    assert edges == sorted(edges)  # none over another
    assert edges[-1] <= 595 - 60
    widths = [right - left for _, left, _, right, _ in pages.pictures]
    assert max(widths) - min(widths) < 2
    assert min(widths) > 70


def test_a_wide_table_has_type_of_one_size_in_all_its_pieces(tmp_path):
    # the last piece is narrower than the first
    heads = "".join(f"<th>{'wide_heading_' if column < 12 else ''}{column}</th>" for column in range(30))
    html = f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{'<td>12345678.25</td>' * 30}</tr></tbody></table>"
    pdf = tmp_path / "wide.pdf"
    convert_report(saved(tmp_path, notebook(code(shown(text_html=html)))), pdf)
    pages = pages_of(pdf)
    heights = {
        round(letter.top - letter.bottom, 1)
        for letters in pages.where("12345678.25")
        for letter in letters
        if letter.text == "8"
    }
    assert "columns 1 to" in pages.texts[0]
    assert len(heights) == 1


def test_a_column_of_known_letters_leaves_nothing_to_measure(tmp_path):
    written = html_code(Draft(folder=tmp_path), "<table><tr><td>Zürich</td><td>12 km</td></tr></table>")
    assert "asked" not in written
    assert "level: true" in written


@pytest.mark.parametrize("blank", [" ", "\u200b"])
@pytest.mark.parametrize("knows_letters", [True, False])
def test_how_long_a_head_takes_grows_with_its_length_and_no_faster(blank, knows_letters):
    class Counting(Ruler):
        letters = 0

        def width(self, text, *, bold):
            self.letters += len(text)
            return super().width(text, bold=bold)

    text = blank.join(["word"] * 2_000)
    ruler = Counting(Stylesheet(parsed("")), knows_letters=knows_letters)
    ruler.take_heading(Need(), text)
    assert ruler.letters < 100 * len(text)


def test_a_long_head_is_broken_near_its_middle_and_at_a_blank_where_there_is_one():
    ruler, needed = Ruler(Stylesheet(parsed("")), knows_letters=True), Need()
    ruler.take_heading(needed, "a " + "i_\u200b" * 30 + "b")
    half = text_width("i_" * 15, bold=True)
    assert needed.wanted == pytest.approx(half, abs=1.5)
    assert needed.whole == pytest.approx(text_width("i_\u200b" * 30 + "b", bold=True))
