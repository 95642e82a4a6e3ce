"""Random notebooks of what reports have lost: tall cells, odd tables, lists in lists, code, quotes, formulas, pictures."""

from __future__ import annotations

import base64
import re
from html import escape
from typing import Any

from hypothesis import strategies as st

from tests.unit.reports.samples import code, notebook, png_text, prose, shown

_AWKWARD = (
    "BIRMINGHAM", "flow_id", "naïve", "Größe", "Москва", "λόγος", "2016-03-14", "12:30:00", "12.5%", "$5", "US$", "-0.25",
    "1e-3", "a|b", "*", "**", "_", "#", "[x]", "NaN", "\\n", "C:\\temp", "R&D", "x<y", "…",
    "Donaudampfschifffahrtsgesellschaft", "w" * 61, "customer_identification_number", "http://example.org/a/b?c=d", "½", "²",
    "fi",
)  # fmt: skip
_TEX = (
    "x_1", r"\frac{a}{b+1}", r"\alpha^2", r"\sum_{i=1}^n x_i", r"\{1, 2\}", r"\left\{ y \right\}", r"\bigl\{z\bigr\}",
    r"\big\|v\big\|", r"\text{cost \$5}", r"\mathbb{R}^n", r"\lVert w \rVert", r"|u|", r"\sqrt[3]{q}",
    r"\color{red}{k}", r"p \mid s", r"\hat{\beta}",
    r"\begin{cases} 1 & t \\ 0 & f \end{cases}",
)  # fmt: skip

words = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9), st.integers(0, 99_999).map(str), st.sampled_from(_AWKWARD)
)
sentences = st.lists(words, min_size=1, max_size=12).map(" ".join)


def _pictures() -> st.SearchStrategy[str]:
    sizes = st.tuples(st.sampled_from((8, 60, 400, 900)), st.sampled_from((8, 60, 300, 1_500)))
    return sizes.map(lambda size: f"data:image/png;base64,{png_text(*size)}")


def _drawing(text: str) -> str:
    inner = f'<path stroke="#369" d="M-900 9L900 9"/><text>{escape(text)}</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40">{inner}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


pictures = st.one_of(_pictures(), words.map(_drawing))

_tall = st.sampled_from((1, 1, 1, 2, 3, 8, 90))  #: lines of what is mostly short


@st.composite
def _formulas(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("one", "one", "one", "sum", "aligned", "matrix")))
    if kind == "one":
        return draw(st.sampled_from(_TEX))
    if kind == "sum":
        return " + ".join(draw(st.lists(st.sampled_from(_TEX), min_size=2, max_size=20)))
    rows = draw(st.sampled_from((1, 3, 70)))
    if kind == "aligned":
        return r"\begin{aligned} " + r" \\ ".join(f"x_{{{row}}} &= {row}" for row in range(rows)) + r" \end{aligned}"
    columns = draw(st.sampled_from((1, 3, 25)))
    cells = (" & ".join(str(row * column) for column in range(columns)) for row in range(rows))
    return r"\begin{pmatrix} " + r" \\ ".join(cells) + r" \end{pmatrix}"


@st.composite
def _inline(draw: st.DrawFn) -> str:
    text = escape(draw(sentences))
    match draw(st.sampled_from(("plain", "plain", "b", "i", "code", "span", "sub", "a", "br", "img"))):
        case "plain":
            return text
        case "br":
            return "<br>".join(f"{text} {line}" for line in range(draw(_tall)))
        case "img":
            return f'{text} <img src="{draw(pictures)}"> after'
        case "a":
            return f'<a href="https://example.org/">{text}</a>'
        case "span":
            return f'<span style="color: #a00; font-weight: bold">{text}</span> end'
        case name:
            return f"before <{name}>{text}</{name}> after"


