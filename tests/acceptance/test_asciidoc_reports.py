"""Reports by an asciidoc template: what they show of a notebook, what they warn of, and that they read nothing of others."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.test_report_templates import AUTOFLOW_STYLE, text_of
from tests.conftest import require_program
from tests.unit.reports.samples import code, failed, notebook, png, png_text, prose, saved, shown
from workers.reports import Report, ReportOptions, convert_report

#: a template that trusts what it shows: macros and attributes in outputs count
CREDULOUS = """\
{%- for cell in nb.cells -%}
{%- if cell.cell_type == "markdown" %}
{{ cell.source | markdown2asciidoc }}
{% endif -%}
{%- for output in cell.outputs -%}
{{ output.data["text/plain"] }}
{% if "text/html" in output.data %}
{{ output.data["text/html"] | convert_pandoc("html", "asciidoc") }}
{% endif %}
{% if "image/svg+xml" in output.data %}
image::{{ output.metadata.filenames["image/svg+xml"] }}[]
{% endif %}
{%- endfor -%}
{%- endfor -%}
"""
SECRET_SIZE = (37, 41)  # pixels; no other picture here has it
SECRET_WORDS = "words of somebody else"


@pytest.fixture(autouse=True, scope="module")
def programs() -> None:
    require_program("asciidoctor-pdf", "ruby-asciidoctor-pdf")
    require_program("pandoc", "pandoc")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder of somebody else: a picture, a page of PDF, a look of pages that shows the picture, a font."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "secret.png").write_bytes(png(*SECRET_SIZE))
    convert_report(saved(folder, notebook(prose(SECRET_WORDS))), folder / "secret.pdf")
    (folder / "secret-theme.yml").write_text(
        f"extends: default\npage:\n  background-image: image:{folder}/secret.png[]\nheader:\n  height: 20\n"
        f"  recto:\n    left:\n      content: {SECRET_WORDS}\n  verso:\n    left:\n      content: {SECRET_WORDS}\n"
    )
    (folder / "secret.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><text x="9" y="20">' + SECRET_WORDS + "</text></svg>"
    )
    return folder


def reported(folder: Path, *cells: dict, template: str = AUTOFLOW_STYLE) -> Report:
    """The report of a notebook in a folder of its own."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / "own.tpl").write_text(template)
    written = saved(home, {**notebook(*cells), "nbformat_minor": 4})  # before cells had to have ids
    return convert_report(written, home / "made.pdf", ReportOptions(template=home / "own.tpl"))


def picture_sizes(report: Report) -> list[tuple[int, int]]:
    """The pictures that a PDF holds."""
    pdfimages = require_program("pdfimages", "poppler-utils")
    listed = subprocess.run([pdfimages, "-list", str(report.path)], capture_output=True, text=True, check=True).stdout
    return [(int(row.split()[3]), int(row.split()[4])) for row in listed.splitlines()[2:]]


def outside(folder: Path) -> str:
    """Asciidoc that asks for each secret in every way there is."""
    picture, pdf = folder / "secret.png", folder / "secret.pdf"
    return f"""
image::{picture}[]

image::../../../../../../../../..{picture}[]

image::file://{picture}[]

image::{pdf}[page=1]

image::{pdf}[pages=1..2]

image::{folder}/secret.svg[]

before image:{picture}[] after, image:{folder}/secret.svg[width=90]

pass:[<img src="{picture}" format="png" alt="passed"> <img src="{folder}/secret.svg" format="svg" alt="passed">]

++++
<img src="{picture}" format="png" alt="passed">
++++

[cols="1,1a"]
|===
|image:{picture}[]
|image::{picture}[]
|===

:imagesdir: {folder}

image::secret.png[]

image::secret.pdf[]

:icons: image
:iconsdir: {folder}
:icontype: png

icon:secret[]

:icon-secret: x

[icon={picture}]
NOTE: with an icon

:page-background-image: image:{picture}[]
:data-uri:
:allow-uri-read:

<<<

include::{folder}/secret-theme.yml[]

include::{folder}/sample.ipynb[]

[source,subs=attributes]
----
include::{folder}/sample.ipynb[]
----

|===
include::{folder}/sample.ipynb[]
|===
"""


def headed(folder: Path) -> str:
    """A document's own head, in which themes, fonts, covers and backgrounds are named."""
    return f"""= Title
:pdf-themesdir: {folder}
:pdf-theme: secret
:pdf-fontsdir: {folder}
:title-page:
:title-logo-image: image:{folder}/secret.png[]
:title-page-background-image: image:{folder}/secret.png[]
:page-background-image: image:{folder}/secret.png[]
:page-foreground-image: image:{folder}/secret.png[]
:front-cover-image: image:{folder}/secret.pdf[]
:back-cover-image: image:{folder}/secret.png[]
:docinfo: shared
:docinfodir: {folder}

text
"""


