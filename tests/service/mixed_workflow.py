"""A workflow with tasks, failures, timers, markers, patches and logs, and a column that is shown of a run."""

from __future__ import annotations

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.inspection.executions import info_table
from simpleflow_nb.local.service import DOMAIN


@activity.with_attributes(name="decider.double", retry=1)
def double(x):
    return x * 2


@activity.with_attributes(name="decider.flaky", retry=1, raises_on_failure=False)
def flaky(x):
    raise ValueError(f"never {x}")


class MixedWorkflow(Workflow):
    """Tasks, a failure, a marker, a cancelled timer, a patch and log lines."""

    name = "decider.mixed"

    def run(self, width):
        self.log(f"begins with {width}")
        first = [self.submit(double, n) for n in range(width)]
        failing = self.submit(flaky, 1)
        total = sum(futures.wait(*first))
        self.log(f"has {total}")
        self.submit(self.record_marker("total", total))
        timer = self.timer(60)
        timer.cancel()
        last = self.submit(double, self.submit(double, total))
        self.log("ends")
        return {"last": last, "failing": repr(failing.exception), "patched": self.patched("new way")}


def column_of(played, run_id, column):
    """Return the value of a column of the table that ``workflow.info`` shows."""
    table = info_table(played.swf, DOMAIN, {"workflowId": "run", "runId": run_id})
    return table.rows[0][list(table.header).index(column)]
