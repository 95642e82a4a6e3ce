"""Pictures: found, checked before Typst sees them, and measured."""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from .draft import Draft
from .text import breakable
from .typst_code import Code, Value, call, content, literal, points

#: a picture that decodes to more is refused: 80 megapixels are 320 MB of memory
PIXEL_LIMIT = 80_000_000
BYTE_LIMIT = 50_000_000
#: the renderer of SVG is recursive
SVG_DEPTH_LIMIT = 200
#: so that matplotlib's 640 pixels take five sixths of the width of the text
POINTS_PER_PIXEL = 0.62
#: the width of the text in pixels of pictures
TEXT_PIXELS = 459 / POINTS_PER_PIXEL
#: the note beside a drawing that `loses_text`
LOST_TEXT = "Text within this drawing is HTML and cannot be printed."

_SVG_HEAD = 5_000  # what stands before the drawing is not longer
_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"
_POINTS_PER_UNIT = {"pt": 0.86, "px": 0.62, "": 0.62, "in": 72.0, "cm": 28.35, "mm": 2.835}


class UnusablePicture(Exception):
    """The bytes are not a picture that can be printed; the message says why in a few words."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A checked picture."""

    data: bytes
    extension: str
    width_points: float | None  #: natural size on the page; None when the picture does not say
    height_points: float | None


def figure(
    draft: Draft,
    data: bytes,
    *,
    alternative: str = "",
    width_pixels: float | None = None,
    height_pixels: float | None = None,
    caption: str = "",
) -> Code:
    """Place a picture on lines of its own, centred, no larger than a page's text; a note if it cannot be used.

    Its height counts where no width is given: a picture keeps its proportions.
    """
    placed = _placed(draft, data, alternative, width_pixels, height_pixels)
    if placed is None:
        return call("report.note", _broken(alternative))
    name, named = placed
    shown = call("report.figure-image", literal(name), caption=literal(caption) if caption else None, **named)
    return content([shown, call("report.note", literal(LOST_TEXT))]) if loses_text(draft, data) else shown


def inline_picture(
    draft: Draft,
    data: bytes,
    *,
    alternative: str = "",
    width_pixels: float | None = None,
    height_pixels: float | None = None,
) -> Code:
    """Place a picture in a line of text; a note in that line if it cannot be used."""
    placed = _placed(draft, data, alternative, width_pixels, height_pixels)
    if placed is None:
        return call("report.note-in-line", _broken(alternative))
    name, named = placed
    shown = call("report.inline-image", literal(name), **named)
    return content([shown, call("report.note-in-line", literal(LOST_TEXT))]) if loses_text(draft, data) else shown


def _placed(
    draft: Draft, data: bytes, alternative: str, width_pixels: float | None, height_pixels: float | None
) -> tuple[str, dict[str, Value]] | None:
    try:
        picture = checked_picture(data)
    except UnusablePicture as reason:
        draft.warn(f"the image could not be read ({reason})")
        return None
    width, height = picture.width_points, picture.height_points
    if not width_pixels:
        width_pixels = width_for_height(picture, height_pixels)
    if width_pixels and 0 < width_pixels < 100_000:
        if width and height:
            height *= width_pixels * POINTS_PER_PIXEL / width
        width = width_pixels * POINTS_PER_PIXEL
    return draft.add_figure(picture.data, picture.extension), {
        "width": points(width) if width else None,
        "height": points(height) if width and height else None,
        "alt": literal(alternative[:500]) if alternative.strip() else None,
    }


def width_for_height(picture: Picture, height_pixels: float | None) -> float | None:
    """Return the width in pixels at which a picture is ``height_pixels`` high; None if its own size is unknown."""
    if not height_pixels or not picture.width_points or not picture.height_points:
        return None
    return height_pixels * picture.width_points / picture.height_points


def _broken(alternative: str) -> Code:
    return literal("An image here could not be read" + (f": {breakable(alternative[:200])}" if alternative else "") + ".")