@pytest.mark.parametrize("written", [outside, headed])
def test_no_picture_pdf_theme_or_text_of_others_is_shown_whatever_a_template_lets_through(tmp_path, secrets, written):
    report = reported(tmp_path, code(shown(text_plain=written(secrets))), template=CREDULOUS)
    assert SECRET_SIZE not in picture_sizes(report)
    assert SECRET_WORDS not in text_of(report.path)
    assert [one for one in report.warnings if "secret" in one] != []


def test_prose_and_verbatim_text_that_ends_early_open_no_file_outside(tmp_path, secrets):
    ends_early = f"x\n----\n\nimage::{secrets}/secret.pdf[page=1]\n\n----\ny"
    report = reported(tmp_path, prose(f"![chart]({secrets}/secret.png)"), code(shown(text_plain=ends_early)))
    assert picture_sizes(report) == []
    text = text_of(report.path)
    assert SECRET_WORDS not in text
    assert "[chart]" in text
    assert report.warnings == (
        "cell 1: the image could not be read (not in the notebook's folder)",
        f"asciidoctor-pdf: pdf to insert not found or not readable: {secrets}/secret.pdf",
    )


def test_an_svg_shows_nothing_but_itself(tmp_path, secrets):
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="90">'
        f'<image xlink:href="file://{secrets}/secret.png" width="50" height="50"/>'
        f'<image xlink:href="{secrets}/secret.png" y="50" width="50" height="50"/>'
        '<text x="5" y="20" font-family="DejaVu Sans">drawn here</text></svg>'
    )
    report = reported(tmp_path, code(shown(image_svg=drawn)), template=CREDULOUS)
    assert picture_sizes(report) == []
    assert "drawn here" in text_of(report.path)


def test_nothing_is_fetched_from_the_network(tmp_path, listener):
    site, calls = listener
    page = f'<p>kept</p><iframe src="{site}/a"></iframe><img src="{site}/b.png"><object data="{site}/c"></object>'
    report = reported(
        tmp_path,
        prose(f'![remote]({site}/d.png)\n\n<iframe src="{site}/e"></iframe>'),
        code(shown(text_html=page)),
        code(shown(text_plain=f":allow-uri-read:\n\nimage::{site}/f.png[]\n\nvideo::1[vimeo]\n\ninclude::{site}/g[]\n")),
        template=CREDULOUS,
    )
    assert "kept" in text_of(report.path)
    assert calls == []
    assert report.warnings[:2] == (
        "cell 1: the image could not be read (it is on the network, and nothing is fetched; save it in the notebook's folder)",
        "cell 2: the image could not be read (it is on the network, and nothing is fetched; save it in the notebook's folder)",
    )


def test_pictures_of_the_notebooks_own_folder_and_its_attachments_are_shown(tmp_path):
    home = tmp_path / "home"
    (home / "plots").mkdir(parents=True)
    for name, width in (("beside.png", 11), ("plots/deep er.png", 12), ("html.png", 13)):
        (home / name).write_bytes(png(width, 7))
    (home / "drawn.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><text y="20">drawn</text></svg>'
    )
    attached = {"attachments": {"a.png": {"image/png": png_text(14, 7)}}}
    report = reported(
        tmp_path,
        prose("![x](beside.png) ![y](plots/deep%20er.png) ![gone](gone.png) ![svg](drawn.svg)"),
        prose("![z](attachment:a.png)") | attached,
        code(shown(text_html='<p>html</p><img src="html.png">')),
    )
    assert sorted(picture_sizes(report)) == [(11, 7), (12, 7), (13, 7), (14, 7)]
    assert "drawn" in text_of(report.path)
    assert report.warnings == ("cell 1: the image could not be read (no such file)",)


def test_an_error_in_an_output_is_a_warning_as_in_other_reports(tmp_path):
    cells = (prose("# Title"), code(failed("ZeroDivisionError", "division by zero", ["no"])))
    report = reported(tmp_path, *cells)
    plain = convert_report(saved(tmp_path, notebook(*cells)), tmp_path / "plain.pdf")
    assert report.warnings == plain.warnings == ("cell 2: shows an error, ZeroDivisionError: division by zero",)


def test_the_same_notebook_gives_the_same_bytes(tmp_path):
    cells = (prose("# Title"), code(shown(image_png=png_text(30, 20))), code(shown(text_plain="{docdatetime} {localtime}")))
    assert reported(tmp_path, *cells, template=AUTOFLOW_STYLE).path.read_bytes() == reported(tmp_path, *cells).path.read_bytes()


@pytest.mark.parametrize("tags", [["remove_cell"], "remove_cell", "x, remove_cell"])
def test_a_notebook_of_which_the_template_shows_nothing_is_an_empty_page(tmp_path, tags):
    report = reported(tmp_path, code(source="x = 1"), code(shown(text_plain="left out by its tag"), tags=tags))
    assert report.pages == 1
    assert text_of(report.path).strip() == "1"  # the number of the page
