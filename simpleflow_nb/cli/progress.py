"""What a local run shows while it works: a line for each run and label on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from .. import payload
from ..inspection.task_rows import TaskRow, task_rows
from ..local.service import LocalService

_SHOWN_RUNS = 20
_STYLES = {"done": "green", "running": "cyan", "waiting": "dim", "FAILED": "bold red", "cancelled": "yellow"}


@dataclass
class LabelState:
    """A notebook, a report or an activity of a run, as a line shows it."""

    name: str
    state: str  #: waiting, running, done, FAILED, cancelled
    note: str = ""
    seconds: float = 0.0


@dataclass
class RunState:
    """One execution."""

    title: str
    workflow_id: str
    run_id: str
    started: float
    labels: list[LabelState] = field(default_factory=list)
    status: str | None = None  #: SWF's close status; None while it is open
    reason: str | None = None
    result: Any = None
    ended: float | None = None


class Watch:
    """The executions of some types that were open since this process began, read from the service itself."""

    def __init__(self, service: LocalService, types: Iterable[str]) -> None:
        self.service, self.types = service, set(types)
        self.runs: dict[int, RunState] = {}
        self._began = set(service.closed)
        self._seen_events: dict[int, int] = {}

    def look(self) -> list[RunState]:
        """The state of each execution, in the order in which they were started."""
        service = self.service
        with service.lock:
            news = []
            for number, info in service.infos.items():
                if number in self._began or info["workflowType"]["name"] not in self.types:
                    continue
                known = self.runs.get(number)
                if known is not None and known.status is not None:
                    continue
                run, closed = service.runs.get(number), service.closed.get(number)
                events = list(run.events) if run is not None else None
                details = {a.scheduled: a.details for a in run.activities.values()} if run is not None else {}
                news.append((number, info, events, closed, details))
        for number, info, events, closed, details in news:
            if events is None:
                execution = info["execution"]
                with service.lock:
                    events = service.whole_run(execution["workflowId"], execution["runId"]).events
            known = self.runs.get(number)
            if known is not None and closed is None and self._seen_events.get(number) == len(events) and not details:
                continue
            self._seen_events[number] = len(events)
            self.runs[number] = _run_state(info, events, closed, details)
        return [self.runs[number] for number in sorted(self.runs)]


def _run_state(
    info: dict[str, Any], events: list[dict[str, Any]], closed: tuple[float, str] | None, details: dict[int, str | None]
) -> RunState:
    execution = info["execution"]
    title = "/".join(info.get("tagList") or [])
    if len(execution["workflowId"]) > 32 and title:
        title += " " + execution["workflowId"][-32:][:8]
    state = RunState(title or execution["workflowId"], execution["workflowId"], execution["runId"], info["startTimestamp"])
    latest: dict[str, TaskRow] = {row.id: row for row in task_rows(events)}
    for row in latest.values():
        state.labels.append(_label_state(row, details.get(row.scheduled_event_id)))
    if closed is not None:
        state.ended, state.status = closed
        end = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
        state.reason, state.result = end.get("reason"), end.get("result")
    return state


def _label_state(row: TaskRow, note: str | None) -> LabelState:
    arguments = payload.decode(row.input, lambda digest: "null") if row.input else None
    kwargs = arguments.get("kwargs", {}) if isinstance(arguments, dict) else {}
    function = row.name.rpartition(".")[2]
    name = kwargs.get("label") or row.id.removeprefix("activity-")
    if function == "convert_report":
        name = f"{name} (report)"
    words = {"scheduled": "waiting", "started": "running", "completed": "done", "canceled": "cancelled"}
    seconds = (row.ended or time.time()) - row.started if row.started else 0.0
    shown = LabelState(name, words.get(row.state, "FAILED"), note or "", seconds)
    if shown.state == "FAILED":
        shown.note = row.reason or ""
    return shown


def is_shown(label: LabelState) -> bool:
    """Bookkeeping tasks of the application are not news."""
    return not label.name.startswith("workers.activities.")


class Progress:
    """Tells a person what happens. Entered for the time of a local run; :meth:`update` is called a few times a second."""

    def __init__(self, watch: Watch, *, quiet: bool = False, color: str = "auto") -> None:
        self.watch, self.quiet = watch, quiet
        no_color = True if color == "never" else None
        self.console = Console(
            stderr=True, no_color=no_color, force_terminal=True if color == "always" else None, highlight=False
        )
        self._live: Live | None = None
        self._began = time.monotonic()
        self._told: dict[tuple[str, str, str], str] = {}

    def __enter__(self) -> Progress:
        if self.console.is_terminal and not self.quiet:
            self._live = Live(console=self.console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.update()
        if self._live is not None:
            self._live.stop()

    def update(self) -> None:
        if self.quiet:
            return
        runs = self.watch.look()
        if self._live is not None:
            self._live.update(self._drawn(runs))
        else:
            self._tell(runs)

    def _drawn(self, runs: list[RunState]) -> Group:
        lines: list[Text] = []
        is_open = [run for run in runs if run.status is None]
        active = [run for run in is_open if any(label.state == "running" for label in run.labels)]
        shown = (active or is_open)[:_SHOWN_RUNS]
        for run in shown:
            lines.append(Text(run.title, style="bold"))
            for label in filter(is_shown, run.labels):
                line = Text(f"  {label.name:<28} ")
                line.append(f"{label.state:<9}", style=_STYLES[label.state])
                line.append(f" {label.seconds:6.1f} s  " if label.seconds else " " * 11)
                line.append(label.note, style="dim")
                lines.append(line)
        failed = sum(run.status not in (None, "COMPLETED") for run in runs)
        done = sum(run.status == "COMPLETED" for run in runs)
        counts = f"{done} of {len(runs)} runs done" + (f", {failed} failed" if failed else "")
        waiting = len(is_open) - len(shown)
        more = f", {waiting} waiting" if waiting > 0 else ""
        lines.append(Text(f"{counts}{more}, {time.monotonic() - self._began:.0f} s"))
        return Group(*lines)

    def _tell(self, runs: list[RunState]) -> None:
        """One line for each change, for logs and pipes."""
        for run in runs:
            for label in filter(is_shown, run.labels):
                key = (run.workflow_id, run.run_id, label.name)
                if label.state != "waiting" and self._told.get(key) != label.state:
                    self._told[key] = label.state
                    seconds = f" in {label.seconds:.1f} s" if label.state in ("done", "FAILED") else ""
                    note = f": {label.note}" if label.state == "FAILED" and label.note else ""
                    click.echo(f"{run.title}  {label.name} {label.state}{seconds}{note}", err=True)
            key = (run.workflow_id, run.run_id, "")
            if run.status is not None and key not in self._told:
                self._told[key] = run.status
                click.echo(f"{run.title}  {run.status.lower()}", err=True)
