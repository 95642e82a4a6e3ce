import pytest

from tests.settings import count
from workers.reports.tree import Element, Text, parsed


def outline(parent: Element) -> str:
    """The elements with their attributes, and the text."""
    written = ""
    for child in parent.children:
        if isinstance(child, Text):
            written += child.text
        else:
            attributes = "".join(
                f" {name}={value}" if value is not None else f" {name}" for name, value in child.attributes.items()
            )
            written += f"<{child.name}{attributes}>{outline(child)}</>"
    return written


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("<table><tr><th>shop<th>sales<tr><td>Bern<td>10</table>",
         "<table><tbody><tr><th>shop</><th>sales</></><tr><td>Bern</><td>10</></></></>"),
        ("<table><thead><tr><th>a<tbody><tr><td>1<tfoot><tr><td>2</table>",
         "<table><thead><tr><th>a</></></><tbody><tr><td>1</></></><tfoot><tr><td>2</></></></>"),
        ("<ul><li>one<li>two<ul><li>three</ul><li>four</ul>", "<ul><li>one</><li>two<ul><li>three</></></><li>four</></>"),
        ("<p>one<p>two<ul><li>x</ul>", "<p>one</><p>two</><ul><li>x</></>"),
        ("<dl><dt>a<dd>1<dt>b<dd>2</dl>", "<dl><dt>a</><dd>1</><dt>b</><dd>2</></>"),
        ("<p>a<table><tr><td>1</table>b", "<p>a</><table><tbody><tr><td>1</></></></>b"),
        ("<table>stray<tr><td>1</td></tr></table>", "stray<table><tbody><tr><td>1</></></></>"),
        ("<tr><td>1<td>2</tr>", "12"),
        ("<b>1<p>2</b>3</p>", "<b>1</><p><b>2</>3</>"),
        ("<b>1<i>2</b>3</i>", "<b>1<i>2</></><i>3</>"),
        ("<a>1<a>2", "<a>1</><a>2</>"),
        ("x</br>y<br/>z<br>", "x<br></>y<br></>z<br></>"),
        ("<p>a <tex display>x &lt; y</tex> b", "<p>a <tex display>x < y</> b</>"),
        ("<table><tr><td><tex>x</tex></table>", "<table><tbody><tr><td><tex>x</></></></></>"),
        ("<!DOCTYPE html><html><head><title>t</title><style>p{}</style></head><body class=c><p>x</body></html>y", "<p>xy</>"),
        ("a<script>b</script><style>c</style><template><p>d</template><noscript><p>e</noscript>f", "af"),
        ("a<select><option>b</select><button>c</button><textarea>d</textarea>e", "ae"),
        ("<!-- a -->b<![CDATA[c]]><?d ?>", "b"),
        ("&eacute;&nbsp;&lt;&#8364;&#x80;&copy&notit; &", "é\xa0<€€©¬it; &"),
        ("<P CLASS='A b' Hidden>x</P>", "<p class=A b hidden>x</>"),
        ("<div/>a<span/>b", "<div>a<span>b</></>"),
        ("<pre>\na\n\nb</pre>", "<pre>a\n\nb</>"),
        ("<p>a <b", "<p>a <b</>"),
        ("<xmp><b></xmp><menu><li>a</menu>", "<pre><b></><ul><li>a</></>"),
        ("", ""),
        ("\ud800a\x00b", "ab"),
    ],
)  # fmt: skip
def test_html_is_read_as_browsers_read_it(html, tree):
    assert outline(parsed(html)) == tree


def test_a_drawing_is_a_picture_that_keeps_what_places_it():
    drawing = parsed(
        '<p><svg class="icon" width="1em" viewBox="0 0 9 9"><title>A  b</title><svg><path/></svg></svg>after'
    ).find("img")
    assert drawing is not None
    assert {name: drawing.get(name) for name in ("class", "width", "alt")} == {"class": "icon", "width": "1em", "alt": "A b"}
    assert drawing.children == []
    assert drawing.parent is not None
    assert drawing.parent.get_text() == "after"


def test_elements_are_found_in_the_order_of_the_document():
    document = parsed("<div id=1><p id=2><b id=3>x</b></p><p id=4></div><p id=5>")
    assert [element.get("id") for element in document.elements()] == ["1", "2", "3", "4", "5"]
    assert [element.get("id") for element in document.find_all("p", "b")] == ["2", "3", "4", "5"]
    assert [element.get("id") for element in document.own("p")] == ["5"]
    assert document.find("table") is None
    found = document.find("b")
    assert found is not None
    assert [element.name for element in found.ancestors()] == ["b", "p", "div", "body"]


def test_text_is_joined_as_it_is_written():
    document = parsed("<p>a <b>b</b>\n c</p>d")
    assert document.get_text() == "a b\n cd"
    assert document.get_text("|") == "a |b|\n c|d"


@pytest.mark.parametrize(
    ("selector", "found"),
    [("p.c b", ["2"]), ("[id='3'], i", ["3"]), ("p:nth-child(3)", ["4"]), ("p::before", []), ("a[", []), ("", [])],
)
def test_selectors_find_the_elements_of_the_tree(selector, found):
    document = parsed("<style></style><p class=c id=1><b id=2>x</b><i id=3>y</i></p><p id=4>z</p>")
    assert [element.get("id") for element in document.select(selector)] == found


def test_however_deep_elements_are_nested_their_text_is_read():
    depth = count(20_000, 50_000)  # the parser takes the square of it
    document = parsed("<div>" * depth + "deep")
    assert document.get_text() == "deep"
    assert sum(1 for _ in document.elements()) == depth


def test_a_line_end_within_text_is_one_in_what_is_read_of_it():
    assert parsed("<code>a<br>b</code>").get_text() == "a\nb"
