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
        (r'\text{#read("/etc/passwd")}', r'"#read(\"/etc/passwd\")"'),
    ],
)
def test_a_formula_becomes_math_calls(tex, body):
    assert formula(tex, display=False) == f"report.inline-equation({body})"


GLYPH = 'report.glyph("{}")'


@pytest.mark.parametrize(
    ("delimiter", "glyph"),
    [
        (r"\{", "{"), (r"\}", "}"), (r"\lbrace", "{"), (r"\rbrace", "}"), (r"\|", "‖"), (r"\Vert", "‖"), (r"\lVert", "‖"),
        (r"\rVert", "‖"), (r"\vert", "|"), (r"\lvert", "|"), (r"\langle", "⟨"), (r"\rangle", "⟩"), ("<", "⟨"), (">", "⟩"),
        (r"\lfloor", "⌊"), (r"\rceil", "⌉"), (r"\backslash", r"\\"), (r"\uparrow", "↑"), (r"\Downarrow", "⇓"), ("(", "("),
        ("]", "]"), ("|", "|"), ("/", "/"), (r"\lbrack", "["), (r" \{", "{"), ("{(}", "("), (r"{\{}", "{"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("command", "size"), [("big", "1.20em"), ("Bigl", "1.62em"), ("biggr", "2.05em"), ("Biggm", "2.47em")])
def test_delimiters_of_a_given_size_are_set_whatever_command_they_are(delimiter, glyph, command, size):
    code = formula(rf"x \{command}{delimiter} y", display=False) or ""
    assert f'math.lr(report.glyph("{glyph}"), size: {size})' in code
    assert "None" not in code


@pytest.mark.parametrize(
    ("tex", "body"),
    [
        (r"\bigl. x \bigr|", '{\nreport.glyph("x")\nmath.lr(report.glyph("|"), size: 1.20em)\n}'),
        (r"\left< x \right>", 'math.lr({\nreport.glyph("⟨")\nreport.glyph("x")\nreport.glyph("⟩")\n})'),
        # words
        (r"\text{cost \$5}", '"cost $5"'),
        (r"\mbox{cost \$5}", '"cost $5"'),
        (r"\text{a \% \& \_ \# \{ \}}", '"a % & _ # { }"'),
        (r"\text{a~b\ c}", '"a b c"'),
        (r"\text{caf\'e na\"{i}ve}", '"café naïve"'),
        (r"\text{a {b} c}", '"a b c"'),
        (r"\text{if $x>0$, } y", '{\n{\n"if "\n{\nreport.glyph("x")\nreport.glyph(">")\n"0"\n}\n", "\n}\nreport.glyph("y")\n}'),
        (r"\text{a \textbf{b}}", '{\n"a "\nmath.upright(math.bold("b"))\n}'),
        (r"\text{a}^2", 'math.attach("a", t: "2")'),
        (r"\fbox{a}", 'report.framed-math("a")'),
        (r"\textsc{a}", '"a"'),
        (r"a \& b", '{\nreport.glyph("a")\n"&"\nreport.glyph("b")\n}'),
        # colours
        (r"\color{red}{x} y", '{\ntext(report.glyph("x"), fill: rgb(255, 0, 0, 255))\nreport.glyph("y")\n}'),
        (r"{\color{red} x y} z",
         '{\ntext({\nreport.glyph("x")\nreport.glyph("y")\n}, fill: rgb(255, 0, 0, 255))\nreport.glyph("z")\n}'),
        (r"\textcolor{#0000ff}{x}", 'text(report.glyph("x"), fill: rgb(0, 0, 255, 255))'),
        (r"\textcolor[rgb]{0,0.5,1}{x}", 'text(report.glyph("x"), fill: rgb(0, 128, 255, 255))'),
        (r"\textcolor[RGB]{1,2,3}{x}", 'text(report.glyph("x"), fill: rgb(1, 2, 3, 255))'),
        (r"\textcolor[HTML]{AABBCC}{x}", 'text(report.glyph("x"), fill: rgb(170, 187, 204, 255))'),
        (r"\textcolor[gray]{0.5}{x}", 'text(report.glyph("x"), fill: rgb(128, 128, 128, 255))'),
        (r"\textcolor{ForestGreen}{x}", 'text(report.glyph("x"), fill: rgb(34, 139, 34, 255))'),
        (r"\textcolor{red!40}{x}", 'text(report.glyph("x"), fill: rgb(255, 153, 153, 255))'),
        (r"\textcolor{red!40!blue}{x}", 'text(report.glyph("x"), fill: rgb(102, 0, 153, 255))'),
        (r"\textcolor{of no kind}{x}", 'report.glyph("x")'),
        (r"\textcolor{red}\alpha x", '{\ntext(report.glyph("\u03b1"), fill: rgb(255, 0, 0, 255))\nreport.glyph("x")\n}'),
        (r"\color{red}{\color{blue}{x}}",
         'text(text(report.glyph("x"), fill: rgb(0, 0, 255, 255)), fill: rgb(255, 0, 0, 255))'),
        (r"\colorbox{yellow}{a}", '"a"'),
        # names
        (r"\arg\max x", '{\nmath.op("arg", limits: false)\nmath.op("max", limits: true)\nreport.glyph("x")\n}'),
        (r"\not\ll", 'math.cancel(report.glyph("≪"))'),
        (r"a\hspace{1cm}b", '{\nreport.glyph("a")\nh(2.85em)\nreport.glyph("b")\n}'),
    ],
)  # fmt: skip
def test_what_latex2mathml_reads_wrongly_is_put_in_its_terms(tex, body):
    # a blank among words is one that does not break
    assert (formula(tex, display=False) or "").replace("\u00a0", " ") == f"report.inline-equation({body})"


@pytest.mark.parametrize(
    "tex", [r"\text{a \foo b}", r"\text{\color{red} a}", r"\bigl\foo x", r"\text{a \textbf{" * 20 + "b" + "}}" * 20]
)
def test_a_command_that_would_be_printed_as_a_word_is_not_understood(tex):
    assert formula(tex, display=False) is None


def test_a_colour_ends_with_its_cell():
    code = formula(r"\begin{aligned} \color{red} a &= b \\ c &= d \end{aligned}", display=True) or ""
    assert code.count("fill: rgb(255, 0, 0, 255)") == 1
    assert 'text(report.glyph("a"), fill: rgb(255, 0, 0, 255))' in code


def test_colours_and_signs_among_words_are_mathml_too():
    coloured = '<mstyle mathcolor="#ff0000"><mrow><mi>x</mi></mrow></mstyle>'
    assert coloured in (mathml(r"\color{red}{x}", display=False) or "")
    assert "<mtext>cost\u00a0$5\u00a0&amp;\u00a0b</mtext>" in (mathml(r"\text{cost \$5 \& b}", display=False) or "")
    assert ">{</mo>" in (mathml(r"\bigl\{ x", display=False) or "")


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
