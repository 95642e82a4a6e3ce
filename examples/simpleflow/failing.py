"""Activities that fail: one failure fails the run, the other is only told.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.failing.FailingWorkflow
    simpleflow-nb: ... failed after 0.1 s: Workflow execution error in activity-examples.simpleflow.failing.fail_always-1:
    "ValueError: no luck"

    $ simpleflow-nb workflow.start --local examples.simpleflow.failing.NotFailingWorkflow
    {"attempts":3,"failures":[null,"ValueError: no luck"],"reason":"ValueError: no luck","result":null}
"""

from simpleflow_nb import Workflow, activity
from simpleflow_nb.canvas import Group
from simpleflow_nb.task import ActivityTask


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def succeed():
    return "done"


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def fail_always():
    raise ValueError("no luck")


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5, raises_on_failure=False)
def fail_quietly():
    raise ValueError("no luck")


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5, retry=2)
def succeed_at_last():
    attempt = succeed_at_last.context["activity_id"].rpartition(".")[2]
    if attempt != "3":
        raise ValueError("not yet")
    return int(attempt)


class FailingWorkflow(Workflow):
    name = "simpleflow-failing"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        return self.submit(fail_always).result


class NotFailingWorkflow(Workflow):
    name = "simpleflow-not-failing"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        quiet = self.submit(fail_quietly)
        retried = self.submit(succeed_at_last)
        group = self.submit(Group(ActivityTask(succeed), ActivityTask(fail_always), raises_on_failure=False))
        return {
            "result": quiet.result,
            "reason": quiet.exception.reason,
            "attempts": retried.result,
            "failures": [error and error.reason for error in group.exception.exceptions],
        }
