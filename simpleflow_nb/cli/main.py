"""The command ``simpleflow-nb``: finding its commands, and turning errors into a sentence and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import threading
from typing import Any

import click

from .. import __version__
from ..exceptions import ExitCode, SimpleflowError
from ..inspection.tables import FORMATS
from ..masking import masked
from ..processes.standard_streams import outlive_readers, print_anything, write_by_lines
from . import logs
from .process_title import hide_typed_secrets
from .unused_options import refuse_options

#: the commands by what they are for: each with the module that has it, and a line for the list of all of them
_GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Projects": {
        "validate": ("notebooks.definition", "Check a workflow file and its notebooks"),
        "plan": ("notebooks.definition", "Show which runs are due, and why"),
        "status": ("notebooks.status", "Show the last state of every run, by date"),
        "backfill": ("notebooks.run_requests", "Run a workflow for the dates of a period"),
        "reports.make": ("notebooks.reports", "Make the reports of past runs anew"),
        "outputs.clean": ("notebooks.outputs", "Remove the notebooks and reports of old runs"),
    },
    "Runs": {
        "runs.list": ("notebooks.runs", "List runs"),
        "runs.show": ("notebooks.runs", "Show one run: parameters, labels, attempts"),
        "runs.retry": ("notebooks.runs_retry", "Run again what failed or was skipped"),
        "runs.logs": ("notebooks.runs", "Print what the notebooks of a run printed"),
    },
    "Notebooks": {
        "notebook.run": ("notebooks.notebook", "Run one notebook"),
        "notebook.debug": ("notebooks.notebook_debug", "Prepare a notebook of a run, to look into it"),
        "notebook.pdf": ("notebooks.notebook_report", "Make the report of an executed notebook"),
    },
    "Sensor": {
        "sensor.start": ("notebooks.sensor", "Look for new dates and run what is due"),
        "sensor.stop": ("notebooks.sensor_requests", "Stop the sensor of a workflow file"),
        "sensor.check": ("notebooks.sensor_requests", "Look for new dates now"),
        "sensor.pause": ("notebooks.sensor_requests", "Look for no new dates until sensor.resume"),
        "sensor.resume": ("notebooks.sensor_requests", "Look for new dates again"),
        "sensor.reload": ("notebooks.sensor_requests", "Go on with the workflow file as it is now"),
        "sensor.list": ("notebooks.sensor_requests", "List open sensors"),
    },
    "Python workflows": {
        "workflow.start": ("engine.start", "Run a workflow here, or start it on SWF"),
        "workflow.list": ("engine.workflow", "List executions, newest first"),
        "workflow.info": ("engine.workflow", "Show one execution"),
        "workflow.tasks": ("engine.workflow", "List the tasks of an execution, newest first"),
        "workflow.profile": ("engine.workflow", "Show where the time of an execution went"),
        "workflow.history": ("engine.workflow", "Show every event of an execution"),
        "workflow.cancel": ("engine.requests", "Ask an execution to end"),
        "workflow.signal": ("engine.requests", "Send a signal to an execution"),
        "workflow.terminate": ("engine.requests", "End an execution here and now"),
    },
    "Processes": {
        "standalone": ("engine.standalone", "Run a workflow on SWF, with its own processes"),
        "decider.start": ("engine.processes", "Decide, until SIGTERM"),
        "worker.start": ("engine.processes", "Carry out activities, until SIGTERM"),
        "service.start": ("engine.service", "Serve SWF's calls on this machine"),
    },
    "Tools": {
        "doctor": ("notebooks.doctor", "Check what the runs of a workflow file need"),
        "journal.prune": ("engine.journal", "Remove the histories of old local executions"),
    },
}
_COMMANDS = {name: module for commands in _GROUPS.values() for name, (module, _) in commands.items()}


#: those that print a table, which ``--format`` and ``--header`` are for
_PRINT_TABLES = {"plan", "status", "backfill", "runs.list", "runs.show", "sensor.list", "doctor"}
_PRINT_TABLES |= {"workflow.list", "workflow.info", "workflow.tasks", "workflow.profile", "workflow.history"}


class Commands(click.Group):
    """The commands, each imported when it is used: ``simpleflow-nb validate`` needs no papermill."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        loaded = importlib.import_module(f".{module}", __package__)
        found: click.Command = getattr(loaded, cmd_name.replace(".", "_"))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line each, by what they are for. None of them is imported for it."""
        width = max(map(len, _COMMANDS))
        for group, commands in _GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(width), line) for name, (_, line) in commands.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1, cutoff=0.5)
            guess = f" (did you mean {near[0]!r}?)" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{guess}", error.ctx) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="simpleflow-nb")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="tabular",
    envvar="SIMPLEFLOW_FORMAT",
    show_default=True,
    help="How tables are printed.",
)
@click.option("--header/--no-header", default=False, help="Print the names of the columns.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colours.")
@click.pass_context
def cli(ctx: click.Context, style: str, header: bool, color: str) -> None:
    """Notebook workflows that survive anything, on this machine or on Amazon SWF."""
    ctx.obj = {"style": style, "header": header, "color": color}
    if ctx.invoked_subcommand not in _PRINT_TABLES:
        refuse_options(ctx, f"for {ctx.invoked_subcommand}, which prints no table", ("style", "header"))
    logs.configure()


def show_error(error: BaseException | str) -> None:
    """One sentence on standard error, the problems of a file a line each, as compilers write them; secrets are masked."""
    lines = error.located_lines if isinstance(error, SimpleflowError) else ""
    click.echo(masked(lines or f"simpleflow-nb: {error}"), err=True)


def _usage_sentence(error: click.ClickException) -> str:
    text = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    more = f" (see {context.command_path} --help)" if context is not None else ""
    return text[:1].lower() + text[1:] + more


def _show_bug(error: BaseException) -> None:
    from .bug_reports import bug_sentence

    show_error(bug_sentence(error))


def _show_bug_of_thread(ended: threading.ExceptHookArgs) -> None:
    """The process goes on, or ends with what it lacks now; what has ended the thread is known all the same."""
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        _show_bug(ended.exc_value)


def console() -> Any:
    """What the console script and ``python -m simpleflow_nb`` call: :func:`main`, for a process that does nothing else.

    A bug of ours is one line and a file with the traceback, and ends with its own exit code; a reader of what is printed who
    goes away ends nothing.
    """
    print_anything()
    outlive_readers()
    before, threading.excepthook = threading.excepthook, _show_bug_of_thread
    try:
        main()
    except Exception as error:
        _show_bug(error)
        sys.exit(ExitCode.BUG)
    finally:
        threading.excepthook = before


def main(args: list[str] | None = None) -> Any:
    """Run the command line; returns through SystemExit with one of the documented exit codes."""
    hide_typed_secrets(sys.argv[1:] if args is None else args)
    write_by_lines()
    try:
        here = os.getcwd()
    except FileNotFoundError:
        show_error("the working directory has been removed; change to another one")
        sys.exit(ExitCode.WRONG)
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        code = cli.main(args=args, prog_name="simpleflow-nb", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        # click 8.2 raises what 8.1 printed: the help, for those who have typed nothing else.
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
            click.echo(error.format_message(), err=True)
        else:
            show_error(_usage_sentence(error))
        code = ExitCode.WRONG
    except click.Abort:
        code = ExitCode.RUN_FAILED
    except SimpleflowError as error:
        if error.exit_code is ExitCode.BUG:
            raise
        show_error(error)
        code = error.exit_code
    except OSError as error:
        code = _show_system_error(error)
    sys.exit(code if isinstance(code, int) else ExitCode.DONE)


def _show_system_error(error: OSError) -> ExitCode:
    """
    Raises:
        OSError: the same: it names no file of the user's, so it is a bug of ours.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):  # also a write, which names no file
        where = f"{error.filename}: " if error.filename else ""
        show_error(f"{where}the disk is full; make room, then the same command goes on")
    elif error.filename is None:
        raise error
    else:
        show_error(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    # names that are made here are never as long: it was typed
    return ExitCode.WRONG if error.errno == errno.ENAMETOOLONG else ExitCode.RUN_FAILED
