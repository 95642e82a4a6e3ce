"""Settings from mounted files and the environment, as attributes: ``settings.SWF_DOMAIN``.

A name is that of a variable (`simpleflow_nb.variables`) or one of simpleflow's. Files among the mounted secrets win over the
environment. The values are read and checked at the first access, and cached; :func:`renew` clears the cache. Commands of the
engine do not import this module: pydantic-settings would take longer than all the rest of their start.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import Field, SecretStr, create_model
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from . import constants
from .environment import value_of
from .variables import REPLACED, VARIABLES, Variable

#: simpleflow's names for what the engine has too, with the engine's defaults. Timeouts are texts of seconds, as there. Without
#: a task list an activity has that of its workflow, and a workflow that of its decider.
SIMPLEFLOW = {
    "WORKFLOW_DEFAULT_TASK_LIST": None,
    "WORKFLOW_DEFAULT_VERSION": constants.DEFAULT_VERSION,
    "WORKFLOW_DEFAULT_EXECUTION_TIME": str(constants.DEFAULT_RUN_SECONDS),
    "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT": str(constants.DEFAULT_DECISION_SECONDS),
    "ACTIVITY_DEFAULT_TASK_LIST": None,
    "ACTIVITY_DEFAULT_VERSION": constants.DEFAULT_VERSION,
    "ACTIVITY_DEFAULT_TIMEOUT": str(constants.DEFAULT_ACTIVITY_SECONDS),
    "ACTIVITY_START_TO_CLOSE_TIMEOUT": str(constants.DEFAULT_ACTIVITY_SECONDS),
    "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT": constants.NEVER,
    "ACTIVITY_SCHEDULE_TO_START_TIMEOUT": constants.NEVER,
    "ACTIVITY_HEARTBEAT_TIMEOUT": str(constants.DEFAULT_HEARTBEAT_SECONDS),
}


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Not pydantic's own sources: a value must be the same here and for commands, which do without pydantic.
        return (InitSettingsSource(settings_cls, init_kwargs={one.name: value_of(one) for one in VARIABLES}),)


def _field(variable: Variable[Any]) -> tuple[Any, Any]:
    kind = SecretStr if variable.is_secret else variable.type
    return (kind if variable.default is not None else kind | None), Field(variable.default, description=variable.sentence)


_fields: dict[str, Any] = {variable.name: _field(variable) for variable in VARIABLES}
Settings: type[BaseSettings] = create_model("Settings", __base__=_Settings, **_fields)


@cache
def current() -> BaseSettings:
    """Return the settings as of the first call.

    Raises:
        DefinitionError: a value is not of its kind; the message names the variable and the value.
        OSError: a mounted file cannot be read.
    """
    return Settings()


def renew() -> None:
    """Read the settings again at the next access."""
    current.cache_clear()


def __getattr__(name: str) -> Any:
    if name in _fields:
        return getattr(current(), name)
    if name in SIMPLEFLOW:
        return SIMPLEFLOW[name]
    instead = REPLACED.get(name, "simpleflow_nb.variables has those that there are")
    raise AttributeError(f"there is no setting {name}; {instead}", name=name)
