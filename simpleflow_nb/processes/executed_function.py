"""The other side of :mod:`simpleflow_nb.execute`: one function, called in a process of its own."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from .. import payload
from ..activity import Activity
from ..exceptions import ExitCode
from ..masking import masked
from ..tracebacks import text_of, traceback_lines
from . import logs
from .called_process import end_children
from .guardian import die_with_parent
from .log_context import logged_as

BODY = "executed_body"  #: attribute of a decorated function: what is called in the other process

_CARRIERS = frozenset({__file__})


def called_by_command(words: Sequence[str]) -> None:
    """Call the function that a command line names, and write its result as JSON; never returns.

    Raises:
        SystemExit: with 0, or with 1 if the function raised: then a JSON object is written with ``error``, ``message`` and
            ``traceback``.
    """
    options = _options(words)
    if options.caller_pid is not None:
        _end_with(options.caller_pid)
    logs.configure()
    try:
        call = _call(options)
        sys.path.extend(entry for entry in call.get("path") or () if entry not in sys.path)
        context = call.get("context") or {}
        ids = {key: context[key] for key in ("workflow_id", "run_id", "activity_id") if context.get(key)}
        with logged_as(**ids):
            text = payload.encoded(_result(options.function, call), f"the result of {options.function}")
    except BaseException as error:  # whatever the function raises is told, and ends this process
        if isinstance(error, SystemExit) and not error.code:
            _end(options, ExitCode.DONE)
        end = "\n" if options.error_fd == 2 else ""
        _write(options.error_fd, f"{failure_text(error)}{end}")
        logging.getLogger(options.logger_name).error("%s raised %s: %s", options.function, type(error).__name__, text_of(error))
        _end(options, ExitCode.RUN_FAILED)
    sys.stdout.flush()  # what the function printed comes first
    _write(options.result_fd, f"{text}\n" if options.result_fd == 1 else text)
    _end(options, ExitCode.DONE)


def failure_text(error: BaseException) -> str:
    """Return an exception as the JSON text of an :class:`~simpleflow_nb.exceptions.ExecutionError`; secrets are masked."""
    lines = [masked(line) for line in traceback_lines(error, _CARRIERS)]
    return payload.encode({"error": type(error).__name__, "message": masked(text_of(error)), "traceback": lines})


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simpleflow_nb.execute", description="Call a function and print its result as JSON."
    )
    parser.add_argument("function", help="its dotted path, such as os.path.exists")
    parser.add_argument("arguments", nargs="?", help="""its arguments: '{"args": [...], "kwargs": {...}}'""")
    parser.add_argument("--call-fd", type=int, metavar="N", help="descriptor of a file with the arguments")
    parser.add_argument("--result-fd", type=int, default=1, metavar="N", help="descriptor for the result")
    parser.add_argument("--error-fd", type=int, default=2, metavar="N", help="descriptor for an exception")
    parser.add_argument(
        "--caller-pid", type=int, metavar="PID", help="end when this process does, where the system can do that"
    )
    parser.add_argument("--logger-name", default="simpleflow_nb.execute", help="logger that tells of an exception")
    parser.add_argument("--kill-children", action="store_true", help="end what the function has started")
    found = parser.parse_args(words)
    if (found.arguments is None) == (found.call_fd is None):
        parser.error("give the arguments in JSON")
    return found


def _end_with(caller: int) -> None:
    """Let this process end when its caller is killed, as a worker may be, without a process that cleans up after it.

    The parent may be another process: an interpreter that is a script starts a program.
    """
    die_with_parent()
    if os.getppid() != caller and not _is_running(caller):
        os._exit(ExitCode.RUN_FAILED)


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _call(options: argparse.Namespace) -> dict[str, Any]:
    text = options.arguments
    if options.call_fd is not None:
        with os.fdopen(options.call_fd, encoding="utf-8", errors="surrogatepass") as file:
            text = file.read()
    try:
        call = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the arguments are not JSON: {error}") from None
    if not isinstance(call, dict) or call.keys() - {"args", "kwargs", "context", "path"}:
        raise ValueError('the arguments are not of the form {"args": [...], "kwargs": {...}}')
    return call


def _result(path: str, call: dict[str, Any]) -> Any:
    layers, args, kwargs = _layers(path), call.get("args", ()), call.get("kwargs", {})
    function, context = layers[-1], call.get("context")
    if isinstance(function, type) and hasattr(function, "execute"):
        task: Any = function(*args, **kwargs)
        if context is not None:
            task.context = context
        result = task.execute()
        if hasattr(task, "post_execute"):
            task.post_execute()
        return result
    for layer in layers if context is not None else ():
        if not isinstance(layer, Activity):  # which asks its function
            layer.context = context
    return function(*args, **kwargs)


def _layers(path: str) -> list[Any]:
    """Return what a dotted path names and what that is made of, down to the function that is to be called.

    That is the one within :func:`simpleflow_nb.execute.python`, or else what the path names.
    """
    module_name, _, name = path.rpartition(".")
    named = layer = getattr(importlib.import_module(module_name or "builtins"), name)
    layers = [named]
    while layer is not None:
        if hasattr(layer, BODY):
            return [*layers, getattr(layer, BODY)]
        layer = layer.callable if isinstance(layer, Activity) else getattr(layer, "__wrapped__", None)
        layers.append(layer)
    return [named]


def _write(descriptor: int, text: str) -> None:
    left = text.encode("utf-8", "surrogatepass")
    while left:
        left = left[os.write(descriptor, left) :]


def _end(options: argparse.Namespace, code: ExitCode) -> None:
    if options.kill_children:
        end_children(os.getpid())
    sys.exit(code)
