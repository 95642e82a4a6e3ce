import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.reports.samples import HOSTILE, png
from workers.reports.draft import Draft
from workers.reports.html import html_code, is_empty
from workers.reports.markdown import markdown_html
from workers.reports.tree import parsed
from workers.reports.typst_code import Code
from workers.reports.web_markup import MarkupWriter


@pytest.fixture
def draft(tmp_path):
    return Draft(folder=tmp_path, cell=7)


P = 'report.inline-equation(report.glyph("P"))'


def prose_code(draft: Draft, markdown: str) -> Code:
    return html_code(draft, markdown_html(markdown))


REMOTE = "it is on the network, and nothing is fetched; save it in the notebook's folder"


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("Hello  *big*\n**world**", 'par({\n"Hello "\nemph("big")\n" "\nstrong("world")\n})'),
        ("`a  b`", 'par(report.inline-code("a b"))'),
        ("a  \nb", 'par({\n"a"\nlinebreak()\n"b"\n})'),
        ("## A *b*", 'report.section({\n"A "\nemph("b")\n}, level: 2, anchor: "to-a-b")'),
        ("> quoted", 'report.quotation(par("quoted"))'),
        ("- a\n- b", '{\nparbreak()\nlist("a", "b", tight: true)\n}'),
        ("3. a\n4. b", '{\nparbreak()\nenum("a", "b", tight: true, start: 3)\n}'),
        ("- a\n  - b", '{\nparbreak()\nlist({\n"a"\nlist("b", tight: true)\n}, tight: true)\n}'),
        ("---", "report.rule()"),
        ("```python\nx = 1\n```", 'report.code-box(raw("x = 1", block: true, lang: "python"))'),
        ("    indented", 'report.code-box(raw("indented", block: true, lang: none))'),
        ("[x](https://a.b/?c=d&e)", 'par(link("https://a.b/?c=d&e", "x"))'),
        ("[x](#Some-Title)", 'par(report.jump("to-some-title", "x"))'),
        (
            "[x](#Big-$-P-$)\n## Big $ P $",
            '{\npar(report.jump("to-big-$-p-$", "x"))\nreport.section({\n"Big "\n'
            + P
            + '\n}, level: 2, anchor: "to-big-$-p-$")\n}',
        ),
        ("[x](javascript:alert)", 'par("x")'),
        ("[x](file:///etc/passwd)", 'par("x")'),
        ("from $5 to $10", 'par("from $5 to $10")'),
        ("- [x] done", '{\nparbreak()\nlist({\nreport.checkbox(true)\n"done"\n}, tight: true, marker: [])\n}'),
        ("", "[]"),
    ],
)
def test_prose_becomes_calls_and_literals(draft, markdown, code):
    assert prose_code(draft, markdown) == code
    assert draft.warnings == []


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<div><p>a</p><div>b</div></div>", '{\npar("a")\npar("b")\n}'),
        ("<p>a<script>x()</script><style>p{}</style></p>", 'par("a")'),
        ("<p style='display:none'>a</p>", "[]"),
        (
            "<span style='color: #ff0000; font-weight: bold'>x</span>",
            'par(text("x", fill: rgb(255, 0, 0, 255), weight: "bold"))',
        ),
        ("<span style='color: nonsense(\"#panic()'>x</span>", 'par("x")'),
        ("<p style='text-align: center'>x</p>", 'report.aligned(center, par("x"))'),
        ("<p align=RIGHT>x</p>", 'report.aligned(right, par("x"))'),
        ("<center>x<p>y</p></center>", 'report.aligned(center, {\npar("x")\npar("y")\n})'),
        (
            "<div style='text-align: left; color: red'>x</div>",
            'report.aligned(left, text(par("x"), fill: rgb(255, 0, 0, 255)))',
        ),
        ("<div style='text-align: justify' align='url(x)'>x</div>", 'par("x")'),
        ("<h2 align=center>x</h2>", 'report.aligned(center, report.section("x", level: 2, anchor: "to-x"))'),
        ("<mark>x</mark>H<sub>2</sub>", 'par({\nhighlight("x")\n"H"\nsub("2")\n})'),
        ("<!-- comment -->", "[]"),
        ("<b>never <i>closed", 'par(strong({\n"never "\nemph("closed")\n}))'),
        (
            '<div style="white-space: pre-wrap">a   b\n c<b>d\n</b></div>',
            'par({\n"a   b"\nlinebreak()\n" c"\nstrong({\n"d"\nlinebreak()\n})\n})',
        ),
        ('<p style="white-space: pre-line">a   b \n  c</p>', 'par({\n"a b"\nlinebreak()\n"c"\n})'),
        ("<span style='display:block'>a</span><span style='display:block'>b</span>", '{\npar("a")\npar("b")\n}'),
        ('<font color="red">x</font>', 'par(text("x", fill: rgb(255, 0, 0, 255)))'),
        (
            '<div class="alert alert-info">x</div>',
            'report.coloured-block(text(par("x"), fill: rgb(49, 112, 143, 255)), fill: rgb(217, 237, 247, 255))',
        ),
        ("<b style='color: rgb(255 0 0 / 100%)'>x</b>", 'par(text(strong("x"), fill: rgb(255, 0, 0, 255)))'),
        ("<ul><li>one<li>two</ul>", '{\nparbreak()\nlist("one", "two", tight: true)\n}'),
        ("<p>one<p>two", '{\npar("one")\npar("two")\n}'),
        ("<dl><dt>a<dd>b</dl>", '{\nreport.term("a")\nreport.indented(par("b"))\n}'),
        ("<object data=x>in its place</object>", 'par("in its place")'),
        ("<s>a</s><span style='text-decoration: line-through'>b</span>", 'par({\nstrike("a")\nstrike("b")\n})'),
        ("<p style='text-decoration: underline dotted'>a</p>", 'underline(par("a"))'),
        ("<ul>a<li>b<ul>c</ul></ul>", '{\nparbreak()\npar("a")\nlist({\n"b"\npar("c")\n}, tight: true)\n}'),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", '{\nparbreak()\nlist({\n"a"\nlist("b", tight: true)\n}, tight: true)\n}'),
        ("<table><caption>a</caption></table>", 'par("a")'),
        ("<q>a</q>", 'par({\n"\u201c"\n"a"\n"\u201d"\n})'),
        ("<ol type=a><li>x<li value=5>y</ol>", '{\nparbreak()\nenum("x", enum.item(5, "y"), tight: true, numbering: "a.")\n}'),
        (
            '<pre>a\n  <b style="color: #ff0000">b</b>\nc</pre>',
            'report.output-text({\n"a"\nlinebreak()\n"  "\ntext(strong("b"), fill: rgb(255, 0, 0, 255))\nlinebreak()\n"c"\n})',
        ),
        ("<p>1000 rows × 9 columns</p>", 'report.table-note("1000 rows × 9 columns")'),  # noqa: RUF001 - pandas writes it so
    ],
)
def test_html_becomes_calls_and_literals(draft, html, code):
    assert html_code(draft, html) == code


