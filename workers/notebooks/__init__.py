"""Execution of notebooks: kernel, parameters, output, and the way in which they end."""

from .artefact_names import ArtefactNames
from .notebook_run import (
    Cancellation,
    NotebookFailed,
    NotebookRefused,
    NotebookResult,
    prepare_notebook,
    run_notebook,
    warm_kernels,
)

__all__ = [
    "ArtefactNames",
    "Cancellation",
    "NotebookFailed",
    "NotebookRefused",
    "NotebookResult",
    "prepare_notebook",
    "run_notebook",
    "warm_kernels",
]
