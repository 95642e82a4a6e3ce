"""Requests to cancel: a run that ends at once, one that goes on, and one that tidies up first.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.cancellation.CancellingWorkflow
    {"obedient":"cancelled","stubborn":"finished","tidy":"cancelled: tidied up"}

``ObedientWorkflow`` waits for a signal. ``workflow.signal --name go`` ends it well, ``workflow.cancel`` otherwise.
"""

from simpleflow_nb import Workflow, activity
from simpleflow_nb.exceptions import WorkflowCanceled


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def tidy_up():
    return "tidied up"


class ObedientWorkflow(Workflow):
    name = "simpleflow-obedient"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        return self.submit(self.wait_signal("go")).result

    def should_cancel(self, history):
        return True

    def on_canceled(self, history):
        self.log(f"cancelled after {len(history.events)} events")


class StubbornWorkflow(Workflow):
    name = "simpleflow-stubborn"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        self.submit(self.start_timer("work", 2)).result
        return "finished"

    def should_cancel(self, history):
        return False


class TidyWorkflow(Workflow):
    name = "simpleflow-tidy"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        request = self.cancellation  # from here on a request does not end this run
        self.submit(self.signal("ready", workflow_id=self.get_run_context()["parent_workflow_id"], propagate=False))
        request.wait()
        self.cancel(self.submit(tidy_up).result)


class CancellingWorkflow(Workflow):
    name = "simpleflow-cancelling"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        children = {"obedient": ObedientWorkflow, "stubborn": StubbornWorkflow, "tidy": TidyWorkflow}
        started = {name: self.submit(child) for name, child in children.items()}
        self.submit(self.wait_signal("ready")).result
        for child in started.values():
            child.cancel()
        ends = {}
        for name, child in started.items():
            try:
                ends[name] = child.result
            except WorkflowCanceled as cancelled:
                ends[name] = f"cancelled: {cancelled.details}" if cancelled.details else "cancelled"
        return ends