def address_bytes(address: str, folder: Path) -> bytes:
    """Read the picture at ``address``: a ``data:`` address, or a file inside ``folder``. Nothing is fetched.

    Raises:
        UnusablePicture: it is on the network, outside ``folder`` (symbolic links followed), missing, too large or garbled.
    """
    if address[:5].lower() == "data:":
        return _data_address_bytes(address)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", address):
        if re.match(r"(?:https?|ftps?|s3|gs):|//", address, re.IGNORECASE):
            raise UnusablePicture("it is on the network, and nothing is fetched; save it in the notebook's folder")
        kind = "an attachment that is missing" if address.startswith("attachment:") else "not in the notebook's folder"
        raise UnusablePicture(kind)
    try:
        path = (folder / unquote(re.split(r"[?#]", address)[0])).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise UnusablePicture("not in the notebook's folder")
        if not path.is_file():
            raise UnusablePicture("no such file")
        if path.stat().st_size > BYTE_LIMIT:
            raise UnusablePicture("larger than 50 MB")
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: a NUL in the name; RuntimeError: a loop of links
        raise UnusablePicture("the file cannot be read") from error


def _data_address_bytes(address: str) -> bytes:
    head, comma, body = address.partition(",")
    if not comma or not head[5:].lower().startswith("image/"):
        raise UnusablePicture("not an image")
    return base64_bytes(unquote(body)) if head.lower().endswith(";base64") else unquote_to_bytes(body)


def base64_bytes(text: str) -> bytes:
    """Decode base64 text with any blanks and line ends in it.

    Raises:
        UnusablePicture: it is not base64, or more than 50 MB.
    """
    if len(text) > BYTE_LIMIT * 4 // 3:
        raise UnusablePicture("larger than 50 MB")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnusablePicture("not valid base64") from error


