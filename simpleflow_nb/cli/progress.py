"""Progress of a call while it works: a line for each run and label on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ..application.events import Announcement, Event, Note, RunChanged, UnderWay, Watching
from ..application.states.run_states import ShownRun, Watch, shown_seconds, status_word
from ..application.states.shown_states import STYLES, WARNED_STYLE, ShownState
from ..application.wording.progress import Told, change_lines, chosen_labels, counts_of, named

R = TypeVar("R")

_NAME_WIDTHS = (12, 48)
_FRAMES_PER_SECOND = 4


class Progress:
    """Tells a person what happens. Entered for the time of a call; takes the events of it."""

    def __init__(self, *, quiet: bool = False, color: str = "auto") -> None:
        self.quiet = quiet
        self.console = Console(
            stderr=True,
            no_color=True if color == "never" else None,
            force_terminal=True if color == "always" else None,
            highlight=False,
        )
        self.watch: Watch | None = None
        self._live: Live | None = None
        self._began = time.monotonic()
        self._told: dict[str, Told] = {}  # by run id

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def take(self, event: Event) -> None:
        """Show an event, unless it is of a kind that the command prints itself."""
        if isinstance(event, Watching):
            self._begin(event.watch)
        elif isinstance(event, Note):
            show_note(event)
        elif isinstance(event, Announcement):
            click.echo(event.text, err=True)
        elif self._live is not None and self.watch is not None:
            self._live.update(self._drawn(self.watch.states()))
        elif isinstance(event, RunChanged) and not self.quiet:
            self._tell(event.run)

    def _begin(self, watch: Watch) -> None:
        self.watch, self._began = watch, time.monotonic()
        if self.console.is_terminal and not self.quiet:
            self._live = Live(
                console=self.console,
                refresh_per_second=_FRAMES_PER_SECOND,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),  # what a workflow prints into a pipe or a file stays there
            )
            self._live.start()

    # ---- on a terminal -------------------------------------------------------------------------------------------------------

    def _drawn(self, runs: list[ShownRun]) -> Group:
        is_open = [run for run in runs if run.status is None]
        active = [run for run in is_open if any(label.state == ShownState.RUNNING for label in run.labels)] or is_open[:1]
        blocks = [(run, chosen_labels(run)) for run in active]
        width = max((len(named(label)) for _, (labels, _) in blocks for label in labels), default=0)
        width = min(max(width, _NAME_WIDTHS[0]), _NAME_WIDTHS[1])
        lines: list[Text] = []
        shown = 0
        room = max(self.console.height - 2, 3)
        for run, (labels, rest) in blocks:
            if lines and len(lines) + 1 + len(labels) + bool(rest) > room:
                break
            shown += 1
            lines.append(_line(run.title, "bold"))
            for label in labels:
                name = named(label)
                text = _line(f"  {name if len(name) <= width else name[: width - 1] + '…':<{width}} ")
                warned = label.state == ShownState.DONE and label.note
                text.append(f"{label.state:<9}", style=WARNED_STYLE if warned else STYLES[label.state])
                text.append(f" {shown_seconds(label.seconds):>8}  " if label.began else " " * 11)
                text.append(label.note, style="dim")
                lines.append(text)
            if rest:
                lines.append(_line(f"  {rest}", "dim"))
        lines = lines[:room]
        assert self.watch is not None
        counts = counts_of(runs, self.watch.earlier.ends, waiting=len(is_open) - shown)
        lines.append(_line(f"{counts}, {shown_seconds(time.monotonic() - self._began)}"))
        return Group(*lines)

    # ---- in a log or a pipe --------------------------------------------------------------------------------------------------

    def _tell(self, run: ShownRun) -> None:
        """One line for each change."""
        told = self._told.setdefault(run.run_id, {})
        for line in change_lines(run, told):
            click.echo(line, err=True)
        if run.status is not None:
            click.echo(f"{run.title}  {status_word(run.status)}", err=True)
            del self._told[run.run_id]


def say(text: str) -> None:
    """Print a line for the person at the terminal, on standard error."""
    print(f"simpleflow-nb: {text}", file=sys.stderr, flush=True)  # click.echo would write past the live display


def show_note(note: Note) -> None:
    if note.is_warning:
        click.echo(f"warning: {note.text}", err=True)
    else:
        say(note.text)


def shown(call: UnderWay[R], *, quiet: bool = False, color: str = "auto", also: Callable[[Event], None] | None = None) -> R:
    """Show what happens in a call until its end; its result. ``also`` is given every event, too."""
    with Progress(quiet=quiet, color=color) as progress:
        for event in call:
            progress.take(event)
            if also is not None:
                also(event)
    return call.result()


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