def _listed(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(children, min_size=1, max_size=4)
    is_closed = st.booleans()

    def written(drawn: tuple[str, list[str], bool]) -> str:
        name, inner, closed = drawn
        return f"<{name}>" + "".join(f"<li>{each}{'</li>' if closed else ''}" for each in inner) + f"</{name}>"

    return st.tuples(st.sampled_from(("ul", "ol")), items, is_closed).map(written)


@st.composite
def _tables(draw: st.DrawFn, cells: st.SearchStrategy[str]) -> str:
    columns = draw(st.sampled_from((1, 2, 3, 6, 14)))
    rows = draw(st.sampled_from((1, 2, 4, 30)))
    closed = draw(st.booleans())
    simple = sentences.map(escape) if columns < 6 else words.map(escape)
    plain = [[draw(simple) for _ in range(columns)] for _ in range(min(rows, 3))]
    grid = [list(plain[row % len(plain)]) for row in range(rows)]
    for _ in range(draw(st.integers(0, 2))):
        grid[draw(st.integers(0, rows - 1))][draw(st.integers(0, columns - 1))] = draw(cells)
    end = "</td>" if closed else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}{end}" for cell in row) + ("</tr>" if closed else "") for row in grid)
    head = ""
    if draw(st.booleans()):
        named = [draw(words.map(escape)) for _ in range(columns)]
        if draw(st.integers(0, 9)) == 0:
            named[0] = "<br>".join(f"head{line}" for line in range(draw(_tall)))
        head = "<thead><tr>" + "".join(f"<th>{name}</th>" for name in named) + "</tr></thead>"
    caption = f"<caption>{escape(draw(sentences))}</caption>" if draw(st.booleans()) else ""
    return f"<table>{caption}{head}<tbody>{body}</tbody></table>"


@st.composite
def _preformatted(draw: st.DrawFn) -> str:
    return "<pre>" + "\n".join(f"{escape(draw(sentences))} {line}" for line in range(draw(_tall))) + "</pre>"


def _wrapped(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    around = st.sampled_from((
        "<blockquote>{}</blockquote>", '<div style="background: #eef">{}</div>', "<details><summary>more</summary>{}</details>",
        "<dl><dt>term</dt><dd>{}</dd></dl>", "<p>before</p>{}<p>after</p>", "<section><h3>part</h3>{}</section>",
    ))  # fmt: skip
    return st.tuples(around, children).map(lambda drawn: drawn[0].format(drawn[1]))


html = st.recursive(
    st.one_of(_inline(), _preformatted(), sentences.map(lambda text: f"<p>{escape(text)}</p>")),
    lambda children: st.one_of(_listed(children), _tables(children), _wrapped(children)),
    max_leaves=6,
)


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()#+-.!|<>$~&:" else letter for letter in text)


@st.composite
def _markdown_inline(draw: st.DrawFn) -> str:
    text = _escaped(draw(sentences))
    match draw(st.sampled_from(("plain", "plain", "**", "*", "code", "formula", "formula", "blanks", "picture"))):
        case "plain":
            return text
        case "code":
            return f"{text} `{draw(words).replace('`', '')}|` after"
        case "formula":
            return f"{text} ${draw(st.sampled_from(_TEX))}$ after"
        case "blanks":
            return f"{text} $ {draw(st.sampled_from(_TEX))} $ after"
        case "picture":
            return f"{text} ![]({draw(pictures)}) after"
        case mark:
            return f"before {mark}{text}{mark} after"


@st.composite
def _markdown_table(draw: st.DrawFn) -> str:
    columns = draw(st.integers(1, 6))
    cells = st.one_of(words.map(_escaped), st.sampled_from(("`a|b`".replace("|", "\\|"), "$x_1$", "**bold**")))
    lines = ["| " + " | ".join(draw(cells) for _ in range(columns)) + " |", "|" + "---|" * columns]
    for _ in range(draw(st.integers(1, 5))):
        # what is short is filled up, and what is too long is dropped by the dialect itself
        lines.append("| " + " | ".join(draw(cells) for _ in range(draw(st.integers(1, columns)))) + " |")
    return "\n".join(lines)


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else line for line in text.split("\n"))


