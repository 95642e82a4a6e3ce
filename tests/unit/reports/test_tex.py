import pytest

from workers.reports.tex import bare, prose_html


@pytest.mark.parametrize("tex", ["$$x$$", "$x$", r"\[x\]", r"\(x\)", r"$\displaystyle x$", " x "])
def test_delimiters_are_taken_off(tex):
    assert bare(tex) == "x"


@pytest.mark.parametrize(
    ("latex", "html"),
    [
        ("The value is $x=1$ and that is all", "<p>The value is <tex>x=1</tex> and that is all</p>"),
        ("$x$ and $y<z$", "<p><tex>x</tex> and <tex>y&lt;z</tex></p>"),
        ("so\n$$x$$\nor \\[y\\] or \\(z\\)", "<p>so\n<tex display>x</tex>\nor <tex display>y</tex> or <tex>z</tex></p>"),
        ("a <b> $x$\n\nc \\$5", "<p>a &lt;b&gt; <tex>x</tex></p><p>c $5</p>"),
        ("only $ one", "<p>only $ one</p>"),
    ],
)
def test_prose_with_formulas_in_it_is_prose(latex, html):
    assert prose_html(latex) == html


@pytest.mark.parametrize(
    "latex",
    ["x", "$x$", "$$x$$", r"\[x\]", r"\$5", r"$x = \text{if $y$ holds}$", r"\begin{align}a \\[2pt] b\end{align}", ""],
)
def test_a_formula_as_a_whole_is_no_prose(latex):
    assert prose_html(latex) is None
