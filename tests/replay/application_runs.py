"""Runs of the notebook application that are worth remembering: real ones, on the local service, on a clock that skips waiting.

Every body is the real one, kernels and reports included, but where a scenario says otherwise: what only bad luck brings
about (a lost worker, a source that is away) is answered by a function that it gives.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.run_requests import run_request
from deciders.runs.scenario_runs import scenario_set as set_of_file
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import Specification
from deciders.values.reason import Reason
from simpleflow_nb.activity import Activity
from simpleflow_nb.activity_context import context
from simpleflow_nb.local.service import DOMAIN
from workers.runs.scenario_sets import scenarios_id, start_scenario_set

from .recorded_project import BEGAN, DATES, FILE, RecordedProject, Run

#: The same notebooks as steps: a fan over what `count` has glued, a condition, repeats, a handler.
STEPS = """\
workflows:
  - name: days
    steps:
      count: {filename: count.ipynb, parameters: {day: reference_date, folder: inputs_dir}}
      sums:
        filename: sums.ipynb
        for_each: {part: {scrap: count.parts}}
        max_parallel: 2
        parameters: {counted: count, day: part, folder: inputs_dir}
        output: {format: html}
      report:
        filename: report.ipynb
        when: {less: [{scrap: count.rows}, 10]}
        parameters: {sums: sums, folder: inputs_dir}
        output: {format: pdf}
      aside:
        filename: aside.ipynb
        repeat: 2
        after: [count]
        parameters: {counted: repeat_seed, folder: inputs_dir}
        on_failure: {run: mend}
      mend: {filename: aside.ipynb, parameters: {day: {failure: aside}, folder: inputs_dir}}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - workflow_name: days
"""
SHARED = """\
workflows:
  - name: days
    notebooks:
      count: {filename: count.ipynb, cache: shared, parameters: {counted: {value: 1}}}
      report: {filename: report.ipynb, parameters: {sums: count, day: reference_date}, output: {format: html}}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - workflow_name: days
"""
SETS = """\
workflows:
  - name: days
    notebooks:
      count: {filename: count.ipynb, parameters: {counted: level, folder: inputs_dir}}
scenarios:
  - {name: sweep, workflow: days, grid: {level: [1, 2, 3, 4]}, max_parallel: 2}