@pytest.mark.parametrize(
    "source",
    [
        "{}", "# {}", "- {}", "> {}", "```\n{}\n```", "<pre>{}</pre>", "<p>{}</p>", "<table><tr><td>{}</td></tr></table>",
    ],
)  # fmt: skip
def test_typst_code_in_a_notebook_stays_text(draft, source):
    written = str(html_code(draft, source.format(HOSTILE.replace("<l>", ""))))
    for string in _strings(written):
        written = written.replace(string, "")
    assert "#" not in written
    assert "read(" not in written
    assert "panic" not in written


def _strings(code: str) -> list[str]:
    """The string literals of Typst code, longest first."""
    return sorted(re.findall(r'"(?:[^"\\]|\\.)*"', code), key=len, reverse=True)


def test_the_first_heading_of_level_1_is_the_title_and_the_next_a_section(draft):
    assert prose_code(draft, "# Flows of *March*") == 'report.anchor("to-flows-of-march")'
    assert (draft.title.text, draft.title.shown) == ("Flows of March", '{\n"Flows of "\nemph("March")\n}')
    assert prose_code(draft, "# Second") == 'report.section("Second", level: 1, anchor: "to-second")'


def test_a_picture_alone_is_a_figure_and_one_in_a_line_is_not(draft, tmp_path):
    (tmp_path / "plot.png").write_bytes(png(100, 50))
    assert prose_code(draft, '![flows](plot.png "A caption")') == (
        'report.figure-image("figure-1.png", caption: "A caption", width: 62.0pt, height: 31.0pt, alt: "flows")'
    )
    assert prose_code(draft, "see ![](plot.png) there") == (
        'par({\n"see "\nreport.inline-image("figure-2.png", width: 62.0pt, height: 31.0pt, alt: none)\n" there"\n})'
    )


