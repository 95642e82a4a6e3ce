import re

import pytest

from tests.unit.reports.samples import frame_html, png_text
from workers.reports.draft import Draft
from workers.reports.markdown import markdown_html
from workers.reports.web_markup import MarkupWriter

SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='5'><rect/><script>x()</script></svg>"


@pytest.fixture
def writer(tmp_path):
    return MarkupWriter(Draft(folder=tmp_path, cell=7), title="given")


@pytest.mark.parametrize(
    ("html", "markup"),
    [
        ("<p>a <b>b</b> &lt;i&gt;</p>", '<p dir="auto">a <b>b</b> &lt;i&gt;</p>'),
        ("<custom-tag>kept <em>text</em></custom-tag>", "kept <em>text</em>"),
        ("<h2>A b</h2>", '<h2 dir="auto" id="to-a-b">A b</h2>'),
        ('<a href="https://a.b/?x=1&amp;y=2">c</a>', '<a href="https://a.b/?x=1&amp;y=2" rel="noopener noreferrer">c</a>'),
        ('<a href="#A-b">c</a>', '<a href="#to-a-b">c</a>'),
        ("<br><hr>", "<br><hr>"),
        ('<input type="checkbox" checked onclick="x()">', '<input type="checkbox" disabled checked>'),
        ('<ol start="3"><li>x</li></ol>', '<ol start="3"><li dir="auto">x</li></ol>'),
        ('<p dir="rtl">x</p>', '<p dir="rtl">x</p>'),
        ('<span title="a &quot;b&quot;">x</span>', '<span title="a &quot;b&quot;">x</span>'),
        ('<i style="color: red; position: fixed; background: url(//a)">x</i>', '<i style="color:rgba(255,0,0,1)">x</i>'),
        ('<style>#a {font-weight: bold}</style><b id="a">x</b>', '<b style="font-weight:bold" id="to-a">x</b>'),
        ('<p align="CENTER">x</p>', '<p style="text-align:center" dir="auto">x</p>'),
        ('<table align="center"><tr><td align="right">x</td></tr></table>',
         '<div class="wide"><table><tbody><tr><td style="text-align:right" dir="auto">x</td></tr></tbody></table></div>'),
        ("<pre>x &lt; 1</pre>", '<pre class="program">x &lt; 1</pre>'),
        ("<p>70 rows × 4 columns</p>", '<p dir="auto" class="caption">70 rows × 4 columns</p>'),  # noqa: RUF001
        ('<div style="display:none">x</div>', ""),
        ("<article>a</article><article>b</article>", "<div>a</div><div>b</div>"),
        ("<font color=red>a</font>", '<span style="color:rgba(255,0,0,1)">a</span>'),
        ("<div class='alert alert-info'>a</div>",
         '<div style="color:rgba(49,112,143,1);background-color:rgba(217,237,247,1)" class="alert">a</div>'),
        ("<p style='white-space: pre-wrap'>a  b</p>", '<p style="white-space:pre-wrap" dir="auto">a  b</p>'),
        ("<ol type=A><li value=5>x</ol>", '<ol type="A"><li dir="auto" value="5">x</li></ol>'),
        ("<math onclick='x()'><mi href='javascript:x'>a</mi></math>", "<math><mi>a</mi></math>"),
        ("<xmp><b></xmp>", '<pre class="program">&lt;b&gt;</pre>'),
    ],
)  # fmt: skip
def test_what_shows_something_is_written_anew(writer, html, markup):
    assert writer.markup(html) == markup


@pytest.mark.parametrize(
    "html",
    [
        "<script>evil()</script>",
        "<img src=x onerror=evil()>",
        "<img src='http://evil.example/x.png'>",
        "<p onclick='evil()'>x</p>",
        "<a href='javascript:evil()'>x</a>",
        "<a href=' java\nscript:evil()'>x</a>",
        "<a href='data:text/html,<script>evil()</script>'>x</a>",
        "<iframe src='javascript:evil()'></iframe>",
        "<iframe srcdoc='<script>evil()</script>'></iframe>",
        "<object data='http://evil.example'></object><embed src='http://evil.example'>",
        "<svg><script>evil()</script><a xlink:href='javascript:evil()'><text>x</text></a></svg>",
        "<math><mtext><script>evil()</script></mtext></math>",
        "<math><mtext><iframe src='javascript:evil()'></iframe></mtext></math>",
        "<math><mtable><object data='http://evil.example'></mtable></math>",
        "<math><mi href='javascript:evil()' onclick='evil()' style='background: url(http://evil.example)'>x</mi></math>",
        "<math><annotation-xml encoding='text/html'><iframe src='http://evil.example'></iframe></annotation-xml></math>",
        "<math><mglyph src='http://evil.example'></mglyph><maction actiontype='statusline#http://evil.example'>x</maction></math>",
        "<noscript><p title='</noscript><img src=x onerror=evil()>'></noscript>",
        "<template><script>evil()</script></template>",
        "<style>@import 'http://evil.example'; p {background: url(http://evil.example)}</style><p>x</p>",
        "<p style='background-image: url(http://evil.example)'>x</p>",
        "<p style='background: linear-gradient(90deg, red, url(http://evil.example))'>x</p>",
        "<form action='http://evil.example'><button formaction='javascript:evil()'>x</button></form>",
        "<base href='http://evil.example/'><meta http-equiv='refresh' content='0;url=http://evil.example'>",
        "<link rel=stylesheet href='http://evil.example'>",
        "<video poster='http://evil.example/x.png' autoplay><source src='http://evil.example/v'></video>",
        "<img srcset='http://evil.example/x.png 2x' src='data:text/html,evil()'>",
        "<table background='http://evil.example'><tr><td background='http://evil.example'>x</td></tr></table>",
        "<p title='\"><script>evil()</script>'>x</p>",
        "<p id='\"><script>evil()</script>'>x</p>",
        "<![CDATA[<script>evil()</script>]]><!--<script>evil()</script>--><?php evil() ?>",
        "<p>&lt;script&gt;evil()&lt;/script&gt;</p>",
    ],
)
def test_nothing_that_runs_or_loads_comes_through(writer, html):
    markup = writer.markup(html)
    tags = re.findall(r"<[^>]*>", markup)  # the text between them is escaped and harmless
    outward = r"evil\.example|javascript:|<(?:script|iframe|style|svg|object|form|base|meta|link)\b|\son\w+=|url\("
    assert [tag for tag in tags if re.search(outward, re.sub(r'"[^"]*"', "", tag) + " " + "".join(_addresses(tag)))] == []


