import pytest
import typst

from tests.unit.reports.samples import png
from workers.reports.readback import Misplaced, read_back, read_piece_by_piece

PAGE = """\
#set page(width: 200pt, height: 300pt, margin: 90pt, header: "head", footer: "1 / 1")
#set text(font: "Libertinus Serif", size: 10pt)
"""
PICTURE = '#image("/picture.png", width: 20pt, height: 20pt)'


@pytest.fixture
def read(tmp_path):
    def pdf_of(body: str):
        (tmp_path / "picture.png").write_bytes(png(20, 20))
        (tmp_path / "drawing.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
            '<path stroke="red" d="M -900 9 L 900 9"/><text x="-500" y="9">cut off</text></svg>'
        )
        (tmp_path / "main.typ").write_text(PAGE + body)
        return read_back(typst.compile(str(tmp_path / "main.typ"), root=str(tmp_path)), pictures=True)

    return pdf_of


@pytest.mark.parametrize(
    ("body", "where", "text"),
    [
        ('#place(dx: 150pt, "BIRMINGHAM")', "over the edge", "BIRMINGHAM"),
        ('#place(dx: -95pt, "BIRMINGHAM")', "over the edge", "BIRMINGHAM"),
        ('#place(dy: 210pt, "BIRMINGHAM")', "over the edge", "BIRMINGHAM"),
        ('#place(dy: -95pt, "BIRMINGHAM")', "over the edge", "BIRMINGHAM"),
        ('#place(dy: 147pt, "BIRMINGHAM")', "over the margin", "BIRMINGHAM"),
        ('#place(dx: -85pt, dy: 147pt, "BIRMINGHAM")', None, ""),  # in the margin, and readable
        ('#place(dx: -80pt, "BIRMINGHAM")', None, ""),
        ('#place("BIRMINGHAM")#place(dx: 30pt, "NaN")', "over text", "BIRMINGHAM"),
        ('#place(dx: 30pt, "NaN")#place("BIRMINGHAM")', "over text", "BIRMINGHAM"),
        ('#place("BIRMINGHAM")#place(dx: 66pt, "\u030d\u0344\u0302\u0489")', None, ""),
        ('#place("BIRMINGHAM")#place(dx: 20pt, dy: 6pt, "NaN")', None, ""),  # lines that are set close
        ('#text(24pt, style: "italic")[of]) and #emph[f]; in $hat(x) sqrt(2)^2 integral_0^1 not in$', None, ""),
        (f"#place(dx: 100pt)[{PICTURE}]", "over the edge", ""),
        (f"#place(dy: 200pt)[{PICTURE}]", "over the edge", ""),
        (f"#place[{PICTURE}]\n#place(dx: 10pt)[{PICTURE}]", "over a picture", ""),
        (f"#place[{PICTURE}]\n#place(dx: 19pt)[{PICTURE}]", None, ""),  # they touch
        (f"#place[{PICTURE}] above it", None, ""),
        ('#box(width: 10pt, height: 20pt, image("/picture.png", width: 10pt, height: 20pt, fit: "cover"))', "cut off", ""),
        ('#box(width: 10pt, height: 20pt, image("/picture.png", width: 10pt, height: 20pt))', "cut off", ""),
        ('#box(width: 10pt, height: 20pt, image("/picture.png", width: 10pt, height: 20pt, fit: "contain"))', None, ""),
        ('#image("/drawing.svg")', None, ""),  # what a drawing cuts off is not seen anyway
    ],
)  # fmt: skip
def test_what_stands_off_the_page_or_over_something_else_is_seen(read, body, where, text):
    found = read(body).misplaced
    assert [(each.page, each.where, each.text) for each in found] == ([(1, where, text)] if where else [])


def test_a_repeated_head_of_a_table_is_no_running_head(read):
    rows = "".join(f"[row {row}]," for row in range(60))
    back = read(f"#set page(margin: (y: 60pt))\n#table(columns: 1, table.header[#text(5pt)[head]], {rows})")
    assert len(back.pages) > 2
    assert back.misplaced == []


def test_the_place_of_a_piece_is_told_from_the_upper_edge(read):
    (found,) = read('#pagebreak()\n#place(dx: 150pt, dy: 30pt, "BIRMINGHAM")').misplaced
    assert found == Misplaced(page=2, top=pytest.approx(120, abs=5), where="over the edge", text="BIRMINGHAM")


def test_words_that_stand_over_each_other_run_together_in_the_text(read):
    text = " ".join(read('#place("BIRMINGHAM")#place(dx: 50pt, "NaN")').pages)
    assert "BIRMINGHAM" not in text.split()


def test_lines_of_one_letter_are_no_word_piece_by_piece():
    pdf = typst.compile(b"#table(columns: 1, [A], [B], [12], [0], [#strong[wo]rd])")
    assert [page.split() for page in read_piece_by_piece(pdf)] == [["A", "B", "12", "0", "word"]]
