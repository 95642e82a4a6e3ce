"""Templates of pages, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2

from .signs import LEGEND, sign_of, sign_of_light

_FOLDER = Path(__file__).parent


class Paper:
    """The templates; everything that they are given is escaped."""

    def __init__(self) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
        )
        self._environment.filters |= {"moment": shown_moment, "seconds": shown_seconds}
        self._environment.globals |= {"sign_of": sign_of, "sign_of_light": sign_of_light, "legend": LEGEND, "address": address}

    def draw(self, template: str, **values: Any) -> str:
        """Return a page.

        Raises:
            jinja2.UndefinedError: the template wants a value that it is not given.
        """
        return self._environment.get_template(template).render(values)


def address(path: str, **query: Any) -> str:
    """Return an address of this server: a path, and values that may have any characters."""
    given: Mapping[str, Any] = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def shown_moment(moment: datetime | None) -> str:
    """Return a time in UTC; nothing for None."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment is not None else ""


def shown_seconds(seconds: float | None) -> str:
    """Return a duration such as ``2.4 s``, ``3 min 5 s`` or ``1 h 2 min``; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
