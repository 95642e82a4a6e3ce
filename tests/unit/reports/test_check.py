import re

import pypdfium2
import pytest

from tests.unit.reports.samples import code, frame_html, notebook, prose, saved, shown
from workers.reports import ReportOptions, compilation, conversion, convert_report
from workers.reports.check import CellStart, Loss, located, missing_words, on_pages_of, sentences
from workers.reports.typst_code import Code, call, content, literal


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    pages = []
    for page in document:
        text = page.get_textpage()
        pages.append(text.get_text_range())
        text.close()
        page.close()
    document.close()
    return "\n".join(pages)


AT_RISK = call("report.cell-blocks", call("par", literal("above.")))


@pytest.fixture
def typeset_as(tmp_path, monkeypatch):
    """The report of a notebook of two cells, the code of the second one being what is given."""

    def made(second: Code, **options):
        source = saved(tmp_path, notebook(prose("# Title"), prose("first cell"), prose("second cell")))
        written = conversion._cell_code

        def replaced(draft, cell, *more):
            return content([AT_RISK, second]) if cell.number == 3 else written(draft, cell, *more)

        monkeypatch.setattr(conversion, "_cell_code", replaced)
        pdf = tmp_path / "x.pdf"
        return convert_report(source, pdf, ReportOptions(**options)), re.sub(r"\s+", " ", text_of(pdf))

    return made


OFF = Code('place(dx: 450pt, "BIRMINGHAM UPON AVON")')


@pytest.mark.parametrize(
    ("second", "warning"),
    [
        (OFF, "page 1: 'BIRMINGHAM UPON AVON' runs over the edge of the page"),
        (content([Code('place("BIRMINGHAM")'), Code('place(dx: 40pt, "NaN")')]),
         "page 1: 'BIRMINGHAM' stands over other text"),
        (content([Code('place("BIRMINGHAM")'), Code('place(dx: 66.5pt, "NaN")')]),
         "page 1: 'BIRMINGHAM' and more run into what stands beside them"),
        (Code('if false { "BIRMINGHAM" }'), "'BIRMINGHAM' is missing"),
        (content([call("pagebreak"), OFF, call("pagebreak"), OFF]),
         "pages 2, 3: 'BIRMINGHAM UPON AVON' and more run over the edge of the page"),
    ],
)  # fmt: skip
def test_what_typst_has_lost_leaves_a_note_and_a_warning(typeset_as, second, warning):
    report, text = typeset_as(second)
    assert report.warnings == (f"cell 3: {warning}",)
    assert f"first cell Not all of this can be read here: {re.sub('^pages? [^:]*: ', '', warning)}." in text


def test_with_an_authors_template_words_may_be_left_out_and_edges_count(typeset_as, tmp_path):
    template = tmp_path / "own.typ"
    template.write_text("#let style(..given, body) = { show par: it => upper(it); body }")
    assert typeset_as(literal("a paragraph"), template=template)[0].warnings == ()
    assert typeset_as(OFF, template=template)[0].warnings == (
        "cell 3: page 1: 'BIRMINGHAM UPON AVON' runs over the edge of the page",
    )


@pytest.mark.parametrize(
    ("table", "is_read"),
    [
        (frame_html(200, 6), False),
        (frame_html(3).replace("1.0", "1<br>0"), True),
        (frame_html(3).replace("1.0", "<ul><li>1"), True),
    ],
)
def test_a_good_report_has_no_warning_and_is_set_once_and_is_read_only_when_something_is_at_risk(
    tmp_path, monkeypatch, table, is_read
):
    source = saved(tmp_path, notebook(prose("# Flows of *March* and $x_1$"), code(shown(text_html=table))))
    runs = []
    compiled, losses = compilation._Folder._compiled, compilation.losses
    read = []
    monkeypatch.setattr(compilation, "losses", lambda *given, **named: read.append(1) or losses(*given, **named))
    monkeypatch.setattr(compilation._Folder, "_compiled", lambda self, text: runs.append(1) or compiled(self, text))
    assert convert_report(source, tmp_path / "x.pdf").warnings == ()
    assert (len(runs), len(read)) == (1, int(is_read))