def checked_picture(data: bytes) -> Picture:
    """Check the picture in ``data``, known by its content rather than by a name.

    Raises:
        UnusablePicture: of a kind that Typst does not set, cut short, damaged, or too large when decoded.
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _raster(data, "png", *_png_size(data))
    if data[:3] == b"\xff\xd8\xff":
        return _raster(data, "jpg", *_jpeg_size(data))
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) > 13:
        return _raster(data, "gif", *struct.unpack("<HH", data[6:10]))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _raster(data, "webp", *_webp_size(data))
    if b"<svg" in data[:_SVG_HEAD]:
        return _svg(data)
    raise UnusablePicture("not PNG, JPEG, GIF, WebP or SVG" if data else "empty")


def _raster(data: bytes, extension: str, width: int, height: int) -> Picture:
    if width * height == 0 or width * height > PIXEL_LIMIT:
        raise UnusablePicture(f"{width} by {height} pixels")
    return Picture(
        data=data, extension=extension, width_points=width * POINTS_PER_PIXEL, height_points=height * POINTS_PER_PIXEL
    )


def _png_size(data: bytes) -> tuple[int, int]:
    chunks = list(_png_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise UnusablePicture("cut short")
    width, height = struct.unpack(">II", chunks[0][1][:8])
    if 0 < width * height <= PIXEL_LIMIT:
        _check_pixels((body for kind, body in chunks if kind == b"IDAT"), most=height * (width * 8 + 64))
    return width, height


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 8
    while offset + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[offset : offset + 8])
        body = data[offset + 8 : offset + 8 + length]
        checksum = data[offset + 8 + length : offset + 12 + length]
        if len(checksum) != 4 or struct.unpack(">I", checksum)[0] != zlib.crc32(kind + body):
            raise UnusablePicture("damaged or cut short")
        yield kind, body
        if kind == b"IEND":
            return
        offset += 12 + length


def _check_pixels(parts: Iterator[bytes], most: int) -> None:
    decompressor, total = zlib.decompressobj(), 0
    try:
        for part in parts:
            while part:
                total += len(decompressor.decompress(part, 1 << 20))
                part = decompressor.unconsumed_tail
                if total > most:
                    raise UnusablePicture("holds more pixels than it says")
        if not decompressor.eof:
            raise UnusablePicture("cut short")
    except zlib.error as error:
        raise UnusablePicture("damaged") from error


def _jpeg_size(data: bytes) -> tuple[int, int]:
    offset = 2
    while offset + 9 < len(data):
        if data[offset] != 0xFF:
            break
        marker = data[offset + 1]
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:  # fill bytes and markers without a length
            offset += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if b"\xff\xd9" not in data[-4096:]:
                raise UnusablePicture("cut short")
            height, width = struct.unpack(">HH", data[offset + 5 : offset + 9])
            return width, height
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    raise UnusablePicture("damaged")


def _webp_size(data: bytes) -> tuple[int, int]:
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise UnusablePicture("cut short")
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        packed = int.from_bytes(data[21:25], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def loses_text(draft: Draft, data: bytes) -> bool:
    """Return True, and warn in ``draft``, if a checked drawing has text as HTML, which is not drawn, with nothing in
    its place.
    """
    if b"foreignObject" not in data:
        return False
    for parent in _svg_root(data).iter():
        boxes = [child for child in parent if _local_name(child.tag) == "foreignObject"]
        has_stand_in = _local_name(parent.tag) == "switch" and len(parent) > len(boxes)
        if not has_stand_in and any(text.strip() for box in boxes for text in box.itertext()):
            draft.warn("text within a drawing is HTML and was left out")
            return True
    return False


def _svg_root(data: bytes):  # type: ignore[no-untyped-def]
    from xml.etree import ElementTree

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    # figures of matplotlib and graphviz carry the DOCTYPE of SVG 1.1; one with declarations of its own stays and is refused
    text = data.decode("utf-8-sig", "replace")
    head = re.sub(r"<!DOCTYPE[^\[>]*>", "", text[:_SVG_HEAD], count=1, flags=re.IGNORECASE)
    text = (re.sub(r"<\?xml[^>]*\?>", "", head, count=1) + text[_SVG_HEAD:]).strip()
    try:
        root = fromstring(text)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise UnusablePicture("not well-formed SVG") from error
    if _local_name(root.tag) != "svg":
        raise UnusablePicture("not SVG")
    return root


def _svg(data: bytes) -> Picture:
    from xml.etree import ElementTree

    root = _svg_root(data)
    _strip_active_content(root)
    if _depth(root) > SVG_DEPTH_LIMIT:
        raise UnusablePicture("nested too deeply")
    width, height = _svg_size(root)
    ElementTree.register_namespace("", _SVG_NAMESPACE)
    ElementTree.register_namespace("xlink", _XLINK_NAMESPACE)
    if not str(root.tag).startswith("{"):  # browsers take an SVG without its namespace, Typst does not
        root.set("xmlns", _SVG_NAMESPACE)
    return Picture(data=ElementTree.tostring(root), extension="svg", width_points=width, height_points=height)


_ACTIVE = frozenset((
    "script", "foreignObject", "iframe", "animate", "animateMotion", "animateTransform", "set", "handler", "audio",
    "video",
))  # fmt: skip
_LOCAL_REFERENCE = re.compile(r"\s*(#|data:image/(png|jpe?g|gif|webp);)", re.IGNORECASE)
_OUTWARD = re.compile(r"@import[^;]*;?|url\(\s*[\"']?(?!\s*[\"']?#)[^)]*\)?", re.IGNORECASE)


def _strip_active_content(root) -> None:  # type: ignore[no-untyped-def]
    """Remove everything that runs or points outside: scripts, embedded pages, and all references except to the picture's own
    parts.
    """
    for element in list(root.iter()):
        for child in list(element):
            if not isinstance(child.tag, str) or _local_name(child.tag) in _ACTIVE:
                element.remove(child)
        for name, value in list(element.attrib.items()):
            local = _local_name(name)
            if local.lower().startswith("on") or (local == "href" and not _LOCAL_REFERENCE.match(value)):
                del element.attrib[name]
            elif "url(" in value.lower():
                element.attrib[name] = _OUTWARD.sub("none", value)
        if _local_name(element.tag) == "style" and element.text:
            element.text = _OUTWARD.sub("", element.text)


def _depth(root) -> int:  # type: ignore[no-untyped-def]
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


def _local_name(tag: object) -> str:
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def _svg_size(root) -> tuple[float | None, float | None]:  # type: ignore[no-untyped-def]
    sizes = [re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(pt|px|in|cm|mm|)\s*", root.get(side, "")) for side in ("width", "height")]
    if sizes[0] and sizes[1]:
        width, height = (float(size.group(1)) * _POINTS_PER_UNIT[size.group(2)] for size in sizes if size)
        return (width, height) if width and height else (None, None)
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    if len(box) == 4 and all(re.fullmatch(r"\d+(\.\d+)?", side) for side in box[2:]):
        width, height = (float(side) * POINTS_PER_PIXEL for side in box[2:])
        return (width, height) if width and height else (None, None)
    return None, None