def _markdown_blocks(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    listed = st.lists(children, min_size=1, max_size=3).map(
        lambda items: "\n".join("- " + _indented(each, "  ")[2:] for each in items)
    )
    quoted = children.map(lambda text: _indented(text, "> "))
    return st.one_of(listed, quoted, st.lists(children, min_size=2, max_size=3).map("\n\n".join))


markdown = st.recursive(
    st.one_of(
        _markdown_inline(),
        _markdown_inline(),
        _markdown_table(),
        _formulas().map(lambda tex: f"$$\n{tex}\n$$"),
        st.tuples(sentences, _tall).map(lambda drawn: "```\n" + "\n".join([drawn[0].replace("`", "")] * drawn[1]) + "\n```"),
        sentences.map(lambda text: f"## {_escaped(text)}"),
        # a block of HTML, which ends at a blank line
        _tables(html).map(lambda table: table.replace("\n", "<br>")),
    ),
    _markdown_blocks,
    max_leaves=5,
)


_TABLE_PARTS = ("td", "tbody", "tr", "thead", "th", "caption")  # the names that are tried first, and most often, lead
_STYLED = (
    *_TABLE_PARTS, *_TABLE_PARTS, "table", "li", "ul", "ol", "dt", "dd", "dl", "summary", "details", "blockquote", "p", "div",
    "section", "h3", "pre", "b", "i", "code", "span", "sub", "a", "img",
)  # fmt: skip
_DISPLAYS = (
    "block", "flex", "grid", "table", "list-item", "flow-root", "inline-block", "inline", "contents", "table-cell", "table-row",
)  # fmt: skip
_HIDING = (" hidden", ' style="display: none"', ' style="visibility: hidden"', ' style="visibility: collapse"')
_OPENING = re.compile(r"<(" + "|".join(sorted({*_STYLED}, key=len, reverse=True)) + r")(?=[ >])(?![^>]*style=)")


@st.composite
def _styled(draw: st.DrawFn, sources: st.SearchStrategy[str]) -> str:
    """HTML of which every element may be shown otherwise than its name says, by a sheet or its own style, or not at all."""
    source = draw(sources)
    if draw(st.integers(0, 2)) == 0:
        return source
    rules = draw(st.lists(st.tuples(st.sampled_from(_STYLED), st.sampled_from(_DISPLAYS)), max_size=4))
    sheet = "".join(f"{name} {{display: {display}}} " for name, display in rules)
    places = [found.end() for found in _OPENING.finditer(source)]
    if places:
        of_one = st.one_of(
            *[st.sampled_from(_DISPLAYS).map(lambda display: f' style="display: {display}"')] * 3, st.sampled_from(_HIDING)
        )
        chosen = draw(st.dictionaries(st.sampled_from(places), of_one, max_size=3))
        for place in sorted(chosen, reverse=True):
            source = source[:place] + chosen[place] + source[place:]
    return (f"<style>{sheet}</style>" if sheet else "") + source


@st.composite
def notebooks(draw: st.DrawFn) -> dict[str, Any]:
    """A notebook of one to three cells under a title."""
    cells = [prose("# Random")]
    for _ in range(draw(st.integers(1, 3))):
        match draw(st.sampled_from(("html", "html", "markdown", "markdown", "output", "latex", "text", "picture"))):
            case "html":
                cells.append(code(shown(text_html=draw(_styled(html)), text_plain="...")))
            case "markdown":
                cells.append(prose(draw(markdown)))
            case "output":
                cells.append(code(shown(text_markdown=draw(markdown))))
            case "latex":
                cells.append(code(shown(text_latex=f"$\\displaystyle {draw(_formulas())}$", text_plain="...")))
            case "text":
                lines = "\n".join(f"{draw(sentences)} {line}" for line in range(draw(_tall)))
                cells.append(code(shown(text_plain=lines)))
            case "picture":
                cells.append(code(shown(image_png=png_text(*draw(st.sampled_from(((900, 300), (300, 1_800))))))))
    return notebook(*cells)