@pytest.mark.parametrize(
    ("address", "warning"),
    [
        ("http://127.0.0.1:9/x.png", f"cell 7: the image http://127.0.0.1:9/x.png was left out ({REMOTE})"),
        ("//a.b/x.png", f"cell 7: the image //a.b/x.png was left out ({REMOTE})"),
        ("file:///etc/x.png", "cell 7: the image file:///etc/x.png was left out (not in the notebook's folder)"),
        ("/etc/passwd", "cell 7: the image /etc/passwd was left out (not in the notebook's folder)"),
        ("../secret.png", "cell 7: the image ../secret.png was left out (not in the notebook's folder)"),
        ("no.png", "cell 7: the image no.png was left out (no such file)"),
        ("attachment:no.png", "cell 7: the image attachment:no.png was left out (an attachment that is missing)"),
        ("data:image/png;base64,@@", "cell 7: the image was left out (not valid base64)"),
        ("data:text/html,x", "cell 7: the image was left out (not an image)"),
    ],
)
def test_a_picture_that_is_not_in_the_folder_leaves_a_note_and_a_warning(draft, address, warning):
    (draft.folder.parent / "secret.png").write_bytes(png())
    assert html_code(draft, f'<img src="{address}" alt="flows">') == 'report.missing-image("flows")'
    assert draft.warnings == [warning]


@pytest.mark.parametrize(
    ("given", "width"),
    [
        ("", 62.0),
        ("width=50", 31.0),
        ("width=50px height=99", 31.0),
        ("style='width: 50px' width=80", 31.0),
        ("style='height: 20px'", 24.8),
        ("height=20", 24.8),
        ("width=50%", 229.5),
        ("style='width: 2em'", 21.1),
        ("style='width: 1in'", 72.0),
        ("width=auto", 62.0),
        ("style='width: auto; height: auto'", 62.0),
        ("height=50%", 62.0),
        ("width=0", 62.0),
    ],
)
def test_a_picture_has_the_size_of_its_style_or_its_attributes(draft, tmp_path, given, width):
    (tmp_path / "plot.png").write_bytes(png(100, 50))
    assert f"width: {width}pt" in html_code(draft, f"<img src=plot.png {given}>")
    assert f'width="{width / 0.62:.0f}"' in MarkupWriter(draft).markup(f"<img src=plot.png {given}>")


@pytest.mark.parametrize(
    ("given", "width"),
    [("width=1em height=1em", 10.5), ("style='width: 64px'", 39.7), ("height=16", 12.4), ("class=k", 18.6), ("", 62.0)],
)
def test_a_drawing_has_the_size_of_its_style_or_its_attributes(draft, given, width):
    html = f"<style>.k {{width: 30px}}</style><p>a <svg viewBox='0 0 100 80' {given}><rect/></svg></p>"
    assert f'report.inline-image("figure-1.svg", width: {width}pt' in html_code(draft, html)


BOX = "<foreignObject><div>words</div></foreignObject>"


@pytest.mark.parametrize(
    ("drawing", "lost"),
    [
        (BOX, True),
        (f"<g><g>{BOX}</g></g>", True),
        (f"<switch>{BOX}<text>words</text></switch>", False),
        (f"<switch>{BOX}</switch>", True),
        ("<foreignObject><div> </div></foreignObject><text>words</text>", False),
    ],
)
def test_text_of_a_drawing_that_is_not_drawn_leaves_a_note_and_a_warning(draft, drawing, lost):
    html = f"<svg width=9 height=9>{drawing}</svg>"
    warning = ["cell 7: text within a drawing is HTML and was left out"] * lost
    told = "Text within this drawing is HTML and cannot be printed."
    assert (f'report.note("{told}")' in html_code(draft, html)) == lost
    assert (f'report.note-in-line("{told}")' in html_code(draft, f"a {html}")) == lost
    assert draft.warnings == warning
    writer = MarkupWriter(Draft(folder=Path(), cell=7))
    assert (told in writer.markup(html)) == lost
    assert writer.draft.warnings == warning


