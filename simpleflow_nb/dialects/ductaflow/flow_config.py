"""The config of a flow, from the program's values to JSON, and the file that keeps it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

PROJECT_ROOT = "_project_root"  #: key for the root of the project, which every flow gets
NO_EXECUTE = "_no_execute"  #: key by which a config says that its flow is only to be prepared

_TEXTS = (PurePath, date, time, timedelta, Decimal, UUID)  # their text is all that they are
_MISSING = ("NAType", "NaTType")  # pandas'


@dataclass(frozen=True, kw_only=True)
class FlowConfig:
    """The config as a flow gets it: JSON values, with the root of the project."""

    values: dict[str, Any]
    no_execute: bool  #: the flow is only to be prepared
    notes: list[str] = field(default_factory=list)  #: values of which less than all is left, a sentence each

    @classmethod
    def of(cls, config: Mapping[str, Any] | None, project_root: str | PurePath | None = None) -> FlowConfig:
        """Make the config of a run. The given mapping is not changed.

        A value that JSON does not have becomes its text, as in ductaflow; numbers of NumPy become numbers, and what is missing
        in a table of pandas becomes None. The root of the project is ``project_root``, else what the config says, else the
        working directory.

        Raises:
            TypeError: the config is no mapping.
            ValueError: a value contains itself.
        """
        if config is not None and not isinstance(config, Mapping):
            raise TypeError(f"config is a {type(config).__name__}; a mapping is expected, such as {{'n': 1}}")
        notes: list[str] = []
        values = {str(name): _plain(value, str(name), notes, ()) for name, value in (config or {}).items()}
        no_execute = bool(values.pop(NO_EXECUTE, False))
        values[PROJECT_ROOT] = str(Path(project_root or values.get(PROJECT_ROOT) or ".").resolve())
        return cls(values=values, no_execute=no_execute, notes=notes)

    def write(self, path: Path) -> None:
        """Write the values as JSON, secrets that are known here as ``***``."""
        from workers.artefacts import write_atomically
        from workers.secrets import masked_leaves

        write_atomically(path, json.dumps(masked_leaves(self.values), indent=2, ensure_ascii=False) + "\n")


def read_config(path: Path) -> dict[str, Any]:
    """Read the config in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a JSON object; a sentence with the file, and the line if there is one.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno} is not JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None
    if not isinstance(found, dict):
        raise ValueError(f'{path} is JSON, but not an object, such as {{"n": 1}}')
    return found


def _plain(value: Any, place: str, notes: list[str], inside: tuple[int, ...]) -> Any:
    """Return a JSON value for any value."""
    if getattr(value, "shape", None) == () and value.dtype.kind not in "mM":  # a number of NumPy, as in rows of pandas
        value = value.item()
    if type(value).__name__ in _MISSING or (isinstance(value, float) and math.isnan(value)):
        return None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # of an enumeration of texts
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, _TEXTS):
        return str(value)
    if id(value) in inside:
        raise ValueError(f"config: {place} contains itself, and has no JSON form")
    inside = (*inside, id(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(item, f"{place}.{name}", notes, inside) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{index}]", notes, inside) for index, item in enumerate(value)]
    kind = type(value)
    named = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    notes.append(f"config: {place} is a {named}, which JSON does not have; the flow gets its text")
    return str(value)
