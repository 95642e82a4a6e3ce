"""Notebooks executed: with which kernel and parameters, what is kept of their output, and how they end."""

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
    "Cancellation",
    "NotebookFailed",
    "NotebookRefused",
    "NotebookResult",
    "prepare_notebook",
    "run_notebook",
    "warm_kernels",
]
