import pytest

from workers.reports.typst_code import Code, array, call, content, literal
from workers.reports.visible_text import FORMULA, visible_text

RED = {"fill": Code("rgb(1, 2, 3, 255)"), "weight": literal("bold")}
FORMULA_CODE = call("report.inline-equation", content([call("report.glyph", literal(")"))]))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (literal('a "quoted" \\alpha\nand more'), 'a "quoted" \\alpha\nand more'),
        (call("par", content([literal("n"), call("super", literal("th"))])), "\nnth"),
        (content([call("strong", literal("bold")), literal("er")]), "bolder"),
        (content([call("text", literal("red"), **RED), literal("der")]), "redder"),
        (content([call("par", literal("one")), call("par", literal("two"))]), "\none\ntwo"),
        (content([literal("one"), call("linebreak"), literal("two")]), "one\ntwo"),
        (array([literal("1"), literal("2"), call("table.cell", literal("3"), colspan=2)]), "1\n2\n3"),
        (call("list", literal("one"), literal("two"), tight=True), "\none\ntwo"),
        (call("report.section", literal("Heading"), level=2, anchor=literal("to-heading")), "\nHeading"),
        (call("report.figure-image", literal("figure-1.png"), caption=literal("Below"), alt=literal("unseen")), "\nBelow"),
        (call("report.jump", literal("to-x"), literal("there")), "there"),
        (call("link", literal("https://example.org/"), literal("here")), "here"),
        (call("raw", literal("x = 1"), block=True, lang=literal("python")), "x = 1"),
        (content([literal("the "), FORMULA_CODE, literal("th")]), f"the {FORMULA}th"),
        (literal('report.inline-equation("x")'), 'report.inline-equation("x")'),
    ],
)  # fmt: skip
def test_what_is_to_be_read_of_code(code, text):
    assert visible_text(code) == text
