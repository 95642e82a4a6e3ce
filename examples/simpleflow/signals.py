"""Signals: to the run itself, between a parent and its child, and from a child through its parent to its sibling.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.signals.ParentWorkflow
    {"answer":["pong",1],"heard":["from a child"],"itself":{"round":1},"news":["from a child"],"told":["ping"]}
"""

from simpleflow_nb import Workflow


class AnsweringWorkflow(Workflow):
    """Waits for a signal of its parent, and answers it."""

    name = "simpleflow-answering"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, round):
        parent = self.get_run_context()["parent_workflow_id"]
        self.submit(self.signal("answering is there", workflow_id=parent, propagate=False))
        told = self.submit(self.wait_signal("question")).result
        self.submit(self.signal("answer", "pong", round, workflow_id=parent, propagate=False))
        return told["args"]


class HearingWorkflow(Workflow):
    """Hears what its parent passes on."""

    name = "simpleflow-hearing"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        parent = self.get_run_context()["parent_workflow_id"]
        self.submit(self.signal("hearing is there", workflow_id=parent, propagate=False))
        return self.submit(self.wait_signal("news")).result["args"]


class TellingWorkflow(Workflow):
    """Signals itself: its parent is sent the signal too, and sends it to its other children."""

    name = "simpleflow-telling"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        self.submit(self.signal("news", "from a child"))
        return self.submit(self.wait_signal("news")).result["args"]


class ParentWorkflow(Workflow):
    name = "simpleflow-signals"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self):
        self.submit(self.signal("itself", propagate=False, round=1))
        itself = self.submit(self.wait_signal("itself")).result["kwargs"]
        answering = self.submit(AnsweringWorkflow, 1)
        self.submit(self.wait_signal("answering is there")).result  # an execution that has not started takes no signal
        self.submit(self.signal("question", "ping", workflow_id=answering.workflow_id, propagate=False))
        answer = self.submit(self.wait_signal("answer")).result["args"]
        hearing = self.submit(HearingWorkflow)
        self.submit(self.wait_signal("hearing is there")).result
        telling = self.submit(TellingWorkflow)
        news = self.submit(self.wait_signal("news")).result["args"]
        assert telling.result == news
        return {"itself": itself, "told": answering.result, "answer": answer, "news": news, "heard": hearing.result}
