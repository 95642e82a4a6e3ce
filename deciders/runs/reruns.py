"""When an instance that has run before is due again: failures tried again, changes that call for a rerun.

Pure: what is known of former runs comes in, a verdict with its reason goes out.
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

DAY_SECONDS = 86_400  #: until a skipped date is tried again whose source cannot tell that its data have changed

DateRanges = Sequence[tuple[int, int]]  #: half-open, of proleptic ordinals


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEnd:
    """How the latest run of an instance ended that says anything about it."""

    state: RunState  #: neither running nor one that says nothing
    ended: datetime  #: with a time zone
    failures: int = 0  #: in a row, since the instance last succeeded
    #: SHA-256 of each notebook file as it was when the run began, by its name, and what each label was executed from, by
    #: `of_label`, which version 0.1 did not keep; None when nothing of it was kept
    notebooks: Mapping[str, str] | None = None
    data: Mapping[str, Any] | None = None  #: what was kept of the data files; None when nothing was


@dataclass(frozen=True, kw_only=True)
class RunHistory:
    """What is known beyond the states of instances, for those rules that need it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    ends: dict[tuple[str, str], LastEnd] = field(default_factory=dict)  #: by workflow name and identity
    #: by workflow name and ISO reference date the identities that have succeeded, other than by hand for no entry
    successes: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)
    notebooks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: SHA-256 now, by workflow and file name
    #: the data files of these days that differ from what was kept. A question rather than data: looking at all files of all
    #: days beforehand would be a waste.
    changed_data: Callable[[Mapping[str, Any], DateRanges], Sequence[str]] = lambda kept, days: ()
    #: instances that AutoFlow has recorded anything of, by workflow name and identity
    in_autoflow: Collection[tuple[str, str]] = ()
    #: the begin of a check that goes on: what has failed since is not tried again within it
    check_began: datetime | None = None


class Verdict(NamedTuple):
    """Whether a run is due, and why or why not."""

    is_due: bool
    reason: Reason
    keeps_labels: bool = False  #: notebooks that succeeded before, and that nothing has changed for, need not be done again


def verdict(
    workflow: WorkflowSpecification | None,
    state: RunState | None,
    end: LastEnd | None,
    days: DateRanges,
    history: RunHistory,
    *,
    is_in_autoflow: bool = False,
) -> Verdict:
    """For an instance that is not running, whose dates are all there.

    ``state`` is that of its latest run; ``end`` what more is known of it, which may be nothing; ``is_in_autoflow``
    whether AutoFlow has recorded anything of it, and so knows all that is known where ``end`` is None.

    Raises:
        ValueError: a state that is none of "succeeded", "failed" and "skipped".
    """
    if state is None:
        return Verdict(True, Reason.of(ReasonKind.BEGUN_IN_AUTOFLOW if is_in_autoflow else ReasonKind.NOT_RUN_YET))
    if state not in (RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED):
        raise ValueError(f"run state {str(state)!r} is none of 'running', 'succeeded', 'failed' and 'skipped'")
    if end is None or workflow is None:
        if state == RunState.SUCCEEDED:
            kind = ReasonKind.SUCCEEDED_IN_AUTOFLOW if is_in_autoflow else ReasonKind.ALREADY_SUCCEEDED
            return Verdict(False, Reason.of(kind))
        before = Reason.of(ReasonKind.ENDED_BEFORE, state=state)
        return Verdict(True, Reason.of(ReasonKind.FAILED_IN_AUTOFLOW) if is_in_autoflow else before)
    if state == RunState.SKIPPED:
        return _verdict_of_skipped(workflow, end, days, history)
    change = _changes(workflow, end, days, history)
    keeps_labels = DATA_CHANGED not in change and not lacks_data(workflow, end)
    if state == RunState.SUCCEEDED:
        if change:
            return Verdict(True, Reason.of(ReasonKind.CHANGED, change=change), keeps_labels)
        return Verdict(False, Reason.of(ReasonKind.ALREADY_SUCCEEDED))
    if history.check_began is not None and end.ended >= history.check_began:
        return Verdict(False, Reason.of(ReasonKind.ENDED_IN_THIS_CHECK, ended=end.state))
    if change:
        return Verdict(True, Reason.of(ReasonKind.CHANGED_SINCE_END, ended=end.state, change=change), keeps_labels)
    if end.state != RunState.FAILED:
        return Verdict(True, Reason.of(ReasonKind.LAST_RUN_CUT_OFF, ended=end.state), keeps_labels)
    if workflow.attempts is not None and end.failures >= workflow.attempts:
        return Verdict(False, Reason.of(ReasonKind.ATTEMPTS_USED_UP, times=end.failures, attempts=workflow.attempts))
    again = end.ended + timedelta(seconds=workflow.retry_wait_seconds)
    if again > history.now:
        wait = workflow.retry_wait_seconds
        return Verdict(False, Reason.of(ReasonKind.WAITS_FOR_RETRY, wait=wait, until=again.isoformat()))
    reason = Reason.of(ReasonKind.RETRY, attempt=end.failures + 1, of_attempts=workflow.attempts)
    return Verdict(True, reason, keeps_labels)


