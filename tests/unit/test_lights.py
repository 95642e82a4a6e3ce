import pytest

from workers.lights import Light, light_for, printed_warnings, warning_lines

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
    "text", ["", "fine\n", "Warning: a\nx\fwarning: b\n", f"{SIGN} a\rb\r\nwarning: c", "x" * 20 + "warning: a"]
)
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_warnings_of_a_file_are_those_of_its_lines_however_it_is_read(tmp_path, monkeypatch, text, block):
    monkeypatch.setattr("workers.lights._BLOCK_CHARACTERS", block)
    path = tmp_path / "output.txt"
    path.write_text(text, newline="")
    with open(path) as read, open(path) as lines:
        assert printed_warnings(read) == warning_lines(lines)


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
