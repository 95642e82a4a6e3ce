"""Module that papermill imports to learn of our engine, whenever anybody imports papermill; it loads next to nothing.

papermill loads every engine that is installed, also in kernels and in programs that have packages of their own called
``workers``. The engine itself is imported when somebody uses it: ``papermill --engine simpleflow-nb IN OUT``.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import Engine


class PapermillEngine(Engine):  # type: ignore[misc, unused-ignore]
    """Stands for :class:`workers.notebooks.notebook_engine.NotebookEngine`."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, *arguments: Any, **options: Any) -> Any:
        """Run ``nb``.

        Raises:
            DefinitionError: another package called ``workers`` is in the way.
        """
        from .files.packages import require_application

        require_application()
        from workers.notebooks.notebook_engine import NotebookEngine

        return NotebookEngine.execute_notebook(nb, kernel_name, *arguments, **options)
