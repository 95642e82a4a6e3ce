import pytest

from workers.reports.text import breakable, monospaced, preformatted, printed, shortened


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("10%\r50%\r100%", "100%"),
        ("done\r", "done"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("ab\b\bcd", "cd"),
        ("\b\ba", "a"),
    ],
)
def test_of_a_rewritten_line_its_last_version_is_left(text, left):
    assert printed(text) == left


def test_a_long_run_can_be_broken_every_thirty_characters_and_short_ones_are_left_alone():
    assert breakable("x" * 39) == "x" * 39
    assert breakable("y " + "x" * 61) == "y " + "\u200b".join(("x" * 30, "x" * 30, "x"))


def test_of_a_long_text_the_middle_is_left_out_and_counted():
    assert shortened("abcdef", limit=6) == "abcdef"
    assert shortened("a" * 1000 + "b" * 2000, limit=10) == "aaaaa\n… 2,990 characters left out …\nbbbbb"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\n  b\n", r'report.output-text(raw("a\n  b", block: true), whole: true)'),
        (
            "\x1b[31mred\x1b[0m plain",
            'report.output-text({\ntext("red", fill: rgb(178, 24, 43, 255))\n" plain"\n}, whole: true)',
        ),
        ("\x1b[1mbold", 'report.output-text(text("bold", weight: "bold"), whole: true)'),
        ("\x1b[38;2;1;2;3mtrue", 'report.output-text(text("true", fill: rgb(1, 2, 3, 255)), whole: true)'),
        ("\x1b[38;5;196mcube", 'report.output-text(text("cube", fill: rgb(255, 0, 0, 255)), whole: true)'),
        ("\x1b[38;5m\x1b[38mcut short", 'report.output-text("cut short", whole: true)'),
        ("\x1b]0;title\x07\x1b[2Kgone", 'report.output-text("gone", whole: true)'),
        (
            "\x1b[1ma\nb",
            'report.output-text({\ntext("a", weight: "bold")\nlinebreak()\ntext("b", weight: "bold")\n}, whole: true)',
        ),
    ],
)
def test_terminal_colours_become_arguments_and_other_sequences_nothing(text, code):
    assert monospaced(text) == code


def test_a_language_that_is_no_name_is_left_out():
    assert preformatted("x = 1\n", "python") == 'report.code-box(raw("x = 1", block: true, lang: "python"))'
    assert preformatted("x", 'py")#panic("') == 'report.code-box(raw("x", block: true, lang: none))'
