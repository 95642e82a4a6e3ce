"""Writes ``variables.rst``, the table of variables of the environment, from their declarations.

::

    python docs/write_variables.py          # after a variable has been added or changed

``tests/unit/test_docs.py`` fails while the file is not what this prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simpleflow_nb.environment import SECRETS_DIR
from simpleflow_nb.variables import VARIABLES, Variable

PAGE = Path(__file__).with_name("variables.rst")

_HEAD = f"""\
.. Written by docs/write_variables.py; changes made here are lost.

Environment variables
=====================

Variables marked with a star may also be files of that name in ``{SECRETS_DIR}``, which take precedence. :ref:`secrets` says
which are secrets, and where they are masked. An empty variable counts as not set, unless the table says what it means. A value
that is not of its kind is refused by the commands that read it: ``SWF_CONNECTION_RETRIES is 'many'; a number is expected``.

In Python they are attributes: ``from simpleflow_nb import settings``, ``settings.SWF_DOMAIN``. All are read and validated when
the first one is accessed, and cached; ``settings.renew()`` reads them again. Those from ``SIMPLEFLOW_SETTINGS_MODULE`` on are
simpleflow's: :doc:`from_simpleflow`.

"""


def page() -> str:
    """The whole page, as reStructuredText."""
    rows = [("variable", "kind", "default", "meaning")]
    rows += [(_name(one), one.kind, _default(one), one.sentence) for one in VARIABLES]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return _HEAD + "\n".join([rule, lines[0], rule, *lines[1:], rule]) + "\n"


def _name(variable: Variable[Any]) -> str:
    return f"``{variable.name}``" + (r" \*" if variable.may_be_mounted else "")


def _default(variable: Variable[Any]) -> str:
    if isinstance(variable.default, bool):
        return "off"
    if isinstance(variable.default, tuple):
        return ", ".join(f"``{name}``" for name in variable.default)
    return "none" if variable.default in (None, {}) else f"``{variable.default}``"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
