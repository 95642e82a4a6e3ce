"""Ways to break each rule of the machine that unfolds steps."""

from __future__ import annotations

from . import ends, fans, needs, starts
from .sabotage import Sabotage

__all__ = ["SABOTAGES", "Sabotage"]

SABOTAGES = (*starts.SABOTAGES, *needs.SABOTAGES, *fans.SABOTAGES, *ends.SABOTAGES)
