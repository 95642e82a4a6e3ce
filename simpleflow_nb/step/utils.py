"""The rules by which a step runs, is forced or is skipped, under simpleflow's names.

Names of steps are levels joined with dots. An entry of the forced or skipped steps means the step of that name and all below
it, so ``a.b`` means ``a.b`` and ``a.b.c`` but not ``a.bc``; ``*`` means every step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_ALL = "*"


def _is_meant(step_name: str, entry: str) -> bool:
    return entry in (_ALL, step_name) or step_name.startswith(f"{entry}.")


def should_force_step(step_name: str, force_steps: Iterable[str]) -> bool:
    """Tell whether the forced steps mean a step."""
    return any(_is_meant(step_name, entry) for entry in force_steps)


def should_skip_step(step_name: str, skipped_steps: Iterable[str]) -> bool:
    """Tell whether the skipped steps mean a step."""
    return any(_is_meant(step_name, entry) for entry in skipped_steps)


def step_is_forced(step_name: str, force_steps: Iterable[str], force: bool) -> bool:
    """Tell whether a step is forced, by itself (``force``) or by the forced steps."""
    return force or should_force_step(step_name, force_steps)


def step_is_skipped_by_force(step_name: str, skipped_steps: Iterable[str]) -> bool:
    """Tell whether a step that does not run was to be skipped, and has not only been done already."""
    return should_skip_step(step_name, skipped_steps)


def step_will_run(
    step_name: str,
    force_steps: Iterable[str],
    skipped_steps: Iterable[str],
    steps_done: Iterable[str],
    force: bool = False,
) -> bool:
    """Tell whether a step runs: if it is forced; otherwise if it is neither skipped nor done."""
    if step_is_forced(step_name, force_steps, force):
        return True
    return not should_skip_step(step_name, skipped_steps) and step_name not in steps_done


def get_step_force_reasons(step_name: str, step_force_reasons: Mapping[str, Iterable[str]]) -> list[str]:
    """Return why a step is forced: the reasons of all the entries that mean it, in their order, each once."""
    return _reasons(step_name, step_force_reasons)


def get_step_skip_reasons(step_name: str, step_skip_reasons: Mapping[str, Iterable[str]]) -> list[str]:
    """Return why a step is skipped: the reasons of all the entries that mean it, in their order, each once."""
    return _reasons(step_name, step_skip_reasons)


def _reasons(step_name: str, by_entry: Mapping[str, Iterable[str]]) -> list[str]:
    found = (reason for entry, reasons in by_entry.items() if _is_meant(step_name, entry) for reason in reasons)
    return list(dict.fromkeys(found))
