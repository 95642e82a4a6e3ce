import pytest

from workers.reports.compilation import typeset
from workers.reports.draft import Draft
from workers.reports.math import bare, formula

UNDERSTOOD = [
    r"\frac{a}{b} + x_i^2",
    r"\sum_{i=1}^{n} x_i \prod_j y_j \int_0^\infty e^{-x}\,dx",
    r"\sqrt{2} \sqrt[3]{x}",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}^T",
    r"\begin{cases} x^2 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\begin{align} a &= b \\ c &= d \label{eq} \end{align}",
    r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
    r"\begin{equation} E = mc^2 \end{equation}",
    r"\begin{array}{lcr} a & b & c \end{array}",
    r"\hat\beta \bar{x} \vec{v} \tilde y \dot z \overline{ab} \underline{c} \widehat{abc}",
    r"\alpha\beta\Gamma\Omega \in \mathbb{R}, \mathcal{N}(\mu, \sigma^2), \mathbf{x}, \mathrm{Var}(x)",
    r"\left( \frac{1}{2} \right) \left| x \right|_0 \left\{ a \right. \bigl( b \bigr)",
    r"\lim_{x \to 0} \sin x, \max_x, \operatorname{arg\,max}_\theta",
    r"\overbrace{a+b}^{n} \underbrace{c}_{m} \overset{a}{b} \underset{a}{b} \stackrel{d}{=}",
    r"\binom{n}{k} \dfrac{1}{2} \substack{a \\ b} \boxed{x} \cancel{y} \phantom{z}",
    r"f''(x) \le 50\% \quad x \neq y \ldots \cdots 1{,}000.5",
    r"x \xrightarrow{a} y \pmod{n} \mathop{abc}",
]


@pytest.mark.parametrize(
    ("tex", "body"),
    [
        ("x", 'report.glyph("x")'),
        ("12.5", '"12.5"'),
        (r"\frac{1}{2}", 'math.frac("1", "2")'),
        ("x^2", 'math.attach(report.glyph("x"), t: "2")'),
        ("x_i^2", 'math.attach(report.glyph("x"), b: report.glyph("i"), t: "2")'),
        (r"\sqrt[3]{2}", 'math.root("3", "2")'),
        (r"\alpha", 'report.glyph("\u03b1")'),
        (r"\mathrm{Var}", 'math.upright("Var")'),
        (r"\sin", 'math.op("sin", limits: false)'),
        (r"\binom{n}{k}", 'math.binom(report.glyph("n"), report.glyph("k"))'),
        (r"\hat{x}", 'math.accent(report.glyph("x"), "\u0302")'),
        (r"\text{#read(\"/etc/passwd\")}", r'"#read(\\\"/etc/passwd\\\")"'),
    ],
)
def test_a_formula_becomes_math_calls(tex, body):
    assert formula(tex, display=False) == f"report.inline-equation({body})"


def test_every_formula_that_is_understood_can_be_typeset(tmp_path):
    codes = [(number, code) for number, tex in enumerate(UNDERSTOOD) if (code := formula(tex, display=True))]
    assert [tex for number, tex in enumerate(UNDERSTOOD) if number not in dict(codes)] == []
    draft = Draft(folder=tmp_path)
    pdf, pages = typeset(draft, codes, {}, finished=None, fonts=())
    assert (pdf[:4], draft.warnings) == (b"%PDF", [])
    assert pages >= 1


@pytest.mark.parametrize(
    "tex",
    [
        "",
        r"\foo{x}",
        r"\frac{a",
        "^",
        "}",
        r"a & b",
        r"\left( x",
        "{" * 3000,
        "x" * 5001,
        r"\frac{1}{" * 60 + "2" + "}" * 60,
        r"\begin{foo",
    ],
)
def test_what_is_not_understood_is_none(tex):
    assert formula(tex, display=True) is None


@pytest.mark.parametrize("tex", ["$$x$$", "$x$", r"\[x\]", r"\(x\)", r"$\displaystyle x$", " x "])
def test_delimiters_are_taken_off(tex):
    assert bare(tex) == "x"
