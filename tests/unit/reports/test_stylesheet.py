import pytest

from workers.reports.stylesheet import Stylesheet
from workers.reports.tree import parsed


def shown(html: str) -> str:
    """The text of what is seen."""
    document = parsed(html)
    Stylesheet(document)
    return document.get_text()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p hidden>a</p>b", "b"),
        ("<p hidden=until-found>a</p>b", "b"),
        ("<p HIDDEN=false>a</p>b", "b"),
        ("<p style='display:none'>a<b>c</b></p>b", "b"),
        ("<p style='DISPLAY: NONE !important'>a</p>b", "b"),
        ("<p style='visibility: hidden'>a</p><table><tr style='visibility:collapse'><td>c</table>b", "b"),
        ("<style>.k, i {display: none}</style><p class='j k'>a</p><i>c</i>b", "b"),
        ("<style>#k {visibility: hidden}</style><p id=k>a</p>b", "b"),
        ("<dialog>a</dialog><dialog open>b</dialog>", "b"),
        ("<details><summary>a</summary>b</details>", "ab"),  # a reader opens it
        ("<p aria-hidden=true>a</p>", "a"),
        # as scikit-learn writes it: the style of an author wins over the browser's own for `hidden`
        ("<style>#s div.c {display: inline-block !important} #s div.t {display: none}</style>"
         "<div id=s><div class=t>a</div><div class=c hidden>b</div></div>", "b"),
        ("<p hidden style='display: block'>a</p>", "a"),
        ("<div style='visibility: hidden'>a<p>c</p><i>c<b style='visibility: visible'>b</b>c</i><hr></div>", "b"),
        ("<style>.k * {visibility: hidden} .k i {visibility: initial}</style><div class=k><p>a<u>c<i>b</i></u></p></div>", "b"),
        ("<p style='display: none'>a<b style='visibility: visible'>c</b></p>b", "b"),
        ("<div style='visibility: hidden'>a<p style='display: none'>c<b style='visibility: visible'>c</b></p></div>b", "b"),
        ("<ul>" + "<li hidden>a<li>b" * 3 + "</ul>", "bbb"),
    ],
)  # fmt: skip
def test_what_a_browser_does_not_show_is_gone(html, text):
    assert shown(html) == text


@pytest.mark.parametrize(
    ("style", "declared"),
    [
        ("color: var(--x, red)", {"color": "red"}),
        ("color: var(--x,  var(--y, rgb(1, 2, 3)))", {"color": "rgb(1, 2, 3)"}),
        ("color: var(--x)", {}),
        ("color: VAR(--own)", {"color": "blue"}),
        ("color: var(--of-the-root, red)", {"color": "green"}),
        ("color: var(--around, red)", {"color": "navy"}),
        ("color: var(--not-around, red)", {"color": "red"}),
        ("color: var(--named, red)", {"color": "teal"}),
        ("background: linear-gradient(90deg, var(--own) 5%, var(--x, red) 5%)",
         {"background": "linear-gradient(90deg, blue 5%, red 5%)"}),
        ("--a: var(--b); --b: var(--a); color: var(--a, red)", {}),
        ("--a: var(--b) var(--b); --b: var(--a) var(--a); color: var(--a)", {}),
    ],
)  # fmt: skip
def test_variables_have_the_value_that_is_nearest_or_the_one_that_stands_in(style, declared):
    document = parsed(
        "<style>:root {--of-the-root: green} div {--around: navy} #named {--named: teal} b {--not-around: navy}</style>"
        f"<div id=named><b>a</b><i style='--own: blue; {style}'>b</i></div>"
    )
    sheet, element = Stylesheet(document), document.find("i")
    assert element is not None
    assert {name: value for name, value in sheet.of(element).items() if not name.startswith("--")} == declared


@pytest.mark.parametrize(
    ("html", "declared"),
    [
        ("<font color=red>", {"color": "red"}),
        ("<font color=ff0000 size=5>", {"color": "#ff0000", "font-size": "1.5em"}),
        ("<font color='#f00' size=+1 style='color: blue'>", {"color": "blue"}),
        ("<td bgcolor=yellow>", {"background-color": "yellow"}),
        ("<small>", {"font-size": "0.83em"}),
        ("<div class='alert alert-warning'>", {"color": "#8a6d3b", "background-color": "#fcf8e3"}),
        ("<div class='alert-block alert-danger' style='color: red'>", {"color": "red", "background-color": "#f2dede"}),
        ("<div class='alert'>", {}),
        ("<p>", {}),
    ],
)
def test_old_attributes_and_boxes_count_and_style_wins_over_them(html, declared):
    document = parsed(f"<table><tr>{html}x" if html.startswith("<td") else f"{html}x")
    sheet = Stylesheet(document)
    *_, innermost = document.elements()
    assert sheet.of(innermost) == declared


