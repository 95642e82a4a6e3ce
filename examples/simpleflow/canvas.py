"""Groups, chains, groups made from a result, at most two at a time, and a future that adds up.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.canvas.BasketWorkflow --input '["tea,bread,jam"]'
    {"dearest":["bread",420],"labels":[["TEA","TEA!"],["BREAD","BREAD!"],["JAM","JAM!"]],"total":940}
"""

import time

from simpleflow_nb import Workflow, activity
from simpleflow_nb.canvas import Chain, FuncGroup, Group, GroupFuture
from simpleflow_nb.task import ActivityTask

PRICES = {"tea": 350, "bread": 420, "jam": 170}


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def split(basket):
    return basket.split(",")


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def price(item):
    time.sleep(0.2)
    return [item, PRICES[item]]


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def dearest(prices):
    return max(prices, key=lambda one: one[1])


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def upper(item):
    return item.upper()


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def exclaim(text):
    return text + "!"


class TotalFuture(GroupFuture):
    """The result of a group of prices: their sum."""

    def sync_result(self):
        self._result = sum(future.result[1] for future in self.futures)


def prices_of(items):
    """Runs in the decider, once the items are known."""
    return Group(*[(price, item) for item in items], max_parallel=2)


def total_of(items):
    group = Group(future_class=TotalFuture)
    for item in items:
        group.append(price, item)
    return group


def labels_of(items):
    return Group(*[Chain((upper, item), exclaim, send_result=True) for item in items])


class BasketWorkflow(Workflow):
    name = "simpleflow-canvas"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, basket):
        items = self.submit(split, basket)
        total = self.submit(FuncGroup(total_of, items))
        labels = self.submit(FuncGroup(labels_of, items))
        chain = self.submit(Chain(ActivityTask(split, basket), FuncGroup(prices_of), dearest, send_result=True))
        return {"total": total.result, "labels": labels.result, "dearest": chain.result[-1]}
