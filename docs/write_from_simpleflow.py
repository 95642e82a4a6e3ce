"""Writes the tables of ``from_simpleflow.rst`` from the list of simpleflow's names, tests/unit/simpleflow_names.json.

::

    python -m tests.unit.names_of_simpleflow    # after a name has come, or has changed
    python docs/write_from_simpleflow.py

``tests/unit/test_docs.py`` fails while the page is not what this prints.
"""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("from_simpleflow.rst")
NAMES = Path(__file__).parent.parent / "tests" / "unit" / "simpleflow_names.json"
BEGIN = ".. Written by docs/write_from_simpleflow.py; changes made between here and the end are lost.\n"
END = ".. The end of what docs/write_from_simpleflow.py writes.\n"

_MOST_NAMES, _WIDTH = 8, 128

Rows = Mapping[str, Mapping[str, Any]]


def page() -> str:
    """The whole page, as reStructuredText: that of the file, with new tables."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    rows: Rows = json.loads(NAMES.read_text(encoding="utf-8"))
    return f"{before}{BEGIN}\n{tables(rows)}\n{END}{after}"


def tables(rows: Rows) -> str:
    """The tables alone."""
    planned = {name: row for name, row in rows.items() if row["plan"] == "same"}
    here = [name for name, row in planned.items() if row["status"] != "missing"]
    left_out = {name: row for name, row in rows.items() if row["plan"] == "left out"}
    return "\n".join(
        (
            f"simpleflow 0.36 has {len(rows):,} public names. {len(here):,} of them are here, {len(left_out):,} are left out.",
            "",
            *_modules(planned),
            "",
            "Of these, some have other parameters, defaults or values:",
            "",
            *_table(("name here", "what differs"), _differing(planned)),
            "",
            "Left out on purpose:",
            "",
            *_table(("names of simpleflow", "why, or what to use"), _left_out(left_out)),
            "",
        )
    )


def _modules(planned: Rows) -> Iterator[str]:
    of_module: dict[str, list[str]] = defaultdict(list)
    for name in planned:
        module, _, path = name.partition(":")
        of_module[module] += [path] if path else []
    complete, partial = [], []
    for module, paths in sorted(of_module.items()):
        lacking = [path for path in paths if planned[f"{module}:{path}"]["status"] == "missing"]
        if planned.get(module, {}).get("status") == "missing" or lacking:
            partial.append((f"``{_here(module)}``", f"{len(paths) - len(lacking)} of {len(paths)}", _some(lacking)))
        else:
            complete.append(_here(module))
    names = ", ".join(f"``{module}``" for module in complete)
    yield from textwrap.wrap(f"Complete: {names}.", _WIDTH, break_on_hyphens=False)
    if partial:
        yield from ("", "Not complete yet:", "")
        yield from _table(("module", "names", "missing"), partial)


def _differing(planned: Rows) -> Iterator[tuple[str, str]]:
    for name, row in planned.items():
        # the values of `settings` are those of `settings.default`
        if row["status"] == "differs" and not name.startswith("simpleflow.settings:"):
            yield f"``{_here(name)}``", row["why"]


def _left_out(left_out: Rows) -> Iterator[tuple[str, str]]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, row in left_out.items():
        module, colon, path = name.partition(":")
        whole = left_out.get(module, {}).get("why") == row["why"]
        short = module.removeprefix("simpleflow").lstrip(".") or "simpleflow"
        entry = short if whole or not colon else f"{short}:{path}"
        if entry not in reasons[row["why"]]:
            reasons[row["why"]].append(entry)
    for why, entries in sorted(reasons.items(), key=lambda item: item[1][0]):
        yield _some(entries), why


def _here(name: str) -> str:
    return name.replace("simpleflow", "simpleflow_nb", 1).replace(":", ".")


def _some(names: list[str]) -> str:
    shown = ", ".join(f"``{name}``" for name in names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from (".. list-table::", "   :header-rows: 1", "")
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"   {'* -' if number == 0 else '  -'} {cell}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
