"""What a run shows of itself while it is decided: its log, its warnings, how far it is."""

from __future__ import annotations

import json
import logging

import pytest

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.local.service import DOMAIN

from .manual_client import attributes
from .mixed_workflow import MixedWorkflow, column_of, double


@activity.with_attributes(raises_on_failure=False)
def never(x):
    raise ValueError(f"never {x}")


class Listening(Workflow):
    name = "decider.listening"

    def run(self, count):
        return sum(self.next_signal("number").result for _ in range(count))


def test_a_long_history_is_warned_of(stepped):
    played = stepped(Listening)
    run_id = played.begin(Listening, 10_001)
    assert played.decides()
    for _ in range(10_000):
        played.local.signal_workflow_execution(domain=DOMAIN, workflowId="run", signalName="number", input="1")
    assert played.decides()
    assert column_of(played, run_id, "warning") == (
        "history has 10007 events; the service ends the run at 25000: continue_as_new before"
    )
    played.signal("number", input="1")
    assert played.decides()
    assert attributes(played.events()[-1])["result"] == "10001"


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_lines_of_the_log_appear_once_and_are_shown_as_long_as_the_run_lives(stepped, cached_events, caplog):
    caplog.set_level(logging.INFO, "simpleflow_nb")
    played = stepped(MixedWorkflow, cached_events=cached_events)
    run_id = played.begin(MixedWorkflow, 2)
    played.act()
    contexts = [
        attributes(event).get("executionContext") for event in played.events() if event["eventType"] == "DecisionTaskCompleted"
    ]
    sent = [json.loads(context)["log"] for context in contexts if context is not None]
    lines = ["begins with 2", "has 2", "ends"]
    assert [shown for shown, former in zip(sent, [None, *sent], strict=False) if shown != former] == [lines[:1], lines]
    assert column_of(played, run_id, "log") == "begins with 2 | has 2 | ends"
    said = [record.getMessage() for record in caplog.records if record.name == "simpleflow_nb"]
    assert [line.removeprefix("run: ") for line in said] == lines


class Awaiting(Workflow):
    name = "decider.awaiting"
    max_open_activity_count = 2

    def run(self):
        numbers = [self.submit(double, n) for n in range(3)]
        refused = self.submit(never, 1)
        futures.wait(*numbers, refused)
        return self.next_signal("go").result


@pytest.mark.parametrize("cached_events", [400_000, 0])
def test_how_far_a_run_is_is_shown_without_its_history(stepped, cached_events):
    played = stepped(Awaiting, cached_events=cached_events)
    run_id = played.begin(Awaiting)

    def shown():
        assert played.decides()
        return column_of(played, run_id, "activities"), column_of(played, run_id, "waiting_signals")

    seen = [shown()]
    while played.works():
        seen.append(shown())
    assert seen == [
        ("2 held back, 2 open", None),
        ("1 completed, 1 held back, 2 open", None),
        ("2 completed, 2 open", None),
        ("3 completed, 1 open", None),
        ("3 completed, 1 failed", "go"),
    ]


class Crowded(Workflow):
    """Its names and lines are of characters that are six each in JSON."""

    name = "decider.crowded"

    def run(self, name, signals, lines):
        for number in range(lines):
            self.log(f"{number:02}" + name)
        futures.wait(*(self.next_signal(f"{number:03}{name}"[:256]) for number in range(signals)))


@pytest.mark.parametrize(
    ("name", "signals", "lines", "kept", "shown"),
    [
        ("signal", 20, 0, 300, ", ".join(f"{n:03}signal" for n in range(20))),
        ("signal", 21, 0, 300, ", ".join(f"{n:03}signal" for n in range(20)) + ", 1 more"),
        ("s" * 253, 500, 25, 300, ", ".join(f"{n:03}" + "s" * 253 for n in range(20)) + ", 480 more"),
        ("\x01" * 253, 500, 25, 100, ", ".join(f"{n:03}" + "\x01" * 97 for n in range(20)) + ", 480 more"),
        ("\x01" * 1_000, 1, 25, 100, "000" + "\x01" * 97),
    ],
    ids=["as many as are named", "one more", "long names", "long names of controls", "a long log of controls"],
)
def test_what_a_run_shows_of_itself_is_whole_whatever_it_has_to_say(stepped, name, signals, lines, kept, shown):
    played = stepped(Crowded)
    run_id = played.begin(Crowded, name, signals, lines)
    assert played.decides()
    context = next(
        attributes(event)["executionContext"] for event in played.events() if event["eventType"] == "DecisionTaskCompleted"
    )
    assert len(context) <= 32_768
    log = json.loads(context).get("log", [])
    assert log == [(f"{number:02}" + name)[:kept] for number in range(max(0, lines - 20), lines)]
    assert column_of(played, run_id, "waiting_signals") == shown
