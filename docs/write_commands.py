"""Writes ``commands.rst``, the reference of the command line, from the commands themselves.

::

    python docs/write_commands.py           # after a command or an option has changed

``tests/unit/test_docs.py`` fails while the file is not what this prints.
"""

from __future__ import annotations

from pathlib import Path

import click

from simpleflow_nb.cli.main import cli

PAGE = Path(__file__).with_name("commands.rst")

_HEAD = """\
.. Written by docs/write_commands.py; changes made here are lost.

Commands and options
====================

What holds for all of them - exit codes, formats, environment variables - is in :doc:`command_line`.
``simpleflow-nb COMMAND --help`` prints the same in the terminal.

"""


def page() -> str:
    """The whole page, as reStructuredText."""
    context = click.Context(cli, info_name="simpleflow-nb", **cli.context_settings)
    parts = [_HEAD, _section("Options before the command", "simpleflow-nb [OPTIONS] COMMAND ...", None, cli, context)]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is None:
            raise LookupError(f"the command {name!r} is listed, but cannot be loaded")
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join(["simpleflow-nb", name, *command.collect_usage_pieces(inner)])
        parts.append(f".. index:: single: {name}; command\n")
        parts.append(_section(name, usage, command.help, command, inner))
    return "\n".join(parts)


def _section(title: str, usage: str, text: str | None, command: click.Command, context: click.Context) -> str:
    lines = [title, "-" * len(title), "", f"``{usage}``", ""]
    if text:
        lines += [_escaped(line.strip()) for line in text.strip().splitlines()] + [""]
    for parameter in command.get_params(context):
        names, explanation = parameter.get_help_record(context) or ("", "")
        if explanation and ("--help" not in parameter.opts or context.parent is None):
            lines += [f"``{names}``", f"    {_escaped(explanation)}", ""]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Help texts are plain: what reStructuredText would take for markup is not."""
    for mark in "\\*`|_":
        text = text.replace(mark, f"\\{mark}")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