@pytest.mark.parametrize(
    ("text", "page", "missing"),
    [
        ("one two two", "two one two", []),
        ("one two two", "one two", ["two"]),
        ("shop sales", "shopsales", ["sales", "shop"]),
        ("Donaudampf", "Donau\ndampf", []),  # at the end of a line
        ("Donaudampf", "x Donau\ndampfer", ["Donaudampf"]),
        ("Donau\u200bdampf", "Donau\n1 / 2\nRunning head\ndampf", []),  # at the end of a page
        ("Donaudampf", "Donau\n1 / 2\nRunning head\ndampf", ["Donaudampf"]),
        ("n\ue010th and more", "nth and more", []),
        ("\ufb01ne \u00bd", "fine 1\u20442", []),
        ("Vega-Lite", "Vega\x02\nLite", []),
        ("Москва Größe", "Москва", ["Größe"]),
        ("हिन्दी", "", []),  # letters that do not come out of a PDF one by one
    ],
)  # fmt: skip
def test_words_are_found_however_they_are_broken(text, page, missing):
    assert missing_words([text], [page]) == missing


def test_a_loss_is_of_the_cell_that_begins_above_it():
    starts = [CellStart(cell=1, page=1, top=100), CellStart(cell=2, page=1, top=300), CellStart(cell=4, page=3, top=80)]

    def loss(page, top, cells=None):
        return Loss(cells=cells, page=page, top=top, what="'x'", how="over the edge")

    found = [loss(1, 20), loss(1, 200), loss(2, 500), loss(3, 80), loss(4, 0), loss(1, 0, {2, 4}), loss(3, 0, {1, 4})]
    assert [cell for cell, _ in located([*found, loss(None, 0, {4})], starts)] == [0, 1, 2, 4, 4, 2, 4, 4]


def test_losses_are_told_on_the_pages_to_which_their_notes_have_moved_them():
    def loss(what, page):
        return Loss(cells=None, page=page, top=0, what=what, how="over the edge")

    moved = [loss("'a'", 2), loss("'a'", 4), loss("'c'", 9)]
    found = on_pages_of([loss("'a'", 1), loss("'a'", 3), loss("'a'", 5), loss("'b'", 7)], moved)
    assert [each.page for each in found] == [2, 4, 5, 7]


def test_what_is_lost_above_the_cells_is_told_of_the_title(tmp_path, monkeypatch):
    source = saved(tmp_path, notebook(prose("text"), code(shown(text_html="<table><tr><td><ul><li>x</table>"))))
    monkeypatch.setattr(conversion, "shown_parameters", lambda given: [("area", "BIRMINGHAM")])
    look = compilation._LOOK.read_text(encoding="utf-8")
    (tmp_path / "look.typ").write_text(look.replace("strong(name), value)", "strong(name), [])"), encoding="utf-8")
    monkeypatch.setattr(compilation, "_LOOK", tmp_path / "look.typ")
    report = convert_report(source, tmp_path / "x.pdf", ReportOptions(parameters=True))
    assert report.warnings == ("title: 'BIRMINGHAM' is missing",)


def test_many_losses_of_a_cell_are_few_sentences():
    found = [Loss(cells=None, page=page, top=0, what=f"'w{page}'", how="over the edge") for page in range(2, 40)]
    found += [Loss(cells=None, page=2, top=0, what="'w2'", how="over the margin")]
    found += [Loss(cells=None, page=page, top=0, what="a picture", how="over a picture") for page in (3, 3, 9)]
    assert sentences(found, with_pages=True) == [
        "pages 2 to 39: 'w2' and more run over the edge of the page",
        "pages 3, 9: 3 pictures stand over others",
    ]
