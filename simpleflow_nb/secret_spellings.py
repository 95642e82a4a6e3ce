"""Spellings of a secret in a text: escaped for HTML, JSON, Python, URLs, shells or LaTeX, in base64 or hex.

Two escapings may be combined, as in JSON in an attribute of HTML. Compressed or encrypted secrets are not found.
"""

from __future__ import annotations

import html
import json
import re
import shlex
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

from .constants import DOTS

_LEAST_MARK = 4  #: characters; shorter ones occur everywhere
LEAST_CUT, MOST_CUT = 8, 64  #: characters that a table shows of a long text; 46 in pandas

_DOUBLE_QUOTES = ('"', "&quot;", "&#34;", "&#034;", "&#x22;")
_SINGLE_QUOTES = ("'", "&#x27;", "&#39;", "&#039;", "&apos;")
#: Characters escaped as \\uXXXX in JSON inside <script>: by Jinja and Django, Go, plotly, and libraries that escape tags only.
_SCRIPT_CHARACTERS = ("<>&'", "<>&", "<>/", "<>", "<")
#: Characters not escaped by Python's quote, by encodeURIComponent, by encodeURI, and by SQLAlchemy.
_URL_SAFE = ("", "/", "!'()*", ";,/?:@&=+$!*'()#", " +")
_LATEX = {
    "\\": r"\textbackslash ",
    "~": r"\textasciitilde ",
    "^": r"\textasciicircum ",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def spellings(value: str) -> tuple[str, ...]:
    """Return the known spellings of ``value``, the longest first: one may be a part of another."""
    return tuple(sorted(_escaped_twice(value) | _encoded(value), key=lambda text: (-len(text), text)))


def marks(value: str) -> tuple[str, ...]:
    """Return short texts, of which each spelling of ``value`` contains at least one, for a quick first search."""
    return _smallest(_marks(value) | _encoded(value))


def _marks(value: str) -> set[str]:
    run = _plain_run(value)
    # No escaping changes letters and digits; if there are too few of them, the spellings of a part are used.
    return {run} if len(run) >= _LEAST_MARK else _escaped_twice(_plainest_part(value))


def cut_marks(value: str) -> tuple[str, ...]:
    """Return marks, like `marks`, for the `cut_spellings`."""
    return _smallest(_marks(value[:LEAST_CUT]) | _marks(value[-LEAST_CUT:]))


def cut_spellings(value: str) -> tuple[str, ...]:
    """Return beginnings and ends of a long text with the ellipsis of tables, the longest first."""
    lengths = range(LEAST_CUT, min(len(value), MOST_CUT + 1))
    begins = {text for length in lengths for text in _escaped_in_print(value[:length])}
    ends = {text for length in lengths for text in _escaped_in_print(value[-length:])}
    found = {text + dots for text in begins for dots in DOTS} | {dots + text for text in ends for dots in DOTS}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _escaped_in_print(value: str) -> set[str]:
    printed = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    return printed.union(*map(_commonly_escaped, printed))


def closer_marks(value: str) -> tuple[str, ...]:
    """Return more and rarer marks than `marks`: with the characters around it, a common word in a secret is rare."""
    run = _plain_run(value)
    if len(run) < _LEAST_MARK or run == value:
        return marks(value)
    at = value.index(run)
    beside = value[max(0, at - 1) : at + len(run)] if at else value[: len(run) + 1]
    return _smallest(_escaped_twice(beside) | _encoded(value))


def _plain_run(value: str) -> str:
    return max(re.findall("[A-Za-z0-9]+", value), key=len, default="")


def spellings_in_markup(character: str) -> tuple[str, ...]:
    """Return the spellings of one character in HTML, Python and JSON, the longest first."""
    found = {character, *_html(character), json.dumps(character)[1:-1], repr(character)[1:-1]}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _plainest_part(value: str) -> str:
    parts = [value[at : at + _LEAST_MARK] for at in range(max(1, len(value) - _LEAST_MARK + 1))]
    return max(parts, key=lambda part: sum(character.isalnum() and character.isascii() for character in part))


def _smallest(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts that contain none of the others."""
    kept: list[str] = []
    for text in sorted(texts, key=lambda text: (len(text), text)):
        if not any(other in text for other in kept):
            kept.append(text)
    return tuple(kept)


def _escaped_twice(value: str) -> set[str]:
    once, common = _escaped(value), _commonly_escaped(value)
    return once.union(*map(_commonly_escaped, once), *map(_escaped, common))


def _escaped(value: str) -> set[str]:
    """Return ``value``, and all ways to escape it once."""
    return {value, *_html(value), *_json(value), *_python(value), *_url(value), _latex(value), _shell(value)}


def _commonly_escaped(value: str) -> set[str]:
    """Return the most common escapings, for combining two of them."""
    text = json.dumps(value)[1:-1]
    tags = html.escape(value, quote=False)
    return {
        tags,
        html.escape(value),
        tags.replace('"', "&#34;").replace("'", "&#39;"),
        tags.replace('"', "&quot;"),
        _references(tags, "&#{};"),
        _references(html.escape(value), "&#{};"),
        text,
        json.dumps(value, ensure_ascii=False)[1:-1],
        _in_script(text, _SCRIPT_CHARACTERS[0]),
        repr(value)[1:-1],
        repr(f"{value}'\"")[1:-4],  # next to both kinds of quotes, of which one is escaped
        *(quote(value, safe, errors="surrogateescape") for safe in _URL_SAFE[:2]),
        quote_plus(value, errors="surrogateescape"),
    }


def _html(value: str) -> set[str]:
    tags = html.escape(value, quote=False)
    numeric = value.replace("&", "&#38;").replace("<", "&#60;").replace(">", "&#62;")
    attribute = value.replace("&", "&amp;")  # browsers do not escape < and > in attributes
    comment = re.sub("-(?=-)", "- ", tags)  # matplotlib, in comments of an SVG
    found = {
        text.replace('"', double).replace("'", single)
        for text in (tags, numeric, attribute)
        for double in _DOUBLE_QUOTES
        for single in _SINGLE_QUOTES
    }
    found |= {comment, tags.replace(" ", "&nbsp;"), tags.replace("\n", "<br>"), tags.replace("\n", "<br/>")}
    return found | {_references(text, form) for text in (*found, value) for form in ("&#{};", "&#x{:x};", "&#x{:X};")}


def _references(text: str, form: str) -> str:
    """Replace characters beyond ASCII by character references."""
    if text.isascii():
        return text
    return "".join(character if character.isascii() else form.format(ord(character)) for character in text)


def _json(value: str) -> set[str]:
    found = set()
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        found |= {text, text.replace("/", "\\/"), text.replace("</", "<\\/")}
        for characters in _SCRIPT_CHARACTERS:
            found |= {_in_script(text, characters), _in_script(text, characters, "\\u{:04X}")}
    return found | {re.sub(r"\\u[0-9a-f]{4}", lambda hit: "\\u" + hit[0][2:].upper(), text) for text in found}


def _in_script(text: str, characters: str, form: str = "\\u{:04x}") -> str:
    for character in characters:
        text = text.replace(character, form.format(ord(character)))
    return text


def _python(value: str) -> set[str]:
    """Return spellings by ``repr`` and ``ascii``, of the text and its bytes; which quote is escaped depends on the context."""
    raw = value.encode("utf-8", "surrogateescape")
    found = {repr(value)[1:-1], ascii(value)[1:-1], repr(raw)[2:-1], value.replace("\\", "\\\\").replace('"', '\\"')}
    bare = {text.replace("\\'", "'") for text in found}
    return found | bare | {text.replace("'", "\\'") for text in bare}


def _url(value: str) -> set[str]:
    found = {quote(value, safe, errors="surrogateescape") for safe in _URL_SAFE}
    found.add(quote_plus(value, errors="surrogateescape"))
    return found | {re.sub("%[0-9A-F]{2}", lambda hit: hit[0].lower(), text) for text in found}


def _latex(value: str) -> str:
    return "".join(_LATEX.get(character, character) for character in value)


def _shell(value: str) -> str:
    return shlex.quote(value)[1:-1] if "'" in value else value


def _encoded(value: str) -> set[str]:
    """Return spellings in hex, and in base64 within a longer text (the password in ``Authorization: Basic``)."""
    found: set[str] = set()
    for text in {value, json.dumps(value)[1:-1], quote(value, "", errors="surrogateescape")}:
        raw = text.encode("utf-8", "surrogateescape")
        for encode in (b64encode, urlsafe_b64encode):
            found |= _in_base64(raw, encode)
    raw = value.encode("utf-8", "surrogateescape")
    found |= {raw.hex(), raw.hex().upper()}
    return found.union(*(_url(text) | _json(text) for text in found if not text.isalnum()))


def _in_base64(raw: bytes, encode: Callable[[bytes], bytes]) -> set[str]:
    full = encode(raw).decode()
    found = {full, full.rstrip("=")}
    for shift in (0, 1, 2):
        # Only the characters that encode nothing but bits of the secret.
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        found.add(encode(b"\0" * shift + raw).decode()[first:last])
    return found
