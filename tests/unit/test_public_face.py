"""The public, lazy face of the notebook application."""

from __future__ import annotations

import subprocess
import sys

from simpleflow_nb import notebooks


def test_every_public_name_is_there_and_shown_before_it_is_loaded() -> None:
    assert dir(notebooks) == sorted(notebooks.__all__)
    assert [name for name in notebooks.__all__ if getattr(notebooks, name).__name__ != name] == []


def test_nothing_heavy_is_loaded_for_a_notebook_that_only_skips() -> None:
    code = "import sys; from simpleflow_nb.notebooks import skip; print([one for one in HEAVY if one in sys.modules])"
    heavy = "HEAVY = ['pydantic', 'sqlalchemy', 'papermill', 'simpleflow_nb.application']; "
    done = subprocess.run([sys.executable, "-c", heavy + code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
