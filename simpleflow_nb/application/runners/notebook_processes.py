"""Task lists of what the processes of notebook workflows decide and carry out."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...exceptions import DefinitionError


def notebook_lists(slots: int, chosen: Collection[str] = ()) -> dict[str, int]:
    """Return the task lists of notebooks, reports and checks with how many tasks of each run at once: all three, or those
    chosen.

    Raises:
        DefinitionError: one that is chosen is none of them.
    """
    from deciders import activities
    from workers import activities as bodies  # noqa: F401  (importing registers them)
    from workers import python_notebooks  # noqa: F401

    lists = {activities.NOTEBOOKS: slots, activities.REPORTS: max(1, slots // 2), activities.SENSOR: 2}
    if unknown := set(chosen) - set(lists):
        raise DefinitionError(f"{sorted(unknown)[0]!r} is no list of notebook workflows; there are {', '.join(lists)}")
    return {name: number for name, number in lists.items() if not chosen or name in chosen}


def get_kernels_ready(lists: Mapping[str, int]) -> None:
    """Begin with what the first notebook of these lists would have to wait for."""
    from deciders.activities import NOTEBOOKS

    if NOTEBOOKS in lists:
        from workers.kernels.supply import open_shared

        open_shared().start()


@contextmanager
def helpers_of_classes() -> Iterator[None]:
    """End what a run of a workflow class has kept for later notebooks when the block ends, unless it was kept before."""
    supply = sys.modules.get("workers.kernels.supply")
    was_kept = supply is not None and supply.is_shared_kept()
    try:
        yield
    finally:
        if "workers.python_notebooks" in sys.modules:  # nobody else imports the bodies unasked
            end_helpers(keeps_supply=was_kept)


def record_ends_of_classes(service: Any, domain: str) -> None:
    """Record the ends of runs of workflow classes with notebooks that could not do so themselves, such as cancelled ones."""
    if "deciders.python_notebooks.run" in sys.modules:  # which the module of such a class imports
        from workers.runs.python_runs import outputs_of_python, record_left_ends

        record_left_ends(service, domain, outputs_of_python())


def end_helpers(*, keeps_supply: bool) -> None:
    """End the processes that are kept for later notebooks and reports: this one may go on for long with other things.

    Those of a supply of kernels that is kept by the process, or by a `warm_kernels` block, stay.
    """
    from workers.kernels.supply import release_shared
    from workers.reports import end_idle_children

    if not keeps_supply:
        release_shared()
    end_idle_children()
