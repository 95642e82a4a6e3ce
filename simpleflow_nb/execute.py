"""Functions that run as programs: in another Python, or as a command.

::

    @activity.with_attributes(task_list="crunch")
    @execute.python(interpreter="pypy3", timeout=600)
    def crunch(numbers):
        ...


    @execute.program()
    def ls(path):
        ...

    ls("/etc/hosts")                # runs the command ``ls /etc/hosts`` and returns what it prints

``python -m simpleflow_nb.execute package.module.function '{"args": [1]}'`` calls a function and prints its result as JSON.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, ParamSpec, TypeVar

from . import payload
from .environment import inherited
from .exceptions import DefinitionError, ExecutionError, ExecutionTimeoutError
from .processes.called_process import call_process
from .processes.executed_function import BODY, called_by_command
from .processes.task_values import variables
from .workflow import logger as simpleflow_logger

__all__ = ["ExecutionError", "ExecutionTimeoutError", "program", "python", "simpleflow_logger"]

#: Of simpleflow, which gives longer arguments in a file. Here all are given in one: other users cannot read them in ``ps``.
MAX_ARGUMENTS_JSON_LENGTH = 65_536

P = ParamSpec("P")
T = TypeVar("T")


class RequiredArgument:
    """A mark for a parameter without a default; nothing here uses it."""


def format_arguments(*args: Any, **kwargs: Any) -> list[str]:
    """Return arguments as words of a command line: names first, ``-c="1"`` for short and ``--val="2"`` for long ones.

    >>> format_arguments("a", "b", c=1, val=2)
    ['-c="1"', '--val="2"', 'a', 'b']
    """
    named = [f'{"-" if len(name) == 1 else "--"}{name}="{value}"' for name, value in kwargs.items()]
    return [*named, *map(str, args)]


def format_arguments_json(*args: Any, **kwargs: Any) -> str:
    """Return arguments as JSON, ``{"args": [...], "kwargs": {...}}``.

    Raises:
        TypeError: one has no JSON form.
    """
    return payload.encoded({"args": args, "kwargs": kwargs}, "the arguments")


def get_name(func: Any) -> str:
    """Return the dotted path of a function, a class, or an object with a ``name`` that can be called.

    Raises:
        ValueError: it cannot be called.
    """
    if not callable(func):
        raise ValueError(f"{func} is not callable")
    name = getattr(func, "name", None) or getattr(func, "__name__", None) or type(func).__name__
    return f"{func.__module__}.{name}"


def python(
    interpreter: str = "python",
    logger_name: str = "simpleflow_nb.execute",
    timeout: float | None = None,
    kill_children: bool = False,
    env: Mapping[str, str] | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function, or a class with an ``execute()`` method, run in a Python process of its own.

    Arguments and results have to have a JSON form. Other processes cannot read them. On Linux the process ends with the one
    that has called the function, also if that is killed.

    Args:
        interpreter: a program in which this package can be imported; ``python`` is the one that runs this code.
        logger_name: logger that tells of an exception, in the process.
        timeout: seconds after which the process is ended, with all that it has started.
        kill_children: end what the function has started when it returns or raises.
        env: the whole environment of the process; None is that of this one.

    Returns:
        A decorator. The decorated function raises :class:`.ExecutionError` for whatever the function raises,
        :class:`.ExecutionTimeoutError` after the timeout, and ``ActivityCanceled`` if its task is cancelled.
    """

    def wrap(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        def execute(*args: P.args, **kwargs: P.kwargs) -> T:
            context = kwargs.pop("context", None)
            name = get_name(func)
            if func.__module__ == "__main__":
                raise DefinitionError(f"{name} is in a script, which no other process can import; put it into a module")
            described = context.described() if hasattr(context, "described") else context
            call = {"args": args, "kwargs": kwargs, "context": described, "path": [] if interpreter != "python" else sys.path}
            sys.stdout.flush()  # it may print too
            sys.stderr.flush()
            folder = next((env[key] for key in ("TMPDIR", "TEMP", "TMP") if env.get(key)), None) if env else None
            with (
                tempfile.TemporaryFile(dir=folder) as given,
                tempfile.TemporaryFile(dir=folder) as returned,
                tempfile.TemporaryFile(dir=folder) as raised,
            ):
                given.write(payload.encoded(call, f"the call of {name}").encode("utf-8", "surrogatepass"))
                given.flush()
                given.seek(0)
                command = [
                    sys.executable if interpreter == "python" else interpreter,
                    "-m",
                    "simpleflow_nb.execute",
                    name,
                    f"--call-fd={given.fileno()}",
                    f"--result-fd={returned.fileno()}",
                    f"--error-fd={raised.fileno()}",
                    f"--caller-pid={os.getpid()}",
                    f"--logger-name={logger_name}",
                    *(["--kill-children"] if kill_children else []),
                ]
                files = [given.fileno(), returned.fileno(), raised.fileno()]
                environment = inherited(variables()) if env is None else env
                code = call_process(command, env=environment, pass_fds=files, timeout_seconds=timeout)
                if code:
                    raise ExecutionError(_text(raised) or f"process of {name} died: exit code {code}")
                result: T = payload.decode(_text(returned))
                return result

        execute.add_context_in_kwargs = True  # type: ignore[attr-defined]  # read by workers, here and in simpleflow
        setattr(execute, BODY, func)
        return execute

    return wrap


def program(
    path: str | None = None, argument_format: Callable[..., Sequence[str]] = format_arguments
) -> Callable[[Callable[P, Any]], Callable[P, str]]:
    """Make a function run a program of its name, and return what that prints.

    The body is not used; its signature says which arguments there are.

    Args:
        path: the program; None is the name of the function.
        argument_format: makes the words of the command line of the arguments.

    Returns:
        A decorator. The decorated function raises TypeError for arguments that are not in the signature,
        ``subprocess.CalledProcessError`` if the program ends with another code than 0, and ``ActivityCanceled`` if its task is
        cancelled.
    """

    def wrap(func: Callable[P, Any]) -> Callable[P, str]:
        signature = inspect.signature(func)

        @functools.wraps(func)
        def execute(*args: P.args, **kwargs: P.kwargs) -> str:
            signature.bind(*args, **kwargs)
            command = [path or func.__name__, *argument_format(*args, **kwargs)]
            with tempfile.TemporaryFile() as printed:
                code = call_process(command, stdout=printed)
                output = _text(printed)
            if code:
                raise subprocess.CalledProcessError(code, command, output)
            return output

        return execute

    return wrap


def _text(file: IO[bytes]) -> str:
    """Return all that a file has."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # its position is shared with the process that wrote it
    return file.read().decode("utf-8", "replace")


if __name__ == "__main__":
    logging.captureWarnings(True)
    called_by_command(sys.argv[1:])
