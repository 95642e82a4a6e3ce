"""The progress of a run, as its execution context tells it."""

from __future__ import annotations

import json
import random
from typing import Any

from simpleflow_nb import Workflow, activity, futures

from ..simulation.simulated_service import Throttle, simulated
from .stepped_processes import LIST, SteppedProcesses


@activity.with_attributes(name="contexts.work", version="1", task_list=LIST)
def work() -> int:
    return 1


class Sending(Workflow):
    name, version, task_list = "contexts.sending", "1", LIST

    def run(self) -> Any:
        sent = [self.submit(self.signal("news", number)) for number in range(3)]
        return futures.wait(*sent, self.submit(work))


class RefusesAtFirst(Throttle):
    """Refuses as many decisions of two kinds for their rate."""

    def __init__(self, signals: int, activities: int) -> None:
        super().__init__(random.Random(0))
        self.left = {
            "SignalExternalWorkflowExecution": ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED"] * signals,
            "ScheduleActivityTask": ["ACTIVITY_CREATION_RATE_EXCEEDED"] * activities,
        }

    def refusal(self, kind: str, attributes: Any) -> str | None:
        left = self.left.get(kind)
        return left.pop() if left else None


def test_only_activities_are_counted_as_held_back_when_the_service_refuses_more() -> None:
    with simulated(random.Random(0), RefusesAtFirst(signals=2, activities=1)):
        processes = SteppedProcesses(Sending)
        run_id = processes.begin(Sending)
        assert processes.decides()
        assert processes.decides()
        assert json.loads(processes.describe(run_id)["latestExecutionContext"]) == {"activities": {"held_back": 1}}
        processes.pass_time(2)
        processes.act()
        assert processes.types()[-1] == "WorkflowExecutionCompleted"
        processes.close()
