"""Failed attempts at tasks, and what a hook of the workflow decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from ..futures import NO_KWARGS, Future


class VerdictKind(Enum):
    ABORT = auto()  #: the failure is raised
    IGNORE = auto()  #: the task has failed, and nothing is raised
    CANCEL = auto()  #: the task counts as cancelled
    RETRY = auto()


@dataclass(frozen=True)
class Verdict:
    """The fate of a task after a failed attempt; ``args`` and ``kwargs`` are those of a retry.

    With ``ended`` the task ends as this future has ended, instead of a retry.
    """

    kind: VerdictKind
    wait_seconds: int = 0
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=lambda: NO_KWARGS)
    ended: Future[Any] | None = None
