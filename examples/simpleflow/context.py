"""The context of an activity, three ways to it, and that of the run.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.context.ContextWorkflow
    {"are_of_this_run":[true,true,true],"arguments":[["a"],[],[]],
     "names":["examples.simpleflow.context.ask","examples.simpleflow.context.Asking","examples.simpleflow.context._asked"],
     "workflow":["simpleflow-context","example"]}
"""

from simpleflow_nb import Workflow, activity, futures


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def ask(word):
    return ask.context


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
class Asking:
    def execute(self):
        return self.context


def _asked(context=None):
    return dict(context)


_asked.add_context_in_kwargs = True
asked = activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)(_asked)


class ContextWorkflow(Workflow):
    name = "simpleflow-context"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        contexts = futures.wait(self.submit(ask, "a"), self.submit(Asking), self.submit(asked))
        here = self.get_run_context()
        return {
            "names": [context["name"] for context in contexts],
            "arguments": [context["input"]["args"] for context in contexts],
            "are_of_this_run": [context["run_id"] == here["run_id"] for context in contexts],
            "workflow": [here["name"], here["version"]],
        }
