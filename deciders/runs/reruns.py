"""Rules for instances that have run before: when a failure is retried, and which changes call for a rerun.

Pure: facts about former runs come in, a verdict with its reason goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ..specification import WorkflowSpecification
from ..values.reason import Reason, ReasonKind
from ..values.run_state import RunState

#: keys of ``rerun_when``
DATA_CHANGED, NOTEBOOK_CHANGED = "data_changed", "notebook_changed"

#: states of instances that may be due again
_KNOWN_ENDS = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED})

DAY_SECONDS = 86_400  #: until a skipped date is retried if its source cannot detect changed data

DateRanges = Sequence[tuple[int, int]]  #: half-open, of proleptic ordinals


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEnd:
    """The end of the latest run of an instance that says anything about the instance."""

    state: RunState  #: neither running nor one that `says_nothing`
    ended: datetime  #: with a time zone
    failures: int = 0  #: in a row, since the instance last succeeded
    #: SHA-256 of each notebook file as it was when the run began, by its name, and what each label was executed from, by
    #: `of_label`, which version 0.1 did not keep; None when nothing of it was kept
    notebooks: Mapping[str, str] | None = None
    data: Mapping[str, Any] | None = None  #: what was kept of the data files; None when nothing was


@dataclass(frozen=True, kw_only=True)
class RerunFacts:
    """Facts beyond the states of instances, for the rules that need them."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    ends: dict[tuple[str, str], LastEnd] = field(default_factory=dict)  #: by workflow name and identity
    #: identities that have succeeded, by workflow name and ISO reference date, except runs by hand for no entry
    successes: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)
    notebooks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: SHA-256 now, by workflow and file name
    #: finds the data files of these days that differ from those kept; a function, since checking all files of all days in
    #: advance would be wasteful
    changed_data: Callable[[Mapping[str, Any], DateRanges], Sequence[str]] = lambda kept, days: ()
    #: instances with any record by AutoFlow, by workflow name and identity
    in_autoflow: Collection[tuple[str, str]] = ()
    #: start of the check under way: runs that failed since then are not retried within it
    check_began: datetime | None = None


class Verdict(NamedTuple):
    """A decision: due or not, and the reason."""

    is_due: bool
    reason: Reason
    keeps_labels: bool = False  #: skip notebooks that succeeded before and whose inputs are unchanged


_BEGUN_IN_AUTOFLOW = Verdict(True, Reason.of(ReasonKind.BEGUN_IN_AUTOFLOW))
_NOT_RUN_YET = Verdict(True, Reason.of(ReasonKind.NOT_RUN_YET))
_SUCCEEDED_IN_AUTOFLOW = Verdict(False, Reason.of(ReasonKind.SUCCEEDED_IN_AUTOFLOW))
_ALREADY_SUCCEEDED = Verdict(False, Reason.of(ReasonKind.ALREADY_SUCCEEDED))
_FAILED_IN_AUTOFLOW = Verdict(True, Reason.of(ReasonKind.FAILED_IN_AUTOFLOW))
_ENDED_BEFORE = {state: Verdict(True, Reason.of(ReasonKind.ENDED_BEFORE, state=state)) for state in RunState}


def verdict(
    workflow: WorkflowSpecification | None,
    state: RunState | None,
    end: LastEnd | None,
    days: DateRanges,
    facts: RerunFacts,
    *,
    is_in_autoflow: bool = False,
) -> Verdict:
    """Decide if an instance is due that is not running and whose dates are all available.

    ``state`` is that of its latest run; ``end`` has the details, if they are known; ``is_in_autoflow`` says that AutoFlow has a
    record of the instance, which is then all that is known if ``end`` is None.

    Raises:
        ValueError: a state that is none of "succeeded", "failed" and "skipped".
    """
    if state is None:
        return _BEGUN_IN_AUTOFLOW if is_in_autoflow else _NOT_RUN_YET
    if state not in _KNOWN_ENDS:
        raise ValueError(f"run state {str(state)!r} is none of 'running', 'succeeded', 'failed' and 'skipped'")
    if end is None or workflow is None:
        if state == RunState.SUCCEEDED:
            return _SUCCEEDED_IN_AUTOFLOW if is_in_autoflow else _ALREADY_SUCCEEDED
        return _FAILED_IN_AUTOFLOW if is_in_autoflow else _ENDED_BEFORE[state]
    if state == RunState.SKIPPED:
        return _verdict_of_skipped(workflow, end, days, facts)
    change = _changes(workflow, end, days, facts)
    keeps_labels = DATA_CHANGED not in change and not lacks_data(workflow, end)
    if state == RunState.SUCCEEDED:
        if change:
            return Verdict(True, Reason.of(ReasonKind.CHANGED, change=change), keeps_labels)
        return _ALREADY_SUCCEEDED
    if facts.check_began is not None and end.ended >= facts.check_began:
        return Verdict(False, Reason.of(ReasonKind.ENDED_IN_THIS_CHECK, ended=end.state))
    if change:
        return Verdict(True, Reason.of(ReasonKind.CHANGED_SINCE_END, ended=end.state, change=change), keeps_labels)
    if end.state != RunState.FAILED:
        return Verdict(True, Reason.of(ReasonKind.LAST_RUN_CUT_OFF, ended=end.state), keeps_labels)
    if workflow.attempts is not None and end.failures >= workflow.attempts:
        return Verdict(False, Reason.of(ReasonKind.ATTEMPTS_USED_UP, times=end.failures, attempts=workflow.attempts))
    again = end.ended + timedelta(seconds=workflow.retry_wait_seconds)
    if again > facts.now:
        wait = workflow.retry_wait_seconds
        return Verdict(False, Reason.of(ReasonKind.WAITS_FOR_RETRY, wait=wait, until=again.isoformat()))
    reason = Reason.of(ReasonKind.RETRY, attempt=end.failures + 1, of_attempts=workflow.attempts)
    return Verdict(True, reason, keeps_labels)


