"""The command ``simpleflow-nb``: its own options, and turning errors into a sentence and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import threading
from typing import Any

import click

from .. import __version__
from ..exceptions import ExitCode, SimpleflowError
from ..masking import masked
from ..processes import logs
from ..processes.process_title import hide_typed_secrets
from ..processes.standard_streams import outlive_readers, print_anything, write_by_lines
from ..variables import SIMPLEFLOW_FORMAT
from .commands import PRINT_TABLES, Commands
from .unused_options import refuse_options


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="simpleflow-nb")
@click.option(
    "--format",
    "style",
    type=click.Choice(SIMPLEFLOW_FORMAT.words),
    default=SIMPLEFLOW_FORMAT.default,
    envvar=SIMPLEFLOW_FORMAT.name,
    show_default=True,
    help="How tables are printed.",
)
@click.option("--header/--no-header", default=False, help="Print the names of the columns.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colours.")
@click.pass_context
def cli(ctx: click.Context, style: str, header: bool, color: str) -> None:
    """Notebook workflows that survive anything, on this machine or on Amazon SWF."""
    ctx.obj = {"style": style, "header": header, "color": color}
    if ctx.invoked_subcommand not in PRINT_TABLES:
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
    from ..processes.bug_reports import bug_sentence

    show_error(bug_sentence(error))


def _show_bug_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Report a bug that has ended a thread; the process goes on, or ends with what it lacks now."""
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        _show_bug(ended.exc_value)


def console() -> Any:
    """Run :func:`main` for the console script and ``python -m simpleflow_nb``, in a process that does nothing else.

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
    """Show an error of the system that the user can do something about, and return the exit code.

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
