"""Scripts of SWF calls made up from a seed: what a decider, a worker and an operator may do next, given what is open.

A script is written while it is played, because what makes sense depends on what came before. It never polls a list that it
knows to be empty. Run ids and task tokens differ from service to service: a step has :class:`RunOf` and :class:`TokenOf` in
their place.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.service.differential.domain_scripts import about_domains
from tests.service.differential.known_executions import CLOSINGS, Known, Standing
from tests.service.differential.script_steps import (
    ACTIVITY_TIMEOUTS,
    BARE_FLOW,
    BARE_WORK,
    DOMAIN,
    FLOW,
    FLOW_DEFAULTS,
    MALFORMED_DECISIONS,
    NEVER_FIRES_SECONDS,
    SHARED_DECISIONS,
    SHARED_WORK,
    SPARE_FLOW,
    SPARE_WORK,
    TAGS,
    UNKNOWN,
    WORK,
    WORKFLOW_IDS,
    RunOf,
    Step,
    TokenOf,
)


class Script:
    """The steps of a seed.

    Most scripts give each workflow id its own task lists. There anything may happen at any time. In the others all
    executions share their lists, so that the order of the tasks of several executions counts; then nothing happens to an
    execution while a decision task of its is open, because moto's surplus decision tasks would take places in the queue.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.shares_lists = self.random.random() < 0.4
        self.is_slow = self.random.random() < 0.5  #: time passes often
        self.serial = 0

    def next_step(self, known: Known) -> Step:
        while True:
            (make,) = self.random.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))
            step = make(self, known)
            if step is not None:
                return step

    # ---- small choices -------------------------------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def name(self, beginning: str) -> str:
        self.serial += 1
        return f"{beginning}{self.serial}"

    def maybe(self, share: float = 0.5, **arguments: Any) -> dict[str, Any]:
        """Each of the arguments, or not; one that is a list is a choice of values."""
        return {
            key: self.random.choice(value) if isinstance(value, list) else value
            for key, value in arguments.items()
            if self.chance(share)
        }

    def text(self) -> str:
        return self.random.choice(["", "1", '{"x": "\\u00e9 \\n"}', "x" * 40])

    def is_quiet(self, known: Known, run: int) -> bool:
        """Whether something may happen to the execution now."""
        return not self.shares_lists or known.runs[run].standing.decision == "none"

    def pick(self, candidates: list[int]) -> int | None:
        return self.random.choice(candidates) if candidates else None

    # ---- executions ----------------------------------------------------------------------------------------------------------

    def start(self, known: Known) -> Step | None:
        used = {known.runs[index].workflow_id for index in known.open_runs()}
        free = [workflow_id for workflow_id in WORKFLOW_IDS if workflow_id not in used]
        if not free or self.chance(0.1):
            free = list(WORKFLOW_IDS)
        workflow_id = self.random.choice(free)
        (kind,) = self.random.choices([FLOW, BARE_FLOW, SPARE_FLOW, UNKNOWN], weights=[70, 15, 10, 5])
        task_list = SHARED_DECISIONS if self.shares_lists else f"decide-{workflow_id}"
        arguments: dict[str, Any] = {"domain": DOMAIN, "workflowId": workflow_id, "workflowType": kind}
        if not self.shares_lists or kind == BARE_FLOW or self.chance(0.3):
            arguments["taskList"] = {"name": task_list}
        given = {
            "executionStartToCloseTimeout": self.random.choice(["505", "90005"]),
            "taskStartToCloseTimeout": self.random.choice(["35", "305"]),
            "childPolicy": self.random.choice(["TERMINATE", "REQUEST_CANCEL", "ABANDON"]),
        }
        arguments |= self.maybe(0.9 if kind == BARE_FLOW else 0.2, **given)
        arguments |= self.maybe(0.4, input=self.text())
        if not self.shares_lists:
            arguments |= self.maybe(0.2, taskPriority=["0", "7", "-1"])
        elif kind == BARE_FLOW:
            arguments["taskPriority"] = FLOW_DEFAULTS[
                "defaultTaskPriority"
            ]  # as all the others: moto knows no order of priority
        if tags := self.random.sample(TAGS, self.random.choice([0, 0, 1, 2])):
            arguments["tagList"] = tags
        return Step("start_workflow_execution", arguments)

    def signal(self, known: Known) -> Step | None:
        run = self.pick([index for index in known.open_runs() if self.is_quiet(known, index)])
        if run is None:
            return None
        arguments = {"domain": DOMAIN, "workflowId": known.runs[run].workflow_id, "signalName": self.name("signal")}
        arguments |= self.maybe(0.9, input=self.text()) | self.maybe(0.3, runId=RunOf(run))
        return Step("signal_workflow_execution", arguments, run)

    def terminate(self, known: Known) -> Step | None:
        run = self.pick(known.open_runs())
        if run is None:
            return None
        arguments = {"domain": DOMAIN, "workflowId": known.runs[run].workflow_id}
        arguments |= self.maybe(0.4, runId=RunOf(run), reason="enough", details=self.text(), childPolicy="ABANDON")
        return Step("terminate_workflow_execution", arguments, run)

    # ---- decisions -----------------------------------------------------------------------------------------------------------

    def poll_decision(self, known: Known) -> Step | None:
        run = self.pick([index for index in known.open_runs() if known.runs[index].standing.decision == "scheduled"])
        if run is None:
            return None
        arguments: dict[str, Any] = {"domain": DOMAIN, "taskList": {"name": known.runs[run].task_list}}
        arguments |= self.maybe(0.3, identity="decider", reverseOrder=True)
        arguments |= self.maybe(0.1, maximumPageSize=[2, 3, 1000], startAtPreviousStartedEvent=True)
        return Step("poll_for_decision_task", arguments, None if self.shares_lists else run)

    def respond_decision(self, known: Known) -> Step | None:
        task = self.pick(known.live("decision"))
        if task is None:
            return None
        run = known.tasks[task].run
        arguments: dict[str, Any] = {"taskToken": TokenOf(task)}
        if not self.chance(0.05):
            arguments["decisions"] = self.decisions(known.runs[run].standing, known.runs[run].workflow_id)
        arguments |= self.maybe(0.3, executionContext=self.text())
        return Step("respond_decision_task_completed", arguments, run)

    def decisions(self, standing: Standing, workflow_id: str) -> list[dict[str, Any]]:
        if self.chance(0.05):
            return [self.marker(), self.malformed()]
        if self.chance(0.12):
            # nothing else that makes a decision task: moto fires such a timer in a thread, while it goes on with the rest
            zero = decision("StartTimer", timerId=self.name("zero"), startToFireTimeout="0")
            return [*(self.marker() for _ in range(self.random.choice([0, 0, 1]))), zero]
        timers, ids = set(standing.timers), list(standing.activity_ids)
        made = []
        for _ in range(self.random.choice([0, 1, 1, 2, 3, 4])):
            (kind,) = self.random.choices(["schedule", "marker", "timer", "cancel timer"], weights=[55, 20, 15, 10])
            if kind == "schedule":
                made.append(self.schedule(ids, workflow_id))
            elif kind == "marker":
                made.append(self.marker())
            elif kind == "timer":
                timer_id = self.random.choice(sorted(timers)) if timers and self.chance(0.2) else self.name("timer")
                timers.add(timer_id)
                body = {"timerId": timer_id, "startToFireTimeout": str(NEVER_FIRES_SECONDS)}
                made.append(decision("StartTimer", **body | self.maybe(0.3, control=self.text())))
            else:
                timer_id = self.random.choice(sorted(timers)) if timers and self.chance(0.7) else "unknown"
                timers.discard(timer_id)
                made.append(decision("CancelTimer", timerId=timer_id))
        if self.chance(0.35 if standing.is_unseen else 0.12):
            made.append(self.close())
        return made

    def marker(self) -> dict[str, Any]:
        return decision("RecordMarker", markerName=self.name("marker"), **self.maybe(0.5, details=self.text()))

    def close(self) -> dict[str, Any]:
        kind = self.random.choice(["Complete", "Fail", "Cancel"])
        body = {
            "Complete": self.maybe(0.6, result=self.text()),
            "Fail": self.maybe(0.6, reason="broken", details=self.text()),
            "Cancel": self.maybe(0.6, details=self.text()),
        }[kind]
        return decision(f"{kind}WorkflowExecution", **body)

    def schedule(self, ids: list[str], workflow_id: str) -> dict[str, Any]:
        (kind,) = self.random.choices([WORK, BARE_WORK, SPARE_WORK, UNKNOWN], weights=[65, 20, 10, 5])
        activity_id = self.random.choice(ids) if ids and self.chance(0.1) else self.name("activity")
        ids.append(activity_id)
        body: dict[str, Any] = {"activityId": activity_id, "activityType": kind}
        if not self.shares_lists or self.chance(0.5):
            body["taskList"] = {"name": SHARED_WORK if self.shares_lists else f"work-{workflow_id}"}
        # a bare type needs them all
        body |= self.maybe(0.97 if kind == BARE_WORK else 0.2, **dict.fromkeys(ACTIVITY_TIMEOUTS, "NONE"))
        if self.chance(0.3):
            body["heartbeatTimeout"] = self.random.choice(["35", "305"])
        if self.chance(0.12):
            body[self.random.choice(ACTIVITY_TIMEOUTS)] = self.random.choice(["25", "205"])
        body |= self.maybe(0.4, input=self.text()) | self.maybe(0.2, control=self.text())
        if kind == BARE_WORK or self.chance(0.2):
            body["taskPriority"] = "3"  # always the same: moto knows no order of priority
        return decision("ScheduleActivityTask", **body)

    def malformed(self) -> dict[str, Any]:
        """A decision that boto3 sends and SWF refuses, with the whole response."""
        return self.random.choice(MALFORMED_DECISIONS)

    def close_before_the_end(self, known: Known) -> Step | None:
        task = self.pick(known.live("decision"))
        if task is None:
            return None
        arguments = {"taskToken": TokenOf(task), "decisions": [self.close(), self.marker()]}
        return Step("respond_decision_task_completed", arguments, known.tasks[task].run)

    # ---- activities ----------------------------------------------------------------------------------------------------------

    def poll_activity(self, known: Known) -> Step | None:
        waiting = {
            a["taskList"]["name"]
            for index in known.open_runs()
            if self.is_quiet(known, index) or not self.shares_lists
            for n, a in known.runs[index].standing.activities.items()
            if n not in known.runs[index].standing.started
        }
        if not waiting:
            return None
        task_list = self.random.choice(sorted(waiting))
        return Step(
            "poll_for_activity_task", {"domain": DOMAIN, "taskList": {"name": task_list}} | self.maybe(0.3, identity="worker")
        )

    def end_activity(self, known: Known) -> Step | None:
        task = self.pick([index for index in known.live("activity") if self.is_quiet(known, known.tasks[index].run)])
        return None if task is None else self.answer_of_activity(known, task)

    def answer_of_activity(self, known: Known, task: int) -> Step:
        arguments: dict[str, Any] = {"taskToken": TokenOf(task)}
        if self.chance(0.3):
            arguments |= self.maybe(0.6, reason="broken", details=self.text())
            return Step("respond_activity_task_failed", arguments, known.tasks[task].run)
        return Step("respond_activity_task_completed", arguments | self.maybe(0.7, result=self.text()), known.tasks[task].run)

    def heartbeat(self, known: Known) -> Step | None:
        task = self.pick(known.live("activity"))
        if task is None:
            return None
        arguments = {"taskToken": TokenOf(task), **self.maybe(0.7, details=["", "1 of 3", "2 of 3"])}
        return Step("record_activity_task_heartbeat", arguments, known.tasks[task].run)

    # ---- looking -------------------------------------------------------------------------------------------------------------

    def describe(self, known: Known) -> Step | None:
        run = self.pick(known.open_runs() + known.closed_runs())
        if run is None:
            return None
        execution = {"workflowId": known.runs[run].workflow_id, "runId": RunOf(run)}
        return Step("describe_workflow_execution", {"domain": DOMAIN, "execution": execution}, run)

    def history(self, known: Known) -> Step | None:
        step = self.describe(known)
        if step is None:
            return None
        more = self.maybe(0.3, reverseOrder=True, maximumPageSize=[2, 5])
        return Step("get_workflow_execution_history", step.arguments | more, step.run)

    def list_executions(self, known: Known) -> Step:
        kind = self.random.choice(["open", "closed"])
        filters: dict[str, Any] = {
            "executionFilter": {"workflowId": self.random.choice(WORKFLOW_IDS)},
            "typeFilter": {"name": "flow"} | self.maybe(0.8, version=["1", "2"]),
            "tagFilter": {"tag": self.random.choice(TAGS)},
        }
        times = (
            {"oldestDate": 0}
            if self.chance(0.8)
            else self.random.choice([{"oldestDate": 0, "latestDate": 1}, {"oldestDate": 4_102_444_800}])
        )
        if kind == "closed":
            filters["closeStatusFilter"] = {"status": self.random.choice([*CLOSINGS.values()])}
            names = self.random.choices(
                [("startTimeFilter",), ("closeTimeFilter",), ("startTimeFilter", "closeTimeFilter"), ()], weights=[45, 45, 5, 5]
            )[0]
        else:
            names = ("startTimeFilter",)
        arguments: dict[str, Any] = {"domain": DOMAIN, **dict.fromkeys(names, times)}
        for name in self.random.sample(sorted(filters), self.random.choices([0, 1, 2], weights=[40, 55, 5])[0]):
            arguments[name] = filters[name]
        arguments |= self.maybe(0.2, reverseOrder=True, maximumPageSize=[1, 2])
        return Step(f"list_{kind}_workflow_executions", arguments)

    def count_pending(self, known: Known) -> Step | None:
        run = self.pick([index for index, run in enumerate(known.runs) if not run.parted])
        if run is None:
            return None
        if self.chance(0.5):
            return Step("count_pending_decision_tasks", {"domain": DOMAIN, "taskList": {"name": known.runs[run].task_list}})
        name = SHARED_WORK if self.shares_lists else f"work-{known.runs[run].workflow_id}"
        return Step("count_pending_activity_tasks", {"domain": DOMAIN, "taskList": {"name": name}})

    def pass_time(self, known: Known) -> Step | None:
        if self.shares_lists or not known.open_runs() or not (self.is_slow or self.chance(0.3)):
            return None
        # tens, while every timeout ends in 5: no deadline is reached by the real time that a script takes
        tens = self.random.choices([self.random.randint(1, 6), self.random.randint(7, 60), 400], weights=[60, 30, 10])[0]
        return Step("pass_time", {"seconds": 10 * tens})

    # ---- types ---------------------------------------------------------------------------------------------------------------

    def about_types(self, known: Known) -> Step:
        kind = self.random.choice(["workflow", "activity"])
        of_kind = {"workflow": [FLOW, BARE_FLOW, SPARE_FLOW], "activity": [WORK, BARE_WORK, SPARE_WORK]}[kind]
        one = self.random.choice([*of_kind, UNKNOWN])
        call = self.random.choice(["deprecate", "undeprecate", "describe", "list", "register"])
        arguments: dict[str, Any] = {"domain": DOMAIN}
        if call == "list":
            arguments["registrationStatus"] = self.random.choice(["REGISTERED", "DEPRECATED"])
            arguments |= self.maybe(0.2, name="flow", maximumPageSize=[1, 2]) | self.maybe(0.4, reverseOrder=True)
            return Step(f"list_{kind}_types", arguments)
        if call == "register":
            return Step(f"register_{kind}_type", arguments | self.random.choice(of_kind))
        if call in ("deprecate", "undeprecate"):
            one = self.random.choice([of_kind[2], of_kind[2], of_kind[2], UNKNOWN])
        return Step(f"{call}_{kind}_type", arguments | {f"{kind}Type": one})

    # ---- mistakes ------------------------------------------------------------------------------------------------------------

    def late_answer(self, known: Known) -> Step | None:
        """To a task that is over: answered before, timed out, or its execution is closed."""
        kind = self.random.choice(["decision", "activity"])
        task = self.pick(known.over(kind))
        if task is None:
            return None
        if kind == "decision":
            return Step("respond_decision_task_completed", {"taskToken": TokenOf(task)}, known.tasks[task].run)
        if self.chance(0.3):
            return Step("record_activity_task_heartbeat", {"taskToken": TokenOf(task)}, known.tasks[task].run)
        return self.answer_of_activity(known, task)

    def mistake(self, known: Known) -> Step:
        nobody = {"domain": DOMAIN, "workflowId": "nobody"}
        execution = {"workflowId": "nobody", "runId": "none"}
        steps = [
            Step("signal_workflow_execution", {**nobody, "signalName": "s", "input": ""}),
            Step("terminate_workflow_execution", nobody),
            Step("describe_workflow_execution", {"domain": DOMAIN, "execution": execution}),
            Step("get_workflow_execution_history", {"domain": DOMAIN, "execution": execution}),
            Step("respond_decision_task_completed", {"taskToken": "nonsense"}),
            Step("respond_activity_task_completed", {"taskToken": "nonsense"}),
            Step("respond_activity_task_failed", {"taskToken": "nonsense"}),
            Step("record_activity_task_heartbeat", {"taskToken": "nonsense"}),
            Step("describe_domain", {"name": "nowhere"}),
            Step("register_domain", {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}),
            Step("start_workflow_execution", {"domain": "nowhere", "workflowId": "w1", "workflowType": FLOW}),
            Step("poll_for_decision_task", {"domain": "nowhere", "taskList": {"name": SHARED_DECISIONS}}),
            Step("list_open_workflow_executions", {"domain": "nowhere", "startTimeFilter": {"oldestDate": 0}}),
            Step("count_pending_activity_tasks", {"domain": DOMAIN, "taskList": {"name": "nobody polls this"}}),
        ]
        if closed := known.closed_runs():
            run = self.random.choice(closed)
            gone = {"domain": DOMAIN, "workflowId": known.runs[run].workflow_id, "runId": RunOf(run)}
            steps += 3 * [
                Step("signal_workflow_execution", {**gone, "signalName": "s", "input": ""}, run),
                Step("terminate_workflow_execution", gone, run),
            ]
        return self.random.choice(steps)


def decision(kind: str, **body: Any) -> dict[str, Any]:
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": body}


_WEIGHTS: dict[Callable[[Script, Known], Step | None], int] = {
    Script.start: 10,
    Script.signal: 9,
    Script.terminate: 2,
    Script.poll_decision: 26,
    Script.respond_decision: 28,
    Script.close_before_the_end: 1,
    Script.poll_activity: 22,
    Script.end_activity: 14,
    Script.heartbeat: 5,
    Script.describe: 7,
    Script.history: 3,
    Script.list_executions: 7,
    Script.count_pending: 6,
    Script.pass_time: 20,
    Script.about_types: 6,
    about_domains: 5,
    Script.late_answer: 4,
    Script.mistake: 3,
}
