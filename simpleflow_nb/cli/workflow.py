"""``workflow.list``, ``info``, ``tasks``, ``profile``, ``history``: looking at executions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..exceptions import DefinitionError
from ..inspection import executions as inspection
from ..inspection.tables import Table
from ..local.reader import JournalReader
from ..local.service import DOMAIN
from .options import STATE_FOLDER, db_option, journal_path, local_option, require_local, show


def found_journal(db: Path | None) -> Path:
    """The journal to look at: the one given, the working directory's, or that of an ``outputs`` folder here."""
    if db is not None:
        return db.absolute()
    here = journal_path(None)
    if not here.exists():
        for near in sorted(Path.cwd().glob(f"*/{STATE_FOLDER}/{here.name}")):
            return near
    return here


class _Opened:
    """A journal opened for looking, closed at the end."""

    def __init__(self, local: bool, db: Path | None) -> None:
        require_local(local)
        self.reader = JournalReader(found_journal(db))

    def __enter__(self) -> JournalReader:
        return self.reader

    def __exit__(self, *_: object) -> None:
        self.reader.close()


def run_arguments(command: Any) -> Any:
    """RUN and RUN_ID, after the domain that simpleflow has first."""
    return click.argument("run", nargs=-1, required=True, metavar="RUN [RUN_ID]")(command)


def split_run(words: tuple[str, ...]) -> tuple[str, str | None]:
    """
    Raises:
        DefinitionError: more words than a run and its run id.
    """
    if words and words[0] == DOMAIN and len(words) > 1:
        words = words[1:]  # simpleflow's habit of naming the domain first
    if len(words) > 2:
        raise DefinitionError(f"{' '.join(words)}: give a run, and at most its run id")
    return words[0], words[1] if len(words) > 1 else None


@click.command("workflow.list")
@local_option
@db_option
@click.option("--status", "-s", type=click.Choice(["open", "closed"]), default="open", show_default=True, help="Which runs.")
@click.option("--started-since", "-d", "days", type=int, default=30, show_default=True, help="Started in the last N days.")
@click.pass_context
def workflow_list(ctx: click.Context, local: bool, db: Path | None, status: str, days: int) -> None:
    """List executions, newest first: id, type, status."""
    with _Opened(local, db) as reader:
        table = inspection.list_table(reader, DOMAIN, status=status, started_since_days=days)
    if not table.rows:
        other = "--status closed lists those that have ended" if status == "open" else "--started-since looks further back"
        click.echo(f"no {status} executions; {other}", err=True)
    show(ctx, table)


def _about(local: bool, db: Path | None, run: tuple[str, ...], make: Any) -> Table:
    name, run_id = split_run(run)
    with _Opened(local, db) as reader:
        table: Table = make(reader, found_run(reader, name, run_id))
    return table


def found_run(reader: JournalReader, run: str, run_id: str | None) -> dict[str, str]:
    """The execution that RUN means: a workflow id, its unique beginning, or ``NAME/DATE`` of a notebook run.

    ``NAME/DATE_IDENTITY``, as folders and progress name a run, tells runs with other parameters apart; some of the
    identity is enough.

    Raises:
        DefinitionError: there is none, or several fit; one sentence.
    """
    name, slash, rest = run.rpartition("/")
    if not slash or run_id is not None:
        return inspection.found_execution(reader, DOMAIN, run, run_id)
    date, _, identity = rest.partition("_")
    beginning = f"{name}-{date}-{identity}"
    infos = [
        info
        for is_open in (True, False)
        for info in inspection.executions(reader, DOMAIN, is_open=is_open, tagFilter={"tag": name})
        if info.get("tagList", [])[:2] == [name, date] and info["execution"]["workflowId"].startswith(beginning)
    ]
    ids = sorted({info["execution"]["workflowId"] for info in infos})
    if len(ids) > 1:
        fits = ", ".join(f"{name}/{date}_{one[len(name) + len(date) + 2 :][:8]}" for one in ids)
        raise DefinitionError(f"{run!r} fits {len(ids)} runs with different parameters: {fits}; name one of them")
    return inspection.found_execution(reader, DOMAIN, ids[0] if ids else run)


@click.command("workflow.info")
@run_arguments
@local_option
@db_option
@click.pass_context
def workflow_info(ctx: click.Context, run: tuple[str, ...], local: bool, db: Path | None) -> None:
    """Show one execution: what it is, how long it took, how it ended, what it logged."""
    table = _about(local, db, run, lambda reader, execution: inspection.info_table(reader, DOMAIN, execution))
    if ctx.obj["style"] == "human":  # a line for each column: what there is nothing to say about needs none
        kept = [i for i, value in enumerate(table.rows[0]) if value not in (None, "")]
        table = Table([table.header[i] for i in kept], [[table.rows[0][i] for i in kept]])
    show(ctx, table)


@click.command("workflow.tasks")
@run_arguments
@local_option
@db_option
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@click.pass_context
def workflow_tasks(ctx: click.Context, run: tuple[str, ...], local: bool, db: Path | None, nb_tasks: int | None) -> None:
    """List the tasks of an execution, newest first."""
    show(
        ctx, _about(local, db, run, lambda reader, execution: inspection.tasks_table(reader, DOMAIN, execution, most=nb_tasks))
    )


@click.command("workflow.profile")
@run_arguments
@local_option
@db_option
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@click.pass_context
def workflow_profile(ctx: click.Context, run: tuple[str, ...], local: bool, db: Path | None, nb_tasks: int | None) -> None:
    """Show where the time of an execution went, the longest task first."""
    show(
        ctx,
        _about(local, db, run, lambda reader, execution: inspection.profile_table(reader, DOMAIN, execution, most=nb_tasks)),
    )


@click.command("workflow.history")
@run_arguments
@local_option
@db_option
@click.pass_context
def workflow_history(ctx: click.Context, run: tuple[str, ...], local: bool, db: Path | None) -> None:
    """Show every event of an execution."""

    def table(reader: Any, execution: dict[str, str]) -> Table:
        return inspection.history_table(inspection.history(reader, DOMAIN, execution))

    show(ctx, _about(local, db, run, table))