def _verdict_of_skipped(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, history: RunHistory) -> Verdict:
    """Its notebooks have said that there is nothing to do: until there are other data, as far as the source can tell."""
    if history.check_began is not None and end.ended >= history.check_began:
        return Verdict(False, Reason.of(ReasonKind.SKIPPED_IN_THIS_CHECK))
    changed = history.changed_data(end.data, days) if end.data is not None else ()
    notebooks = _changed_notebooks(workflow, end, history)
    if change := _change(changed, notebooks):
        return Verdict(True, Reason.of(ReasonKind.CHANGED_SINCE_END, ended=RunState.SKIPPED, change=change))
    if end.data is not None and workflow.skip_again_seconds is None:
        return Verdict(False, Reason.of(ReasonKind.WAITS_FOR_DATA))
    wait = workflow.skip_again_seconds or DAY_SECONDS
    again = end.ended + timedelta(seconds=wait)
    if again > history.now:
        return Verdict(False, Reason.of(ReasonKind.WAITS_AFTER_SKIP, wait=wait, until=again.isoformat()))
    return Verdict(True, Reason.of(ReasonKind.SKIP_IS_OVER, wait=wait))


class NotebookChanges(NamedTuple):
    """Notebook files of a workflow that are not what a run was made with, each once, in the order of the workflow."""

    changed: tuple[str, ...] = ()  #: of another content than then
    added: tuple[str, ...] = ()  #: of labels that the workflow did not have then


def of_label(label: str) -> str:
    """The key of a label among the hashes of a run; the name of a file never ends so."""
    return f"{label}/"


def notebook_changes(workflow: WorkflowSpecification, end: LastEnd, now: Mapping[str, str]) -> NotebookChanges | None:
    """How the workflow's notebooks differ from those that ``end`` was made with; None when that was not kept.

    It is the content that counts: a file that was given another name, or its former content back, has not changed, and a
    label that takes another file has. ``now`` are the present hashes, by file name.
    """
    then = end.notebooks
    if then is None:
        return None
    knows_labels = any(name.endswith("/") for name in then)
    keys = [of_label(one.label) if knows_labels else one.filename for one in workflow.notebooks]
    # what has another name now has its former content all the same
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
    """The workflow's notebook files that are not what ``end`` was made with; none when that was not kept."""
    changes = notebook_changes(workflow, end, now) or NotebookChanges()
    return [*changes.changed, *changes.added]


def lacks_data(workflow: WorkflowSpecification, end: LastEnd) -> bool:
    """Whether changed data count for the workflow, and it is not known with which data ``end`` was made: it was run before
    ``rerun_when`` said so."""
    return DATA_CHANGED in workflow.rerun_when and end.data is None


def change_of(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, history: RunHistory) -> Verdict:
    """Whether an instance that has ended is other than it would be made now, whatever its workflow is run again for.

    Notebooks count for every workflow, data for those that keep what is needed to tell.
    """
    widened = workflow.model_copy(update={"rerun_when": (*workflow.rerun_when, NOTEBOOK_CHANGED)})
    change = _changes(widened, end, days, history)
    is_unknown = lacks_data(workflow, end)
    keeps_labels = DATA_CHANGED not in change and not is_unknown
    if change:
        return Verdict(True, Reason.of(ReasonKind.CHANGED, change=change), keeps_labels)
    if is_unknown:
        return Verdict(False, Reason.of(ReasonKind.UNKNOWN_DATA, state=end.state))
    return Verdict(False, Reason.of(ReasonKind.UNCHANGED), keeps_labels)


def _changes(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, history: RunHistory) -> dict[str, list[str]]:
    """What has changed since the latest run, of the things that the workflow is to be run again for, by their keys."""
    changed: Sequence[str] = ()
    if DATA_CHANGED in workflow.rerun_when and end.data is not None:
        changed = history.changed_data(end.data, days)
    return _change(changed, _changed_notebooks(workflow, end, history))


def _changed_notebooks(workflow: WorkflowSpecification, end: LastEnd, history: RunHistory) -> Sequence[str]:
    """Those that the workflow is to be run again for."""
    if NOTEBOOK_CHANGED not in workflow.rerun_when:
        return ()
    return changed_notebooks(workflow, end, history.notebooks.get(workflow.name, {}))


def _change(data: Sequence[str], notebooks: Sequence[str]) -> dict[str, list[str]]:
    found = {DATA_CHANGED: list(data), NOTEBOOK_CHANGED: list(notebooks)}
    return {name: files for name, files in found.items() if files}
