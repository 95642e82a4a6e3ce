"""Timers: named, cancelled, and as the longest time that something is waited for.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.timers.TimersWorkflow
    {"answer":42,"cancelled":true,"fired":["first","second"],"waited":true}
"""

from simpleflow_nb import Workflow, activity, futures


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def answer():
    return 42


class TimersWorkflow(Workflow):
    name = "simpleflow-timers"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        began = self.now()
        first = self.submit(self.start_timer("first", 1))
        second = self.submit(self.start_timer("second", 2))
        deadline = self.submit(self.start_timer("deadline", 600, control={"for": "the answer"}))
        number = self.submit(answer)
        assert futures.wait_any(number, deadline) is number
        self.submit(self.cancel_timer("deadline"))
        fired = [future.id for future in futures.as_completed(second, first)]
        return {
            "fired": fired,
            "cancelled": deadline.cancelled,
            "answer": number.result,
            "waited": (self.now() - began).total_seconds() >= 2,
        }
