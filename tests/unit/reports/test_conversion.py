import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import pytest

from tests.conftest import require_program
from tests.unit.reports.samples import HOSTILE, code, failed, frame_html, notebook, png_text, prose, saved, shown
from workers.reports import Report, ReportError, ReportOptions, convert_report

REPORT = notebook(
    code(shown(text_markdown="# Flows of March"), source="hidden()", tags=["hide_input"]),
    code(source="reference_date = '2016-03-14'", tags=["parameters"]),
    prose("Some *prose*, a formula $x^2$ and [a jump](#Tables)."),
    prose("## Tables"),
    code(shown(text_html=frame_html(200))),
    code(shown(image_png=png_text(300, 200)), source="plot()"),
    code({"output_type": "stream", "name": "stdout", "text": "printed"}),
)


def text_of(pdf: Path) -> str:
    pdftotext = require_program("pdftotext", "poppler-utils")
    return subprocess.run([pdftotext, "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout


def test_a_notebook_becomes_a_pdf_and_folders_are_made(tmp_path):
    pdf = tmp_path / "reports" / "march" / "flows.pdf"
    report = convert_report(saved(tmp_path, REPORT), pdf, ReportOptions(reference_date="2016-03-14"))
    assert report == Report(path=pdf, pages=5, warnings=())
    assert pdf.read_bytes().startswith(b"%PDF")
    assert [path.name for path in pdf.parent.iterdir()] == ["flows.pdf"]


def test_the_report_has_its_title_date_page_numbers_and_repeated_heads_but_no_code_and_no_prints(tmp_path):
    pdf = tmp_path / "flows.pdf"
    convert_report(saved(tmp_path, REPORT), pdf, ReportOptions(reference_date="2016-03-14"))
    pages = text_of(pdf).split("\f")
    assert pages[0].split("\n")[0].strip() == "Flows of March"
    assert "Reference date: 2016-03-14" in pages[0]
    assert all(f"{number}/5" in page.replace(" ", "") for number, page in enumerate(pages[:5], start=1))
    assert all(re.search(r"^\s*c0\s+c1$", page, re.MULTILINE) for page in pages[:4])
    assert not any(hidden in "".join(pages) for hidden in ("hidden()", "plot()", "printed"))


def test_code_and_prints_are_shown_when_asked_for_but_never_parameters(tmp_path):
    pdf = tmp_path / "flows.pdf"
    convert_report(saved(tmp_path, REPORT), pdf, ReportOptions(code=True, streams=True))
    text = text_of(pdf)
    assert "plot()" in text
    assert "printed" in text
    assert "reference_date =" not in text


@pytest.mark.parametrize(("given", "title"), [(None, "Flows of March"), ("Given", "Given")])
def test_the_title_is_kept_in_the_metadata(tmp_path, given, title):
    pdf = tmp_path / "flows.pdf"
    convert_report(saved(tmp_path, REPORT), pdf, ReportOptions(title=given))
    pdfinfo = require_program("pdfinfo", "poppler-utils")
    information = subprocess.run([pdfinfo, str(pdf)], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^Title: +(.*)$", information, re.MULTILINE) == [title]


def test_typst_code_in_a_notebook_is_printed_as_it_stands(tmp_path):
    hostile = notebook(
        prose(HOSTILE),
        code(shown(text_plain=HOSTILE), failed(HOSTILE, HOSTILE, [HOSTILE]), source=HOSTILE),
        prose(f"$\\text{{{HOSTILE}}}$"),
    )
    pdf = tmp_path / "x.pdf"
    convert_report(saved(tmp_path, hostile), pdf, ReportOptions(code=True, title=HOSTILE, reference_date=HOSTILE))
    text = text_of(pdf)
    assert text.count('#read("/etc/passwd")') >= 6
    assert "root:" not in text


def test_a_broken_picture_costs_a_note_and_not_the_report(tmp_path):
    pdf = tmp_path / "x.pdf"
    report = convert_report(saved(tmp_path, notebook(prose("before"), code(shown(image_png="AAAA")), prose("after"))), pdf)
    assert report.warnings == ("cell 2: the image could not be read (not PNG, JPEG, GIF, WebP or SVG)",)
    assert re.findall("before|An image here could not be read.|after", text_of(pdf)) == [
        "before",
        "An image here could not be read.",
        "after",
    ]


def test_a_picture_that_only_typst_finds_broken_costs_a_note_and_not_the_report(tmp_path):
    damaged = "/9j/4AAEYWL/wAALCAAgADABAREAES4u/9k="  # a JPEG with a head and an end, and nothing between
    pdf = tmp_path / "x.pdf"
    report = convert_report(saved(tmp_path, notebook(prose("before"), code(shown(image_jpeg=damaged)))), pdf)
    assert report.warnings == ("cell 2: the image could not be read (refused by Typst)",)
    assert "An image here could not be read." in text_of(pdf)


def test_a_failed_run_says_so_at_the_top(tmp_path):
    banner = prose(
        "<span style='color:red'>An Exception was encountered at '<a href='#x'>In [4]</a>'.</span>",
        tags=["papermill-error-cell-tag"],
    )
    pdf = tmp_path / "x.pdf"
    convert_report(saved(tmp_path, notebook(banner, prose("# Flows"))), pdf)
    assert "An Exception was encountered at 'In [4]'." in text_of(pdf)


@pytest.mark.parametrize("cells", [[], [prose("")], [code(source="x")]])
def test_a_notebook_that_shows_nothing_becomes_an_empty_page(tmp_path, cells):
    assert convert_report(saved(tmp_path, notebook(*cells)), tmp_path / "x.pdf").pages == 1


def test_a_file_that_is_not_a_notebook_gives_one_sentence_and_leaves_the_old_report(tmp_path):
    broken, pdf = tmp_path / "broken.ipynb", tmp_path / "old.pdf"
    broken.write_bytes(b'{"cells": [')
    pdf.write_bytes(b"the old report")
    with pytest.raises(ReportError) as refused:
        convert_report(broken, pdf)
    assert str(refused.value) == f"not a readable notebook: {broken} (it is not JSON)"
    assert pdf.read_bytes() == b"the old report"


def test_a_missing_notebook_gives_one_sentence(tmp_path):
    with pytest.raises(ReportError) as refused:
        convert_report(tmp_path / "no.ipynb", tmp_path / "x.pdf")
    assert str(refused.value) == f"not a readable notebook: {tmp_path / 'no.ipynb'} (there is no such file)"


def test_a_report_that_cannot_be_written_gives_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    pdf = tmp_path / "file" / "x.pdf"
    with pytest.raises(ReportError) as refused:
        convert_report(saved(tmp_path, notebook()), pdf)
    assert re.fullmatch(
        f"the report cannot be written to {re.escape(str(pdf))}: (File exists|Not a directory)", str(refused.value)
    )


def test_two_threads_make_the_same_bytes_at_once(tmp_path):
    source = saved(tmp_path, notebook(prose("# Flows"), code(shown(text_html=frame_html(20)))))

    def convert(number: int) -> bytes:
        return convert_report(source, tmp_path / f"{number % 2}.pdf").path.read_bytes()

    with ThreadPoolExecutor(2) as threads:
        made = set(threads.map(convert, range(6)))
    assert len(made) == 1


def test_the_end_of_the_run_is_the_date_of_the_pdf(tmp_path):
    pdf = tmp_path / "x.pdf"
    convert_report(saved(tmp_path, notebook(papermill={"end_time": "2016-03-14T12:30:00.123456"})), pdf)
    assert b"/CreationDate(D:20160314123000Z)" in pdf.read_bytes()
    convert_report(saved(tmp_path, notebook(papermill={"end_time": "yesterday"})), pdf)
    assert b"/CreationDate" not in pdf.read_bytes()


def test_the_package_is_imported_without_the_heavy_ones():
    heavy = "{'typst', 'nbconvert', 'selectolax', 'latex2mathml', 'nbformat', 'mistune', 'pydantic', 'yaml'}"
    program = f"import sys, workers.reports; print({heavy} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert result.stdout.strip() == "set()"


def test_fonts_that_are_given_set_scripts_that_ours_do_not_have(tmp_path):
    source = saved(tmp_path, notebook(prose("# Flows\n\nᐁᐊ")))
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    (fonts / "broken.ttf").write_text("no font")
    with_none = used_fonts(convert_report(source, tmp_path / "x.pdf", ReportOptions(font_directories=(fonts,))).path)
    given = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    shutil.copy(given, fonts)
    with_one = used_fonts(convert_report(source, tmp_path / "x.pdf", ReportOptions(font_directories=(fonts,))).path)
    assert not any(name.startswith("DejaVuSans") for name in with_none)
    assert any(name.startswith("DejaVuSans") for name in with_one)


def test_letters_that_no_font_has_are_a_warning(tmp_path):
    fonts, put = tmp_path / "fonts", "put one that does into a folder 'fonts' beside the workflow file"
    source = saved(
        tmp_path, notebook(prose("# Flows ᐁ"), prose("Zürich Θήβα Ржев שלום ∑ ✓ e\u0301 \u200bx"), prose("ᐊ, and ᐁ"))
    )
    without = convert_report(source, tmp_path / "x.pdf")
    assert without.warnings == (f"cell 1: no font has ᐁ; {put}", f"cell 3: no font has ᐁ ᐊ; {put}")
    titled = convert_report(source, tmp_path / "x.pdf", ReportOptions(title="ᐂ"))
    assert titled.warnings == (*without.warnings, f"title: no font has ᐂ; {put}")
    named = convert_report(source, tmp_path / "x.pdf", ReportOptions(font_directories=(fonts,)))
    put = f"put one that does into the folder {fonts}"
    assert named.warnings == (f"cell 1: no font has ᐁ; {put}", f"cell 3: no font has ᐁ ᐊ; {put}")
    fonts.mkdir()
    shutil.copy(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", fonts)
    assert convert_report(source, tmp_path / "x.pdf", ReportOptions(font_directories=(fonts,))).warnings == ()


def used_fonts(pdf: Path) -> set[str]:
    pdffonts = require_program("pdffonts", "poppler-utils")
    listed = subprocess.run([pdffonts, str(pdf)], capture_output=True, text=True, check=True).stdout
    return {line.split()[0].partition("+")[2] for line in listed.splitlines()[2:]}


def test_parameters_stand_under_the_title_when_asked_for(tmp_path):
    parameters = {"day": "2016-03-14", "areas": ["north", 5], "long": "x" * 300, "odd": None}
    source = saved(tmp_path, notebook(prose("# Flows"), papermill={"parameters": parameters}))
    text = text_of(convert_report(source, tmp_path / "x.pdf", ReportOptions(parameters=True)).path)
    words = text.split()
    assert words[:6] == ["Flows", "day", "2016-03-14", "areas", '["north",', "5]"]
    assert "".join(words).partition("long")[2].partition("odd")[0].count("x") == 199
    assert words[words.index("odd") + 1] == "null"
    assert "2016-03-14" not in text_of(convert_report(source, tmp_path / "x.pdf").path)


@pytest.mark.parametrize("form", ["pdf", "html"])
@pytest.mark.parametrize("given", ["by the caller", "in the notebook's metadata", "by the heading alone"])
def test_a_title_appears_once_wherever_its_heading_stands(tmp_path, given, form):
    cells = prose("Introduction"), code(shown(text_markdown="# Flows of  March")), prose("More"), prose("# Another")
    title = "Flows of March"
    source = notebook(*cells, **({"title": title} if given == "in the notebook's metadata" else {}))
    options = ReportOptions(format=form, title=title if given == "by the caller" else None)
    target = tmp_path / f"flows.{form}"
    convert_report(saved(tmp_path, source), target, options)
    text = text_of(target) if form == "pdf" else re.sub(r"<head>.*</head>", "", target.read_text(), flags=re.DOTALL)
    assert " ".join(text.split()).count("Flows of March") == 1
    assert all(word in text for word in ("Introduction", "More", "Another"))


def test_a_title_given_besides_leaves_the_heading_in_its_place(tmp_path):
    pdf = tmp_path / "flows.pdf"
    convert_report(saved(tmp_path, notebook(prose("# Flows"), prose("x"))), pdf, ReportOptions(title="Given"))
    assert re.findall(r"Given|Flows", text_of(pdf)) == ["Given", "Flows"]
