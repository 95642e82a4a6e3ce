"""The bodies of activities: finding them by type name, calling them, and formatting their failures."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from .. import activity as activities
from .. import payload
from ..activity import Activity
from ..activity_context import ActivityContext
from ..constants import MAX_REASON_CHARACTERS
from ..exceptions import ExecutionError, ExitCode, SimpleflowError, TaskFailed
from ..import_errors import location_of_import_error
from ..masking import masked
from ..tracebacks import sentence_lines, text_of, traceback_lines
from ..utils import format_exc_type
from .middlewares import NONE, Middlewares
from .own_modules import is_own, is_program

#: Files whose frames are left out of tracebacks.
_CARRIERS = frozenset(
    {__file__, activities.__file__, payload.__file__}
    | {f"{__file__.rpartition('activity_bodies')[0]}{name}.py" for name in ("worker", "isolated", "middlewares")}
)
#: Ours, which raise errors of users with a sentence that says everything.
_PACKAGES = tuple(
    f"{os.path.dirname(os.path.dirname(os.path.dirname(__file__)))}{os.sep}{name}{os.sep}"
    for name in ("simpleflow_nb", "deciders", "workers")
)


def find_activity(
    name: str, modules: Iterable[str] = (), *, imports: bool = True, are_ours: bool = False
) -> Activity[Any, Any]:
    """Find the activity with a type name, importing the module that declares it if need be.

    That is one of ``modules``, see :func:`declaring_module`, or else the module in the name. Only activities are found, and
    functions that a module with a workflow defines itself, of which the workflow's ``run`` may make activities. No other
    function of a module can be called by its name.

    Args:
        imports: False if the process has imported all activities that it is for.
        are_ours: the modules are named by this program, not by an input, which may only name modules of the program.

    Raises:
        LookupError: there is none; the message says why.
    """
    known = activities.registered(name)
    if known is not None:
        return known
    if not imports:
        raise LookupError(
            f"activity {name!r} is not known to this worker: it was started with a file, carries out what that needs, and "
            "imports no other; let another task list have it"
        )
    faults = []
    for module in modules:
        try:
            _refuse_program(name, module)
            if not are_ours and not is_own(module, name):
                raise LookupError(
                    f"activity {name}: {module} is not imported for an input: it is not in the activity's package, nor in a "
                    "folder of the program, nor does what installs it require simpleflow-nb"
                )
            _imported(name, module)
            faults.append(f"activity {name}: {module}, which is said to declare it, does not")
        except LookupError as error:
            faults.append(str(error))
        known = activities.registered(name)
        if known is not None:
            return known
    try:
        return _named(name)
    except LookupError as error:
        if not faults:
            raise
        if str(error) not in faults:  # the module in the name is one of those
            faults.append(str(error))
        first, *others = faults
        raise LookupError("; ".join([first, *(one.removeprefix(f"activity {name}: ") for one in others)])) from error


def _named(name: str) -> Activity[Any, Any]:
    """Find an activity by importing the module in its name, which may go on with attributes of that module."""
    module_name, _, function = name.rpartition(".")
    if not module_name:
        raise LookupError(f"activity {name!r} is not known to this worker, and its name says no module to import")
    _refuse_program(name, module_name)
    try:
        module = _imported(name, module_name)
    except LookupError as error:
        within = _named_within(name) if isinstance(error.__cause__, ModuleNotFoundError) else None
        if within is None:
            raise
        return within
    found = activities.registered(name) or _activity_of(getattr(module, function, None))
    if isinstance(found, FunctionType) and found.__module__ == module_name and _declares_workflow(module):
        return Activity(found, name)
    if not isinstance(found, Activity) or found.callable is None:
        what = "there is no such function" if found is None else "it is not an @activity"
        raise LookupError(f"activity {name}: {what} in {module_name}")
    return found


def _named_within(name: str) -> Activity[Any, Any] | None:
    """Find an activity within a class of a module that has been imported, such as ``module.Class.function``, or None."""
    parts = name.split(".")
    for n in range(len(parts) - 2, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:n]))
        if found is None:
            continue
        for part in parts[n:]:
            found = getattr(found, part, None)
        known = activities.registered(name) or _activity_of(found)
        return known if isinstance(known, Activity) and known.callable is not None else None
    return None


def _activity_of(found: Any) -> Any:
    """Return the activity that something has as its ``__activity__``, or the thing itself."""
    has = getattr(found, "__activity__", None)
    return has if isinstance(has, Activity) else found


def _declares_workflow(module: ModuleType) -> bool:
    """Tell whether a module is of those whose workflows may make activities of its functions as they run."""
    from ..workflow import Workflow  # the module has it, if it declares one

    classes = (one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__)
    return any(issubclass(one, Workflow) for one in classes)


def declaring_module(arguments: Any) -> list[str]:
    """Return the module named in the input of a task; empty if the activity's name says it."""
    extra = arguments.get("__extra") if isinstance(arguments, dict) else None
    module = extra.get("module") if isinstance(extra, dict) else None
    return [module] if isinstance(module, str) and module else []