def _addresses(tag: str) -> list[str]:
    return re.findall(r'(?:href|src|style)="([^"]*)"', tag)


def test_pictures_are_within_the_page_and_cleaned(writer):
    assert f'<img src="data:image/png;base64,{png_text()}" alt="a" width="4">' == writer.markup(
        f'<img src="data:image/png;base64,{png_text()}" alt="a">'
    )
    drawn = writer.markup(SVG)
    assert drawn.startswith('<img src="data:image/svg+xml;base64,')
    assert "c2NyaXB0" not in drawn


def test_the_first_heading_becomes_the_title_unless_one_is_given(tmp_path):
    writer = MarkupWriter(Draft(folder=tmp_path))
    assert writer.markup("<h1>A  <i>b</i></h1><h1>C</h1>") == '<h1 dir="auto" id="to-c">C</h1>'
    assert (writer.title, writer.title_markup) == ("A b", "A  <i>b</i>")


def test_a_formula_in_the_title_is_set(tmp_path):
    writer = MarkupWriter(Draft(folder=tmp_path))
    assert writer.markup(markdown_html("# Flows $x^2$")).strip() == ""
    assert writer.title == "Flows x^2"
    assert writer.title_markup.startswith("Flows <math")
    given = MarkupWriter(Draft(folder=tmp_path), title="a < b")
    assert given.markup("<h1>c</h1>") == '<h1 dir="auto" id="to-c">c</h1>'
    assert given.title_markup == "a &lt; b"


def test_formulas_are_mathml_and_tex_when_they_are_not_understood(writer):
    html = writer.markup(markdown_html(r"$\frac{a}{b}$ and $\nope{x}$"))
    assert "<math" in html
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>" in html
    assert r"<code>\nope{x}</code>" in html
    assert writer.draft.warnings == [r"cell 7: a formula was not understood and is shown as TeX: \nope{x}"]


@pytest.mark.parametrize(
    "tex", [r"\text{<script>evil()</script>}", r"\href{javascript:evil()}{x}", r"x<y", r"\unicode{x3c}script"]
)
def test_a_formula_cannot_hold_markup(writer, tex):
    assert re.search(r"<script|href|<y", writer.formula(tex, display=True)) is None


def test_the_rows_left_out_of_a_long_table_are_told(writer):
    markup = writer.markup(frame_html(5000))
    assert '<p class="caption">first 501 and last 500 of 5,000 rows</p>' in markup
    assert markup.count("<tr") == 1002


def test_numbers_stand_to_the_right_with_their_heading(writer):
    markup = writer.markup(
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>x</td><td>1</td></tr></tbody></table>"
    )
    assert re.findall(r'<(t[hd]) dir="auto"( class="number")?>', markup) == [
        ("th", ""), ("th", ' class="number"'), ("td", ""), ("td", ' class="number"'),
    ]  # fmt: skip


def test_only_numbers_stand_to_the_right_however_many_tables_a_page_has(writer):
    numbers = "<table><tbody>" + "<tr><td>1</td><td>2</td></tr>" * 60 + "</tbody></table>"
    words = "<table><tbody>" + "<tr><td>a</td><td>b</td></tr>" * 60 + "</tbody></table><p>c</p>"
    written = [(writer.markup(numbers), writer.markup(words)) for _ in range(20)]
    assert len(set(written)) == 1
    assert 'class="number"' not in written[0][1]


def test_bars_of_pandas_keep_their_stops_and_lose_everything_else(writer):
    style = (
        "width: 10em; background: linear-gradient(90deg, transparent 20.0%, #d65f5f 20.0%, #d65f5f 70.0%, transparent 70.0%)"
    )
    assert writer.markup(f'<span style="{style}">x</span>') == (
        '<span style="background:linear-gradient(90deg,rgba(255,255,255,0) 0.00%,rgba(255,255,255,0) 20.00%,'
        'rgba(214,95,95,1) 20.00%,rgba(214,95,95,1) 70.00%,rgba(255,255,255,0) 70.00%,rgba(255,255,255,0) 100.00%)">x</span>'
    )


def test_html_nested_without_end_is_flattened(writer):
    assert "deep" in writer.markup("<div>" * 5_000 + "deep" + "</div>" * 5_000)


def test_a_page_within_an_output_leaves_a_note(writer):
    assert writer.markup("<iframe src='https://a.b/map'></iframe>") == (
        '<div class="note">An interactive page is shown here in the notebook. https://a.b/map</div>'
    )


def test_amounts_stand_to_the_right_and_dates_are_not_broken(writer):
    html = "<table><tr><th>a<th>b<tr><td>12,346 CHF<td>2024-01-01 00:00:00<tr><td>-9 CHF<td>-</table>"
    markup = writer.markup(html)
    assert '<td dir="auto" class="number">12,346 CHF</td>' in markup
    assert '<td dir="auto" class="moment">2024-01-01 00:00:00</td>' in markup
