"""Programs in S3: workers download them when an activity first needs them.

::

    $ printf '#!/bin/sh\\necho "$1" | tr a-z A-Z\\n' > shout-1.0
    $ aws s3 cp shout-1.0 s3://tools/shout-1.0
    $ simpleflow-nb workflow.start --local examples.simpleflow.binaries.ShoutingWorkflow --input '["hello"]'
    ["HELLO","HELLO"]

``simpleflow-nb binaries.download shout=s3://tools/shout-1.0`` does it in advance.
"""

import subprocess

from simpleflow_nb import Workflow, activity, execute, futures
from simpleflow_nb.download import with_binaries

BINARIES = {"shout": "s3://tools/shout-1.0"}


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5, meta={"binaries": BINARIES})
@execute.program()
def shout(text):
    """Runs the program of this name, which is on the path by then."""


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5)
@with_binaries(BINARIES)
def shout_too(text):
    return subprocess.run(["shout", text], capture_output=True, check=True, text=True).stdout


class ShoutingWorkflow(Workflow):
    name = "simpleflow-binaries"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, text):
        shouts = futures.wait(self.submit(shout, text), self.submit(shout_too, text))
        return [one.strip() for one in shouts]
