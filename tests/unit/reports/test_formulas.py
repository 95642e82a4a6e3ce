import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.reports.formulas import HeldFormula, held_formulas, with_formulas_held, without_held
from workers.reports.markdown import markdown_html
from workers.reports.stylesheet import Stylesheet
from workers.reports.tree import Document, parsed


def read(markdown: str) -> list[str]:
    """The formulas of Markdown, without their delimiters; of display formulas with a ``D`` before them."""
    pieces = held_formulas(with_formulas_held(markdown))
    return [("D" if piece.display else "") + piece.tex for piece in pieces if isinstance(piece, HeldFormula)]


def document(markdown: str) -> Document:
    return parsed(markdown_html(markdown))


@pytest.mark.parametrize(
    ("markdown", "formulas"),
    [
        # as pandoc reads them
        ("$x$ and $y$th", ["x", "y"]),
        ("$$x$$", ["Dx"]),
        ("text $$x$$ text", ["Dx"]),
        (r"\\(x\\) and \\[y\\]", ["x", "Dy"]),
        (r"\begin{align} a \end{align}", [r"D\begin{align} a \end{align}"]),
        (r"\begin{equation*}" "\na\n" r"\end{equation*}", ["D\\begin{equation*}\na\n\\end{equation*}"]),
        # blanks inside the dollar signs
        (r"$ x_1, \ldots, x_k $", [r" x_1, \ldots, x_k "]),
        (r"$ \{c_t(s^t), n_t(s^t)\}_{t=0}^\infty $", [r" \{c_t(s^t), n_t(s^t)\}_{t=0}^\infty "]),
        ("$ n $", [" n "]),
        ("$ y_2$ and $y_3 $", [" y_2", "y_3 "]),
        ("$ a + b $", [" a + b "]),
        ("$ x = 5 $ and so on", [" x = 5 "]),
        (r"$ x \text{ if and only if } y $", [r" x \text{ if and only if } y "]),
        ("$x $, $ y$", ["x ", " y"]),
        ("$a\n+ b$", ["a\n+ b"]),
        # braces hold dollar signs
        (r"$\text{costs $5$}$", [r"\text{costs $5$}"]),
        (r"$\{x\}$ and $\$5$", [r"\{x\}", r"\$5"]),
        # what Markdown would eat
        ("*a* $x_1*y_2$ _b_", ["x_1*y_2"]),
        ("$a < b$ and $c > d$", ["a < b", "c > d"]),
        ("$<a>$", ["<a>"]),
        ("$|x|$ | $P(A|B)$", ["|x|", "P(A|B)"]),
        ("[$x$](https://a.b) ![$y$](z.png)", ["x", "y"]),
        # a blank line within a formula that is marked at both ends
        ("$$\na\n\nb\n$$\nc", ["D\na\n\nb\n"]),
        ("\\begin{align}\na\n\nb\n\\end{align}", ["D\\begin{align}\na\n\nb\n\\end{align}"]),
        ("$$\na\n\nDefine the transformed matrices\n\nb\n$$ c", []),
        # quotations and lists
        ("> $$\n> x\n> y\n> $$", ["D\nx\ny\n"]),
        (">> a $x\n>> > y$", ["x\n> y"]),
        ("- $$\n  x\n  $$", ["D\n  x\n  "]),
        # prose
        ("from $5 to $10", []),
        ("it costs $5 or $6.", []),
        ("$5-$6, US$5/US$6, $1,000 to $2,000", []),
        ("$ 5 and $ 6", []),
        ("between $ 5 / $ 6", []),
        ("use $HOME and $PATH", []),
        ("${HOME} and ${PATH}", []),
        ("a $$ and $$ b", []),
        (r"\$5 and \$x$", []),
        (r"\\$x$", ["x"]),
        ("$x", []),
        ("$a\n\nb$", []),
        ("$$\n\n$$", []),
        ("5$ and $x$", ["x"]),
        ("| $5 | a_b | $6 | $|x|$ |", ["|x|"]),
        ("| $5 k | a\\|b | $|x|$ |", ["|x|"]),
        ("<td>$5</td><td>$6</td> <b>$</b>", []),
        ("we pay $10 and she pays $x$", ["x"]),
        ("see https://a.b/?$c=1&$d=2 and $z$", ["z"]),
        (r"\begin{align} never ended, $x$", ["x"]),
        # code
        ("`$a$` and ``b `$x` $y$`` and $z$", ["z"]),
        ("`a\n$x$` $y$", ["y"]),
        ("`a $x$\n\n b` $y$", ["x", "y"]),
        (r"\`$x$ `$y$`", ["x"]),
        ("```\n$a$\n```\n$b$", ["b"]),
        ("~~~~\n$a$\n~~~\n$c$\n~~~~\n$b$", ["b"]),
        ("```\n$a$", []),
        ("- ```python\n  $a$\n  ```\n  $b$", ["b"]),
        ("> ```\n> $a$\n> ```\n> $b$", ["b"]),
        ("$x\n```\n$y$\n```\nz$", []),
        ("$a `b` c$", []),
        ("$$ \\text{`a`} $$", ["D \\text{`a`} "]),
    ],
)
def test_formulas_are_found_and_prose_and_code_left_alone(markdown, formulas):
    assert read(markdown) == formulas


