"""Markers: notes in the history, which the run can read again.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.markers.MarkersWorkflow --input '[3]'
    {"all":[["step",1],["step",2],["step",3],["end","done"]],"last":[["step",3],["end","done"]]}
"""

from simpleflow_nb import Workflow, activity


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def work(step):
    return step


class MarkersWorkflow(Workflow):
    name = "simpleflow-markers"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, steps):
        for step in range(1, steps + 1):
            self.submit(self.record_marker("step", self.submit(work, step).result))
        self.submit(self.record_marker("end", "done"))
        self.submit(self.record_marker("end", "done"))  # recorded once
        return {
            "last": [[marker.name, marker.details] for marker in self.list_markers()],
            "all": [[marker.name, marker.details] for marker in self.list_markers(all=True)],
        }
