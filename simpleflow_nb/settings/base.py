"""simpleflow's settings, found in the environment, in a module of the user's, or among the defaults, in this order."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from .. import variables
from ..environment import settings_module, variables_now
from ..exceptions import DefinitionError
from ..variables import Variable
from . import default


class Setting:
    """A base for settings of one's own; nothing here uses it."""


def str_or_none(val: Any) -> str | None:
    """Return a text, None for an empty one."""
    return str(val) if val else None


def is_definition(var: str) -> bool:
    """Tell whether a name is that of a setting: capitals, and no underscore in front."""
    return not var.startswith("_") and var.upper() == var and any(letter.isalpha() for letter in var)


def get_settings(module: Any) -> dict[str, Any]:
    """Return the constants of a module whose names are those of settings."""
    return {name: getattr(module, name) for name in dir(module) if is_definition(name)}


def load_settings(module: Any, env: Mapping[str, str], conf: Any, defaults: Any) -> dict[str, Any]:
    """Return a value for each setting of ``module``, whose constants are called to make them of what is found.

    Args:
        module: has a callable, such as ``str``, under the name of each setting.
        env: looked at first; an empty text there is the same as none.
        conf: a module of the user's, looked at next, or None.
        defaults: a module that has all of them.

    Raises:
        DefinitionError: what is found for a setting is none of its values.
    """
    found = {}
    for name, made in get_settings(module).items():
        value = env.get(name) or (getattr(conf, name) if hasattr(conf, name) else getattr(defaults, name))
        try:
            found[name] = made(value)
        except (TypeError, ValueError) as error:
            raise DefinitionError(f"the setting {name} is {value!r}: {error}") from error
    return found


def load(conf_module_name: str | None = None) -> dict[str, Any]:
    """Return simpleflow's settings as they are now.

    Args:
        conf_module_name: the module of settings; None is the one that the environment names.

    Raises:
        DefinitionError: a setting has none of its values, or the module of the environment cannot be imported.
        ImportError: the given module cannot be imported.
    """
    conf: ModuleType | None = settings_module() if conf_module_name is None else importlib.import_module(conf_module_name)
    env = {name: text for name, text in variables_now().items() if name != "LOGGING"}  # no text is a configuration of logging
    return load_settings(sys.modules[__name__], env, conf, default)


def _as(variable: Variable[Any]) -> Callable[[Any], Any]:
    """Return what makes a value of a variable's kind."""

    def made(val: Any) -> Any:
        if val == variable.default:
            return val
        try:
            return variable.of(val)
        except ValueError:
            raise ValueError(f"{variable.expected} is expected") from None

    return made


WORKFLOW_DEFAULT_TASK_LIST = _as(variables.WORKFLOW_DEFAULT_TASK_LIST)
WORKFLOW_DEFAULT_VERSION = _as(variables.WORKFLOW_DEFAULT_VERSION)
WORKFLOW_DEFAULT_EXECUTION_TIME = _as(variables.WORKFLOW_DEFAULT_EXECUTION_TIME)
WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT = _as(variables.WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT)
ACTIVITY_DEFAULT_TASK_LIST = _as(variables.ACTIVITY_DEFAULT_TASK_LIST)
ACTIVITY_DEFAULT_VERSION = _as(variables.ACTIVITY_DEFAULT_VERSION)
ACTIVITY_DEFAULT_TIMEOUT = _as(variables.ACTIVITY_DEFAULT_TIMEOUT)
ACTIVITY_START_TO_CLOSE_TIMEOUT = _as(variables.ACTIVITY_START_TO_CLOSE_TIMEOUT)
ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT = _as(variables.ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT)
ACTIVITY_SCHEDULE_TO_START_TIMEOUT = _as(variables.ACTIVITY_SCHEDULE_TO_START_TIMEOUT)
ACTIVITY_HEARTBEAT_TIMEOUT = _as(variables.ACTIVITY_HEARTBEAT_TIMEOUT)
ACTIVITY_SIGTERM_WAIT_SEC = _as(variables.ACTIVITY_SIGTERM_WAIT_SEC)
SIMPLEFLOW_S3_HOST = _as(variables.SIMPLEFLOW_S3_HOST)
SIMPLEFLOW_S3_SSE = _as(variables.SIMPLEFLOW_S3_SSE)
SIMPLEFLOW_BINARIES_DIRECTORY = _as(variables.SIMPLEFLOW_BINARIES_DIRECTORY)
SIMPLEFLOW_ENABLE_DISK_CACHE = _as(variables.SIMPLEFLOW_S3_SSE)  # another switch
SIMPLEFLOW_SYSLOG_TARGET = _as(variables.SIMPLEFLOW_SYSLOG_TARGET)
METROLOGY_BUCKET = _as(variables.METROLOGY_BUCKET)
METROLOGY_PATH_PREFIX = _as(variables.METROLOGY_PATH_PREFIX)
STEP_BUCKET = _as(variables.STEP_BUCKET)
LOGGING = dict
