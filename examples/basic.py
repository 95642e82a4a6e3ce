"""The computation of ``(x + 1) * 2``, with a delay beside it.

::

    simpleflow-nb workflow.start --local examples.basic.BasicWorkflow --input '[1, 5]'
"""

import time

from simpleflow_nb import Workflow, activity, futures


@activity.with_attributes(task_list="quickstart", version="example")
def increment(x):
    return x + 1


@activity.with_attributes(task_list="quickstart", version="example")
def double(x):
    return x * 2


@activity.with_attributes(task_list="quickstart", version="example")
def delay(t, x):
    time.sleep(t)
    return x


class BasicWorkflow(Workflow):
    name = "basic"
    version = "example"
    task_list = "example"

    def run(self, x, t=30):
        y = self.submit(increment, x)
        yy = self.submit(delay, t, y)
        z = self.submit(double, y)
        futures.wait(yy, z)
        print(f"({x} + 1) * 2 = {z.result}")
        return z.result
