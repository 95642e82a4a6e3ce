"""What Typst does with the code of a report, beyond what it refuses."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import require_program
from tests.unit.reports.samples import code, notebook, png_text, prose, saved, shown
from workers.reports import ReportError, ReportOptions, convert_report
from workers.reports.compilation import typeset
from workers.reports.draft import Draft
from workers.reports.typst_code import call, content, literal

FINISHED = datetime(2016, 3, 14, tzinfo=UTC)
IMPORTED = '#import "/report.typ"\n'


def text_of(pdf: Path) -> str:
    pdftotext = require_program("pdftotext", "poppler-utils")
    return subprocess.run([pdftotext, "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("The estimate is\n$$y = 123$$\nwith a small error.", ["estimate", "123", "error"]),
        ("before $$y = 123$$ after", ["before", "123", "after"]),
        ("before\n\\begin{equation}y = 123\\end{equation}\nafter", ["before", "123", "after"]),
        ("**before $$y = 123$$ after**", ["before", "123", "after"]),
        ("*before **bold $$y = 123$$** after*", ["before", "123", "after"]),
        ("before <span style='color: red'>$$y = 123$$</span> after", ["before", "123", "after"]),
        ("> before\n> $$y = 123$$\n> after", ["before", "123", "after"]),
        ("- before $$y = 123$$ after", ["before", "123", "after"]),
        ("| head |\n|---|\n| before $$y = 123$$ after |", ["before", "123", "after"]),
        ("## before $$y = 123$$ after", ["before", "123", "after"]),
        ("[before $$y = 123$$ after](https://a.b/)", ["before", "123", "after"]),
        ("before<sub>low $$y = 123$$</sub> after", ["before", "123", "after"]),
        ("<h2>before <div>123</div> after</h2>", ["before", "123", "after"]),
        ("<dl><dt>before $$y = 123$$</dt><dd>after</dd></dl>", ["before", "123", "after"]),
    ],
)
def test_a_formula_on_a_line_of_its_own_is_printed_wherever_it_stands(tmp_path, source, words):
    report = convert_report(saved(tmp_path, notebook(prose(source))), tmp_path / "x.pdf")
    text = text_of(report.path)
    assert [text.find(word) >= 0 for word in words] == [True] * len(words), text
    assert sorted(words, key=text.find) == words
    assert report.warnings == ()


def test_a_formula_on_its_own_line_that_is_not_understood_is_printed_as_tex_within_a_paragraph(tmp_path):
    report = convert_report(saved(tmp_path, notebook(prose("before $$\\ce{H2O}$$ after"))), tmp_path / "x.pdf")
    assert report.warnings == (r"cell 1: a formula was not understood and is shown as TeX: \ce{H2O}",)
    assert text_of(report.path).split()[:3] == ["before", r"\ce{H2O}", "after"]


@pytest.mark.parametrize("source", ["before ![]({}) after", "> before ![]({}) after", "- before ![]({}) after"])
def test_a_broken_picture_in_a_line_leaves_a_note_in_that_line(tmp_path, source):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    report = convert_report(saved(tmp_path, notebook(prose(source.format("broken.png")))), tmp_path / "x.pdf")
    assert report.warnings == ("cell 1: the image could not be read (not PNG, JPEG, GIF, WebP or SVG)",)
    assert "before An image here could not be read. after" in " ".join(text_of(report.path).split())


def test_what_typst_leaves_out_without_an_error_is_a_warning_of_each_cell(tmp_path):
    draft = Draft(folder=tmp_path)
    lost = call("par", content((literal("a"), call("report.rule"))))
    cells = [(number, lost if number in (2, 5) else call("par", literal("b"))) for number in range(1, 8)]
    pdf, pages = typeset(draft, cells, {}, finished=FINISHED, fonts=())
    assert (pdf[:4], pages) == (b"%PDF", 1)
    sentence = "part of it is missing from the PDF (block may not occur inside of a paragraph and was ignored)"
    assert draft.warnings == [f"cell 2: {sentence}", f"cell 5: {sentence}"]


def test_what_a_template_makes_typst_leave_out_is_a_warning_about_the_template(tmp_path):
    template = tmp_path / "own.typ"
    template.write_text("#let style(about, body) = { par[a #block[b]]\n body }")
    report = convert_report(saved(tmp_path, notebook(prose("x"))), tmp_path / "x.pdf", ReportOptions(template=template))
    assert report.warnings == (
        "template own.typ: something is missing from the PDF (block may not occur inside of a paragraph and was ignored)",
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("#let sytle(about, body) = body", "template own.typ: it defines no function 'style'"),
        ("#let style = 5", "template own.typ: it defines no function 'style'"),
        ('\n#let style(about, body) = image("logo.png")', "template own.typ:2: file not found: logo.png"),
        ('#let style(about, body) = image("/logo.png")', "template own.typ:1: file not found: /logo.png"),
        ('#import "house.typ": face\n#let style(about, body) = body', "template own.typ:1: file not found: house.typ"),
        ('#import "empty.typ": face\n#let style(about, body) = body', "template own.typ:1: unresolved import"),
    ],
)
def test_what_a_template_lacks_is_told_in_words_of_its_author(tmp_path, content, sentence):
    template = tmp_path / "own.typ"
    template.write_text(content)
    (tmp_path / "empty.typ").write_text("")
    with pytest.raises(ReportError) as refused:
        convert_report(saved(tmp_path, notebook(prose("x"))), tmp_path / "x.pdf", ReportOptions(template=template))
    assert str(refused.value) == sentence


def test_with_a_template_that_needs_the_title_a_bad_picture_costs_that_picture_alone(tmp_path):
    damaged = "/9j/4AAEYWL/wAALCAAgADABAREAES4u/9k="  # a JPEG with a head and an end, and nothing between
    template = tmp_path / "own.typ"
    template.write_text(IMPORTED + "#let style(about, body) = { strong(about.title)\n body }")
    cells = (prose("# Flows"), code(shown(image_jpeg=damaged)), code(shown(image_png=png_text(300, 200))))
    report = convert_report(saved(tmp_path, notebook(*cells)), tmp_path / "x.pdf", ReportOptions(template=template))
    assert report.warnings == ("cell 2: the image could not be read (refused by Typst)",)
    assert b"/Subtype/Image" in report.path.read_bytes()
