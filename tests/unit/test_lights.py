import pytest

from workers.lights import Light, light_for, warning_lines

SIGN = "\u26a0"
EMOJI = "\u26a0\ufe0f"


@pytest.mark.parametrize(
    ("line", "light"),
    [
        ("Warning: x", Light.ORANGE),
        ("WARNING: x", Light.ORANGE),
        ("  warning: leading blanks count", Light.ORANGE),
        ("\twarning: tab", Light.ORANGE),
        ("1234567warning: the mark ends on character 15", Light.ORANGE),
        ("12345678warning: one too far", Light.GREEN),
        ("warning x", Light.GREEN),
        ("warn\u0131ng: a dotless i is another letter", Light.GREEN),
        ("UserWarning: b", Light.ORANGE),
        ("FutureWarning: l", Light.ORANGE),
        ("DeprecationWarning: ends on character 19", Light.GREEN),
        (f"{EMOJI} x", Light.ORANGE),
        (f"{SIGN} the sign without its variation selector counts too", Light.ORANGE),
        ("1234567890123" + EMOJI, Light.ORANGE),
        ("12345678901234" + EMOJI, Light.GREEN),
        ("12345678901234" + SIGN, Light.ORANGE),
        ("123456789012345" + SIGN, Light.GREEN),
        ("2026-01-01 12:00:00 - Warning: x", Light.GREEN),
        ("error: 0", Light.GREEN),
        ("", Light.GREEN),
    ],
)
def test_only_the_head_of_a_line_can_turn_a_run_orange(line, light):
    assert light_for(["all good\n", line + "\n"], failed=False) is light


def test_a_failure_is_red_whatever_the_output_says():
    assert light_for([], failed=True) is Light.RED
    assert light_for(["warning: x"], failed=True) is Light.RED


def test_no_output_is_green():
    assert light_for([], failed=False) is Light.GREEN


def test_warning_lines_come_in_order_without_their_line_ends():
    assert warning_lines(["one\n", "Warning: a\r\n", "two", f"{SIGN} b"]) == ["Warning: a", f"{SIGN} b"]


def test_a_whole_text_is_split_into_its_lines():
    assert warning_lines("fine\r\nwarning: second line\r\n") == ["warning: second line"]


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], Light.GREEN),
        ([Light.GREEN, Light.GREEN], Light.GREEN),
        ([Light.GREEN, Light.ORANGE], Light.ORANGE),
        ([Light.RED, Light.ORANGE, Light.GREEN], Light.RED),
        (["green", "orange"], Light.ORANGE),
    ],
)
def test_the_worst_part_colours_the_whole(parts, whole):
    assert Light.worst(parts) is whole


def test_a_light_is_its_name():
    assert f"{Light.RED}" == "red"
    assert [light.value for light in Light] == ["green", "orange", "red"]
