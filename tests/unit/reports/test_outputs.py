from typing import Any

import pytest

from tests.unit.reports.samples import failed, png_text, shown
from workers.reports.draft import Draft
from workers.reports.outputs import outputs_code
from workers.reports.typst_code import Code

NOTE = 'report.note("Interactive output: open the notebook to see it.")'
PRINT = {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}


@pytest.fixture
def draft(tmp_path):
    return Draft(folder=tmp_path, cell=7)


def one(draft: Draft, output: dict[str, Any]) -> Code | None:
    codes = outputs_code(draft, [output], streams=False)
    return codes[0] if codes else None


def test_prints_are_shown_when_asked_for(draft):
    assert outputs_code(draft, [PRINT], streams=False) == []
    assert outputs_code(draft, [PRINT], streams=True) == [r'report.output-text(raw("a\nb", block: true), whole: true)']


@pytest.mark.parametrize(
    ("bundle", "beginning"),
    [
        ({"text_plain": "42"}, 'report.output-text(raw("42"'),
        ({"text_plain": "<x>", "text_html": "<p>rich</p>"}, 'par("rich")'),
        ({"image_png": png_text(), "text_html": "<div></div>", "text_plain": "<Figure>"}, "report.figure-image("),
        ({"text_latex": r"$\displaystyle \frac{1}{2}$", "text_plain": "1/2"}, "report.display-equation("),
        ({"text_latex": "The value is $x$."}, 'par({\n"The value is "\nreport.inline-equation(report.glyph("x"))\n"."\n})'),
        ({"text_latex": "$a$ and $b$", "text_plain": "<Latex>"}, 'par({\nreport.inline-equation(report.glyph("a"))\n" and "'),
        ({"text_latex": r"\begin{tabular}x\end{tabular}", "text_html": "<p>t</p>"}, 'par("t")'),
        ({"text_markdown": "*rich*", "text_plain": "<Markdown>"}, 'par(emph("rich"))'),
        ({"application_json": {"a": 1}, "text_plain": "<JSON>"}, r'report.output-text(raw("{\n  \"a\": 1\n}"'),
        ({"text_html": "<div id='x'></div><script>draw()</script>"}, NOTE),
        ({"application_vnd.plotly.v1+json": {}, "text_html": "<div></div>"}, NOTE),
        ({"application_vnd.jupyter.widget-view+json": {}, "text_plain": "IntSlider(value=1)"}, NOTE),
        ({"text_html": "<iframe srcdoc='x'></iframe>Make this Notebook Trusted: Trust Notebook"}, NOTE),
    ],
)
def test_the_richest_form_that_can_be_printed_is_shown(draft, bundle, beginning):
    assert str(one(draft, shown(**bundle))).startswith(beginning)


