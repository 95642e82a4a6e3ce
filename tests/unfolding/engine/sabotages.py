"""Ways to break how runs of notebooks are carried out, and the test of random graphs that must notice."""

from __future__ import annotations

from dataclasses import dataclass

STEP_LOOP, ITEM_TASKS, RUN_END = (f"notebook_runs/{name}.py" for name in ("step_loop", "item_tasks", "run_end"))
OUTCOMES, SLUGS, SLICES, WORKFLOW = (
    "notebook_runs/outcomes_of_items.py",
    "notebook_runs/slugs.py",
    "notebook_runs/slices.py",
    "notebook_workflow.py",
)

RUNS = "test_harness_runs.py::test_a_random_graph_ends_in_the_engine_as_the_machine_says"
RETRIES = "test_harness_runs.py::test_a_retry_keeps_what_ended_well_item_by_item_and_ends_as_the_machine_says"
FLEETS = "test_notebook_fleets.py::test_a_random_graph_ends_as_the_machine_says_whatever_goes_wrong"
CANCELLED = "test_cancelled_runs.py"


@dataclass(frozen=True)
class Sabotage:
    what: str  #: what runs do then
    file: str  #: in deciders
    text: str  #: stands there exactly once
    replacement: str
    test: str  #: in this folder, which must fail

    def __str__(self) -> str:
        return self.what


SABOTAGES = (
    Sabotage(
        "what starts for an end is submitted last first",
        STEP_LOOP,
        "for item in turn.starts:",
        "for item in reversed(turn.starts):",
        RUNS,
    ),
    Sabotage(
        "the last of what starts is forgotten",
        STEP_LOOP,
        "for item in turn.starts:",
        "for item in turn.starts[:3]:",
        RUNS,
    ),
    Sabotage(
        "nothing is made of the scraps of an item",
        OUTCOMES,
        "value.name in result.scraps",
        "value.name in ()",
        RUNS,
    ),
    Sabotage(
        "a notebook that had nothing to do has failed",
        OUTCOMES,
        "return ItemState.SKIPPED",
        "return ItemState.FAILED",
        RUNS,
    ),
    Sabotage(
        "what no worker has answered has failed, not timed out",
        OUTCOMES,
        "return ItemState.TIMED_OUT",
        "return ItemState.FAILED",
        FLEETS,
    ),
    Sabotage(
        "the light of an item is forgotten",
        OUTCOMES,
        "return Outcome(state, result.light, values)",
        "return Outcome(state, values=values)",
        RUNS,
    ),
    Sabotage(
        "a label behind a failure was skipped",
        RUN_END,
        "        if state is ItemState.SKIPPED and self._has_failure_behind(label):\n",
        "        if False:\n",
        RUNS,
    ),
    Sabotage(
        "items that were never started are recorded as if they had been",
        RUN_END,
        '            end["began"] = False\n',
        "            pass\n",
        RUNS,
    ),
    Sabotage(
        "of the failures of a label the last is named",
        RUN_END,
        "first, more = bad[0], len(bad) - 1",
        "first, more = bad[-1], len(bad) - 1",
        RUNS,
    ),
    Sabotage(
        "what the run went on without is not named",
        RUN_END,
        "(*self.outcome.failed, *self.outcome.went_on_without)",
        "self.outcome.failed",
        RUNS,
    ),
    Sabotage(
        "a join takes no null",
        ITEM_TASKS,
        "self._shared_list(taken, None, lambda one: None if one is None else self._paths(one))",
        "self._shared_list([one for one in taken if one is not None], None, self._paths)",
        RUNS,
    ),
    Sabotage(
        "an axis does not come before a label",
        ITEM_TASKS,
        "        if name in axes:\n            value",
        "        if name in axes and not isinstance(axes[name], Item):\n            value",
        RUNS,
    ),
    Sabotage(
        "an item is kept though what it takes is made anew",
        ITEM_TASKS,
        "if not items or not self._all_taken_are_kept(item):",
        "if not items:",
        RETRIES,
    ),
    Sabotage(
        "a key depends on the number of its item",
        ITEM_TASKS,
        '"turn": self._turn(item) if axes else 0,',
        '"turn": [self._turn(item), len(self.work.results)],',
        RETRIES,
    ),
    Sabotage(
        "items with equal axis values have one key",
        ITEM_TASKS,
        '"turn": self._turn(item) if axes else 0,',
        '"turn": 0,',
        RETRIES,
    ),
    Sabotage(
        "something starts for an end that comes with the cancellation",
        STEP_LOOP,
        "            if self.cancellation.finished and not self._is_cancelled:",
        "            if future is self.cancellation:",
        CANCELLED,
    ),
    Sabotage(
        "a run begins though it was cancelled before",
        WORKFLOW,
        "        if cancellation.finished:\n",
        "        if False:\n",
        CANCELLED,
    ),
    Sabotage(
        "a run is recorded though it was cancelled",
        WORKFLOW,
        "if end.state is RunState.CANCELLED:",
        "if False:",
        FLEETS,
    ),
)
