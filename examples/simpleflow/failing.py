"""Activities that fail: the run fails too, or is only told, or decides what becomes of each failure.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.failing.FailingWorkflow
    simpleflow-nb: ... failed after 0.1 s: Workflow execution error in activity-examples.simpleflow.failing.fail_always-1:
    "ValueError: no luck"

    $ simpleflow-nb workflow.start --local examples.simpleflow.failing.NotFailingWorkflow
    {"failures":[null,"ValueError: no luck"],"reason":"ValueError: no luck","result":null,"retried":"at the third attempt"}

    $ simpleflow-nb workflow.start --local examples.simpleflow.failing.DecidingWorkflow --input '["seven", "eight"]'
    {"ignored":"ValueError: no luck","numbers":[7,8]}
"""

from simpleflow_nb import Workflow, activity
from simpleflow_nb.canvas import Group
from simpleflow_nb.task import ActivityTask

NUMBERS = {"seven": "7", "eight": "8"}


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
    attempt = succeed_at_last.context["activity_id"].rpartition(".")[2]  # of attempts after the first one
    if not attempt.isdigit() or int(attempt) < 3:
        raise ValueError("not yet")
    return "at the third attempt"


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def parse(text):
    return int(text)


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
            "retried": retried.result,
            "failures": [error and error.reason for error in group.exception.exceptions],
        }


class DecidingWorkflow(Workflow):
    name = "simpleflow-deciding"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, *words):
        numbers = [self.submit(parse, word) for word in words]
        ignored = self.submit(fail_always)
        return {"numbers": [number.result for number in numbers], "ignored": ignored.exception.reason}

    def on_task_failure(self, failure_context):
        if failure_context.task_error_type is not ValueError:
            return None  # as the retries of the task say
        if failure_context.task_name != parse.name:
            return failure_context.decide_ignore()
        task = failure_context.a_task
        if task.args[0] not in NUMBERS:
            return failure_context.decide_abort()
        task.args = [NUMBERS[task.args[0]]]
        return failure_context.decide_retry(retry_wait_timeout=1)
