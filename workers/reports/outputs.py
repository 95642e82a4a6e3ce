"""Outputs of code cells: pictures, tables, values, prints, errors; for each, the richest form that can be shown."""

import json
import re
from dataclasses import dataclass
from typing import Any

from deciders.notebooks.notebook_document import joined_text

from . import figures, math
from .draft import Draft
from .html import html_code, is_empty
from .interactive import interactive_library, interactive_warning
from .markdown import markdown_html
from .tex import bare, prose_html
from .text import monospaced, preformatted, printed, without_escapes
from .typst_code import Code, call, literal

_RASTERS = ("image/png", "image/jpeg", "image/gif", "image/webp")
_SCRIPTED = re.compile(r"application/(vnd\.(jupyter\.widget|plotly|vega|bokeh|holoviews)|javascript)|text/javascript")
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
_TEXTS = frozenset(("text/plain", "text/html", "text/latex", "text/markdown"))
# data for other programs; no front end shows them
_UNSHOWN = re.compile(r"application/(?:scrapbook|papermill)\.")
_PROGRESS_BAR = re.compile(r"\d+%\|")
# <matplotlib.lines.Line2D at 0x7f>, [<Axes: >], Text(0.5, 1.0, 'title'), (array([...]), <BarContainer object of 10 artists>)
_OBJECT = re.compile(r"[\[({\s]*<[^<>\n]*>[\])},\s]*", re.DOTALL)
_DRAWN = re.compile(r".*<[A-Z][\w.]*(?::| object| at 0x).*|(?:Text|array)\(.*\)", re.DOTALL)
# LaTeX that front ends set as a formula; other LaTeX is text
_MATHEMATICAL = re.compile(
    r"(?<!\\)(?:\\\\)*(?:\$|\\[(\[])|\\begin\s*\{(?:equation|align|gather|multline|eqnarray|flalign|displaymath|math|split|cases|array"
    r"|[bBpvV]?(?:small)?matrix)"
)
_TABULAR = re.compile(r"\\begin\s*\{(?:tabular|longtable|table)")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture, not checked yet."""

    data: bytes  #: empty when it could not be decoded
    alternative: str
    width_pixels: float | None = None


@dataclass(frozen=True)
class Formula:
    """TeX that `workers.reports.math` understands."""

    tex: str


@dataclass(frozen=True)
class Html:
    """HTML that shows something without its scripts, with formulas as ``<tex>`` if there are any."""

    source: str


@dataclass(frozen=True)
class Prose:
    """Markdown."""

    source: str


@dataclass(frozen=True)
class Text:
    """Text as a terminal would show it, escape sequences included."""

    text: str


@dataclass(frozen=True)
class Source:
    """Program text."""

    text: str
    language: str


@dataclass(frozen=True)
class Note:
    """A text in place of something that cannot be shown."""

    text: str


@dataclass(frozen=True)
class Failure:
    """An error with its traceback, which may be empty."""

    headline: str
    trace: str


Part = Figure | Formula | Html | Prose | Text | Source | Note | Failure


def shown_parts(draft: Draft, outputs: list[dict[str, Any]], *, streams: bool) -> list[Part]:
    """Return the visible parts of the outputs of one cell, in order. Prints are left out unless ``streams``, errors never are.

    Only the warnings of ``draft`` are written to.
    """
    has_picture = any(kind.startswith("image/") for output in outputs for kind in _bundle(output))
    parts: list[Part | None] = []
    for output in outputs:
        match output.get("output_type"):
            case "stream":
                text = joined_text(output.get("text"))
                parts.append(Text(text) if streams and without_escapes(printed(text)).strip() else None)
            case "error":
                parts.append(_error(draft, output))
            case "execute_result" | "display_data" | "update_display_data":
                parts.append(_displayed(draft, _bundle(output), output.get("metadata"), has_picture))
    return [part for part in parts if part is not None]


def outputs_code(draft: Draft, outputs: list[dict[str, Any]], *, streams: bool) -> list[Code]:
    """Return `shown_parts` as Typst code."""
    return [_code(draft, part) for part in shown_parts(draft, outputs, streams=streams)]


def _code(draft: Draft, part: Part) -> Code:
    match part:
        case Figure():
            return figures.figure(draft, part.data, alternative=part.alternative, width_pixels=part.width_pixels)
        case Formula(tex):
            return math.formula(tex, display=True) or preformatted(bare(tex), "latex")
        case Html(source):
            return html_code(draft, source)
        case Prose(source):
            return html_code(draft, markdown_html(source))
        case Text(text):
            return monospaced(text)
        case Source(text, language):
            return preformatted(text, language)
        case Note(text):
            return call("report.note", literal(text))
        case Failure(headline, trace):
            return call("report.error-box", literal(headline), *([monospaced(trace)] if trace else []))


def _bundle(output: dict[str, Any]) -> dict[str, Any]:
    data = output.get("data")
    return {str(kind): value for kind, value in data.items()} if isinstance(data, dict) else {}


def _error(draft: Draft, output: dict[str, Any]) -> Failure:
    name, message = joined_text(output.get("ename")) or "Error", joined_text(output.get("evalue"))
    headline = without_escapes(printed(message)).strip()
    headline = f"{name}: {headline}" if headline else name
    lines = output.get("traceback")
    trace = "\n".join(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else ""
    # IPython begins with a line of dashes and one with the name of the error, which stands above already
    dashes, _, below = trace.partition("\n")
    named, ended, rest = below.partition("\n")
    if "-" * 20 in dashes and "Traceback (most recent call last)" in named and ended:
        trace = rest
    draft.warn(f"shows an error, {headline[:150]}")
    return Failure(headline[:2_000], trace if without_escapes(trace).strip() else "")


def _displayed(draft: Draft, bundle: dict[str, Any], metadata: object, has_picture: bool) -> Part | None:
    """Return the richest form of a result that can be shown, chosen as front ends do; None for nothing.

    HTML, Markdown, a drawing, a formula, a picture, text; but pictures before HTML of which scripts draw all or a part.
    """
    plain, html = joined_text(bundle.get("text/plain")).strip(), joined_text(bundle.get("text/html"))
    latex = joined_text(bundle.get("text/latex"))
    scripted = any(_SCRIPTED.match(kind) for kind in bundle)
    pictured = "image/svg+xml" in bundle or any(kind in bundle for kind in _RASTERS)
    is_map = "<iframe" in html and "Trust Notebook" in html  # folium's
    drawn_by_scripts = pictured and (scripted or is_map or _SCRIPT.search(html) is not None)
    if html.strip() and not drawn_by_scripts and not is_empty(html, without_pages=pictured):
        if is_map:
            return _interactive(draft, bundle, html)
        return Html(html)
    if markdown := joined_text(bundle.get("text/markdown")).strip():
        return Prose(markdown)
    if "image/svg+xml" in bundle:
        drawing = joined_text(bundle["image/svg+xml"]).encode("utf-8", "replace")
        return Figure(data=drawing, alternative=_alternative(plain))
    is_formula = _MATHEMATICAL.search(latex) is not None and not _TABULAR.search(latex)
    if is_formula and (formula := _formula(latex)) is not None:
        return formula
    for kind in _RASTERS:
        if kind in bundle:
            return _raster(bundle[kind], _width(metadata, kind), _alternative(plain))
    if html.strip() or scripted:
        return None if _PROGRESS_BAR.search(plain) or _clears_only(bundle) else _interactive(draft, bundle, html)
    if is_formula:
        draft.warn("a formula was not understood and is shown as TeX")
        return Source(bare(latex), "latex")
    if latex.strip() and (not plain or _OBJECT.fullmatch(plain)):
        # as JupyterLab shows LaTeX in which nothing is a formula
        return Source(latex, "latex") if _TABULAR.search(latex) else Text(latex)
    if "application/json" in bundle:
        return Text(json.dumps(bundle["application/json"], indent=2, ensure_ascii=False, default=str))
    unknown = next((kind for kind in bundle if kind not in _TEXTS and not _UNSHOWN.match(kind)), None)
    if unknown is not None and (not plain or _OBJECT.fullmatch(plain) or _says_nothing(plain, has_picture)):
        kind = unknown[:100]
        draft.warn(f"an output of kind {kind} cannot be printed")
        return Note(f"An output of kind {kind} cannot be printed.")
    if not plain or _says_nothing(plain, has_picture):
        return None
    return Text(plain)


def _formula(latex: str) -> Formula | Html | None:
    told = prose_html(latex)
    if told is not None:
        return Html(told)
    return Formula(latex) if math.formula(latex, display=True) else None


def _raster(value: object, width_pixels: float | None, alternative: str) -> Figure:
    try:
        data = figures.base64_bytes(joined_text(value))
    except figures.UnusablePicture:
        data = b""  # the check names it as unreadable, with the same note
    return Figure(data=data, alternative=alternative, width_pixels=width_pixels)


def _width(metadata: object, kind: str) -> float | None:
    """Return the width in pixels that the front end would give the picture: half of it for figures of double resolution."""
    size = metadata.get(kind) if isinstance(metadata, dict) else None
    width = size.get("width") if isinstance(size, dict) else None
    return float(width) if isinstance(width, int | float) else None


def _alternative(plain: str) -> str:
    return "" if plain.startswith("<") else plain[:300]


def _interactive(draft: Draft, bundle: dict[str, Any], html: str) -> Note:
    scripts = joined_text(bundle.get("application/javascript"))
    draft.warn_of_kind(interactive_warning(interactive_library(bundle, html or scripts)))
    return Note("Interactive output: open the notebook to see it.")


def _clears_only(bundle: dict[str, Any]) -> bool:
    # bokeh and others load their scripts by an output of their own, which shows nothing in the notebook either
    scripts = joined_text(bundle.get("application/javascript")) + joined_text(bundle.get("text/html"))
    return (
        "application/vnd.bokehjs_load.v0+json" in bundle
        or "require.config" in scripts
        or ("<style" in scripts and "<script" not in scripts)
    )


def _says_nothing(plain: str, has_picture: bool) -> bool:
    if _OBJECT.fullmatch(plain) and (" at 0x" in plain or has_picture):
        return True
    return has_picture and len(plain) < 2_000 and _DRAWN.fullmatch(plain) is not None
