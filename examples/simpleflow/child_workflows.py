"""Child workflows: with the parent's tags, with a task list of their own, started once for equal arguments, and retried.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.child_workflows.CountryWorkflow --input '["north", "south"]' \\
        --tags census,2026
    {"attempts":2,"parents":1,"people":[["north",5],["south",5],["north",5]],"tags":["census","2026"]}

The decider of the regions is another one::

    simpleflow-nb decider.start --domain TestDomain examples.simpleflow.child_workflows.CountryWorkflow
    simpleflow-nb decider.start --domain TestDomain --task-list regions examples.simpleflow.child_workflows.RegionWorkflow
"""

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.task import ChildWorkflowTask


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def count_people(region):
    return [region, len(region)]


class RegionWorkflow(Workflow):
    name = "simpleflow-region"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5
    execution_timeout = 600
    tag_list = Workflow.INHERIT_TAG_LIST
    idempotent = True

    def run(self, region):
        context = self.get_run_context()
        people = self.submit(count_people, region).result
        return {"people": people, "tags": context["tag_list"], "parent": context["parent_workflow_id"]}


class UnreliableWorkflow(Workflow):
    name = "simpleflow-unreliable"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5
    retry = 1

    def run(self):
        if not self.get_run_context()["workflow_id"].endswith(".2"):
            self.fail("the first attempt fails")
        return 2


class CountryWorkflow(Workflow):
    name = "simpleflow-country"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, first, second):
        regions = [
            self.submit(RegionWorkflow, first),
            self.submit(ChildWorkflowTask(RegionWorkflow, second, workflow_task_list="regions")),
            self.submit(RegionWorkflow, first),  # the same child as the first one
        ]
        attempts = self.submit(Group(UnreliableWorkflow))
        futures.wait(*regions, attempts)
        return {
            "people": [region.result["people"] for region in regions],
            "tags": regions[0].result["tags"],
            "parents": len({region.result["parent"] for region in regions}),
            "attempts": attempts.result[0],
        }
