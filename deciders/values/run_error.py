"""The error of a run: which of its labels failed, why, and which were not run for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .run_state import RunState

_FAILED = " failed: "
_BETWEEN = "; "
_NOT_RUN = "not run: "
#: Where one cause ends and the next one begins, as far as a sentence shows it: a cause may hold semicolons of its own.
_NEXT_CAUSE = re.compile(r"; (?=notebook )")
_LAST_NOT_RUN = re.compile(rf"\A(?P<causes>.*){_BETWEEN}{_NOT_RUN}(?P<labels>.*)\Z", re.DOTALL)
#: Ends of runs of which no label is the cause. A sentence may be followed by a reason in anybody's words.
_ENDS = {
    RunState.TIMED_OUT: "the run timed out",
    RunState.TERMINATED: "the run was terminated",
    RunState.CANCELLED: "the run was cancelled",
    RunState.FAILED: "the run failed",
}
_END = re.compile(rf"(?P<end>{'|'.join(_ENDS.values())})(: (?P<reason>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LabelError:
    """The failure of one label, or of a report of it."""

    name: str  #: of the label, or of the report such as ``count.pdf``
    cause: str  #: a sentence, which may begin with the notebook

    @property
    def is_named(self) -> bool:
        """Tell whether the cause itself begins with the notebook: ``notebook 'count' failed in cell 2``."""
        return self.cause.startswith(self._beginning)

    @property
    def text(self) -> str:
        """The cause, with the name in front of it where it does not begin with it."""
        return self.cause if self.is_named else f"{self.name}: {self.cause}"

    @property
    def short(self) -> str:
        """``count failed in cell 2``, of a cause that is named."""
        return f"{self.name} {self.cause.removeprefix(self._beginning)}"

    @property
    def _beginning(self) -> str:
        return f"notebook {self.name!r} "


@dataclass(frozen=True, slots=True)
class RunError:
    """``a, b failed: <cause>; <cause>; not run: c``, as the results and records of runs hold it.

    An error of another kind, such as that of a run that was terminated, is one cause without labels.
    """

    failed: Sequence[str]  #: the labels, or the reports; empty for an error of another kind
    #: Of each of them; what records hold does not tell all causes apart, so that after `parse` there may be fewer of them.
    causes: Sequence[str]
    not_run: Sequence[str] = ()  #: labels that need one that failed

    @classmethod
    def of(cls, errors: Iterable[LabelError], not_run: Iterable[str] = ()) -> RunError:
        known = list(errors)
        return cls(tuple(error.name for error in known), tuple(error.cause for error in known), tuple(not_run))

    @classmethod
    def of_end(cls, state: RunState, reason: str | None) -> RunError:
        """Return the error of a run that ended in this state without saying so itself, for the reason that its history has.

        A failure is its reason, which may name labels; any other reason is that of a person or a service.
        """
        if state is RunState.FAILED and reason:
            return cls.parse(reason)
        return cls((), (f"{_ENDS[state]}: {reason}" if reason else _ENDS[state],))

    @classmethod
    def parse(cls, text: str) -> RunError:
        """Read back a printed error; no text is refused."""
        if (end := _END.fullmatch(text)) is not None:
            if end["end"] == _ENDS[RunState.FAILED] and end["reason"]:  # as version 0.1 has recorded a failure
                return cls.parse(end["reason"])
            return cls((), (text,))
        names, failed, rest = text.partition(_FAILED)
        if not failed:
            return cls((), (text,))
        found = _LAST_NOT_RUN.match(rest)
        causes, not_run = (found["causes"], tuple(found["labels"].split(", "))) if found is not None else (rest, ())
        return cls(tuple(names.split(", ")), tuple(_NEXT_CAUSE.split(causes)), not_run)

    def __str__(self) -> str:
        """All labels come before the causes: a service may cut off the end of a long text."""
        return f"{', '.join(self.failed)}{_FAILED}{_BETWEEN.join(self.lines)}" if self.failed else _BETWEEN.join(self.causes)

    @property
    def head(self) -> str:
        """Name the labels that failed; for an error of another kind, give its first line."""
        return f"{', '.join(self.failed)} failed" if self.failed else self.causes[0].partition("\n")[0]

    @property
    def lines(self) -> list[str]:
        """List the causes, and the labels that were not run because of them."""
        if not self.failed:
            return []
        return [*self.causes, *([f"{_NOT_RUN}{', '.join(self.not_run)}"] if self.not_run else [])]

    @property
    def short(self) -> str:
        """The causes with no label said twice, and what was not run: ``report failed in cell 2; not run: summary``."""
        return _BETWEEN.join([*self._short_causes(), *self.lines[len(self.causes) :]])

    @property
    def short_cause(self) -> str:
        """The same without what was not run."""
        return _BETWEEN.join(self._short_causes())

    def _short_causes(self) -> Sequence[str]:
        told = [LabelError(name, cause) for name, cause in zip(self.failed, self.causes, strict=False)]
        if not all(error.is_named for error in told):
            return [f"{', '.join(self.failed)}{_FAILED}{_BETWEEN.join(self.causes)}"]
        return [*(error.short for error in told), *self.causes[len(told) :]]