def _refuse_program(name: str, module_name: str) -> None:
    if is_program(module_name):
        raise LookupError(f"activity {name}: {module_name} is a program, which is run and not imported")


def _imported(name: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except BaseException as error:  # a module that skips or exits must not end the worker's thread
        what = f"{type(error).__name__}: {text_of(error)}{location_of_import_error(error)}"
        raise LookupError(f"activity {name}: {module_name} cannot be imported: {what}") from error


def failure_of(error: BaseException) -> tuple[str, str]:
    """Return reason and details of RespondActivityTaskFailed: ``ValueError: nope``, and JSON with the traceback.

    Known secrets are masked before texts are cut.
    """
    if isinstance(error, TaskFailed) and error.reason:
        reason, details = (payload.whole_characters(masked(text)) for text in (error.reason, error.details or ""))
        return reason[:MAX_REASON_CHARACTERS], details
    reason = payload.whole_characters(masked(f"{type(error).__name__}: {_said(error)}"))
    return reason[:MAX_REASON_CHARACTERS], failure_details(error, reason)


def _said(error: BaseException) -> str:
    """Return the text of an exception; of one in another process, what it was there, and not all of it in JSON."""
    return error.sentence if isinstance(error, ExecutionError) else text_of(error)


def failure_details(error: BaseException, reason: str) -> str:
    is_told = (
        isinstance(error, SimpleflowError)
        and not isinstance(error, ExecutionError)  # which carries the traceback of the user's code in another process
        and error.exit_code in (ExitCode.WRONG, ExitCode.RUN_FAILED)
    )
    lines = (sentence_lines(error, _PACKAGES) if is_told else None) or traceback_lines(error, _CARRIERS)
    trace = "".join(lines)
    if (hidden := masked(trace)) != trace:
        lines = hidden.splitlines(keepends=True)
    if isinstance(error, ExecutionError) and error.traceback:
        lines = [*error.traceback, "\nThe above exception ended the process of the following call:\n\n", *lines]
    message = masked(_said(error))
    body = {"error": masked(reason), "error_type": format_exc_type(type(error)), "message": message, "traceback": lines}
    text = payload.encode(body)
    if payload.is_too_long(text):
        body |= {"error": body["error"][:2_000], "message": message[:2_000]}
        body["traceback"] = [(payload.shortened("".join(lines), 8_000) or "")]
        text = payload.encode(body)
    return text


def result_text(
    body: Activity[Any, Any],
    context: ActivityContext,
    args: list[Any],
    kwargs: dict[str, Any],
    middlewares: Middlewares = NONE,
) -> str:
    """Run an activity's body and return its result as JSON text.

    The programs that its ``meta["binaries"]`` names are downloaded first; middlewares are called before and after it.
    """
    meta = context.input.get("meta") if isinstance(context.input, dict) else None
    if isinstance(meta, dict) and (binaries := meta.get("binaries")):
        from ..download import download_binaries  # rarely needed

        download_binaries(binaries)
    middlewares.before(context.described())
    result = run_body(body, context, args, kwargs)
    middlewares.after(context.described(), result)
    return payload.encoded(result, f"the result of {body.name}")


def run_body(body: Activity[Any, Any], context: ActivityContext, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call an activity's body, be it a function or a class."""
    if body.add_context_in_kwargs:
        kwargs = {**kwargs, "context": context}
    return body.execute(*args, **kwargs)