@pytest.mark.parametrize(
    "markdown",
    [
        "    $x$ indented", "`` $x$ ``", "<pre>$x$</pre>", "<code>$x$</code>", "<kbd>a <b>$x$</b></kbd>", "```\n$x$\n```",
        "```sh\necho $HOME `ls` $PATH\n```",
    ],
)  # fmt: skip
def test_in_code_a_formula_is_its_source(markdown):
    found = document(markdown)
    assert found.find("tex") is None
    assert "$" in found.get_text()


def test_in_tags_a_formula_is_its_source():
    found = document('<a href="https://a.b/?c=$x$" title="a > $y$">z</a> ![$w$](v.png "$u$") <!-- $t$ -->')
    link, picture = found.find("a"), found.find("img")
    assert link is not None
    assert picture is not None
    assert (link.get("href"), link.get("title")) == ("https://a.b/?c=$x$", "a > $y$")
    assert (picture.get("alt"), picture.get("title")) == ("$w$", "$u$")
    assert found.find("tex") is None


def test_in_addresses_dollar_signs_stay():
    found = document("[a](https://x.y/$b$) <https://x.y/$c$> https://x.y/?$d=1&$e=2")
    assert [link.get("href") for link in found.find_all("a")] == [
        "https://x.y/$b$", "https://x.y/$c$", "https://x.y/?$d=1&$e=2",
    ]  # fmt: skip
    assert found.find("tex") is None


def test_formulas_stand_where_they_were_in_every_kind_of_block():
    found = document(
        "# A $a$\n\n- b **$c$** d\n\n> $$e$$\n\n| $|f|$ | `|` |\n|---|---|\n| g | $h$ |\n\n<div align=center>$i$</div>"
    )
    assert [(formula.get_text(), formula.has("display")) for formula in found.find_all("tex")] == [
        ("a", False), ("c", False), ("e", True), ("|f|", False), ("h", False), ("i", False),
    ]  # fmt: skip


def test_letters_that_hold_formulas_are_not_taken_from_a_notebook():
    assert document("a\ufdd024\ufdd1b\ufdd20\ufdd3").get_text().strip() == "a24b0"
    assert document("\ufdd0zz\ufdd1 $x$").get_text().strip() == "zz x"


@pytest.mark.parametrize(
    "piece", ["$", "$ ", "${ ", "$${", "`", "` `` ", "\\begin{a}", "\\\\(", "$a\n", "```\n", "> $$\n", "$x$ "]
)
def test_very_many_signs_are_read_in_one_go(piece):
    # what looks for the end of each of them to the end of the text needs minutes
    text = piece * 20_000
    assert without_held(with_formulas_held(text)).replace(">", "").split() == text.replace(">", "").split()


_WORDS = st.sampled_from(
    [
        "price",
        "of",
        "a",
        "bread",
        "is",
        "$5",
        "$10.50",
        "US$3",
        "100",
        "$HOME",
        "*costs*",
        "C\\$7",
        "`$x`",
        "`a|b`",
        ".",
    ]
)
_FORMULAS = st.builds(
    lambda opening, tex, closing: f"${opening}{tex}{closing}$",
    st.sampled_from(["", " "]),
    st.sampled_from([r"x_1", r"\{a_t\}_{t=0}^\infty", r"\frac{a}{b}", "y^2*z_3", r"\mid a_1|b_2\mid"]),
    st.sampled_from(["", " "]),
)


@given(st.lists(st.lists(st.tuples(_WORDS, _FORMULAS), min_size=1, max_size=6), min_size=1, max_size=4))
def test_prose_with_formulas_keeps_every_word_and_every_formula(paragraphs):
    source = "\n\n".join(" ".join(f"{word} und {formula}," for word, formula in paragraph) for paragraph in paragraphs)
    assert without_held(with_formulas_held(source)) == source
    found = document(source)
    Stylesheet(found)
    written = "".join(source.replace("\\$", "$").split()).translate(str.maketrans("", "", "$*`"))
    shown = "".join(found.get_text().split()).translate(str.maketrans("", "", "$*`"))
    assert shown == written


@given(st.lists(_FORMULAS, min_size=1, max_size=6), st.sampled_from(["", "- ", "> ", "## ", "| a | ", "**b** "]))
def test_formulas_among_words_are_all_set(formulas, before):
    found = read(before + " and ".join(formulas))
    assert found == [formula[1:-1] for formula in formulas]
