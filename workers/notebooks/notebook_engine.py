"""The papermill engine that runs our notebooks, and keeps each of them whatever happens.

Used by :mod:`workers.notebooks` with a session, and directly with papermill as ``papermill --engine simpleflow-nb IN OUT``.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines

from simpleflow_nb.environment import inherited

from ..kernels.supply import shared_supply
from .kernel_output import OutputLimits
from .notebook_client import IOPUB_SECONDS, NotebookClient
from .notebook_kernels import kernel_called
from .notebook_saves import PapermillSavedNotebook, SavedNotebook
from .notebook_session import NotebookLimits, NotebookSession, PassedOutput
from .notebook_source import NotebookSource

ENGINE_NAME = "simpleflow-nb"

# nbclient and papermill log as errors what we raise; without a handler Python would print them.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


class NotebookEngine(NBClientEngine):  # type: ignore[misc, unused-ignore]
    """The engine in the form that papermill expects."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        *,
        session: NotebookSession | None = None,
        **options: Any,
    ) -> NotebookNode:
        """Run ``nb`` and keep it, whatever happens: in ``session.path``, or without a session where papermill would.

        Without a session the options of papermill's own engine count, those that concern saving and the pace of it
        excepted.
        """
        if session is not None:
            # papermill was given the notebook itself, and would keep a copy of it in its own metadata.
            nb.metadata.papermill["input_path"] = str(session.source.path)
            nb.metadata.papermill["output_path"] = str(session.path)
            saved = SavedNotebook(nb, session.path, session.environment, session.own_files)
        else:
            session = _session_of_papermill(nb, kernel_name, output_path, options)
            shown = {name: options[name] for name in ("progress_bar", "log_output") if name in options}
            shown = {"progress_bar": True, **shown}
            saved = PapermillSavedNotebook(nb, session.path, session.environment, output_path=output_path, **shown)
        session.count_cells(nb.cells)
        session.saved = saved
        saved.notebook_start()
        try:
            client = NotebookClient(
                saved,
                log=_log,
                kernel_name=kernel_name,
                log_output=bool(options.get("log_output")),
                iopub_timeout=IOPUB_SECONDS,
                stdout_file=session.output.stdout,
                stderr_file=session.output.stderr,
            )
            client.session = session
            client.on_cell_executed = client.note_reply
            client.execute()
        finally:
            saved.notebook_complete()
            if session.kernels is not None:
                session.kernels.refill()
        return nb


def _session_of_papermill(
    nb: NotebookNode, kernel_name: str, output_path: str | None, options: dict[str, Any]
) -> NotebookSession:
    """Make a session from papermill's arguments."""
    spec = kernel_called(kernel_name)
    path = Path(options.get("input_path") or "notebook.ipynb")
    source = NotebookSource(
        path=path,
        sha256="",
        notebook=nb,
        kernel_name=kernel_name,
        kernel_spec=spec,
        language=(spec.language or "python").lower(),
    )
    return NotebookSession(
        source=source,
        path=Path(output_path or path.name),
        folder=Path.cwd(),  # papermill has changed it for this run
        environment=inherited(),
        output=PassedOutput(options.get("stdout_file"), options.get("stderr_file")),
        limits=NotebookLimits(
            cell_timeout_seconds=options.get("execution_timeout"),
            output=OutputLimits(printed_bytes=None, displayed_bytes=None),
        ),
        kernels=shared_supply(),
    )


papermill_engines.register(ENGINE_NAME, NotebookEngine)
