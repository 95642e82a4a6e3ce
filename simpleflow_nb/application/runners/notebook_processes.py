"""Task lists of what the processes of notebook workflows decide and carry out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...exceptions import DefinitionError


def notebook_lists(slots: int, chosen: Collection[str] = ()) -> dict[str, int]:
    """Return the task lists of notebooks, reports and checks with how many tasks of each run at once: all three, or those
    chosen.

    Raises:
        DefinitionError: one that is chosen is none of them.
    """
    from deciders import activities
    from workers import activities as bodies  # noqa: F401  (importing registers them)

    lists = {activities.NOTEBOOKS: slots, activities.REPORTS: max(1, slots // 2), activities.SENSOR: 2}
    if unknown := set(chosen) - set(lists):
        raise DefinitionError(f"{sorted(unknown)[0]!r} is no list of notebook workflows; there are {', '.join(lists)}")
    return {name: number for name, number in lists.items() if not chosen or name in chosen}


def get_kernels_ready(lists: Mapping[str, int]) -> None:
    """Begin with what the first notebook of these lists would have to wait for."""
    from deciders.activities import NOTEBOOKS
    from workers.kernels.supply import open_shared

    if NOTEBOOKS in lists:
        open_shared().start()
