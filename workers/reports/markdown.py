"""Prose of notebooks: Jupyter's Markdown to HTML.

mistune reads it with what JupyterLab's own parser knows besides CommonMark. Formulas are held (`workers.reports.formulas`)
until the HTML is parsed; code blocks come out as ``<pre>`` with the language as class, attachments as ``data:`` addresses.
"""

import base64
import binascii
import re
from collections.abc import Callable
from functools import cache
from html import escape, unescape
from typing import Any
from urllib.parse import quote, unquote

from .formulas import with_formulas_held
from .markdown_tables import gfm_tables

_PLUGINS = ("strikethrough", "url", "task_lists", "def_list")
# "#Heading" too, as nbconvert reads it and many notebooks have it
_HEADING = r"^ {0,3}(?P<atx_1>#{1,6})(?!#+)(?P<atx_2>[ \t]*(.*?)?)$"
_ATTACHED = re.compile(
    r"""(<img\b[^<>]*?\bsrc\s*=\s*)(?:"(attachment:[^"]*)"|'(attachment:[^']*)'|(attachment:[^\s"'<>]+))""", re.IGNORECASE
)


def markdown_html(source: str, attachments: dict[str, Any] | None = None) -> str:
    """The HTML of one Markdown cell, its formulas held in it. Raw HTML in it is passed on as it is, attached pictures in place.

    A picture whose attachment is missing keeps its ``attachment:`` address. Nothing is read from disk or from the network.
    """
    return str(_parser()(attachments or {})(with_formulas_held(source)))


@cache
def _parser() -> Callable[[dict[str, Any]], Callable[[str], Any]]:
    from mistune import BlockParser, HTMLRenderer, InlineParser, Markdown
    from mistune.plugins import import_plugin

    class Block(BlockParser):
        SPECIFICATION = {**BlockParser.SPECIFICATION, "atx_heading": _HEADING}

    class Renderer(HTMLRenderer):
        def __init__(self, attachments: dict[str, Any]) -> None:
            # of harmful addresses none is followed by a report, and those of attached drawings would be taken for harmful
            super().__init__(escape=False, allow_harmful_protocols=True)
            self.attachments = attachments

        def block_code(self, code: str, info: str | None = None) -> str:
            language = (info or "").split()[:1]
            named = f' class="language-{escape(language[0])}"' if language else ""
            return f"<pre{named}>{escape(code)}</pre>\n"

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            return f"<h{level}>{text}</h{level}>\n"

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return super().image(text, self._address(url), title)

        def block_html(self, html: str) -> str:
            return super().block_html(self._with_attachments(html))

        def inline_html(self, html: str) -> str:
            return super().inline_html(self._with_attachments(html))

        def _with_attachments(self, html: str) -> str:
            return _ATTACHED.sub(
                lambda found: (
                    f'{found.group(1)}"{escape(self._address(unescape(found.group(2) or found.group(3) or found.group(4))))}"'
                ),
                html,
            )

        def _address(self, source: str) -> str:
            if not source.startswith("attachment:"):
                return source
            name = source.removeprefix("attachment:")
            bundles = (self.attachments.get(key) for key in (name, unquote(name), quote(name)))
            return next((address for bundle in bundles if (address := attachment_address(bundle))), source)

    plugins: list[Any] = [*map(import_plugin, _PLUGINS), gfm_tables]
    return lambda attachments: Markdown(Renderer(attachments), Block(), InlineParser(hard_wrap=False), plugins)


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
