"""Settings from mounted files and the environment, as attributes: ``settings.SWF_DOMAIN``.

A name is that of a variable (`simpleflow_nb.variables`), which simpleflow's settings are among. Files among the mounted secrets
win over the environment, and the environment over the module that ``SIMPLEFLOW_SETTINGS_MODULE`` names. The values are read and
checked at the first access, and cached; :func:`renew` clears the cache. :func:`configure` sets some in this process. Commands
of the engine do not import this module: pydantic-settings would take longer than all the rest of their start.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pprint import pformat
from typing import Any

from pydantic import Field, SecretStr, create_model
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from ..environment import put_value, value_of
from ..masking import masked
from ..variables import REPLACED, VARIABLES, Variable
from . import base, default

_variables: dict[str, Variable[Any]] = {variable.name: variable for variable in VARIABLES}
_own: dict[str, Any] = {}  # settings of the program's own


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


_fields: dict[str, Any] = {name: _field(variable) for name, variable in _variables.items()}
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


def put_setting(key: str, value: Any) -> None:
    """Set a setting in this process, whatever the environment says; None undoes that. A name may be the program's own.

    Raises:
        DefinitionError: the value is not of the setting's kind.
    """
    if key in _variables:
        put_value(_variables[key], value)
        renew()
    elif value is None:
        _own.pop(key, None)
    else:
        _own[key] = value


def configure(dct: Mapping[str, Any]) -> None:
    """Set several settings in this process, as :func:`put_setting` does."""
    for key, value in dct.items():
        put_setting(key, value)


def print_settings() -> None:
    """Print all settings as ``NAME=value``, by name, with secrets masked."""
    for name in sorted({*_variables, *base.get_settings(default), *_own}):
        print(masked(f"{name}={pformat(__getattr__(name))}"))


def __getattr__(name: str) -> Any:
    if name in _own:
        return _own[name]
    if name in _variables:
        return getattr(current(), name)
    if base.is_definition(name) and hasattr(default, name):
        return base.load()[name]
    instead = REPLACED.get(name, "simpleflow_nb.variables has those that there are")
    raise AttributeError(f"there is no setting {name}; {instead}", name=name)
