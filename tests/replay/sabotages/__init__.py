"""Ways to take each rule of replay out of the engine, in the order of the rules."""

from __future__ import annotations

from . import rules_01_to_08, rules_09_to_12, rules_13_to_19, rules_20_to_26, rules_27_to_33, rules_34_to_40
from .sabotage import Sabotage

__all__ = ["SABOTAGES", "Sabotage"]

SABOTAGES = (
    *rules_01_to_08.SABOTAGES,
    *rules_09_to_12.SABOTAGES,
    *rules_13_to_19.SABOTAGES,
    *rules_20_to_26.SABOTAGES,
    *rules_27_to_33.SABOTAGES,
    *rules_34_to_40.SABOTAGES,
)
