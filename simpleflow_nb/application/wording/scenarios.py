"""Sets of scenarios, their plans and their results, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...inspection.tables import Table, counted, formatted
from ..asking.scenarios import ScenariosOutcome, ScenariosPlan
from ..looking.scenario_lists import ScenarioList, ScenarioResults
from ..records.run_rows import shown_settings
from .statuses import WHERE_TO_LOOK

if TYPE_CHECKING:
    from workers.runs.scenario_results import ScenarioResult

_MOST_SHOWN = 100


def plan_table(plan: ScenariosPlan) -> Table:
    """Return each scenario that would start in a row, for programs."""
    table = Table(["instance", "parameters", "why"])
    for run in plan.to_start:
        table.rows.append([run.instance, shown_settings(run.configured_parameters), run.reason.text])
    return table


def plan_lines(plan: ScenariosPlan) -> Iterator[str]:
    """Yield the scenarios that would start, and the counted reasons of the others."""
    table = plan_table(plan)
    if table.rows:
        shown = Table(table.header)
        shown.rows.extend(table.rows[:_MOST_SHOWN])
        yield formatted(shown, with_header=True)
    if len(table.rows) > _MOST_SHOWN:
        yield f"and {len(table.rows) - _MOST_SHOWN} more"
    yield f"{counted(len(table.rows), 'scenario')} of {plan.wanted.name} to start, {len(plan.left_out)} left out"
    for group, count in Counter(reason.group for _, reason in plan.left_out).most_common():
        yield f"  {group.counted(count)}"


def results_table(rows: Sequence[ScenarioResult]) -> Table:
    """Return a row for each instance, with a column for each chosen scrap."""
    from deciders.values.run_error import RunError

    scraps = list(dict.fromkeys(name for row in rows for name in row.results))
    table = Table(["instance", "state", "light", "started", "seconds", *scraps, "error"])
    for row in rows:
        started = f"{row.started:%Y-%m-%d %H:%M:%S}" if row.started is not None else ""
        seconds = f"{row.seconds:.1f}" if row.seconds is not None else ""
        values = [_shown(row.results.get(name)) for name in scraps]
        error = WHERE_TO_LOOK.sub("", RunError.parse(row.error.splitlines()[0]).short) if row.error else ""
        table.rows.append([row.instance, row.state, row.light or "", started, seconds, *values, error])
    return table


def _shown(value: Any) -> str:
    from deciders.parameter_set import written_value

    return "" if value is None else value if isinstance(value, str) else written_value(value)


def results_lines(results: ScenarioResults) -> Iterator[str]:
    """Yield the results of a set, and what is to be said of them."""
    yield formatted(results_table(results.rows), with_header=True)
    yield from note_lines(results.rows)


def note_lines(rows: Sequence[ScenarioResult]) -> Iterator[str]:
    """Yield why there is no value where one was to be expected."""
    notes = [(row.instance, note) for row in rows for note in row.notes]
    for instance, note in notes[:_MOST_SHOWN]:
        yield f"{instance}: {note}"
    if len(notes) > _MOST_SHOWN:
        yield f"and {len(notes) - _MOST_SHOWN} more notes"


def outcome_lines(outcome: ScenariosOutcome) -> Iterator[str]:
    """Yield the results of the instances that were asked for, and where they all are."""
    rows = [row for row in outcome.rows if row.run in outcome.chosen]
    if rows and outcome.results_file is not None:
        shown = results_table(rows)
        whole = Table(shown.header)
        whole.rows.extend(shown.rows[:_MOST_SHOWN])
        yield formatted(whole, with_header=True)
        if len(rows) > _MOST_SHOWN:
            yield f"and {len(rows) - _MOST_SHOWN} more"
        yield from note_lines(rows)
        yield f"results: {outcome.results_file}"


def list_table(found: ScenarioList) -> Table:
    """Return a row for each set."""
    table = Table(["set", "workflow", "scenarios", "succeeded", "failed", "running", "pending", "other"])
    for one in found.sets:
        states = Counter(one.states)
        failed = sum(states.pop(word, 0) for word in ("failed", "timed out", "terminated"))
        known = [states.pop(word, 0) for word in ("succeeded", "running", "pending")]
        row = [one.name, one.workflow, one.scenarios, known[0], failed, known[1], known[2], sum(states.values())]
        table.rows.append([str(cell) for cell in row])
    return table
