"""Options of app steps, as the steps before them make them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class AppOption:
    """One option of an app."""

    name: str
    value: Any


@dataclass
class AppRunConfig:
    """Everything that a step may say of the run of the app behind it."""

    input: Any
    options: list[AppOption] | dict[str, Any] = field(default_factory=list)
    name: str | None = None
    description: str | None = None
    run_configuration: Any = None
    instance_id: str | None = None

    def get_options(self) -> dict[str, str]:
        """Return the options as texts, by name; those that are None are left out."""
        pairs = self.options.items() if isinstance(self.options, dict) else [(one.name, one.value) for one in self.options]
        return {name: str(value) for name, value in pairs if value is not None}
