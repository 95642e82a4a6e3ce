"""Writes ``variables.rst``, the table of variables of the environment, from their declarations.

::

    python docs/write_variables.py          # after a variable has been added or changed

``tests/unit/test_docs.py`` fails while the file is not what this prints.
"""

from __future__ import annotations

from pathlib import Path

from simpleflow_nb.environment import SECRETS_DIR
from simpleflow_nb.variables import VARIABLES, Variable

PAGE = Path(__file__).with_name("variables.rst")

_HEAD = f"""\
.. Written by docs/write_variables.py; changes made here are lost.

Variables of the environment
============================

Those marked with a star may also be files of that name in ``{SECRETS_DIR}``, which win over the environment. What is a secret,
and where it is masked: :ref:`secrets`. A variable that is empty is as good as none.

In Python they are attributes: ``from simpleflow_nb import settings``, ``settings.SWF_DOMAIN``. All are read and checked when
the first is asked for, and kept; ``settings.renew()`` has them read anew. Names of simpleflow's settings that mean the same
here, such as ``settings.ACTIVITY_DEFAULT_TIMEOUT``, are there as well.

"""


def page() -> str:
    """The whole page, as reStructuredText."""
    rows = [("variable", "kind", "default", "for")]
    rows += [(_name(one), one.kind, _default(one), one.sentence) for one in VARIABLES]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return _HEAD + "\n".join([rule, lines[0], rule, *lines[1:], rule]) + "\n"


def _name(variable: Variable) -> str:
    return f"``{variable.name}``" + (r" \*" if variable.may_be_mounted else "")


def _default(variable: Variable) -> str:
    return "none" if variable.default is None else f"``{variable.default}``"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