PICTURE = "report.figure-image("
#: from the richest on: the bundle of this kind alone, and what it is shown as
RANKS = [
    ({"text_html": "<p>html</p>"}, 'par("html")'),
    ({"text_markdown": "*md*"}, 'par(emph("md"))'),
    ({"image_svg": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"}, f'{PICTURE}"figure-1.svg"'),
    ({"text_latex": "$x$"}, "report.display-equation("),
    ({"image_png": png_text()}, f'{PICTURE}"figure-1.png"'),
    ({"text_latex": "x"}, 'report.output-text(raw("text"'),
    ({"text_plain": "text"}, 'report.output-text(raw("text"'),
]


@pytest.mark.parametrize("rank", range(len(RANKS)))
def test_of_several_forms_the_first_by_rank_is_shown(draft, rank):
    lower = [bundle for bundle, _ in RANKS[rank + 1 :][::-1]]
    bundle = {"text_plain": "text", **{kind: value for each in lower for kind, value in each.items()}, **RANKS[rank][0]}
    assert str(one(draft, shown(**bundle))).startswith(RANKS[rank][1])
    assert draft.warnings == []


@pytest.mark.parametrize(
    ("bundle", "beginning"),
    [
        # scripts would draw what the picture shows
        ({"text_html": "<p>x</p><script>draw()</script>", "image_png": png_text()}, PICTURE),
        ({"text_html": "<p>x</p>", "application_vnd.plotly.v1+json": {}, "image_png": png_text()}, PICTURE),
        ({"text_html": "<table><tr><td>x</table><SCRIPT>draw()</SCRIPT>"}, "report.data-table("),
        # the HTML shows nothing that can be printed
        ({"text_html": "<iframe src='x'></iframe>", "image_png": png_text()}, PICTURE),
        ({"text_html": "<p hidden>x</p>", "image_png": png_text()}, PICTURE),
        ({"text_html": "<style>p {color: red}</style>", "text_markdown": "md"}, 'par("md")'),
        ({"text_html": "<iframe src='x'>x</iframe>"}, 'report.note("An interactive page'),
        # LaTeX that is no formula is text
        (
            {"text_latex": "'this / that'", "text_markdown": "'this / that'", "text_plain": '[1] "this / that"'},
            "par(\"'this / that'",
        ),
        ({"text_latex": "5 \\% up", "text_plain": '[1] "5 % up"'}, 'report.output-text(raw("[1]'),
        ({"text_latex": "costs 5\\$", "text_plain": "costs"}, 'report.output-text(raw("costs"'),
        ({"text_latex": "E = mc^2", "text_plain": "<IPython.core.display.Latex object>"}, 'report.output-text(raw("E = mc^2"'),
        (
            {"text_latex": r"\begin{tabular}{c}x\end{tabular}", "text_plain": "<IPython.core.display.Latex object>"},
            "report.code-box(",
        ),
        # math environments need no delimiters
        ({"text_latex": r"\begin{align*} a &= b \end{align*}", "text_plain": "a = b"}, "report.display-equation("),
        ({"text_latex": r"\begin{bmatrix} 1 & 2 \end{bmatrix}", "text_plain": "[1 2]"}, "report.display-equation("),
        ({"text_latex": r"\[x\]", "text_plain": "x"}, "report.display-equation("),
        # a formula that is not understood, and a picture of it
        ({"text_latex": r"$\foo$", "image_png": png_text(), "text_plain": "foo"}, PICTURE),
    ],
)
def test_what_shows_nothing_by_itself_gives_way(draft, bundle, beginning):
    assert str(one(draft, shown(**bundle))).startswith(beginning)


def test_a_formula_that_is_not_understood_leaves_a_warning(draft):
    assert str(one(draft, shown(text_latex=r"$\foo$", text_plain="foo"))).startswith("report.code-box(")
    assert draft.warnings == ["cell 7: a formula was not understood and is shown as TeX"]


@pytest.mark.parametrize(
    "bundle",
    [
        {"text_plain": "<matplotlib.legend.Legend at 0x7f2b3c>"},
        {"text_plain": "[<matplotlib.lines.Line2D at 0x7f2b3c>]"},
        {"text_plain": ""},
        {"application_vnd.jupyter.widget-view+json": {}, "text_plain": "  0%|          | 0/10 [00:00<?, ?it/s]"},
        {"application_scrapbook.scrap.json+json": {"name": "total", "data": 5}},
        {"application_papermill.record+json": {"total": 5}},
        {},
    ],
)
def test_what_says_nothing_to_a_reader_is_left_out(draft, bundle):
    assert one(draft, shown(**bundle)) is None
    assert draft.warnings == []


@pytest.mark.parametrize(
    ("bundle", "kind"),
    [
        ({"application_pdf": "JVBERi0="}, "application/pdf"),
        ({"application_pdf": "JVBERi0=", "text_plain": "<Figure size 640x480 with 1 Axes>"}, "application/pdf"),
        ({"application_vnd.custom+json": {}, "text_plain": "<thing at 0x7f2b3c>"}, "application/vnd.custom+json"),
        ({"application_geo+json": {}, "text_plain": "<IPython.display.GeoJSON object>"}, "application/geo+json"),
        ({"video_mp4": "AAAA"}, "video/mp4"),
        ({"image_tiff": "AAAA", "text_plain": "<Figure size 640x480 with 1 Axes>"}, "image/tiff"),
    ],
)
def test_an_output_that_has_no_form_to_print_leaves_a_note_and_a_warning(draft, bundle, kind):
    assert one(draft, shown(**bundle)) == f'report.note("An output of kind {kind} cannot be printed.")'
    assert draft.warnings == [f"cell 7: an output of kind {kind} cannot be printed"]


def test_of_an_output_of_an_unknown_kind_its_text_is_shown(draft):
    bundle = {"application_vnd.custom+json": {}, "text_plain": "the flows of March"}
    assert str(one(draft, shown(**bundle))).startswith('report.output-text(raw("the flows of March"')
    assert draft.warnings == []


def test_beside_a_figure_what_plotting_returns_is_left_out(draft):
    title = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "Text(0.5, 1.0, 'Flows')"}}
    picture = shown(image_png=png_text())
    assert len(outputs_code(draft, [title, picture], streams=False)) == 1
    assert len(outputs_code(draft, [title], streams=False)) == 1


