"""Activities that run elsewhere: a function in a Python process of its own, and a command of the system.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.executing.ExecutingWorkflow --input '[2, 3]'
    {"elsewhere":true,"late":"ExecutionTimeoutError","sum":5}
"""

import os
import time

from simpleflow_nb import Workflow, activity, execute


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
@execute.program()
def expr(left, operator, right):
    """The body is not used: the program of this name is run with the arguments."""


@execute.python()
def process_id():
    return os.getpid()


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def is_elsewhere():
    return process_id() != os.getpid()


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5, raises_on_failure=False)
@execute.python(timeout=1)
def wait_for_ever():
    time.sleep(3600)


class ExecutingWorkflow(Workflow):
    name = "simpleflow-executing"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, x, y):
        late = self.submit(wait_for_ever)
        total = self.submit(expr, x, "+", y)
        return {"sum": int(total.result), "elsewhere": self.submit(is_elsewhere).result, "late": late.exception.error_type}
