import json
import random
import string

import typst

from workers.reports.compilation import typeset_fonts
from workers.reports.letter_widths import PROBE, are_those_of, text_width

MEASURED = """
#set text(font: "Libertinus Serif", size: 1000pt, number-width: "tabular", number-type: "lining")
#let texts = json(bytes(sys.inputs.texts))
#context [#metadata(texts.map(it => (measure(it).width.pt(), measure(strong(it)).width.pt()))) <widths>]
"""


def measured(texts: list[str]) -> list[tuple[float, float]]:
    asked = {"texts": json.dumps(texts)}
    return json.loads(
        typst.query(MEASURED.encode(), "<widths>", field="value", one=True, font_paths=typeset_fonts(()), sys_inputs=asked)
    )


def test_the_table_is_that_of_the_fonts_within_the_installed_typst():
    assert are_those_of(typeset_fonts(()))


def test_no_text_is_wider_than_the_table_says_and_none_much_narrower():
    draw = random.Random(1)
    letters = (
        string.ascii_letters
        + string.digits
        + string.punctuation
        + "ÄÖÜäöüßéèçñøåŁłŠžČ"
        + "αβγΔΩ"
        + "бвгджЖЩя"
        + "\u2013—“”…€£±\u00d7"
    )
    texts = [
        *("".join(draw.choices(letters, k=draw.randint(1, 30))) for _ in range(400)),
        *("TTTT", "f!f!f!", "(J)[J]{j}", "AVAVAV", "efficient office waffle", "BIRMINGHAM", "1,234.50 CHF", "PUFUTOWO", PROBE),
    ]
    for text, (regular, bold) in zip(texts, measured(texts), strict=True):
        for real, bold_face in ((regular, False), (bold, True)):
            width = text_width(text, bold=bold_face)
            assert width is not None, text
            assert 0.75 * 1000 * width < real <= 1000 * width + 0.5, text


def test_numbers_are_as_wide_as_the_table_says():
    texts = ["0", "1234567890", "-3.5", "1,234,567.89", "12 %"]
    for text, (regular, _) in zip(texts, measured(texts), strict=True):
        assert abs(1000 * (text_width(text, bold=False) or 0) - regular) <= 3, text


def test_letters_of_other_fonts_and_marks_have_no_width_that_is_known():
    assert [text_width(text, bold=False) for text in ("नेपाल", "شمال", "表", "✅", "e\u0301")] == [None] * 5


def test_a_place_to_break_has_no_width():
    assert text_width("a\u200bb", bold=False) == text_width("ab", bold=False)
