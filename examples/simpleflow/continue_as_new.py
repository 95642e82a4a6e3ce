"""A run that goes on with a fresh history after each step, under the same workflow id.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.continue_as_new.CountingWorkflow --input '[3]'
    {"continued":true,"runs":4,"total":6}
"""

from simpleflow_nb import Workflow, activity


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def add(x, y):
    return x + y


class CountingWorkflow(Workflow):
    name = "simpleflow-counting"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, left, total=0, runs=1):
        if left == 0:
            is_continued = self.get_run_context()["continued_execution_run_id"] is not None
            return {"total": total, "runs": runs, "continued": is_continued}
        total = self.submit(add, total, left).result
        return self.submit(self.continue_as_new(left - 1, total=total, runs=runs + 1))
