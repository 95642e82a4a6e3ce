"""When an instance that has run before is due again: failures tried again, changes that call for a rerun.

Pure: what is known of former runs comes in, a verdict with its reason goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ..dates.durations import shown_duration
from ..specification import WorkflowSpecification

NOT_RUN_YET = "not run yet"
LEFT_RUNNING_BY_AUTOFLOW = "AutoFlow began it, and recorded no end"
ALREADY_SUCCEEDED = "already succeeded"
SUCCEEDED_IN_AUTOFLOW = "already succeeded in AutoFlow"
WAITS_FOR_RETRY = "failed; retry_wait"  #: the begin of a reason
WAITS_AFTER_SKIP = "skipped; skip_again"  #: the same
WAITS_FOR_DATA = "skipped, and its data have not changed since; runs.retry tries again"
BY_HAND = "started by hand"
#: the same with parameters or a stencil that no entry of the sensor has for the date: it makes no entry's date done
BY_HAND_FOR_NO_ENTRY = "started by hand, for no entry of the sensor"
RETRIED = "runs.retry: "  #: the begin of a reason
SUCCEEDED, FAILED, SKIPPED = "succeeded", "failed", "skipped"

DAY_SECONDS = 86_400  #: until a skipped date is tried again whose source cannot tell that its data have changed

_MOST_NAMES_IN_A_REASON = 3

DateRanges = Sequence[tuple[int, int]]  #: half-open, of proleptic ordinals


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEnd:
    """How the latest run of an instance ended that says anything about it."""

    state: str  #: succeeded, failed, skipped, timed out, terminated
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
    """Whether a run is due, and why or why not: the end of a sentence that begins with the workflow and the date."""

    is_due: bool
    reason: str
    keeps_labels: bool = False  #: notebooks that succeeded before, and that nothing has changed for, need not be done again


def verdict(
    workflow: WorkflowSpecification | None,
    state: str | None,
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
        return Verdict(True, LEFT_RUNNING_BY_AUTOFLOW if is_in_autoflow else NOT_RUN_YET)
    if state not in (SUCCEEDED, FAILED, SKIPPED):
        raise ValueError(f"run state {state!r} is none of 'running', 'succeeded', 'failed' and 'skipped'")
    if end is None or workflow is None:
        if state == SUCCEEDED:
            return Verdict(False, SUCCEEDED_IN_AUTOFLOW if is_in_autoflow else ALREADY_SUCCEEDED)
        return Verdict(True, "failed before in AutoFlow" if is_in_autoflow else f"{state} before")
    if state == SKIPPED:
        return _verdict_of_skipped(workflow, end, days, history)
    data, notebooks = _changes(workflow, end, days, history)
    change = "; ".join(reason for reason in (data, notebooks) if reason)
    keeps_labels = not data and not lacks_data(workflow, end)
    if state == SUCCEEDED:
        return Verdict(True, change, keeps_labels) if change else Verdict(False, ALREADY_SUCCEEDED)
    how = {"timed out": "timed out", "terminated": "was terminated"}.get(end.state, FAILED)
    if history.check_began is not None and end.ended >= history.check_began:
        return Verdict(False, f"{how} in this check; the next one tries again")
    if change:
        return Verdict(True, f"{how} before; {change}", keeps_labels)
    if end.state != FAILED:
        return Verdict(True, f"its last run {how}", keeps_labels)
    if workflow.attempts is not None and end.failures >= workflow.attempts:
        times = "once" if end.failures == 1 else f"{end.failures} times in a row"
        return Verdict(False, f"failed {times}, and attempts is {workflow.attempts}; runs.retry tries again")
    again = end.ended + timedelta(seconds=workflow.retry_wait_seconds)
    if again > history.now:
        wait = shown_duration(workflow.retry_wait_seconds)
        return Verdict(False, f"{WAITS_FOR_RETRY} of {wait} lasts until {again.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    of_how_many = f" of {workflow.attempts}" if workflow.attempts is not None else ""
    return Verdict(True, f"failed before (attempt {end.failures + 1}{of_how_many})", keeps_labels)


def _verdict_of_skipped(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, history: RunHistory) -> Verdict:
    """Its notebooks have said that there is nothing to do: until there are other data, as far as the source can tell."""
    if history.check_began is not None and end.ended >= history.check_began:
        return Verdict(False, "skipped in this check")
    changed = history.changed_data(end.data, days) if end.data is not None else ()
    data = f"data_changed: {_listed(changed)}" if changed else ""
    _, notebooks = _changes(workflow, end, days, history)
    if change := "; ".join(reason for reason in (data, notebooks) if reason):
        return Verdict(True, f"skipped before; {change}")
    if end.data is not None and workflow.skip_again_seconds is None:
        return Verdict(False, WAITS_FOR_DATA)
    wait = workflow.skip_again_seconds or DAY_SECONDS
    again = end.ended + timedelta(seconds=wait)
    if again > history.now:
        until = f"{again.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return Verdict(False, f"{WAITS_AFTER_SKIP} of {shown_duration(wait)} lasts until {until}")
    return Verdict(True, f"skipped before, and skip_again of {shown_duration(wait)} is over")


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
    return "data_changed" in workflow.rerun_when and end.data is None


def change_of(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, history: RunHistory) -> Verdict:
    """Whether an instance that has ended is other than it would be made now, whatever its workflow is run again for.

    Notebooks count for every workflow, data for those that keep what is needed to tell.
    """
    widened = workflow.model_copy(update={"rerun_when": (*workflow.rerun_when, "notebook_changed")})
    data, notebooks = _changes(widened, end, days, history)
    change = "; ".join(reason for reason in (data, notebooks) if reason)
    if lacks_data(workflow, end):
        unknown = f"{end.state} before, and it is not known with which data; --rerun all includes it"
        return Verdict(bool(change), change or unknown)
    return Verdict(bool(change), change or "nothing has changed since", keeps_labels=not data)


def _changes(workflow: WorkflowSpecification, end: LastEnd, days: DateRanges, history: RunHistory) -> tuple[str, str]:
    """What has changed since the latest run, of the things that the workflow is to be run again for: data, notebooks."""
    changed_data: Sequence[str] = ()
    changed: Sequence[str] = ()
    if "data_changed" in workflow.rerun_when and end.data is not None:
        changed_data = history.changed_data(end.data, days)
    if "notebook_changed" in workflow.rerun_when:
        changed = changed_notebooks(workflow, end, history.notebooks.get(workflow.name, {}))
    data = f"data_changed: {_listed(changed_data)}" if changed_data else ""
    return data, f"notebook_changed: {_listed(changed)}" if changed else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES_IN_A_REASON} more" if len(names) > _MOST_NAMES_IN_A_REASON else ""
    return ", ".join(names[:_MOST_NAMES_IN_A_REASON]) + more
