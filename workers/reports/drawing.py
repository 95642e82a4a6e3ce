"""Drawings that stand in HTML itself, as files of their own."""

import base64
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_NAMESPACES = {"xmlns": "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink"}
_NAME = re.compile(r"(?:([A-Za-z_][\w.-]*):)?[A-Za-z_][\w.-]*", re.ASCII)
_NO_CHARACTER_OF_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def drawing_address(svg: "LexborNode") -> dict[str, str | None]:
    """Return the attributes by which an ``<img>`` shows the drawing: ``src``, and ``alt`` from its title or its label."""
    titles = [child.text() for child in svg.iter() if child.tag == "title"]
    alternative = svg.attributes.get("aria-label") or next(iter(titles), "")
    data = base64.b64encode(svg_text(svg).encode("utf-8", "replace")).decode("ascii")
    return {"src": f"data:image/svg+xml;base64,{data}", "alt": " ".join(alternative.split())}


def svg_text(svg: "LexborNode") -> str:
    """Write the drawing as XML.

    HTML asks for less: names without a namespace, values without quotes. What XML has no words for is left out.
    """
    written: list[str] = []
    # not recursion: hostile HTML nests thousands deep
    stack: list[LexborNode | str] = [svg]
    prefixes = {"xml", "xmlns", "xlink"}
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            written.append(node)
            continue
        name = node.tag
        if name == "-text":
            written.append(escape(_xml_characters(node.text_content or "")))
            continue
        attributes = node.attributes if name and name[0] != "-" else {}
        prefixes |= {found.removeprefix("xmlns:") for found in attributes if found.startswith("xmlns:")}
        if not name or not _is_name(name, prefixes):
            continue
        if node is svg:
            attributes = {**attributes, **_NAMESPACES}
        told = "".join(
            f" {key}={quoteattr(_xml_characters(value or ''))}" for key, value in attributes.items() if _is_name(key, prefixes)
        )
        written.append(f"<{name}{told}>")
        stack.append(f"</{name}>")
        stack += list(node.iter(include_text=True))[::-1]
    return "".join(written)


def _is_name(name: str, prefixes: set[str]) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and (found.group(1) is None or found.group(1) in prefixes)


def _xml_characters(text: str) -> str:
    return _NO_CHARACTER_OF_XML.sub("", text)