def test_a_link_out_of_the_folder_is_not_followed(draft, tmp_path):
    outside = tmp_path.parent / "outside.png"
    outside.write_bytes(png())
    (tmp_path / "inside.png").symlink_to(outside)
    assert html_code(draft, '<img src="inside.png">') == 'report.missing-image("inside.png")'


def test_an_attachment_is_taken_from_its_cell(draft):
    picture = base64.b64encode(png(10, 10)).decode("ascii")
    html = markdown_html("![a](attachment:x.png)", {"x.png": {"image/png": picture}})
    assert html_code(draft, html) == 'report.figure-image("figure-1.png", caption: none, width: 6.2pt, height: 6.2pt, alt: "a")'


def test_an_svg_in_html_keeps_its_upper_case_attributes(draft):
    html_code(draft, '<div><svg viewBox="0 0 10 10" width="10" height="10"><linearGradient/></svg></div>')
    assert b'viewBox="0 0 10 10"' in draft.figures["figure-1.svg"]
    assert b"linearGradient" in draft.figures["figure-1.svg"]


def test_an_embedded_page_leaves_a_note_with_its_address(draft):
    assert html_code(draft, "<iframe src='https://a.b/c'></iframe>") == (
        'report.note("An interactive page is shown here in the notebook. https://a.b/c")'
    )
    assert draft.warnings == ["cell 7: an interactive page cannot be printed"]


@pytest.mark.parametrize("html", ["<embed src='x.pdf'>", "<object data='x.pdf'></object>"])
def test_what_a_plugin_would_show_leaves_a_note(draft, html):
    assert html_code(draft, html) == 'report.note("An interactive page is shown here in the notebook.")'
    assert draft.warnings == ["cell 7: an interactive page cannot be printed"]


@pytest.mark.parametrize(
    ("html", "empty"),
    [
        ("<div id='x'></div><script>draw()</script>", True),
        ("<style>p {}</style>", True),
        ("<p>text</p>", False),
        ("<table></table>", False),
        ("<img src='x'>", False),
        ("<iframe src='x'></iframe>", False),
        ("<p hidden>text</p>", True),
        ("<div id='x'></div><script>draw('<table>')</script>", True),
        ("<div hidden><img src='x'></div>", True),
        ("<!-- <img src='x'> -->", True),
        ("<table><tr><td style='display: none'>a<td>b</table>", False),
        ("<style>p {display: none}</style><p>text</p>", True),
    ],
)
def test_html_without_anything_but_scripts_is_empty(html, empty):
    assert is_empty(html) is empty


@pytest.mark.parametrize(
    "html", ["<div>" * 3000 + "deep", "<b>" * 3000 + "deep", "<ul><li>" * 500 + "deep", "<table><tr><td>" * 200 + "deep"]
)
def test_however_deep_elements_are_nested_their_text_is_kept(draft, html):
    assert "deep" in html_code(draft, html)


def test_html_over_5_megabytes_leaves_a_note(draft):
    assert html_code(draft, "<p>" + "x" * 5_000_000) == 'report.note("An output of 5.0 MB of HTML is too large to be printed.")'


def test_a_formula_that_is_not_understood_is_shown_as_tex(draft):
    assert prose_code(draft, r"see $\foo{x}$") == 'par({\n"see "\nreport.inline-code("\\\\foo{x}")\n})'
    assert draft.warnings == [r"cell 7: a formula was not understood and is shown as TeX: \foo{x}"]


MATHML = "<math><msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><mi>&alpha;</mi></math>"


@pytest.mark.parametrize(
    ("html", "code"),
    [
        (f"<p>see {MATHML} there", 'par({\n"see "\nreport.inline-equation({\nSQUARE\n})\n" there"\n})'),
        (MATHML.replace("<math>", "<math display=block>"), "report.display-equation({\nSQUARE\n})"),
        (f"a{MATHML.replace('<math>', '<math display=block>')}b",
         '{\npar("a")\nreport.display-equation({\nSQUARE\n})\npar("b")\n}'),
        (MATHML.replace("<math>", "<math><semantics><mrow>").replace("</math>", "</mrow><annotation>x^2</annotation></math>"),
         "report.inline-equation({\nSQUARE\n})"),
    ],
)  # fmt: skip
def test_mathml_in_html_is_set_as_a_formula(draft, html, code):
    square = 'math.attach(report.glyph("x"), t: "2")\nreport.glyph("+")\nreport.glyph("\u03b1")'
    assert html_code(draft, html) == code.replace("SQUARE", square)
    assert draft.warnings == []


