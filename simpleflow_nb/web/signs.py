"""Signs of states and lights: a shape and a word, so that nobody has to tell colours apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deciders.values.label_state import LabelState
    from deciders.values.light import Light
    from deciders.values.run_state import RunState


@dataclass(frozen=True)
class Sign:
    """A shape and a word for a state."""

    style: str  #: class of the style sheet
    shape: str
    word: str


_GREEN, _ORANGE, _RED, _BLUE, _GREY = "green", "orange", "red", "blue", "grey"
_OF_STATES = {
    "running": (_BLUE, "▶"),
    "waiting": (_GREY, "○"),
    "succeeded": (_GREEN, "✓"),
    "done": (_GREEN, "✓"),
    "cached": (_GREEN, "="),
    "skipped": (_GREY, "-"),
    "not run": (_GREY, "-"),
    "partial": (_GREY, "◐"),
    "failed": (_RED, "✕"),
    "timed out": (_RED, "✕"),
    "terminated": (_RED, "■"),
    "cancelled": (_GREY, "■"),
}
#: What the legend of a page shows, in this order.
LEGEND = (
    Sign(_GREEN, "✓", "succeeded"),
    Sign(_ORANGE, "!", "succeeded with warnings"),
    Sign(_RED, "✕", "failed"),
    Sign(_BLUE, "▶", "running"),
    Sign(_GREY, "-", "skipped"),
    Sign(_GREY, "■", "cancelled"),
)


def sign_of(state: RunState | LabelState, light: Light | None = None) -> Sign:
    """Return the sign of a state; one that is orange has warnings, whatever its state."""
    style, shape = _OF_STATES[str(state)]
    if light is not None and str(light) == _ORANGE and style == _GREEN:
        return Sign(_ORANGE, "!" if shape == "✓" else shape, f"{state} with warnings")
    return Sign(style, shape, str(state))


def sign_of_light(light: str) -> Sign:
    """Return the sign of a light, or of ``running``."""
    by_light = {"green": LEGEND[0], "orange": LEGEND[1], "red": LEGEND[2], "running": LEGEND[3]}
    return by_light[light]