def test_what_stands_on_a_line_of_its_own_by_its_style_is_in_a_box_of_its_own():
    document = parsed("<b style='display: block'>a</b><span style='display: inline-block'>b</span><p style='display: flex'>c")
    Stylesheet(document)
    assert [element.name for element in document.elements()] == ["div", "b", "span", "p"]
    assert [element.name for element in document.own("div")[0].own("b")[0].ancestors()] == ["b", "div", "body"]


@pytest.mark.parametrize("display", ["block", "flex", "GRID", "table", "list-item", "flow-root", "inline-block", "contents"])
@pytest.mark.parametrize(
    "html",
    [
        "<table><caption>a</caption><colgroup><col></colgroup><thead><tr><th>b</th></tr></thead><tbody><tr><td>c</td></tr></tbody>"
        "<tfoot><tr><td>d</td></tr></tfoot></table>",
        "<ul><li>a</li></ul>",
        "<ol><li>a<ul><li>b</li></ul></li></ol>",
        "<dl><dt>a</dt><dd>b</dd></dl>",
        "<details><summary>a</summary><p>b</p></details>",
        "<figure><img src=a><figcaption>b</figcaption></figure>",
        "<fieldset><legend>a</legend><p>b</p></fieldset>",
        "<p><math><mfrac><mn>1</mn><msub><mi>x</mi><mi>i</mi></msub></mfrac><mtable><mtr><mtd><mn>2</mn></mtd></mtr></mtable></math></p>",
    ],
)  # fmt: skip
def test_parts_of_tables_lists_figures_and_formulas_stay_where_they_belong_whatever_their_style(html, display):
    shaped = [*places(html)]
    names = sorted({name for name, _ in shaped} - {"math", "img"})
    for name in names:
        assert [*places(f"<style>{name} {{display: {display}}}</style>{html}", settled=True)] == shaped
    assert [*places(f"<style>{', '.join(names)} {{display: {display}}}</style>{html}", settled=True)] == shaped


def places(html, *, settled=False):
    """The name of every element, and of the one that holds it."""
    document = parsed(html)
    if settled:
        Stylesheet(document)
    for element in document.elements():
        yield element.name, element.parent.name


def test_a_cell_that_is_hidden_but_keeps_its_place_is_empty():
    document = parsed(
        "<table><tr><td>a<td style='visibility: hidden'>b<td>c<tr><td>1<th style='visibility: collapse'>2<td>3</table>"
    )
    Stylesheet(document)
    assert [[cell.get_text() for cell in row.own("td", "th")] for row in document.find_all("tr")] == [
        ["a", "", "c"],
        ["1", "", "3"],
    ]


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<b style='white-space: pre-wrap'><i>x", "all"),
        ("<b style='white-space: pre'><i style='white-space: normal'>x", ""),
        ("<b style='white-space: pre-line'><i style='white-space: inherit'>x", "lines"),
        ("<style>.k {white-space: break-spaces}</style><b class=k><i>x", "all"),
        ("<b><i style='color: red'>x", ""),
    ],
)
def test_white_space_is_inherited(html, kept):
    document = parsed(html)
    sheet, element = Stylesheet(document), document.find("i")
    assert element is not None
    assert sheet.kept_blanks(element) == kept


def test_in_a_row_that_is_hidden_a_cell_that_is_not_stands_where_it_belongs():
    document = parsed("<table><tr style='visibility: hidden'><td>a<td style='visibility: visible'>b<td>c<tr><td>1<td>2</table>")
    Stylesheet(document)
    assert [[cell.get_text() for cell in row.own("td")] for row in document.find_all("tr")] == [["", "b", ""], ["1", "2"]]


def test_very_many_hidden_elements_are_taken_out_in_one_go():
    assert shown("<ul>" + "<li hidden>a" * 40_000 + "<li>b</ul>") == "b"