@pytest.mark.parametrize("html", ["<math><mi>x</mi><mfoo>y</mfoo></math>", "<math>" + "<mrow>" * 60 + "<mi>x</mi><mi>y</mi>"])
def test_mathml_that_is_not_understood_is_shown_as_text(draft, html):
    assert 'report.inline-code("x y")' in html_code(draft, html)
    assert "<code>x y</code>" in MarkupWriter(draft).markup(html)
    assert draft.warnings == ["cell 7: a formula in MathML was not understood and is shown as text: x y"]


def test_pictures_are_named_by_their_place_in_the_report(tmp_path):
    draft = Draft(folder=Path(tmp_path))
    assert [draft.add_figure(b"a", "png"), draft.add_figure(b"b", "svg")] == ["figure-1.png", "figure-2.svg"]


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("مرحبا 42.", 'report.right-to-left(par("مرحبا 42."))'),
        ("12 مرحبا", 'report.right-to-left(par("12 مرحبا"))'),
        ("Hello مرحبا", 'par("Hello مرحبا")'),
        ("## عنوان", 'report.section(report.right-to-left("عنوان"), level: 2, anchor: "to-عنوان")'),
        ("- أول\n- ثان", '{\nparbreak()\nreport.right-to-left(list("أول", "ثان", tight: true))\n}'),
        ('<p dir="rtl">abc</p>', 'report.right-to-left(par("abc"))'),
        ('<p dir="ltr">مرحبا</p>', 'par("مرحبا")'),
    ],
)
def test_text_of_scripts_from_right_to_left_is_set_so(draft, markdown, code):
    assert prose_code(draft, markdown) == code


def test_a_paragraph_that_announces_something_stays_with_it(draft):
    assert prose_code(draft, "As the table shows:") == 'report.announcement(par("As the table shows:"))'


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("<p>a</p><p>b <i", '{\npar("a")\npar("b <i")\n}'),
        ("<p>a <![x[ b ]]> c</p>", 'par({\n"a "\n"c"\n})'),
        ("<p>a <![if x]>b<![endif]> c</p>", 'par({\n"a "\n"b"\n" c"\n})'),
    ],
)
def test_html_that_is_broken_is_read_as_well_as_it_can_be(draft, html, code):
    assert html_code(draft, html) == code


@pytest.mark.parametrize("piece", ["<svg ", "<a b='", '<a b=">', "<!--", "<![CDATA[", "<![x[", "</a ", "<?x "])
def test_tags_begun_and_never_ended_are_read_in_one_go(piece):
    # a parser that looks to the end of the text for each of them needs minutes for so many
    assert parsed(piece * 20_000).get_text()[:1] in ("<", "")


_TAGS = (
    "p", "b", "table", "tr", "td", "th", "caption", "li", "ul", "ol", "dt", "dd", "div", "h2", "blockquote", "pre", "code", "q",
    "sup", "a href='#x'", "font color=red", "details", "summary", "custom-tag", "span style='display: block'", "td rowspan=2",
    "div style='white-space: pre-wrap'", "div class='alert alert-info'",
)  # fmt: skip
_PIECES = st.sampled_from([*(f"<{tag}>" for tag in _TAGS), *(f"</{tag.split()[0]}>" for tag in _TAGS), "", "<br>"])


@given(st.lists(_PIECES, min_size=1, max_size=12))
def test_every_word_of_html_is_kept_however_its_tags_are_mixed(pieces):
    html = "".join(f"{piece}word{number}z" for number, piece in enumerate(pieces))
    code = html_code(Draft(folder=Path(), cell=7), html).replace("\u200b", "")
    markup = MarkupWriter(Draft(folder=Path(), cell=7), title="given").markup(html)
    words = [f"word{number}z" for number in range(len(pieces))]
    assert [word for word in words if word not in code] == []
    assert [word for word in words if word not in markup] == []
