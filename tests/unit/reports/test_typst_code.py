import pytest

from workers.reports.typst_code import EMPTY, Code, array, call, content, keyword, literal


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ('say "yes"', r'"say \"yes\""'),
        (r"a\b", r'"a\\b"'),
        (r"\u{41}", r'"\\u{41}"'),
        ("#read(1) $x$ *b*", '"#read(1) $x$ *b*"'),  # markup means nothing inside a string
        ("a\nb\r\nc\rd", r'"a\nb\nc\nd"'),
        ("a\tb", '"a    b"'),
        ("\x00a\x1b\x7f\ufffe\ud800b", '"ab"'),
        ("नेपाल 人 😀", '"नेपाल 人 😀"'),
    ],
)
def test_text_becomes_one_string_literal(text, code):
    assert literal(text) == code


def test_a_call_takes_code_numbers_booleans_and_none():
    assert call("table.cell", literal("x"), colspan=2, fill=None, whole_row=True) == (
        'table.cell("x", colspan: 2, fill: none, whole-row: true)'
    )


@pytest.mark.parametrize("argument", ["text", 'text"', b"bytes", 1.5])
def test_a_call_refuses_text_that_is_not_a_literal(argument):
    with pytest.raises(TypeError, match=r"text must go through literal\(\)"):
        call("strong", argument)


@pytest.mark.parametrize("name", ["", "a b", "a(", "Upper", "a..b", "#a", 'a"'])
def test_a_name_is_lower_case_words_with_dots_and_hyphens(name):
    with pytest.raises(ValueError, match="not a Typst name"):
        keyword(name)


@pytest.mark.parametrize(("items", "code"), [([], "()"), ([literal("a")], '("a", )'), ([1, None], "(1, none, )")])
def test_an_array_of_one_is_still_an_array(items, code):
    assert array(items) == code


def test_content_leaves_out_what_is_empty():
    assert content([]) == EMPTY
    assert content([EMPTY, Code("a")]) == "a"
    assert content([Code("a"), Code("b")]) == "{\na\nb\n}"