available_dates_sensor: null
"""
_GLUED = "import scrapbook; scrapbook.glue('parts', {parts}); scrapbook.glue('rows', {rows})"


# ---- NotebookWorkflow ------------------------------------------------------------------------------------------------


def success_with_reports(world: RecordedProject) -> None:
    world.run()
    world.does("sums", "print('warning: few rows')")
    world.run(DATES[1])


def failed_labels(world: RecordedProject) -> None:
    """One alone, with two that need it; then two at once, one of them with a report."""
    world.does("count", "raise ValueError('no rows')")
    world.run()
    world.does("count", None)
    world.does("sums", "raise KeyError('total')")
    world.does("aside", "import sys; sys.exit(3)")
    world.run(DATES[1])


def refused_notebook(world: RecordedProject) -> None:
    (world.inputs / "sums.ipynb").write_text("no notebook")
    world.run()


def kept_labels(world: RecordedProject) -> None:
    """What succeeded is kept, with its reports; once after a failure, once when all of it stands."""
    world.does("sums", "raise ValueError('no rows')")
    world.run()
    world.does("sums", None)
    world.run(keeps_labels=True)
    world.run(keeps_labels=True, rerun=True)


def partial_runs(world: RecordedProject) -> None:
    """One label with what it needs; the same with that kept; and one that fails."""
    world.run(only="sums")
    world.run(only="report")
    world.does("aside", "raise ValueError('no rows')")
    world.run(only="aside")


def failed_report(world: RecordedProject) -> None:
    """One that cannot be made; one that is made the second time; one that stands alone and fails twice."""
    file = FILE.replace("output: {format: pdf}", "output: {format: pdf, template: broken.typ}")
    (world.inputs / "broken.typ").write_text("#panic(")
    world.specification = world.read(file)
    world.run()
    world.specification = world.read(FILE)

    def convert(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if given["label"] == "report" or (given["format"] == "html" and number % 2):
            raise MemoryError("the report took more than 2 GB of memory")
        return body(**given)

    world.scripts["convert_report"] = convert
    world.run(DATES[1])


def cancelled(world: RecordedProject) -> None:
    """While a notebook runs; while a report is made; between two attempts of a notebook; before anything was done."""

    def cancel(body: Activity[..., Any], number: int, **given: Any) -> Any:
        world.cancel(context().workflow_id)
        return body(**given)

    world.does("count", "import time; time.sleep(120)")
    world.scripts["execute_notebook"] = cancel
    world.run()
    world.does("count", None)
    del world.scripts["execute_notebook"]
    world.scripts["convert_report"] = cancel
    world.run(DATES[1])
    del world.scripts["convert_report"]
    world.specification = world.read(FILE.replace("parameters: {counted: count", "retries: 5, parameters: {counted: count"))
    world.does("sums", "raise ValueError('no rows')")
    workflow_id = world.run(wait=False)
    world.at(timedelta(seconds=30), lambda: world.cancel(workflow_id))
    world.wait_for_all()
    world.scripts["already_succeeded"] = cancel
    world.run(DATES[1])


def retried(world: RecordedProject) -> None:
    """A notebook that succeeds at the third attempt; one that is given up; a record that is away for a while, and for long."""
    world.specification = world.read(FILE.replace("parameters: {counted: count", "retries: 2, parameters: {counted: count"))
    tries = "tries = Path(folder, f'tries-{len(list(Path(folder).glob(\"tries-*\")))}')\ntries.touch()\n"
    world.does("sums", tries + "if tries.name != 'tries-2': raise ValueError('no rows yet')")
    world.run()
    world.does("sums", "raise ValueError('no rows at all')")
    world.run(DATES[1])

    def away(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if number < 3:
            raise OSError("the records cannot be reached")
        return body(**given)

    world.does("sums", None)
    world.scripts["record_run"] = lambda body, number, **given: away(body, number - 2, **given)
    world.run(rerun=True)

    def long_away(body: Activity[..., Any], number: int, **given: Any) -> Any:
        raise OSError("the records cannot be reached")

    world.scripts["already_succeeded"] = long_away
    world.run(DATES[1])


def lost_worker(world: RecordedProject) -> None:
    """A worker that is not heard of any more, once, and again and again; a notebook that takes longer than it may."""

    def lost(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if given["label"] == "count" and given["instance"].startswith(DATES[0]) and number > 1:
            return body(**given)
        if given["label"] != "count":
            return body(**given)
        _end_on_the_service(world, "HEARTBEAT")
        return None

    world.scripts["execute_notebook"] = lost
    world.run()
    world.run(DATES[1])

    def slow(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if given["label"] != "aside":
            return body(**given)
        _end_on_the_service(world, "START_TO_CLOSE")
        return None

    world.scripts["execute_notebook"] = slow
    world.run(DATES[1])


def _end_on_the_service(world: RecordedProject, kind: str) -> None:
    """Have the service end the task that is carried out here, as it does when its time is over."""
    task = context()
    with world.service.lock:
        run = world.service.executions[world.service.numbers[task.workflow_id, task.run_id]]
        [scheduled] = [n for n, one in run.activities.items() if one.activity_id == task.activity_id]
        run.time_out_activity(world.clock.timestamp(), scheduled, kind)
        world.service.commit(run)


def already_done(world: RecordedProject) -> None:
    world.run()
    world.run()
    world.run(rerun=True)


def limits_and_priorities(world: RecordedProject) -> None:
    """What a file can say of a notebook, in one; without a date, and started by hand."""
    count = "count: {filename: count.ipynb, timeout: 2d, cell_timeout: 10m, memory_limit: 1 GB, kernel: python3, "
    count += "env: {ORIGIN: EWR}, retries: 1, "
    file = FILE.replace("count: {filename: count.ipynb, ", count).replace("- name: days", "- name: days\n    priority: 3")
    world.specification = world.read(file)
    world.run()
    workflow = world.specification.workflow("days").model_dump(mode="json")
    run_id = world.start(
        NotebookWorkflow,
        "days-0123abcd",
        workflow=workflow,
        instance="0123abcd",
        identity="0123abcd" * 4,
        parameters={"day": "any", "reference_date": None},
        inputs_dir=str(world.inputs),
        outputs=world.outputs,
    )
    world.wait("days-0123abcd", run_id)


def shared_items(world: RecordedProject) -> None:
    """One that a child executes; one that is taken over; two that come together, one of which waits; one that fails."""
    world.specification = world.read(SHARED)
    world.run()
    world.run(DATES[1])
    world.specification = world.read(SHARED.replace("{value: 1}", "{value: 2}"))
    world.run(wait=False, rerun=True)
    world.run(DATES[1], wait=False, rerun=True)
    world.wait_for_all()
    world.specification = world.read(SHARED.replace("{value: 1}", "{value: 3}"))

    def fail(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if given["label"] == "count" and not given["shared"].get("asks"):
            raise ValueError("no rows")
        return body(**given)

    world.scripts["execute_notebook"] = fail
    world.run(rerun=True)


def scenario_set(world: RecordedProject) -> None:
    """Four scenarios, two at a time, one of which fails; the same without child executions."""
    world.specification = world.read(SETS)
    world.does("count", "if counted == 2: raise ValueError('no rows')")
    wanted = set_of_file(world.specification, "sweep")
    requests = [
        run_request(run.entry, [None], Reason.parse("not run yet"), keeps_labels=False, own_instance=run.instance)
        for run in map(wanted.run, wanted.scenarios)
    ]
    where = (world.service, DOMAIN, world.specification, world.outputs, world.payloads)
    for has_children in (True, False):
        run_id = start_scenario_set(*where, wanted, requests, has_children=has_children)
        assert run_id is not None
        world.wait(scenarios_id("sweep", world.outputs), run_id)
    world.wait_for_all()


def steps(world: RecordedProject) -> None:
    """All succeed; one item fails, and is tried again; what a condition skips; a list of no items."""
    world.specification = world.read(STEPS)
    world.does("count", _GLUED.format(parts=["a", "b", "c"], rows=3))
    world.run()
    world.does("sums", "if day == 'b': raise ValueError('no rows')")
    world.does("aside", "if counted: raise KeyError('total')")
    world.run(DATES[1])
    world.does("sums", None)
    world.does("aside", None)
    world.run(DATES[1], keeps_labels=True)
    world.does("count", _GLUED.format(parts=[], rows=30))
    world.run(rerun=True)


def slices(world: RecordedProject) -> None:
    """A fan cut into three; one of them with a failure, after which nothing more of the label starts."""
    world.specification = world.read(STEPS.replace("max_parallel: 2", "max_parallel: 2\n        on_item_failure: stop"))
    world.does("count", _GLUED.format(parts=["a", "b", "c", "d", "e"], rows=3))
    os.environ["SIMPLEFLOW_NB_FAN_CHUNK"] = "2"
    try:
        world.run()
        world.does("sums", "if day == 'b': raise ValueError('no rows')")
        world.run(DATES[1])
    finally:
        del os.environ["SIMPLEFLOW_NB_FAN_CHUNK"]
    world.wait_for_all()


def cancelled_steps(world: RecordedProject) -> None:
    """While items of a fan run, in the run itself and in a slice."""
    world.specification = world.read(STEPS)
    world.does("count", _GLUED.format(parts=["a", "b", "c"], rows=3))

    def cancel(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if given["label"] == "sums" and given["index"] == 0:
            world.cancel(next(one for one in world.service.infos.values())["execution"]["workflowId"])
        return body(**given)

    world.scripts["execute_notebook"] = cancel
    world.run()


# ---- SensorWorkflow and BackfillWorkflow -----------------------------------------------------------------------------

FOUND: dict[str, Any] = {"started": [], "not_due": 2, "held_back": 0, "warnings": [], "retry_seconds": None}
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_SIX = timedelta(hours=18)  #: from the beginning of the world to the first time of the schedule


def sensor_once(world: RecordedProject) -> None:
    world.wait("sensor", world.sensor(once=True, starts_per_second=100.0))
    world.wait_for_all()


def sensor_held_back(world: RecordedProject) -> None:
    """There is no room for all: the check goes on, once until all are started, once until the next time of the schedule."""
    held = {**FOUND, "started": ["days-2024-03-25"], "held_back": 1}

    def feed(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if number > 5:
            world.clock.jump_to(world.clock.now() + _DAY.total_seconds())
        return FOUND if number in (3, 5) else held

    world.scripts["feed_new_dates"] = feed
    world.wait("sensor", world.sensor(once=True))
    world.at(5 * _DAY, world.terminate)
    world.wait("sensor", world.sensor())


def sensor_signals(world: RecordedProject) -> None:
    """Paused, asked for a check, reloaded, resumed; runs asked for; paused while it checks. Its runs are real."""
    other = FILE.replace('"0 6 * * *"', '"30 7 * * *"')

    def feed(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if number == 3:
            world.signal("pause")
            while True:  # until its end is asked for
                context().check()
        return body(**given)

    world.scripts["feed_new_dates"] = feed
    run_id = world.sensor()
    wanted = {"requests": [world.request(DATES[0])], "most_at_once": 1}
    world.at(_SIX + _HOUR, lambda: world.signal("pause"), lambda: world.signal("pause"))
    world.at(_SIX + _DAY, lambda: world.signal("check"), lambda: world.signal("start", wanted))
    world.at(_SIX + _DAY + _HOUR, lambda: world.signal("reload", world.read(other).model_dump(mode="json")))
    world.at(_SIX + _DAY + 2 * _HOUR, lambda: world.signal("resume"))
    world.at(_SIX + 3 * _DAY + 5 * _HOUR, lambda: world.signal("check"), lambda: world.signal("resume"))
    world.at(_SIX + 4 * _DAY + 5 * _HOUR, world.terminate)
    world.wait("sensor", run_id)
    world.wait_for_all()


def sensor_reloaded_without_schedule(world: RecordedProject) -> None:
    run_id = world.sensor()
    once = world.read(FILE.replace('"0 6 * * *"', "null")).model_dump(mode="json")
    world.at(_SIX + _HOUR, lambda: world.signal("reload", once))
    world.wait("sensor", run_id)
    world.wait_for_all()


def sensor_failed_checks(world: RecordedProject) -> None:
    """The source is away for some hours; then runs with a retry_wait are looked at; runs asked for cannot be started."""

    def feed(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if number < 11 and number != 2:
            raise OSError("the data are away")
        return {**FOUND, "retry_seconds": {11: 600, 12: 1}.get(number)}

    def start(body: Activity[..., Any], number: int, **given: Any) -> Any:
        raise OSError("the records cannot be reached")

    world.scripts |= {"feed_new_dates": feed, "start_backfill": start}
    wanted = {"requests": [world.request(DATES[0])]}
    world.at(_SIX + 10 * _MINUTE, lambda: world.signal("start", wanted))
    world.at(_SIX + 2 * _DAY, world.terminate)
    world.wait("sensor", world.sensor())


def sensor_cancelled(world: RecordedProject) -> None:
    """Between two checks."""
    world.scripts["feed_new_dates"] = lambda body, number, **given: FOUND
    run_id = world.sensor()
    world.at(_SIX + _HOUR, lambda: world.cancel("sensor"))
    world.wait("sensor", run_id)


def sensor_continued_after_a_month(world: RecordedProject) -> None:
    """With a check that has failed just then, which the next run makes up for; and paused."""

    def feed(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if 32 <= number < 34:
            raise OSError("the data are away")
        return FOUND

    world.scripts["feed_new_dates"] = feed
    world.sensor(starts_per_second=5.0, last_look=(BEGAN - 2 * _DAY).isoformat())
    world.at(33 * _DAY, lambda: world.signal("pause"))
    world.at(65 * _DAY, lambda: world.signal("check"))
    world.at(66 * _DAY, lambda: world.signal("resume"))
    world.at(67 * _DAY, world.terminate)
    world.wait_for_all()
    while world.service.every_open_execution():
        world.wait_for_all()


def sensor_continued_after_many_steps(world: RecordedProject) -> None:
    world.specification = world.read(FILE.replace('"0 6 * * *"', '"*/10 * * * *"'))
    world.scripts["feed_new_dates"] = lambda body, number, **given: FOUND
    world.sensor()
    world.at(32 * _HOUR, world.terminate)
    world.wait_for_all()


def _in_zone(world: RecordedProject, schedule: str, timezone: str) -> Specification:
    return world.read(FILE.replace('schedule: "0 6 * * *"', f'schedule: "{schedule}"\n  timezone: {timezone}'))


def sensors_where_clocks_change(world: RecordedProject) -> None:
    """One for each kind of schedule, from before the clocks are changed until after it; a check each is all they do.

    This scenario and the next two stand for runs of 0.1, which took other times there, and were recorded with its code.
    """
    world.scripts["feed_new_dates"] = lambda body, number, **given: FOUND
    schedules = {
        "daily": ("30 2 * * *", "Australia/Sydney"),
        "more-often-in-an-hour": ("*/30 2 * * *", "Australia/Sydney"),
        "every-other-hour": ("0 */2 * * *", "Australia/Sydney"),
        "by-half-an-hour": ("45 1 * * *", "Australia/Lord_Howe"),
        "every-hour-by-half-an-hour": ("*/20 * * * *", "Australia/Lord_Howe"),
    }

    def start(workflow_id: str, schedule: str, timezone: str) -> None:
        specification = _in_zone(world, schedule, timezone).model_dump(mode="json")
        world.start(SensorWorkflow, workflow_id, specification=specification, outputs=world.outputs)

    world.at(8 * _DAY, *(lambda name=name, given=given: start(name, *given) for name, given in schedules.items()))
    world.at(10 * _DAY, *(lambda name=name: world.terminate(name) for name in schedules))
    world.wait_for_all()
    while world.service.every_open_execution():
        world.wait_for_all()


_CLOCKS_GO_BACK = "2024-04-06T15:30"  #: 02:30 for the first time


def sensor_that_checks_while_clocks_change(world: RecordedProject) -> None:
    """A check that takes longer than the hour that comes twice."""
    world.specification = _in_zone(world, "30 2 * * *", "Australia/Sydney")

    def feed(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if given["check_began"].startswith(_CLOCKS_GO_BACK):
            world.clock.jump_to(world.clock.now() + 7_200)
        return FOUND

    world.scripts["feed_new_dates"] = feed
    world.at(10 * _DAY, world.terminate)
    world.wait("sensor", world.sensor())


def sensor_that_holds_back_while_clocks_change(world: RecordedProject) -> None:
    """A check that there is no room for all in goes on until the next time of the schedule."""
    world.specification = _in_zone(world, "30 2 * * *", "Australia/Sydney")
    held = {**FOUND, "started": ["days-2024-03-25"], "held_back": 1}
    calls = 0

    def feed(body: Activity[..., Any], number: int, **given: Any) -> Any:
        nonlocal calls
        if not given["check_began"].startswith(_CLOCKS_GO_BACK):
            return FOUND
        calls += 1
        world.clock.jump_to(world.clock.now() + 2_400)
        return held if calls < 5 else FOUND

    world.scripts["feed_new_dates"] = feed
    world.at(10 * _DAY, world.terminate)
    world.wait("sensor", world.sensor())


def backfills(world: RecordedProject) -> None:
    """Two dates, for real; and one label of a date."""
    world.backfill(*DATES, most_at_once=2)
    world.wait_for_all()
    world.backfill(DATES[0], only="sums", starts_per_second=50.0)
    world.wait_for_all()


def backfill_held_back(world: RecordedProject) -> None:
    """There is no room for some; the records are away for a while, and for long; and it is cancelled."""

    def start(body: Activity[..., Any], number: int, **given: Any) -> Any:
        if number in (2, 3) or 5 < number < 12:
            raise OSError("the records cannot be reached")
        if number == 12:
            world.cancel(context().workflow_id)
            while True:
                context().check()
        return {"started": [f"days-{number}"], "held_back": max(0, 5 - number)}

    world.scripts["start_runs"] = start
    world.backfill(*DATES)
    world.backfill(DATES[0])
    world.backfill(DATES[1])


Scenario = Callable[[RecordedProject], None]

SCENARIOS: tuple[Scenario, ...] = (
    success_with_reports,
    failed_labels,
    refused_notebook,
    kept_labels,
    partial_runs,
    failed_report,
    cancelled,
    retried,
    lost_worker,
    already_done,
    limits_and_priorities,
    sensor_once,
    sensor_held_back,
    sensor_signals,
    sensor_reloaded_without_schedule,
    sensor_failed_checks,
    sensor_cancelled,
    sensor_continued_after_a_month,
    sensor_continued_after_many_steps,
    backfills,
    backfill_held_back,
    sensors_where_clocks_change,
    sensor_that_checks_while_clocks_change,
    sensor_that_holds_back_while_clocks_change,
    steps,
    slices,
    cancelled_steps,
    shared_items,
    scenario_set,
)


def recorded_runs(scenario: Scenario) -> list[Run]:
    """Play a scenario in a world of its own; kernels import nothing but what they need."""
    os.environ["SIMPLEFLOW_NB_PRELOAD"] = ""
    world = RecordedProject()
    try:
        scenario(world)
        return world.recorded()
    finally:
        world.close()
