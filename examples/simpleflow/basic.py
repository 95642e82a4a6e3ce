"""Activities, and futures as their arguments: nothing waits but for what it needs.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.basic.BasicWorkflow --input '{"args": [1], "kwargs": {"t": 1}}'
    {"delayed":2,"products":[6,20],"squares":[1,4,9],"total":4}
"""

import time

from simpleflow_nb import Workflow, activity, futures


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def increment(x):
    return x + 1


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def double(x):
    return x * 2


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
def multiply(x, y):
    return x * y


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
class Delay:
    """An activity may be a class: it gets the arguments, and ``execute`` does the work."""

    def __init__(self, t, x):
        self.t, self.x = t, x

    def execute(self):
        time.sleep(self.t)
        return self.x


class BasicWorkflow(Workflow):
    name = "simpleflow-basic"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, x, t=30):
        y = self.submit(increment, x)
        yy = self.submit(Delay, t, y)
        z = self.submit(double, y)
        squares = [self.submit(multiply, n, n) for n in (1, 2, 3)]
        products = self.starmap(multiply, [(2, 3), (4, 5)])
        futures.wait(yy, z, *squares, *products)
        return {
            "total": z.result,
            "delayed": yy.result,
            "squares": futures.wait(squares),
            "products": futures.wait(products),
        }
