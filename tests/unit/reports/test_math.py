import pytest

from workers.reports.compilation import typeset
from workers.reports.draft import Draft
from workers.reports.math import formula, mathml

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
    r"\int f(x)\,\mathrm{d}x, \operatorname*{arg\,max}_{x} f, \operatorname*{tr} A, \operatorname{\mathbf{E}} X \tag{1}",
    r"a \not= b \not< c \not> d \not| e \not\in f, \mathbb{1}, \mathds{1}_x, a \overset{!}{=} b",
    r"\left[\begin{array}{cc|c} 1 & 2 & 3 \\ \hline 4 & 5 & 6 \end{array}\right]",
    r"\begin{align} a &= b \tag{7} \\ c &= d \end{align}",
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
        # latex2mathml would show these as something else
        r"\not\to",
        r"\begin{array}{|c|c|} a & b \end{array}",
        r"\begin{array}{c||c} a & b \end{array}",
        r"\begin{array}{c|c} a \end{array}",
        r"\begin{array}{*{2}{c}} a & b \end{array}",
        r"\begin{array}{c@{}c} a & b \end{array}",
        r"\begin{array}{c} \hline a \\ b \end{array}",
        r"\begin{array}{c} a \\ b \\ \hline \end{array}",
        r"\begin{array}{c} a \\ \hline \hline b \end{array}",
        r"\begin{array}{c} a \\ \hdashline b \end{array}",
        r"\operatorname{a{b{c}}}",
    ],
)
def test_what_is_not_understood_is_none(tex):
    assert formula(tex, display=True) is None


@pytest.mark.parametrize(
    ("tex", "body"),
    [
        (r"\mathrm{d}x", '{\nmath.upright("d")\nreport.glyph("x")\n}'),
        (r"\mathrm d", 'math.upright("d")'),
        (r"\operatorname{T}", 'math.op("T", limits: false)'),
        (r"\operatorname*{argmax}_x", 'math.attach(math.op("argmax", limits: true), b: report.glyph("x"))'),
        (r"\operatorname*{tr}_x", 'math.attach(math.op("tr", limits: true), b: report.glyph("x"))'),
        (
            r"\operatorname*{arg\,max}_x",
            'math.attach(math.limits(math.op({\nmath.upright("arg")\nh(0.17em)\nmath.upright("max")\n})), '
            'b: report.glyph("x"))',
        ),
        (r"\operatorname{arg~max}", 'math.op({\nmath.upright("arg")\n"\u00a0"\nmath.upright("max")\n})'),
        (r"x \tag{1}", '{\nreport.glyph("x")\nh(2.00em)\n"(1)"\n}'),
        (r"x \tag*{A}", '{\nreport.glyph("x")\nh(2.00em)\n"A"\n}'),
        (r"a \not= b", '{\nreport.glyph("a")\nreport.glyph("\u2260")\nreport.glyph("b")\n}'),
        (r"\mathbb{1}", 'math.bb("1")'),
        (r"\mathds{1}", 'math.bb("1")'),
        (r"x \sim y", '{\nreport.glyph("x")\nreport.glyph("\u223c")\nreport.glyph("y")\n}'),
        (r"\overset{!}{=}", 'math.attach(math.limits(report.glyph("=")), t: math.class("normal", report.glyph("!")))'),
        (
            r"\begin{array}{c|c} 1 & 2 \\ \hline 3 & 4 \end{array}",
            'math.mat(("1", "2", ), ("3", "4", ), delim: none, align: center, '
            "row-gap: 0.40em, column-gap: 1.00em, augment: (hline: (1, ), vline: (1, ), ))",
        ),
        (
            r"\begin{array}{cc|c} 1 & 2 & 3 \end{array}",
            'math.mat(("1", "2", "3", ), delim: none, align: center, '
            "row-gap: 0.40em, column-gap: 1.00em, augment: (hline: (), vline: (2, ), ))",
        ),
    ],
)
def test_what_latex2mathml_lacks_is_said_in_other_words(tex, body):
    assert formula(tex, display=False) == f"report.inline-equation({body})"


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\boldsymbol{\beta}", "<mi>\U0001d737</mi>"),
        (r"x \sim y", "<mi>x</mi><mo>\u223c</mo><mi>y</mi>"),
        (r"\mathbf{12}", "<mn>\U0001d7cf\U0001d7d0</mn>"),
        (r"\mathbb{1}", "<mn>\U0001d7d9</mn>"),
        (r"\mathrm{Var}", '<mi mathvariant="normal">V</mi><mi mathvariant="normal">a</mi><mi mathvariant="normal">r</mi>'),
        (r"\mathrm{d}", '<mi mathvariant="normal">d</mi>'),
        (r"\begin{array}{c|c} 1 & 2 \end{array}", '<mtd columnalign="center" class="ruled-right"><mn>1</mn></mtd>'),
        (r"\begin{array}{l} 1 \end{array}", '<mtd columnalign="left" class="to-left"><mn>1</mn></mtd>'),
        (r"\begin{align} 1 & 2 \end{align}", '<mtd columnalign="right" class="to-right close"><mn>1</mn></mtd>'),
        (r"\begin{array}{c} 1 \\ \hline 2 \end{array}", '<mtd columnalign="center" class="ruled-below"><mn>1</mn></mtd>'),
    ],
)
def test_alphabets_and_lines_that_browsers_do_not_draw_by_themselves_are_drawn(tex, shown):
    assert shown in (mathml(tex, display=False) or "")
