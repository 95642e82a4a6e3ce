"""A task list that an argument chooses, and an activity that ``run`` makes of a plain function.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.task_lists.TaskListsWorkflow --input '[21]'
    42
"""

from simpleflow_nb import Workflow, activity


def doubled(x):
    return x * 2


class TaskListsWorkflow(Workflow):
    name = "simpleflow-task-lists"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, x, task_list="quickstart"):
        double = activity.with_attributes(task_list=task_list, version="example", heartbeat_timeout=5)(doubled)
        return self.submit(double, x).result
