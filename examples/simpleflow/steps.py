"""Steps: tasks under a name, which later executions of the same workflow id skip, unless they are forced.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.steps.StepsWorkflow --workflow-id daily --input '["2013-02-22"]'
    [["load","scheduled"],["load","completed"],["draw","scheduled"],["draw","completed"],["send","skipped"]]

and once more, with the same id::

    [["load","skipped"],["draw","skipped"],["send","skipped"]]

The marks of steps that are done are in S3, in the bucket that ``STEP_BUCKET`` names.
"""

from simpleflow_nb import Workflow, activity
from simpleflow_nb.step.workflow import WorkflowStepMixin


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def load(day):
    return day


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def draw(day):
    return f"{day}.png"


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def send(day):
    raise AssertionError("this step is skipped")


class StepsWorkflow(Workflow, WorkflowStepMixin):
    name = "simpleflow-steps"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, day, force=(), skip=("send",)):
        self.add_forced_steps(force, "asked for")
        self.add_skipped_steps(skip, "nobody reads it")
        self.submit(self.step("load", (load, day), force_steps_if_executed=["draw"])).wait()
        self.submit(self.step("draw", (draw, day))).wait()
        self.submit(self.step("send", (send, day))).wait()
        steps = [marker.details for marker in self.list_markers(all=True)]
        return [[step["step"], step["status"]] for step in steps]

    def get_step_activity_params(self):
        return {"task_list": "quickstart", "heartbeat_timeout": 5}
