"""Prose of notebooks: Jupyter's Markdown to HTML.

nbconvert's own parser reads it, so the dialect is Jupyter's. Formulas come out as ``<tex>`` elements (attribute ``display`` for
those on a line of their own), code blocks as ``<pre>`` with the language as class, attachments as ``data:`` addresses.
"""

import base64
import binascii
from functools import cache
from html import escape
from typing import Any


def markdown_html(source: str, attachments: dict[str, Any] | None = None) -> str:
    """The HTML of one Markdown cell. Raw HTML in it is passed on as it is.

    A dollar sign opens a formula by pandoc's rule: no blank inside the dollar signs, no digit after the closing one, so that
    "from $5 to $10" stays prose. A picture whose attachment is missing keeps its ``attachment:`` address. Nothing is read from
    disk or from the network.
    """
    parser, inline, renderer = _parts()
    return str(parser(renderer=renderer(attachments or {}), inline=inline(hard_wrap=False)).render(source))


@cache
def _parts() -> tuple[Any, Any, Any]:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, MathInlineParser

    class Inline(MathInlineParser):
        SPECIFICATION = {
            **MathInlineParser.SPECIFICATION,
            "inline_math_tex": r"(?s:(?<![$\\])\$(?!\s)(?P<math_inline_tex>[^$]+?)(?<![$\\\s])\$(?![\d$]))",
        }

    class Renderer(IPythonRenderer):
        def __init__(self, attachments: dict[str, Any]) -> None:
            super().__init__(escape=False, exclude_anchor_links=True, attachments=attachments)

        def block_code(self, code: str, info: str | None = None) -> str:
            language = (info or "").split()[:1]
            named = f' class="language-{escape(language[0])}"' if language else ""
            return f"<pre{named}>{escape(code)}</pre>\n"

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            return f"<h{level}>{text}</h{level}>\n"

        def block_math(self, body: str) -> str:
            return f"<tex display>{escape(body)}</tex>"

        def inline_math(self, body: str) -> str:
            return f"<tex>{escape(body)}</tex>"

        def latex_environment(self, name: str, body: str) -> str:
            return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

        def _embed_image_or_attachment(self, src: str) -> str:
            bundle = self.attachments.get(src.removeprefix("attachment:")) if src.startswith("attachment:") else None
            return attachment_address(bundle) or src

    return MarkdownWithMath, Inline, Renderer


def attachment_address(bundle: object) -> str | None:
    """The ``data:`` address of the best picture of an attachment's MIME bundle, None when it holds no picture."""
    if not isinstance(bundle, dict):
        return None
    for kind in ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"):
        data = bundle.get(kind)
        data = "".join(map(str, data)) if isinstance(data, list) else data
        if isinstance(data, str):
            return f"data:{kind};base64,{_base64_text(data)}"
    return None


def _base64_text(data: str) -> str:
    # an SVG is kept as text by some front ends and in base64 by others
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return data if "<" not in data else base64.b64encode(data.encode("utf-8", "replace")).decode("ascii")
    return data
