"""The settings from outside as one checked object: ``settings.SWF_DOMAIN``, ``settings.ACTIVITY_DEFAULT_TIMEOUT``.

A name is that of a variable (`simpleflow_nb.variables`) or one of simpleflow's. Files among the mounted secrets come before the
environment. The object is made when the first name is asked for, and kept; :func:`renew` forgets it. Commands of the engine do
not import this module: pydantic-settings would take longer than all the rest of their start.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, create_model
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from . import constants
from .environment import mounted
from .exceptions import DefinitionError
from .variables import VARIABLES, Variable

#: simpleflow's names, where the engine has the same thing. There they are texts of seconds, too.
SIMPLEFLOW = {
    "WORKFLOW_DEFAULT_EXECUTION_TIME": str(constants.DEFAULT_RUN_SECONDS),
    "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT": str(constants.DEFAULT_DECISION_SECONDS),
    "ACTIVITY_DEFAULT_TIMEOUT": str(constants.DEFAULT_ACTIVITY_SECONDS),
    "ACTIVITY_START_TO_CLOSE_TIMEOUT": str(constants.DEFAULT_ACTIVITY_SECONDS),
    "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT": constants.NEVER,
    "ACTIVITY_SCHEDULE_TO_START_TIMEOUT": constants.NEVER,
    "ACTIVITY_HEARTBEAT_TIMEOUT": str(constants.DEFAULT_HEARTBEAT_SECONDS),
}


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, case_sensitive=True, env_ignore_empty=True, str_strip_whitespace=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        names = [variable.name for variable in VARIABLES if variable.may_be_mounted]
        files = {name: text for name in names if (text := mounted(name))}
        return InitSettingsSource(settings_cls, init_kwargs=files), env_settings


def _field(variable: Variable) -> tuple[Any, Any]:
    kind: Any = SecretStr if variable.is_secret else str
    if variable.kind == "number":
        kind = Annotated[int, Field(ge=variable.least, le=variable.most)]
    elif variable.kind == "word":
        kind = Literal[variable.words]
        if variable.ignores_case:
            kind = Annotated[kind, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)]
    elif variable.kind == "flag":
        return Annotated[bool, BeforeValidator(bool)], Field(False, description=variable.sentence)
    return (kind if variable.default is not None else kind | None), Field(variable.default, description=variable.sentence)


_fields: dict[str, Any] = {variable.name: _field(variable) for variable in VARIABLES}
Settings: type[BaseSettings] = create_model("Settings", __base__=_Settings, **_fields)


@cache
def current() -> BaseSettings:
    """The settings as they were at the first call.

    Raises:
        DefinitionError: a value is not of its kind; one sentence with the variable and the value.
        OSError: a mounted file cannot be read.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = next(one for one in VARIABLES if one.name == first["loc"][0])
        raise DefinitionError(f"{variable.name} is {first['input']!r}; {variable.expected}") from None


def renew() -> None:
    """Read them anew when the next one is asked for."""
    current.cache_clear()


def __getattr__(name: str) -> Any:
    if name in _fields:
        return getattr(current(), name)
    if name in SIMPLEFLOW:
        return SIMPLEFLOW[name]
    raise AttributeError(f"there is no setting {name}; simpleflow_nb.variables has those that there are", name=name)