def test_an_error_has_its_sentence_above_the_traceback(draft):
    trace = [
        "\x1b[31m" + "-" * 75 + "\x1b[0m",
        "\x1b[31mValueError\x1b[0m    Traceback (most recent call last)",
        "Cell In[1], line 2",
    ]
    assert one(draft, failed("ValueError", "\x1b[1mno flows\x1b[0m", trace)) == (
        'report.error-box("ValueError: no flows", report.output-text(raw("Cell In[1], line 2", block: true), whole: true))'
    )
    assert draft.warnings == ["cell 7: shows an error, ValueError: no flows"]


@pytest.mark.parametrize(
    ("trace", "shown"),
    [
        (["-" * 75, "ValueError  Traceback (most recent call last)", "In [1]"], "In [1]"),
        (["-" * 75, "In [1]"], "-" * 30),
        (["ValueError  Traceback (most recent call last)", "In [1]"], "ValueError"),
        (["-" * 60_000 + "\nfoo\n"], "-" * 30),  # whatever searches it twice does not end
    ],
)
def test_only_the_head_that_ipython_gives_to_a_traceback_is_left_out(draft, trace, shown):
    assert f'raw("{shown}' in str(one(draft, failed("ValueError", "no", trace)))


@pytest.mark.parametrize("data", ["@@", "aGVsbG8=", None, 5, ""])
def test_a_broken_picture_leaves_a_note_and_a_warning(draft, data):
    assert one(draft, shown(image_png=data)) == 'report.note("An image here could not be read.")'
    assert [warning.split(" (")[0] for warning in draft.warnings] == ["cell 7: the image could not be read"]


@pytest.mark.parametrize("output", [{}, {"output_type": "display_data", "data": [1]}, {"output_type": "stream", "text": 5}])
def test_odd_outputs_are_left_out(draft, output):
    assert outputs_code(draft, [output], streams=True) == []


PLOTLY = 'plotly.io.renderers.default = "png" makes it a picture (with kaleido installed)'
BROWSER = "(with selenium and a browser installed)"


@pytest.mark.parametrize(
    ("bundle", "told"),
    [
        ({"application_vnd.plotly.v1+json": {}, "text_html": "<div></div>"}, f"a figure of plotly {{}}; {PLOTLY}"),
        ({"text_html": "<div id='x'></div><script>Plotly.newPlot('x')</script>"}, f"a figure of plotly {{}}; {PLOTLY}"),
        (
            {"application_vnd.vegalite.v5+json": {}, "text_plain": "alt.Chart(...)"},
            'a chart of altair {}; altair.renderers.enable("png") makes it a picture (with vl-convert-python installed)',
        ),
        (
            {"application_vnd.bokehjs_exec.v0+json": "", "application_javascript": "Bokeh.embed()"},
            f"a plot of bokeh {{}}; bokeh.io.export.get_screenshot_as_png makes it a picture {BROWSER}",
        ),
        (
            {"application_vnd.holoviews_exec.v0+json": "", "text_html": "<div></div><script>Bokeh.embed()</script>"},
            'a plot of holoviews {}; hv.extension("matplotlib") makes it a picture',
        ),
        (
            {"text_html": "<iframe srcdoc='x'></iframe>Make this Notebook Trusted: Trust Notebook"},
            f"a map of folium {{}}; folium.Map(png_enabled=True) makes it a picture {BROWSER}",
        ),
        (
            {"application_vnd.jupyter.widget-view+json": {}, "text_plain": "IntSlider()"},
            "a widget {}; display what it shows instead",
        ),
        ({"text_html": "<div id='x'></div><script>draw()</script>"}, "an interactive output {}"),
    ],
)
def test_what_is_interactive_is_told_once_with_what_makes_it_a_picture(draft, bundle, told):
    told = told.format("cannot be printed and left a note")
    assert one(draft, shown(**bundle)) == NOTE
    assert draft.warnings == [f"cell 7: {told}"]
    draft.warn("something else")
    for number in (7, 9, 12):
        draft.cell = number
        assert one(draft, shown(**bundle)) == NOTE
    assert draft.warnings == [f"cells 7, 9 and 12: {told}", "cell 7: something else"]
    for number in range(20, 30):
        draft.cell = number
        one(draft, shown(**bundle))
    assert draft.warnings[0] == f"cells 7, 9, 12, 20, 21, 22, 23, 24 and 5 more: {told}"


def test_a_map_of_which_there_is_a_picture_is_that_picture(draft):
    bundle = {"text_html": "<iframe srcdoc='x'></iframe>Trust Notebook", "image_png": png_text()}
    assert str(one(draft, shown(**bundle))).startswith(PICTURE)
