"""The result of a notebook that a workflow in Python has submitted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simpleflow_nb.exceptions import DefinitionError

from ..tasks.results import NotebookResult
from ..values.light import Light


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedNotebook(os.PathLike[str]):
    """An executed notebook, with its light and its scraps.

    As an argument of another task, or in what a run returns, it is its path.
    """

    path: str  #: absolute, of the executed notebook
    light: Light = Light.GREEN  #: green, or orange if it warned
    warnings: tuple[str, ...] = ()
    scraps: Mapping[str, Any] = field(default_factory=dict)  #: what it has glued as JSON or text, by name
    ended_in_cell: int | None = None  #: cell in which it ended itself, counted from 1; None: it ran to its last cell
    skipped_for: str | None = None  #: why it had nothing to do, if it has called ``skip()``; None otherwise

    def __fspath__(self) -> str:
        return self.path

    @property
    def was_skipped(self) -> bool:
        """Tell whether the notebook said that there was nothing to do."""
        return self.skipped_for is not None

    @property
    def folder(self) -> str:
        """The notebook's own folder, which was its working directory."""
        return os.path.dirname(self.path)

    def file(self, name: str | os.PathLike[str]) -> str:
        """Return the absolute path of a file that the notebook has written in its working directory.

        Nothing is looked at: a file that is not there is missed by whoever opens it.

        Raises:
            DefinitionError: the name is absolute, or leads out of the folder.
        """
        inside = os.path.normpath(os.fspath(name))
        if os.path.isabs(inside) or inside.split(os.sep)[0] == os.pardir or inside == os.curdir:
            raise DefinitionError(f"file({os.fspath(name)!r}): give the name of a file in the notebook's folder, {self.folder}")
        return os.path.join(self.folder, inside)

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> ExecutedNotebook:
        """Read the result of the task, as the history holds it.

        Raises:
            KeyError, TypeError, ValueError: ``value`` is not the result of such a task.
        """
        made = NotebookResult.of_json(value)
        return cls(
            path=made.path,
            light=made.light,
            warnings=tuple(made.warnings),
            scraps=dict(made.scraps),
            ended_in_cell=made.ended_in_cell,
            skipped_for=value.get("skipped_for"),
        )
