r"""Colours of formulas: every notation, converted to ``\textcolor{#rrggbb}{...}``."""

import re

from .css import rgba
from .formula_text import group_end

_COMMAND = re.compile(r"\\(textcolor|color)\s*(?:\[\s*([A-Za-z]+)\s*\]\s*)?\{([^{}]*)\}\s*")
_COMMAND_LIMIT = 200
# what ends the reach of \color in a group, a cell or between two delimiters
_BOUNDARY = re.compile(r"\\(?:begin|left|end|right|cr|\\)(?![A-Za-z])|\\.|[{}&]", re.DOTALL)
_HEX = re.compile(r"[0-9A-Fa-f]{6}")


def with_plain_colours(source: str) -> str:
    r"""Return ``source`` with each ``\color`` and ``\textcolor`` in the one form that the ``latex2mathml`` package reads
    correctly.

    ``\color{red}{x}`` colours ``x`` alone, as in MathJax, ``\color{red} x`` all that follows in its group. Unknown colours are
    ignored.
    """
    # the last first: what they colour may hold others
    for found in list(_COMMAND.finditer(source))[:_COMMAND_LIMIT][::-1]:
        name, model, value = found.groups()
        start = found.end()
        if source[start : start + 1] == "{":
            end = group_end(source, start) or len(source)
            body = source[start + 1 : end - 1] if source[end - 1] == "}" else source[start + 1 :]
        elif name == "color":
            end = _reach(source, start)
            body = source[start:end]
        else:
            token = re.compile(r"\\[A-Za-z]+|\\.|.|$", re.DOTALL).match(source, start)
            end = token.end() if token else start
            body = source[start:end]
        colour = _hex(model or "", value.strip())
        coloured = f"\\textcolor{{{colour}}}{{{body}}}" if colour else f"{{{body}}}"
        source = f"{source[: found.start()]}{coloured}{source[end:]}"
    return source


def _reach(source: str, start: int) -> int:
    depth = 0
    for found in _BOUNDARY.finditer(source, start):
        sign = found.group()
        if sign in ("{", "\\begin", "\\left"):
            depth += 1
        elif sign in ("}", "\\end", "\\right"):
            if not depth:
                return found.start()
            depth -= 1
        elif sign in ("&", "\\\\", "\\cr") and not depth:
            return found.start()
    return len(source)


def _hex(model: str, value: str) -> str | None:
    numbers = [float(number) for number in re.findall(r"\d*\.?\d+", value)] if model in ("rgb", "RGB", "gray", "cmyk") else []
    match model, numbers:
        case "rgb", [red, green, blue]:
            shares = [red, green, blue]
        case "RGB", [red, green, blue]:
            shares = [red / 255, green / 255, blue / 255]
        case "gray", [share]:
            shares = [share] * 3
        case "cmyk", [cyan, magenta, yellow, black]:
            shares = [(1 - share) * (1 - black) for share in (cyan, magenta, yellow)]
        case "HTML", _ if _HEX.fullmatch(value):
            return f"#{value.lower()}"
        case "" | "named", _:
            return _named(value)
        case _:
            return None
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, share))):02x}" for share in shares)


def _named(value: str) -> str | None:
    """Parse a colour of CSS, or one mixed with white or another, such as ``red!40`` and ``red!40!blue``."""
    first, *rest = (part.strip() for part in value.split("!"))
    mixed = rgba(first.lower())
    if mixed is None:
        return None
    if rest:
        other = rgba(rest[1].lower()) if len(rest) > 1 else (255, 255, 255, 255)
        if not re.fullmatch(r"\d{1,3}", rest[0]) or other is None:
            return None
        share = min(100, int(rest[0])) / 100
        red, green, blue = (round(share * one + (1 - share) * two) for one, two in zip(mixed[:3], other[:3], strict=True))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return "#{:02x}{:02x}{:02x}".format(*mixed[:3])
