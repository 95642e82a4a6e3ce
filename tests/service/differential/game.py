"""A script played on both services, compared after each step."""

from __future__ import annotations

import difflib
import pprint
import time
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from simpleflow_nb.local.service import LocalService
from tests.service.differential.decision_scripts import Script
from tests.service.differential.known_executions import CLOSINGS, Event, Known, KnownRun, KnownTask, Standing, attributes
from tests.service.differential.rows import ROWS
from tests.service.differential.rules_of_histories import CLOSES, NUDGE
from tests.service.differential.script_steps import BARE_FLOW, DOMAIN, FLOW_DEFAULTS, SPARE_DOMAIN, RunOf, Step, first_steps
from tests.service.differential.sides import Both, Side

_PATIENCE_SECONDS = 300

used: Counter[str] = Counter()  #: row -> how often it was needed


class MotoClock:
    """moto looks at the real time; this one can be put forward."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def __call__(self, moment: datetime | None = None) -> float:
        assert moment is None
        return time.time() + self.ahead_seconds


moto_clock = MotoClock()


class Game:
    """A script played on both services, compared after each step."""

    def __init__(self, seed: int, service: LocalService, local: Side, moto: Side) -> None:
        self.seed, self.service, self.local, self.moto = seed, service, local, moto
        self.script, self.known = Script(seed), Known()
        self.surplus: dict[int, set[int]] = {}  # run -> DecisionTaskStarted events of moto's that were answered with nothing
        self.numbers: dict[int, dict[int, int]] = {}  # run -> moto's event id -> the local one
        self.log: list[Step] = []

    def play(self, steps: int) -> None:
        for step in first_steps():
            self.step(step)
        for _ in range(steps):
            self.step(self.script.next_step(self.known))
        for run in range(len(self.known.runs)):
            self.refresh(run)

    def step(self, step: Step) -> None:
        self.log.append(step)
        getattr(self, f"_{step.call}", self._any_call)(step)

    # ---- comparing -----------------------------------------------------------------------------------------------------------

    def compare(self, both: Both, at: str) -> None:
        for row in ROWS:
            if at in row.at and (row.of_faults or both.are_answers) and row.rule(both):
                used[row.name] += 1
        if both.local != both.moto:
            self.fail(f"{at} of {both.step}", both.local, both.moto)

    def fail(self, what: str, local: Any, moto: Any) -> None:
        ours, theirs = (pprint.pformat(one, width=150).splitlines() for one in (local, moto))
        diff = "\n".join(difflib.unified_diff(ours, theirs, "local", "moto", lineterm="", n=4))
        before = "\n".join(f"  {len(self.log) - n}: {step}" for n, step in enumerate(reversed(self.log[-12:])))
        pytest.fail(f"seed {self.seed}, step {len(self.log)}: {what}\n{diff}\nthe last steps:\n{before}", pytrace=False)

    def refresh(self, run: int) -> None:
        """Read the histories of an execution and compare them event for event."""
        known = self.known.runs[run]
        for side in (self.local, self.moto):
            side.read_history(run, known.workflow_id)
        if known.parted:
            return
        both = Both(self, self.log[-1], _plain(self.local.raw[run]), _plain(self.moto.raw[run]), run)
        for row in ROWS:
            if "moto's events" in row.at and row.rule(both):
                used[row.name] += 1
        self.numbers[run] = {event["eventId"]: number for number, event in enumerate(both.moto, 1)}
        for event_id, alias in both.aliases.items():
            if alias in self.numbers[run]:
                self.numbers[run][event_id] = self.numbers[run][alias]
        both.moto = [self._renumbered(run, event) for event in both.moto]
        self.compare(both, "history")
        if known.parted:
            self._end_parted(run)
            return
        known.standing = Standing.of(self.local.raw[run])
        last = self.local.raw[run][-1]["eventType"]
        if last in CLOSINGS and known.closed_in_step is None:
            known.closed_in_step, known.close_status = len(self.log), CLOSINGS[last]

    def _renumbered(self, run: int, event: Event) -> Event:
        numbers = self.numbers[run]
        a = {
            name: numbers.get(value, f"moto's event {value}") if name.endswith("EventId") and value else value
            for name, value in event["attributes"].items()
        }
        return {"eventId": numbers[event["eventId"]], "eventType": event["eventType"], "attributes": a}

    def _end_parted(self, run: int) -> None:
        known = self.known.runs[run]
        known.standing = Standing(is_open=False)
        for side in (self.local, self.moto):
            if side.raw[run][-1]["eventType"] not in CLOSES and not side.counted(run, *CLOSES):
                arguments = {"domain": DOMAIN, "workflowId": known.workflow_id, "runId": RunOf(run)}
                assert "answer" in side.call("terminate_workflow_execution", arguments)
            side.read_history(run, known.workflow_id)

    def seconds_since(self, run: int, event_id: int) -> float:
        moment: datetime = self.local.raw[run][event_id - 1]["eventTimestamp"]
        return self.service.clock.now() - moment.timestamp()

    # ---- steps ---------------------------------------------------------------------------------------------------------------

    def _any_call(self, step: Step) -> None:
        both = Both(self, step, self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments))
        self._compare_answers(both)

    def _compare_answers(self, both: Both) -> None:
        step = both.step
        both.run = -1 if step.run is None else step.run
        both.local, both.moto = self.local.shown(both.local), self.moto.shown(both.moto)
        self.compare(both, step.call)
        if step.run is not None:
            self.refresh(step.run)

    def _start_workflow_execution(self, step: Step) -> None:
        ours, theirs = self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments)
        run_ids = [outcome.get("answer", {}).pop("runId", None) for outcome in (ours, theirs)]
        self.compare(Both(self, step, ours, theirs), step.call)
        if "fault" in ours:
            return
        for side, run_id in zip((self.local, self.moto), run_ids, strict=True):
            side.run_ids.append(run_id)
        a = step.arguments
        default = None if a["workflowType"] == BARE_FLOW else FLOW_DEFAULTS["defaultTaskPriority"]
        known = KnownRun(a["workflowId"], a["workflowType"], "", a.get("tagList", []), a.get("taskPriority", default))
        self.known.runs.append(known)
        run = len(self.known.runs) - 1
        self.refresh(run)
        self.known.runs[run].task_list = attributes(self.local.raw[run][0])["taskList"]["name"]

    def _poll_for_decision_task(self, step: Step) -> None:
        if step.run is not None:
            self._answer_surplus(step.run)
        ours, our_pages = self.local.pages(step.call, step.arguments, "events")
        theirs = self.moto.call(step.call, step.arguments)
        if "fault" in ours or "fault" in theirs:
            self.compare(Both(self, step, ours, theirs), step.call)
            return
        answers = (ours["answer"], theirs["answer"])
        runs = [
            side.run_ids.index(answer["workflowExecution"]["runId"]) if answer.get("taskToken") else None
            for side, answer in zip((self.local, self.moto), answers, strict=True)
        ]
        if runs[0] != runs[1] or runs[0] is None:
            self.fail(f"{step}: whose decision task it is", runs[0], runs[1])
        run = runs[0]
        assert run is not None
        for side, answer in zip((self.local, self.moto), answers, strict=True):
            side.tokens.append(answer.pop("taskToken"))
        self.refresh(run)
        self.known.tasks.append(KnownTask("decision", run, self.known.runs[run].standing.decision_scheduled))
        both = Both(self, step, {"answer": dict(answers[0])}, {"answer": dict(answers[1])}, run)
        for side, one, pages in ((self.local, both.local["answer"], our_pages), (self.moto, both.moto["answer"], 1)):
            one["pages"] = pages
            one["events"] = self._checked_events(side, run, step, one["events"])
            if one["events"] == len(side.raw[run]):
                one["events"] = len(self.local.raw[run])  # of moto's events, some stand for none of the local ones
            del one["workflowExecution"]["runId"]
        numbers, answer = self.numbers[run], both.moto["answer"]
        answer["startedEventId"] = numbers[answer["startedEventId"]]
        previous = answer.get("previousStartedEventId")
        if previous is not None:
            answer["previousStartedEventId"] = "surplus" if previous in self.surplus.get(run, ()) else numbers[previous]
        self.compare(both, step.call)

    def _answer_surplus(self, run: int) -> None:
        """Let moto's decision tasks beyond the one that SWF would have go by, so that the last one is polled with it."""
        raw = self.moto.raw[run]
        starts = [attributes(event)["scheduledEventId"] for event in raw if event["eventType"] == "DecisionTaskStarted"]
        waiting = self.moto.counted(run, "DecisionTaskScheduled") - len(starts)
        contexts = [attributes(e).get("executionContext") for e in raw if e["eventType"] == "DecisionTaskCompleted"]
        context = {"executionContext": contexts[-1]} if contexts and contexts[-1] else {}
        for _ in range(waiting - 1):
            name = self.known.runs[run].task_list
            task = self.moto.call("poll_for_decision_task", {"domain": DOMAIN, "taskList": {"name": name}})["answer"]
            self.surplus.setdefault(run, set()).add(task["startedEventId"])
            self.moto.call("respond_decision_task_completed", {"taskToken": task["taskToken"], **context})

    def _checked_events(self, side: Side, run: int, step: Step, events: list[Event]) -> int:
        """How many events an answer has; they must be the last ones of the history, in the order asked for."""
        history = side.raw[run][-len(events) :]
        expected = history[::-1] if step.arguments.get("reverseOrder") else history
        if events != expected:
            self.fail(f"{side.name}: the events of {step} are not those of the history", events, expected)
        return len(events)

    def _get_workflow_execution_history(self, step: Step) -> None:
        if step.run is None:
            return self._any_call(step)
        (ours, our_pages), (theirs, pages) = (
            side.pages(step.call, step.arguments, "events") for side in (self.local, self.moto)
        )
        self.refresh(step.run)
        for side, one in ((self.local, ours["answer"]), (self.moto, theirs["answer"])):
            if self._checked_events(side, step.run, step, one["events"]) != len(side.raw[step.run]):
                self.fail(f"{side.name}: {step} is not the whole history", len(one["events"]), len(side.raw[step.run]))
        # moto has more events, as compared above; what is left is how they were given
        ours, theirs = ({"answer": {"events": len(ours["answer"]["events"]), "pages": n}} for n in (our_pages, pages))
        self.compare(Both(self, step, ours, theirs, step.run), step.call)

    def _respond_decision_task_completed(self, step: Step) -> None:
        both = Both(self, step, self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments))
        if step.run is not None and "answer" in both.local and "answer" in both.moto:
            self._wait_for_zero_timers(step)
            self._nudge(step.run)
        self._compare_answers(both)

    def _wait_for_zero_timers(self, step: Step) -> None:
        assert step.run is not None
        timers = [one.get("startTimerDecisionAttributes", {}) for one in step.arguments.get("decisions", ())]
        zeros = [timer["timerId"] for timer in timers if timer.get("startToFireTimeout") == "0"]
        until = time.monotonic() + _PATIENCE_SECONDS
        for side in (self.local, self.moto) if zeros else ():
            while True:
                side.read_history(step.run, self.known.runs[step.run].workflow_id)
                raw = side.raw[step.run]
                fired = [
                    n
                    for n, event in enumerate(raw)
                    if attributes(event).get("timerId") in zeros and "Fired" in event["eventType"]
                ]
                # moto's thread adds the two one after the other
                if fired and (side is self.local or raw[fired[-1] + 1 :]):
                    break
                if time.monotonic() > until:
                    self.fail(f"{side.name}: {zeros} have not fired", self.local.raw[step.run], raw)
                time.sleep(0.002)

    def _nudge(self, run: int) -> None:
        self.moto.read_history(run, self.known.runs[run].workflow_id)
        raw = self.moto.raw[run]
        last = max(n for n, event in enumerate(raw) if event["eventType"] == "DecisionTaskCompleted")
        kinds = {event["eventType"] for event in raw[last:]}
        waiting = self.moto.counted(run, "DecisionTaskScheduled") - self.moto.counted(run, "DecisionTaskStarted")
        if kinds & {"StartTimerFailed", "CancelTimerFailed"} and not waiting and not kinds & set(CLOSES):
            execution = {"workflowId": self.known.runs[run].workflow_id, "runId": RunOf(run)}
            self.moto.call("signal_workflow_execution", {"domain": DOMAIN, **execution, "signalName": NUDGE, "input": ""})

    def _poll_for_activity_task(self, step: Step) -> None:
        ours, theirs = self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments)
        while theirs.get("answer", {}).get("taskToken"):
            run = self.moto.run_ids.index(theirs["answer"]["workflowExecution"]["runId"])
            if self.known.runs[run].standing.is_open:
                break
            # the row on activity tasks of closed executions finds it in the history
            self.refresh(run)
            theirs = self.moto.call(step.call, step.arguments)
        tokens = [one.get("answer", {}).pop("taskToken", None) for one in (ours, theirs)]
        both = Both(self, step, self.local.shown(ours), self.moto.shown(theirs))
        if "answer" not in ours or "answer" not in theirs or not all(tokens):
            self.fail(f"{step} found a task", ours, theirs)
        run = both.local["answer"]["workflowExecution"]["runId"].index
        self.refresh(run)
        theirs["answer"]["startedEventId"] = self.numbers[run].get(theirs["answer"]["startedEventId"])
        both.moto["answer"]["startedEventId"] = theirs["answer"]["startedEventId"]
        self.compare(both, step.call)
        for side, token in zip((self.local, self.moto), tokens, strict=True):
            side.tokens.append(token)
        started = self.local.raw[run][ours["answer"]["startedEventId"] - 1]
        self.known.tasks.append(KnownTask("activity", run, attributes(started)["scheduledEventId"]))

    def _list_open_workflow_executions(self, step: Step) -> None:
        ours, _ = self.local.pages(step.call, step.arguments, "executionInfos")
        both = Both(self, step, self.local.shown(ours), self.moto.shown(self.moto.call(step.call, step.arguments)))
        for one in (both.local, both.moto):
            self.drop_parted(one)
        self.compare(both, step.call)

    def _list_domains(self, step: Step) -> None:
        both = Both(self, step, self.local.call(step.call, step.arguments), self.moto.call(step.call, step.arguments))
        infos = both.local["answer"]["domainInfos"]  # the local service has one of its own from the start
        infos[:] = [info for info in infos if info["name"] in (DOMAIN, SPARE_DOMAIN)]
        self._compare_answers(both)

    _list_closed_workflow_executions = _list_open_workflow_executions

    def unfiltered(self, step: Step) -> dict[str, Any]:
        """moto's listing of all that are open, or closed, oldest first."""
        answer = self.moto.call(step.call, {"domain": step.arguments["domain"], "startTimeFilter": {"oldestDate": 0}})
        shown: dict[str, Any] = self.moto.shown(answer)
        self.drop_parted(shown)
        return shown

    def drop_parted(self, outcome: dict[str, Any]) -> None:
        if "answer" in outcome:
            infos = outcome["answer"]["executionInfos"]
            infos[:] = [info for info in infos if not self.known.runs[info["execution"]["runId"].index].parted]

    def _list_workflow_types(self, step: Step) -> None:
        ours, _ = self.local.pages(step.call, step.arguments, "typeInfos")
        theirs = self.moto.call(step.call, step.arguments)
        self.compare(Both(self, step, self.local.shown(ours), self.moto.shown(theirs)), step.call)

    _list_activity_types = _list_workflow_types

    def _pass_time(self, step: Step) -> None:
        seconds = step.arguments["seconds"]
        self.service.advance(self.service.clock.now() + seconds)
        moto_clock.ahead_seconds += seconds
        for run in self.known.open_runs():
            self.refresh(run)


def _plain(events: list[Event]) -> list[Event]:
    return [{"eventId": e["eventId"], "eventType": e["eventType"], "attributes": dict(attributes(e))} for e in events]
