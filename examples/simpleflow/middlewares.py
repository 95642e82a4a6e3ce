"""Functions that a worker calls before and after each activity.

::

    $ simpleflow-nb workflow.start --local examples.simpleflow.middlewares.GreetingWorkflow --input '["Ann"]' \\
        --middleware-pre-execution examples.simpleflow.middlewares.choose_language \\
        --middleware-post-execution examples.simpleflow.middlewares.tell_end
    activity-examples.simpleflow.middlewares.greet-1 returned 'Bonjour Ann'
    "Bonjour Ann"

``worker.start`` and ``standalone`` have the same options.
"""

import sys
import threading

from simpleflow_nb import Workflow, activity

GREETINGS = {"en": "Hello", "fr": "Bonjour"}
chosen = threading.local()


def choose_language(context):
    """Called before the body, in its process and thread; ``meta`` is that of the activity."""
    chosen.language = context["input"].get("meta", {}).get("language", "en")


def tell_end(context, result):
    """Called after it."""
    print(f"{context['activity_id']} returned {result!r}", file=sys.stderr)


@activity.with_attributes(task_list="quickstart", version="example", heartbeat_timeout=5, meta={"language": "fr"})
def greet(name):
    return f"{GREETINGS[getattr(chosen, 'language', 'en')]} {name}"


class GreetingWorkflow(Workflow):
    name = "simpleflow-middlewares"
    version = "example"
    task_list = "example"
    decision_tasks_timeout = 5

    def run(self, name):
        return self.submit(greet, name).result
