"""Templates of pages, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2

from ..application.states.run_states import shown_seconds
from ..application.wording.runs import shown_moment
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
        self._environment.filters |= {"moment": _moment, "seconds": _seconds}
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


def _moment(moment: datetime | None) -> str:
    return shown_moment(moment) or ""


def _seconds(seconds: float | None) -> str:
    return shown_seconds(seconds) if seconds is not None else ""
