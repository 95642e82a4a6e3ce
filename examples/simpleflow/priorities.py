"""Priorities: of the workflow, of an activity, and of one task. Higher ones come first within a task list.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.priorities.PrioritiesWorkflow
    ["of the workflow","of the activity","of the task","none"]

    $ simpleflow-nb workflow.history --local ... --json     # taskPriority 5, 10, 20, and none
"""

from simpleflow_nb import Workflow, activity, futures


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def say(text):
    return text


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5, task_priority=10)
def say_sooner(text):
    return text


class PrioritiesWorkflow(Workflow):
    name = "simpleflow-priorities"
    version = "example"
    task_list = "example"
    task_priority = 5
    decision_tasks_timeout = 5

    def run(self):
        return futures.wait(
            self.submit(say, "of the workflow"),
            self.submit(say_sooner, "of the activity"),
            self.submit(say_sooner, "of the task", __priority=20),
            self.submit(say, "none", __priority=None),
        )
