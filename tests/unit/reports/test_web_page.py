import re
from pathlib import Path

from tests.unit.reports.samples import code, failed, frame_html, notebook, png_text, prose, saved, shown
from workers.reports import ReportOptions, convert_report

FLOWS = notebook(
    prose("Before the title."),
    code(shown(text_markdown="# Flows of &lt;March&gt;"), shown(text_html=frame_html(2)), source="secret()"),
    code(shown(image_png=png_text()), failed("ValueError", "no <flows>", ["at line 1"])),
    code({"output_type": "stream", "name": "stdout", "text": "\x1b[31mprinted\x1b[0m <b>"}),
    papermill={"parameters": {"day": "2016-03-14", "areas": ["<north>"]}},
)


def page(folder: Path, content: dict[str, object], **options: object) -> str:
    target = folder / "page.html"
    convert_report(saved(folder, content), target, ReportOptions(format="html", **options))  # type: ignore[arg-type]
    return target.read_text(encoding="utf-8")


def test_the_page_has_its_title_and_date_at_the_top_and_neither_code_nor_prints(tmp_path):
    text = page(tmp_path, FLOWS, reference_date="2016-03-14")
    assert '<header><h1 dir="auto">Flows of &lt;March&gt;</h1><p class="date">Reference date: 2016-03-14</p></header>' in text
    assert "<title>Flows of &lt;March&gt;</title>" in text
    assert text.index("Flows of") < text.index("Before the title.")
    assert '<strong>ValueError: no &lt;flows&gt;</strong><pre class="terminal">at line 1</pre>' in text
    assert not re.search("secret|printed|north", text)


def test_code_prints_and_parameters_are_shown_when_asked_for(tmp_path):
    text = page(tmp_path, FLOWS, code=True, streams=True, parameters=True)
    assert re.search(r'<pre class="program">.*secret', text)
    assert '<pre class="terminal"><span style="color:rgb(178, 24, 43)">printed</span> &lt;b&gt;</pre>' in text
    assert "<dt>day</dt><dd>2016-03-14</dd><dt>areas</dt><dd>[&quot;&lt;north&gt;&quot;]</dd>" in text


def test_the_page_forbids_what_it_does_not_need(tmp_path):
    text = page(tmp_path, FLOWS)
    assert (
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"" in text
    )
    assert re.findall(r"<script|src=\"(?!data:)", text) == []


def test_a_notebook_without_a_title_is_called_by_its_file(tmp_path):
    text = page(tmp_path, notebook(prose("x")))
    assert "<title>sample</title>" in text
    assert "<header>" not in text
