import pytest

from tests.unit.reports.samples import png
from workers.reports.draft import Draft
from workers.reports.figures import UnusablePicture, base64_bytes, checked_picture, figure

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50">%s</svg>'
JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x20\x00\x30\x01\x11\x00\x11"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"plain text", "not PNG, JPEG, GIF, WebP or SVG"),
        (png()[:-6], "cut short"),
        (png()[:-12], "cut short"),
        (png().replace(b"\x04", b"\x05", 1), "damaged or cut short"),  # the checksum no longer fits
        (png(0, 5), "0 by 5 pixels"),
        (png(100_000, 100_000, pixels=b"\x00"), "100000 by 100000 pixels"),
        (png(4, 3, pixels=b"\x00" * 10_000), "holds more pixels than it says"),
        (b"\xff\xd8\xff\xe0\x00\x04ab", "damaged"),
        (JPEG_HEAD, "cut short"),
        (b"<svg><rect", "not well-formed SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "not well-formed SVG"),
        (b"<html><svg/></html>", "not SVG"),
        (SVG % (b"<g>" * 5_000 + b"</g>" * 5_000), "nested too deeply"),
    ],
)
def test_a_picture_that_would_stop_the_report_is_refused(data, reason):
    with pytest.raises(UnusablePicture) as refused:
        checked_picture(data)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("data", "extension", "width"),
    [
        (png(100, 50), "png", 62.0),
        (JPEG_HEAD + b"..\xff\xd9", "jpg", 48 * 0.62),
        (b"GIF89a\x0a\x00\x05\x00\x00\x00\x00\x3b", "gif", 6.2),
        (SVG % b"", "svg", 62.0),
        (b'<svg viewBox="0 0 200 100"/>', "svg", 124.0),
        (b'<svg width="72pt" height="36pt"/>', "svg", 72 * 0.86),
        (b'<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://w3.org/x.dtd">\n<svg/>', "svg", None),
    ],
)
def test_a_picture_is_known_by_its_content_and_has_a_natural_width(data, extension, width):
    picture = checked_picture(data)
    assert picture.extension == extension
    assert picture.width_points == (pytest.approx(width) if width else None)


@pytest.mark.parametrize(
    ("inside", "gone"),
    [
        (b"<script>alert()</script>", b"alert"),
        (b"<foreignObject><p>x</p></foreignObject>", b"foreignObject"),
        (b'<image href="file:///etc/passwd"/>', b"passwd"),
        (b'<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://a.b/c.png"/>', b"a.b"),
        (b'<rect onclick="x()"/>', b"onclick"),
        (b'<rect fill="url(http://a.b/c#d)"/>', b"a.b"),
        (b"<style>@import 'http://a.b'; rect {fill: url(http://a.b/c)}</style>", b"a.b"),
    ],
)
def test_what_runs_or_points_outside_is_taken_out_of_an_svg(inside, gone):
    data = checked_picture(SVG % inside).data
    assert gone not in data
    assert data.startswith(b"<svg")


def test_references_within_an_svg_are_kept():
    data = checked_picture(SVG % b'<g id="a"/><use href="#a" fill="url(#b)"/>').data
    assert b'href="#a"' in data
    assert b'fill="url(#b)"' in data


def test_a_picture_says_its_size_so_that_the_page_can_make_it_fit(tmp_path):
    draft = Draft(folder=tmp_path)
    assert figure(draft, png(100, 2000)) == (
        'report.figure-image("figure-1.png", caption: none, width: 62.0pt, height: 1240.0pt, alt: none)'
    )


def test_the_width_that_the_notebook_gives_wins(tmp_path):
    assert "width: 31.0pt" in figure(Draft(folder=tmp_path), png(100, 50), width_pixels=50)


@pytest.mark.parametrize("text", ["@@@", "abc", "é"])
def test_what_is_not_base64_is_refused(text):
    with pytest.raises(UnusablePicture, match="not valid base64"):
        base64_bytes(text)


def test_base64_may_be_broken_into_lines():
    assert base64_bytes("aGVs\nbG8=\n") == b"hello"