def _verdict_of_skipped(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, facts: RerunFacts) -> Verdict:
    """Decide about an instance whose notebooks said that there was nothing to do: not due until its data change, as far as the
    source can tell.
    """
    if facts.check_began is not None and end.ended >= facts.check_began:
        return Verdict(False, Reason.of(ReasonKind.SKIPPED_IN_THIS_CHECK))
    changed = facts.changed_data(end.data, days) if end.data is not None else ()
    notebooks = _changed_notebooks(workflow, end, facts)
    if change := _change(changed, notebooks):
        return Verdict(True, Reason.of(ReasonKind.CHANGED_SINCE_END, ended=RunState.SKIPPED, change=change))
    if end.data is not None and workflow.skip_again_seconds is None:
        return Verdict(False, Reason.of(ReasonKind.WAITS_FOR_DATA))
    wait = workflow.skip_again_seconds or DAY_SECONDS
    again = end.ended + timedelta(seconds=wait)
    if again > facts.now:
        return Verdict(False, Reason.of(ReasonKind.WAITS_AFTER_SKIP, wait=wait, until=again.isoformat()))
    return Verdict(True, Reason.of(ReasonKind.SKIP_IS_OVER, wait=wait))


class NotebookChanges(NamedTuple):
    """Notebook files of a workflow that differ from those that a run was made with, each once, in the order of the workflow."""

    changed: tuple[str, ...] = ()  #: with other content than then
    added: tuple[str, ...] = ()  #: of labels that the workflow did not have then


def of_label(label: str) -> str:
    """Return the key of a label among the hashes of a run; file names never end like it."""
    return f"{label}/"


def notebook_changes(workflow: WorkflowSpecification, end: LastEnd, now: Mapping[str, str]) -> NotebookChanges | None:
    """Compare the workflow's notebooks with those that ``end`` was made with; None if those were not recorded.

    Content counts: a file that was renamed, or restored to its former content, has not changed; a label that uses another file
    has. ``now`` are the present hashes, by file name.
    """
    then = end.notebooks
    if then is None:
        return None
    knows_labels = any(name.endswith("/") for name in then)
    keys = [of_label(one.label) if knows_labels else one.filename for one in workflow.notebooks]
    # a renamed file still has its former content
    gone = {then[key] for key in then.keys() - keys if key.endswith("/") == knows_labels}
    changed, added = dict[str, None](), dict[str, None]()
    for notebook, key in zip(workflow.notebooks, keys, strict=True):
        content = now.get(notebook.filename)
        if key in then:
            if content != then[key]:
                changed[notebook.filename] = None
        elif content not in gone:
            (added if knows_labels else changed)[notebook.filename] = None
    return NotebookChanges(tuple(changed), tuple(name for name in added if name not in changed))


def changed_notebooks(workflow: WorkflowSpecification, end: LastEnd, now: Mapping[str, str]) -> list[str]:
    """Return the workflow's notebook files that are not those that ``end`` was made with; none if these are unknown."""
    changes = notebook_changes(workflow, end, now) or NotebookChanges()
    return [*changes.changed, *changes.added]


def lacks_data(workflow: WorkflowSpecification, end: LastEnd) -> bool:
    """Return True if changed data count for the workflow, but the data that ``end`` was made with are unknown, since it ran
    before ``rerun_when`` asked for them.
    """
    return DATA_CHANGED in workflow.rerun_when and end.data is None


def change_of(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, facts: RerunFacts) -> Verdict:
    """Decide if an instance that has ended would come out differently now, whatever its workflow's ``rerun_when``.

    Notebooks count for every workflow, data for those that keep what is needed to tell.
    """
    widened = workflow.model_copy(update={"rerun_when": (*workflow.rerun_when, NOTEBOOK_CHANGED)})
    change = _changes(widened, end, days, facts)
    is_unknown = lacks_data(workflow, end)
    keeps_labels = DATA_CHANGED not in change and not is_unknown
    if change:
        return Verdict(True, Reason.of(ReasonKind.CHANGED, change=change), keeps_labels)
    if is_unknown:
        return Verdict(False, Reason.of(ReasonKind.UNKNOWN_DATA, state=end.state))
    return Verdict(False, Reason.of(ReasonKind.UNCHANGED), keeps_labels)


def _changes(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, facts: RerunFacts) -> dict[str, list[str]]:
    """Return the changes since the latest run that call for a rerun of the workflow, by key of ``rerun_when``."""
    changed: Sequence[str] = ()
    if DATA_CHANGED in workflow.rerun_when and end.data is not None:
        changed = facts.changed_data(end.data, days)
    return _change(changed, _changed_notebooks(workflow, end, facts))


def _changed_notebooks(workflow: WorkflowSpecification, end: LastEnd, facts: RerunFacts) -> Sequence[str]:
    """Return the changed notebooks that call for a rerun of the workflow."""
    if NOTEBOOK_CHANGED not in workflow.rerun_when:
        return ()
    return changed_notebooks(workflow, end, facts.notebooks.get(workflow.name, {}))


def _change(data: Sequence[str], notebooks: Sequence[str]) -> dict[str, list[str]]:
    found = {DATA_CHANGED: list(data), NOTEBOOK_CHANGED: list(notebooks)}
    return {name: files for name, files in found.items() if files}
