"""Workflows that wait, fail, start others and are told things."""

from simpleflow_nb import Workflow, activity


@activity.with_attributes(task_list="work", version="1")
def increment(x):
    return x + 1


@activity.with_attributes(task_list="work", version="1")
def explode():
    raise ValueError("nope")


class Adding(Workflow):
    name, version, task_list = "adding", "1", "decide"

    def run(self, x):
        first = self.submit(increment, x).result
        return self.submit(increment, first).result


class Failing(Workflow):
    name, version, task_list = "failing", "1", "decide"

    def run(self):
        return self.submit(explode).result


class Waiting(Workflow):
    """Until the signal "go" comes."""

    name, version, task_list = "waiting", "1", "decide"
    tag_list = ["kept", "waiting"]

    def run(self):
        return self.next_signal("go").result


class Parent(Workflow):
    name, version, task_list = "parent", "1", "decide"

    def run(self, x):
        return self.submit(Adding, x).result + 100


def not_a_workflow():
    pass
