"""Options that do nothing where they were given are refused: who has typed one believes that it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click
from click.core import ParameterSource

from ..exceptions import DefinitionError

#: by the names of their parameters: options of commands that work here or on a service, as they are asked to
MIDDLEWARES = ("middlewares_pre", "middlewares_post")
ONLY_WITH_DOMAIN = ("region", "create_domain", "retention_days", "payloads", "task_list")
ONLY_WITH_LOCAL = ("nb_workers", "durable", "quiet", "db", "new", *MIDDLEWARES)

_FROM_PARAMETERS = "its id and its tags come from its parameters"
#: of workflow.start, what to say instead
ONLY_FOR_CLASSES = {
    "workflow_id": _FROM_PARAMETERS,
    "tags": _FROM_PARAMETERS,
    "execution_timeout": "'timeout' in the file is that of a notebook",
    "task_list": "",
    **dict.fromkeys(MIDDLEWARES, "middlewares are for the activities of workflow classes"),
}


def is_typed(ctx: click.Context, name: str) -> bool:
    """Tell whether a parameter was given on the command line, and not by the environment or by default."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse_options(ctx: click.Context, where: str, unused: Mapping[str, str] | Iterable[str]) -> None:
    """Refuse those that were typed of the parameters that do nothing ``where`` (``with --local``); a mapping says of each, by
    the name of its parameter, what to do instead, or nothing.

    Raises:
        DefinitionError: one was typed.
    """
    hints = unused if isinstance(unused, Mapping) else dict.fromkeys(unused, "")
    typed = {option.name or "": _spelled(ctx, option) for option in ctx.command.params}
    found = [name for name in typed if name in hints and is_typed(ctx, name)]
    if not found:
        return
    options = " and ".join(filter(None, [", ".join(typed[name] for name in found[:-1]), typed[found[-1]]]))
    do_nothing = "does nothing" if len(found) == 1 else "do nothing"
    instead = "; ".join(dict.fromkeys(hints[name] for name in found if hints[name]))
    it = "it" if len(found) == 1 else "them"
    raise DefinitionError(f"{options} {do_nothing} {where}; {instead or f'leave {it} out'}")


def _spelled(ctx: click.Context, option: click.Parameter) -> str:
    """Return an option as it was typed, as far as that can be known: of one with a short name the long one."""
    if option.secondary_opts and not ctx.params.get(option.name or ""):
        return option.secondary_opts[-1]
    return max(option.opts, key=len)
