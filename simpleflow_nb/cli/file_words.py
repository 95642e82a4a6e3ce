"""``[FILE.yml] RUN LABEL``: the words of commands that work on a workflow file, which may be left out in its own folder."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ..application.files.workflow_files import has_ending, names_file
from ..exceptions import DefinitionError

F = TypeVar("F", bound=Callable[..., Any])

FILE_METAVAR = "[FILE.yml]"


def file_and_words(*names: str) -> Callable[[F], F]:
    """Add ``file`` (a path, or None) and a parameter for each name; those in brackets, at the end, may be left out.

    A first word that ends in .yml or .yaml, or is a folder, is the file, and so is whatever stands before as many words as
    there are names; see :func:`specification_path` for what no file means.
    """
    keys = [name.strip("[]").partition("[")[0].lower() for name in names]  # LABEL of [LABEL[:INDEX]]
    needed = sum(not name.startswith("[") for name in names)
    metavar = " ".join([FILE_METAVAR, *names])

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def with_words(*args: Any, words: tuple[str, ...], **options: Any) -> Any:
            file, rest = split_words(words, [key.upper() for key in keys], needed)
            values = dict(zip(keys, [*rest, *[None] * len(keys)], strict=False))
            return command(*args, file=file, **values, **options)

        return click.argument("words", nargs=-1, metavar=metavar)(with_words)  # type: ignore[return-value]

    return decorate


def split_words(words: Sequence[str], names: Sequence[str], needed: int) -> tuple[Path | None, Sequence[str]]:
    """Return the file, if one was named, and the other words: as many as ``needed`` at least, and as there are ``names`` at
    most.

    Raises:
        click.UsageError: there are too few words, or too many.
        DefinitionError: the file stands behind the others.
    """
    context = click.get_current_context()
    most = len(names)
    if len(words) > most + 1:
        raise click.UsageError(f"got unexpected extra argument ({' '.join(words[most + 1 :])})", context)
    has_file = bool(words) and (len(words) > most or (len(words) > needed and names_file(words[0])))
    if has_file and most and not names_file(words[0]) and has_ending(words[-1]):
        right = ["simpleflow-nb", str(context.info_name), words[-1], *words[:-1]]
        raise DefinitionError(f"the file comes first: {shlex.join(right)}")
    rest = words[1:] if has_file else words
    # what ends so is the file, and not a run that lacks one
    lacking = needed - len(rest) + (len(rest) == needed > 0 and not has_file and has_ending(rest[0]))
    if lacking > 0:
        raise click.UsageError(f"missing argument {names[needed - lacking]!r}", context)
    return Path(words[0]) if has_file else None, rest


def refuse_workflow_of_file(word: str, instead: str) -> None:
    """Refuse a workflow of a file, for commands that take workflow classes.

    Raises:
        DefinitionError: the word is ``FILE.yml:NAME``, or a file.
    """
    if has_ending(word) or has_ending(word.rpartition(":")[0]):
        raise DefinitionError(f"{word} is of a workflow file, and a workflow class is wanted; {instead}")
