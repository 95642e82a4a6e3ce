"""The light of a run: which lights there are, their order, and what each says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from .run_state import RunState


class Light(StrEnum):
    """How a run went, for people; from the best to the worst. The value is the word of records, JSON and people."""

    GREEN = "green"
    ORANGE = "orange"  #: done, with something to look at
    RED = "red"  #: failed

    @staticmethod
    def worst(lights: Iterable[Light | str]) -> Light:
        """Light of a whole from those of its parts: red before orange before green.

        No parts give green: nothing went wrong. Names (``"orange"``) are taken too.

        Raises:
            ValueError: a name that is no light.
        """
        return max((Light(light) for light in lights), key=_RANKS.__getitem__, default=Light.GREEN)

    @staticmethod
    def is_light(word: object) -> bool:
        """Whether this is the name of one."""
        return isinstance(word, str) and word in _RANKS

    @staticmethod
    def of_end(state: RunState) -> Light:
        """That of a run of which no more than its state is known."""
        return Light.GREEN if state in _GOOD_ENDS else Light.RED

    @staticmethod
    def of_work(*, failed: bool = False, warned: bool = False) -> Light:
        """That of a notebook, a report or a whole run: what failed is red whatever it warned of."""
        return Light.RED if failed else Light.ORANGE if warned else Light.GREEN

    @property
    def wants_a_note(self) -> bool:
        """Whether a run that succeeded with this light has something to look at."""
        return self != Light.GREEN


_RANKS = {light: rank for rank, light in enumerate(Light)}
_GOOD_ENDS = (RunState.SUCCEEDED, RunState.SKIPPED)
