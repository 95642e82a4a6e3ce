"""PDF reports by the author's own templates: Typst, and asciidoc as AutoFlow has it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.samples import DATES, WORKFLOWS, inputs, typed
from tests.conftest import require_program
from tests.unit.reports.samples import code, frame_html, notebook, png_text, prose, saved, shown
from workers.reports import ReportError, ReportOptions, end_idle_children, make_report

AUTOFLOW_STYLE = """\
{% extends 'asciidoc/index.asciidoc.j2' %}
{% block input %}{% endblock input %}
{% block stream %}{% endblock stream %}
{% block output_group %}{% block outputs scoped %}{{ super() }}{% endblock outputs %}{% endblock output_group %}
{% block data_png %}

image::{{ output.metadata.filenames['image/png'] }}[pdfwidth=90%]

{% endblock data_png %}
{% block data_text %}
----
{{ output.data['text/plain'] }}
----
{% endblock data_text %}
{% block data_html %}
{{ output.data['text/html'] | convert_pandoc('html', 'asciidoc') }}
{% endblock data_html %}
"""


@pytest.fixture(autouse=True)
def children() -> Iterator[None]:
    end_idle_children()  # one that is kept has the environment of the test before
    yield
    end_idle_children()


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    return saved(
        tmp_path,
        notebook(
            prose("# Flows of March\n\nSome *prose*."),
            code(source="secret()"),
            code({"output_type": "stream", "name": "stdout", "text": "printed"}),
            code(shown(text_html=frame_html(3))),
            code(shown(image_png=png_text(300, 200))),
            code(shown(text_plain="left out by its tag"), tags=["remove_output"]),
            papermill={"parameters": {"day": "2016-03-14", "areas": ["north", "south"]}},
        ),
    )


def made(source: Path, template: str, content: str, **more: object) -> Path:
    """The report by a template of this name and content beside the notebook."""
    path = source.with_name(template)
    path.write_text(content)
    return make_report(source, source.with_name("made.pdf"), ReportOptions(template=path, **more)).path  # type: ignore[arg-type]


def text_of(pdf: Path) -> str:
    pdftotext = require_program("pdftotext", "poppler-utils")
    return subprocess.run([pdftotext, "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout


def test_a_template_in_autoflows_style_makes_the_report(flows):
    require_program("asciidoctor-pdf", "ruby-asciidoctor-pdf")
    require_program("pandoc", "pandoc")
    pdf = made(flows, "own.tpl", AUTOFLOW_STYLE)
    text = text_of(pdf)
    assert [word for word in ("Flows of March", "Some prose.", "c0", "2.1") if word not in text] == []
    assert [word for word in ("secret", "printed", "left out", "|===", "image::") if word in text] == []
    assert b"/Subtype /Image" in pdf.read_bytes()


def test_the_old_name_of_the_asciidoc_template_is_known(flows):
    require_program("asciidoctor-pdf", "ruby-asciidoctor-pdf")
    require_program("pandoc", "pandoc")
    assert "Flows of March" in text_of(
        made(flows, "own.tpl", AUTOFLOW_STYLE.replace("asciidoc/index.asciidoc.j2", "asciidoc.tpl"))
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{% extends 'nope.tpl' %}", "template own.asciidoc.j2 extends 'nope.tpl', which nbconvert does not have"),
        ("{% extends 'null.j2' %}", "template own.asciidoc.j2 writes nothing; it may extend 'asciidoc/index.asciidoc.j2'"),
        ("text\n{% nope %}", "template own.asciidoc.j2:2: Encountered unknown tag 'nope'."),
        ("{{ 1 / 0 }}", "template own.asciidoc.j2: ZeroDivisionError: division by zero"),
    ],
)
def test_an_asciidoc_template_that_is_wrong_gives_one_sentence(flows, content, message):
    require_program("asciidoctor-pdf", "ruby-asciidoctor-pdf")
    require_program("pandoc", "pandoc")
    with pytest.raises(ReportError) as refused:
        made(flows, "own.asciidoc.j2", content)
    assert str(refused.value) == message


def test_an_output_cannot_make_asciidoctor_read_a_file(tmp_path):
    require_program("asciidoctor-pdf", "ruby-asciidoctor-pdf")
    require_program("pandoc", "pandoc")
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    hostile = f"x\n----\n\ninclude::{secret}[]\n\ninclude::../sample.ipynb[]\n\nimage::{secret}[]\n\n----\ny"
    pdf = made(saved(tmp_path, notebook(code(shown(text_plain=hostile)), prose(hostile))), "own.tpl", AUTOFLOW_STYLE)
    assert "the secret" not in text_of(pdf)
    assert "nbformat" not in text_of(pdf)


def test_without_the_programs_validate_and_the_report_say_what_to_install(flows, tmp_path, monkeypatch):
    file = inputs(tmp_path / "in", dates=(), workflows=WORKFLOWS.replace("{format: pdf}", "{format: pdf, template: own.tpl}"))
    (file.parent / "own.tpl").write_text(AUTOFLOW_STYLE)
    checked = typed("validate", file, cwd=tmp_path, PATH="/nowhere")
    assert checked.returncode == 0
    assert checked.stderr == (
        "warning: template own.tpl needs asciidoctor-pdf, which is not installed; apt-get install ruby-asciidoctor-pdf\n"
        "warning: template own.tpl needs pandoc, which is not installed; apt-get install pandoc\n"
    )
    looked = typed("doctor", file, cwd=tmp_path, PATH="/nowhere").stdout
    assert re.findall(r"^(\S+) +reports +(.*)$", looked, re.MULTILINE) == [
        ("FAILED", sentence.removeprefix("warning: ")) for sentence in checked.stderr.splitlines()
    ]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReportError) as refused:
        made(flows, "own.tpl", AUTOFLOW_STYLE)
    assert str(refused.value) == (
        "template own.tpl needs asciidoctor-pdf, which is not installed; apt-get install ruby-asciidoctor-pdf"
    )


def test_a_typst_template_gets_the_report_and_may_build_on_our_look(flows):
    flows.with_name("house.typ").write_text('#let house = "House of Statistics"')
    template = """
        #import "/report.typ"
        #import "house.typ": house
        #let style(about, body) = {
          show: report.document.with(..about, paper: "us-letter", colour: rgb("#7a1f1f"), logo: house)
          body
        }
    """
    text = text_of(made(flows, "own.typ", template, parameters=True, reference_date="2016-03-14"))
    assert text.split()[:6] == ["House", "of", "Statistics", "Flows", "of", "March"]
    assert [
        word for word in ("Reference date: 2016-03-14", '["north", "south"]', "Some prose.", "2.1") if word not in text
    ] == []


def test_a_typst_template_may_do_everything_itself(flows):
    template = """#let style(about, body) = {
        set page(width: 10cm, height: 8cm)
        [*#about.title* of #about.at("reference-date")]
        body
    }"""
    text = text_of(made(flows, "own.typ", template, reference_date="2016-03-14"))
    assert text.split("\n")[0].strip() == "Flows of March of 2016-03-14"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "template own.typ: it defines no function 'style'"),
        ("#let style(about, body) = {\n  nope\n}", "template own.typ:2: unknown variable: nope"),
        ('#let style(about, body) = read("../../etc/passwd")', "template own.typ:1: "),
        (
            '#import "@preview/cetz:0.3.0"\n#let style(about, body) = body',
            "template own.typ:1: packages are not fetched; put the file that you need beside the template",
        ),
    ],
)
def test_a_typst_template_that_is_wrong_gives_one_sentence(flows, content, message):
    with pytest.raises(ReportError) as refused:
        made(flows, "own.typ", content)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
    assert "root:" not in str(refused.value)


def test_a_report_that_failed_is_made_again_without_its_notebooks(tmp_path):
    file = inputs(
        tmp_path / "in",
        dates=DATES[:1],
        workflows=WORKFLOWS.replace("{format: pdf}", "[{format: html}, {format: pdf, template: own.typ}]"),
    )
    template = file.parent / "own.typ"
    template.write_text("#let style(about, body) = nope")
    first = typed("sensor.start", file, "--local", "--once", "--quiet", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    [notebook_run] = (file.parent / "outputs").glob("notebooks/days/*/report/run.json")
    [html] = (file.parent / "outputs").glob("reports/days/2016-01-01_*/report.html")
    ran, made = notebook_run.read_text(), html.stat()
    run = f"days/{html.parent.name}"
    assert first.stderr.splitlines()[-1] == f"  what makes the missing reports: simpleflow-nb runs.retry {file} {run}"
    shown_run = typed("runs.show", file, run, cwd=tmp_path).stdout
    assert re.search(r"^report:report +failed *$", shown_run, re.MULTILINE)
    assert re.search(rf"^report:report.html +done +{html}$", shown_run, re.MULTILINE)
    template.write_text("#let style(about, body) = body")
    again = typed("runs.retry", file, run, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert re.findall(r"^days/\S+  (.* cached)$", again.stderr, re.MULTILINE) == [
        "count cached",
        "report cached",
        "report.html cached",
    ]
    pdf = html.with_name("report.pdf")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert notebook_run.read_text() == ran
    assert (html.stat().st_ino, html.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert f"2 reports:\n  {pdf}\n  {html}\n" in again.stdout
    third = typed("runs.retry", file, "days/2016-01-01", cwd=tmp_path)
    assert third.stdout.startswith("nothing to retry: ")


def test_a_template_that_is_gone_gives_one_sentence(flows):
    with pytest.raises(ReportError) as refused:
        make_report(flows, flows.with_name("x.pdf"), ReportOptions(template=flows.with_name("gone.typ")))
    assert str(refused.value) == "template gone.typ: no such file or directory"
