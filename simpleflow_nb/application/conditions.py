"""Conditions under which runs are carried out, on this machine or on a service."""

from __future__ import annotations

from dataclasses import dataclass

from ..processes.interrupts import Interrupts
from .arguments import check_number


@dataclass(frozen=True)
class Conditions:
    """Settings with which a person asks for runs, about the way in which they are carried out.

    Args:
        workers: notebooks that run at once on this machine; None is the number of cores.
        adopt: take the workflows over from another file that had their names, or the outputs from another service.
        interrupts: entered while runs are carried out: the first interrupt lets what is under way end, the second cancels.
            None leaves signals alone: a program gives the call up with ``close()``.
        force: run even what has succeeded; keep nothing, and take nothing over from other runs.

    Raises:
        DefinitionError: ``workers`` is not 1 or more.
    """

    workers: int | None = None
    adopt: bool = False
    interrupts: Interrupts | None = None
    force: bool = False

    def __post_init__(self) -> None:
        check_number("workers", self.workers)
