"""Outputs that scripts draw in a browser: the library that made one, and advice for getting pictures from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """A library whose output only a browser can show."""

    what: str  #: one output of it, with its article
    kinds: str  #: a regular expression for the MIME types that it puts out
    markup: str  #: a regular expression for what its HTML says
    hint: str  #: advice for making a picture of it


#: holoviews before bokeh and plotly, in whose terms it draws
_LIBRARIES = (
    Library(
        "a plot of holoviews",
        r"application/vnd\.holoviews",
        r"HoloViews|holoviews",
        """hv.extension("matplotlib") makes it a picture""",
    ),
    Library(
        "a figure of plotly",
        r"application/vnd\.plotly",
        r"\bPlotly\.(?:newPlot|react)\b|plotly-graph-div",
        """plotly.io.renderers.default = "png" makes it a picture (with kaleido installed)""",
    ),
    Library(
        "a chart of altair",
        r"application/vnd\.vega(?:lite)?\b",
        r"\bvegaEmbed\b",
        """altair.renderers.enable("png") makes it a picture (with vl-convert-python installed)""",
    ),
    Library(
        "a plot of bokeh",
        r"application/vnd\.bokeh",
        r"\bBokeh\.|bk-root|data-root-id",
        "bokeh.io.export.get_screenshot_as_png makes it a picture (with selenium and a browser installed)",
    ),
    Library(
        "a map of folium",
        r"$.",
        r"Trust Notebook|\bfolium\b|\bL\.map\(",
        "folium.Map(png_enabled=True) makes it a picture (with selenium and a browser installed)",
    ),
    Library("a widget", r"application/vnd\.jupyter\.widget", r"$.", "display what it shows instead"),
)


def interactive_library(kinds: Iterable[str], html: str) -> Library | None:
    """Return the library that made data of these MIME types with that HTML; None if unknown."""
    known = list(kinds)
    for library in _LIBRARIES:
        if any(re.match(library.kinds, kind) for kind in known):
            return library
    return next((library for library in _LIBRARIES if re.search(library.markup, html)), None)


def interactive_warning(library: Library | None) -> str:
    """Return the warning about an output that leaves a note."""
    if library is None:
        return "an interactive output cannot be printed and left a note"
    return f"{library.what} cannot be printed and left a note; {library.hint}"
