"""papermill, without the libraries of the stores that it could read notebooks from: we give it notebooks, not addresses.

``import papermill`` loads boto3, and pyarrow where that is installed: three quarters of what it takes, in each process that
runs a notebook. Here they are loaded when somebody in this process has papermill read from such a store.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: Names in ``papermill.iorw``, the modules that they are from, and the libraries without which those cannot be imported.
_STORES = (
    ("S3", "papermill.s3", "boto3"),
    ("HadoopFileSystem", "pyarrow.fs", "pyarrow"),
    ("FileSelector", "pyarrow.fs", "pyarrow"),
)
_LEFT_OUT = frozenset({"papermill.s3", "pyarrow", "pyarrow.fs"})
_loading = threading.Lock()


def load_papermill() -> None:
    """Import papermill, if nobody has imported it yet. It can do afterwards all that it can do else."""
    with _loading:
        if "papermill.iorw" in sys.modules:
            return
        finder = _NotNow(threading.get_ident())
        sys.meta_path.insert(0, finder)
        try:
            import papermill.iorw
        finally:
            sys.meta_path.remove(finder)
        for name, module, library in _STORES:
            if importlib.util.find_spec(library) is not None:  # else papermill says what is missing
                setattr(papermill.iorw, name, _later(module, name))


class _NotNow:
    """Finds no module of a store in one thread; others, which may import them meanwhile, are not concerned."""

    def __init__(self, thread: int) -> None:
        self._thread = thread

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in _LEFT_OUT and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is imported when it is needed", name=name)
        return None


def _later(module: str, name: str) -> Callable[..., Any]:
    def made(*arguments: Any, **options: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments, **options)

    return made
